"""The report page in each of its states: feedback is never silently missing."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import SessionReport
from feedback.reports import pdf
from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.practice import chats


@pytest.fixture
def ended(chat, say, drain):
    """A chat with a report that still waits."""
    say("It sounds like it has been a long week. What weighs on you most?")
    drain()
    chats.end_chat(chat)
    return chat


@pytest.fixture
def page(people):
    def page(chat, who: str = "volunteer", **headers) -> str:
        client = Client(headers=headers)
        client.force_login(getattr(people, who))
        return client.get(reverse("feedback:report", args=[chat.pk])).content.decode()

    return page


def test_an_open_chat_has_no_report_yet(chat, page):
    assert "The report is written when the chat has ended." in page(chat)


def test_waiting_looks_again_by_itself_and_then_shows_the_report(ended, page, drain):
    waiting = page(ended)
    assert 'hx-trigger="every 1s"' in waiting
    drain()
    fragment = page(ended, **{"HX-Request": "true"})
    assert "<html" not in fragment
    assert "What went well" in fragment
    assert "hx-trigger" not in fragment
    assert page(ended).index("What went well") < page(ended).index("What to try next")


def test_looking_again_leaves_no_line_until_there_is_something_to_read(ended, page, drain):
    def read() -> int:
        return AuditEvent.objects.filter(verb="read", object_kind="sessionreport").count()

    assert 'hx-trigger="every 1s"' in page(ended, "trainer")
    assert read() == 1  # the page with the chat's title, notes and answers
    for _ in range(3):
        assert 'hx-trigger="every 1s"' in page(ended, "trainer", **{"HX-Request": "true"})
    assert read() == 1
    drain()
    assert "What went well" in page(ended, "trainer", **{"HX-Request": "true"})
    assert read() == 2


@pytest.mark.parametrize(
    ("status", "words", "said"),
    [
        ("failed", "The report could not be written again.", "The report could not be written."),
        ("partial", "Part of this report is missing.", "The report is ready."),
    ],
)
def test_what_came_of_a_report_is_said_once(ended, page, drain, status, words, said):
    drain()
    SessionReport.objects.update(status=status)
    fragment = page(ended, **{"HX-Request": "true"})
    assert words in fragment and f'data-said="{said}"' in fragment and 'role="status"' not in fragment


def test_a_failed_report_says_so_and_can_be_asked_for_again(ended, page, people, drain):
    Job.objects.filter(kind="report").update(status=Job.Status.QUARANTINED)
    SessionReport.objects.update(status="failed")
    assert 'data-said="The report could not be written."' in page(ended)
    trainer, volunteer = Client(), Client()
    trainer.force_login(people.trainer)
    volunteer.force_login(people.volunteer)
    address = reverse("feedback:report-retry", args=[ended.pk])
    assert address not in page(ended, "trainer")
    assert trainer.post(address).status_code == 403
    for _ in range(2):  # asked twice, written once
        assert volunteer.post(address).status_code == 302
    assert Job.objects.filter(kind="report", status__in=Job.OPEN).count() == 1
    drain()
    assert "What went well" in page(ended)


def test_what_a_partial_report_lacks_is_listed(ended, page, drain):
    drain()
    report = SessionReport.objects.get()
    report.status = "partial"
    report.body["missing"] = [{"what": "check", "index": 2, "text": "The suggestion could not be checked."}]
    report.save()
    shown = page(ended)
    assert "Part of this report is missing." in shown
    assert "The suggestion could not be checked." in shown


def test_that_a_volunteer_may_have_written_of_themselves_is_told_to_them_alone(chat, say, drain, page):
    say("I can't do this, I want to kill myself")
    drain()
    chats.end_chat(chat)
    drain()
    words = "may have written about themselves"
    assert words in page(chat)
    shown = page(chat, "trainer")
    assert "What went well" in shown and words not in shown
    assert words in pdf.as_html(SessionReport.objects.get(), [])  # the file is the volunteer's own


def test_a_point_tells_what_was_done_from_what_is_recommended(chat, say, drain, page):
    message = say("You should just tell them no. That is the only way.")
    drain()
    chats.end_chat(chat)
    drain()
    [point] = SessionReport.objects.get().body["points"]
    done, recommended = point["evidence"]
    cards = [reverse("feedback:evidence-card", args=[note["code"]]) for note in (done, recommended)]
    shown = page(chat).partition('class="finding point"')[2]
    said, _, tried = shown.partition("To try:")
    assert "In this message:" in said and f'href="{cards[0]}?message={message.pk}"' in said
    assert f'href="{cards[1]}"' in tried and cards[1] not in said and f"{cards[1]}?message" not in tried


def test_an_unsure_pair_is_perhaps_in_the_message(ended, drain, page):
    drain()
    note = {
        "about": "done",
        "code": "direct",
        "name": "Direct",
        "grade": {"key": "discouraged"},
        "study": "s",
    }
    report = SessionReport.objects.get()
    report.body["points"] = [{"index": 2, "message_id": "m", "rule": "persuading", "evidence": [note]}]
    report.save()
    assert "Perhaps in this message:" in page(ended, "trainer")


def test_markup_in_a_message_stays_text_in_the_report(chat, say, drain, page):
    say("It sounds like <b>everything</b> is <script>alert(1)</script> too much.")
    drain()
    chats.end_chat(chat)
    drain()
    shown = page(chat)
    assert "<script>alert" not in shown
    assert "<b>everything" not in shown
