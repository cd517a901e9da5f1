"""What this package offers to the pages and job runners below it."""

from __future__ import annotations

from peersupport.jobs.models import Lane
from peersupport.jobs.registry import Kind
from peersupport.jobs.registry import register as register_kind
from peersupport.practice import slots
from skills.review.shown import correction_views
from skills.tags import tag_views

RETAG = "retag"


def register() -> None:
    slots.register(slots.MESSAGE_TAGS, tag_views)
    slots.register(slots.MESSAGE_CORRECTIONS, correction_views)
    register_kind(Kind(name=RETAG, lane=Lane.BATCH, run="skills.retag.run", seconds=6 * 3600))
