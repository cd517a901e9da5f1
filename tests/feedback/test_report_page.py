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
from tests.peersupport.transcripts import imported


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
    assert "What went well" in fragment and "On paper" in fragment
    assert "hx-trigger" not in fragment
    assert page(ended).count("On paper") == 1 and "On paper" not in page(ended, "trainer")
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


@pytest.fixture
def give_up(monkeypatch, chat, drain):
    """Run the lane while no tagger can be had, until its jobs are given up."""

    def give_up(lane: str = "live", room: str = "turn") -> None:
        def broken(path=None):
            raise OSError("weights cannot be read")

        with monkeypatch.context() as patch:
            patch.setattr(f"feedback.{room}.load_tagger", broken)
            for _ in range(3):
                Job.objects.update(available_at=chat.created_at)
                drain(lane)

    return give_up


def test_messages_that_were_not_tagged_are_named_in_one_sentence(chat, say, drain, page, give_up):
    failed = []
    for line in ("What happened then?", "I see."):
        failed.append(say(line))
        give_up()
    read = say("It sounds like it has been a long week.")
    drain()
    chats.end_chat(chat)
    drain()
    shown = page(chat)
    assert shown.count("could not be tagged") == 1
    assert "2 messages could not be tagged; the figures and points leave them out:" in shown
    place = reverse("practice:chat", args=[chat.pk])
    for number, message in enumerate(failed, start=1):
        assert f'<a href="{place}#message-{message.pk}">Message {number}</a>' in shown
    # The same number everywhere on the page.
    assert f'<a href="{place}#message-{read.pk}">message 3</a>' in shown and "to message 3, on" in shown
    report = SessionReport.objects.get()
    report.body["missing"] = report.body["missing"][:1]
    report.save()
    assert "One message could not be tagged; the figures and points leave it out:" in page(chat)


def test_writing_a_partial_report_again_tags_first_what_was_not_tagged(
    chat, say, drain, page, people, give_up
):
    message = say("It sounds like it has been a long week.")
    give_up()
    chats.end_chat(chat)
    drain()
    assert SessionReport.objects.get().status == "partial"
    client = Client()
    client.force_login(people.volunteer)
    assert "Write it again" in page(chat)
    client.post(reverse("feedback:report-retry", args=[chat.pk]))
    assert sorted(AuditEvent.objects.filter(verb="retry").values_list("object_kind", flat=True)) == [
        "message", "sessionreport",
    ]  # fmt: skip
    assert drain("coach") == 0  # the report waits for the turn
    assert drain("live") == 1 and drain("coach") == 1
    report = SessionReport.objects.get()
    assert report.body["missing"] == [] and report.body["ratios"]["n_messages"] == 1
    message.refresh_from_db()
    assert message.turn == "done" and chat.messages.count() == 3  # the line said instead stays
    assert "could not be tagged" not in page(chat)


def test_a_partial_report_of_an_imported_chat_tags_all_of_it_first(people, drain, give_up):
    brought = imported(people.volunteer)
    give_up("coach", "transcript")
    drain()
    report = SessionReport.objects.get(chat=brought)
    assert report.status == "partial"
    client = Client()
    client.force_login(people.volunteer)
    client.post(reverse("feedback:report-retry", args=[brought.pk]))
    drain()
    report.refresh_from_db()
    assert report.body["missing"] == [] and report.status == "ready"
    assert Job.objects.filter(kind="transcript").count() == 2


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
