"""From the end of a chat to its stored report, with the shipped tagger and study."""

from __future__ import annotations

import json

from feedback.models import EvidenceStudy, SessionReport
from feedback.reports.requests import request_report, statuses
from peersupport import seeker
from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.models import ChatEvent
from peersupport.practice.scenarios import authored_for
from skills.models import Correction, Tagging

LINES = [
    "It sounds like this has been wearing you down for weeks.",
    "You should just tell them no. That is the only way.",
    "What would you like to be different?",
]


def finish(chat, say, drain) -> SessionReport:
    for line in LINES:
        say(line)
        drain("live")
    chats.end_chat(chat)
    drain("coach")
    return SessionReport.objects.get(chat=chat)


def test_ending_a_chat_gives_a_report(chat, say, drain):
    report = finish(chat, say, drain)
    assert report.status in ("ready", "partial")
    assert report.study == EvidenceStudy.objects.get()
    assert report.tagger_version == Tagging.objects.first().version
    assert report.body["strengths"]
    assert 1 <= len(report.body["points"]) <= 2
    advice = next(point for point in report.body["points"] if point["index"] == 4)
    assert advice["alternative"]["text"]
    assert advice["goal"].lower().startswith("the goal is to")
    assert statuses([chat]) == {chat.pk: report.status}
    assert ChatEvent.objects.filter(chat=chat, kind="report").count() == 2
    json.dumps(report.body)


def test_the_same_chat_gives_the_same_report(chat, say, drain):
    first = finish(chat, say, drain)
    request_report(chat)
    assert SessionReport.objects.get(chat=chat).status == "pending"
    drain("coach")
    assert SessionReport.objects.get(chat=chat).body == first.body


def test_a_passive_cue_brings_the_organisations_checklist_and_no_skill_points(chat, say, drain, settings):
    settings.CRISIS_POLICY = "assess_and_refer"
    opening = seeker.Reply(line_id="x", text="Most nights I hope I won't wake up.", layer=0, kind="tell")
    state = seeker.initial_state(authored_for(chat.scenario))
    message = chats.write_seeker_message(chat, opening, key="x", state=state, reasons=[], version="")
    assert message.risk_level == "passive"
    body = finish(chat, say, drain).body
    assert body["crisis"]["policy"] == "assess_and_refer"
    assert "safety" in {item["key"] for item in body["crisis"]["checklist"]}
    assert body["points"]
    assert all(point["rule"].startswith("crisis_") for point in body["points"])


def test_a_trainers_correction_reaches_the_next_report(people, chat, say, drain):
    finish(chat, say, drain)
    message = chat.messages.get(index=4)
    for tag in Tagging.objects.get(message=message).tags.all():
        Correction.objects.create(message=message, code=tag.code, action="remove", trainer=people.trainer)
    Correction.objects.create(message=message, code="affirm", action="add", trainer=people.trainer)
    request_report(chat)
    drain("coach")
    body = SessionReport.objects.get(chat=chat).body
    entry = next(entry for entry in body["messages"] if entry["index"] == 4)
    assert [tag["code"] for tag in entry["tags"]] == ["affirm"]


def test_a_report_waits_for_the_turns_of_its_chat(chat, say, drain):
    say(LINES[0])
    chats.end_chat(chat)
    assert drain("coach") == 0
    drain("live")
    assert drain("coach") == 1


def test_a_report_that_cannot_be_written_says_so(chat, say, drain, monkeypatch):
    def broken():
        raise OSError

    say(LINES[0])
    drain("live")
    chats.end_chat(chat)
    monkeypatch.setattr("feedback.report.load_tagger", broken)
    for _ in range(3):
        Job.objects.update(available_at=chat.created_at)
        drain("coach")
    assert SessionReport.objects.get(chat=chat).status == SessionReport.Status.FAILED


def test_a_chat_without_own_messages_still_gets_its_report(chat, drain):
    chats.end_chat(chat)
    drain("coach")
    body = SessionReport.objects.get(chat=chat).body
    assert any(notice["key"] == "no_counselor_messages" for notice in body["notices"])
