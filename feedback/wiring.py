"""What this package offers to the pages and job runners below it."""

from __future__ import annotations

from feedback import studies
from feedback.reports import requests
from peersupport.jobs.models import Lane
from peersupport.jobs.registry import Kind
from peersupport.jobs.registry import register as register_kind
from peersupport.practice import slots
from peersupport.practice.chats import TURN


def register() -> None:
    register_kind(
        Kind(
            name=TURN,
            lane=Lane.LIVE,
            run="feedback.turn.run",
            on_quarantine="feedback.turn.on_quarantine",
            batch=16,
            seconds=30,
        )
    )
    register_kind(
        Kind(
            name=requests.REPORT,
            lane=Lane.COACH,
            run="feedback.report.run",
            on_quarantine="feedback.report.on_quarantine",
            seconds=300,
        )
    )
    slots.register_shipped("studies", studies.sync_published)
    slots.register(slots.TAG_GRADES, studies.grades_for)
    slots.register(slots.CHAT_ENDED, requests.request_report)
    slots.register(slots.CHAT_REPORTS, requests.statuses)
