"""A report says when its chat was tagged again after it was written, and can be written anew."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from feedback import report as report_job
from feedback.models import SessionReport
from feedback.report import on_quarantine
from feedback.reports import retagged
from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.practice import chats
from skills import versions
from skills.models import Correction, SkillTag, Tagging
from skills.review import coding
from skills.review.corrections import correct_tags
from skills.tagger.card import read_card

MARK = "Re-tagged since you read it"
LINES = ["It sounds like it has been a long week.", "What weighs on you most?", "You should tell them no."]
NOW = read_card()["version"]


@pytest.fixture
def ended(chat, say, drain):
    """A chat with its report, written with the tags of "earlier"."""
    for line in LINES:
        say(line)
        drain("live")
    Tagging.objects.update(version="earlier")
    chats.end_chat(chat)
    drain("coach")
    return chat


@pytest.fixture
def page(people):
    def page(name: str, *arguments, who: str = "volunteer", query: str = "", **headers) -> str:
        client = Client(headers=headers)
        client.force_login(getattr(people, who))
        return client.get(reverse(name, args=arguments) + query).content.decode()

    return page


def retag(drain) -> None:
    versions.start()
    drain("batch")


def again(people, chat, drain) -> None:
    client = Client()
    client.force_login(people.volunteer)
    client.post(reverse("feedback:report-retry", args=[chat.pk]))
    drain("coach")


def report() -> SessionReport:
    return SessionReport.objects.get()


def test_the_mark_appears_with_re_tagging_and_goes_with_the_new_report(ended, page, people, drain):
    assert (report().tagger_version, report().body["tagged_by"]) == ("earlier", {"earlier": [2, 4, 6]})
    assert MARK not in page("feedback:report", ended.pk)
    assert "re-tagged since" not in page("practice:chats")
    # The version before had found nothing in one message and something else in another.
    one, other = Tagging.objects.order_by("message__index")[:2]
    one.tags.all().delete()
    other.tags.all().delete()
    SkillTag.objects.create(tagging=other, code="confront", probability=0.9, start=0, end=4)
    retag(drain)
    shown = page("feedback:report", ended.pk)
    assert MARK in shown
    assert f"written with the tags of earlier. Since then {NOW}" in shown
    assert "The techniques of 2 messages changed, of 3 read again." in shown
    assert "re-tagged since" in page("practice:chats")
    assert "re-tagged since" in page("practice:chats", who="trainer")

    client = Client()
    client.force_login(people.volunteer)
    client.post(reverse("feedback:report-retry", args=[ended.pk]))
    waiting = page("feedback:report", ended.pk)
    assert "Below is the one before" in waiting
    assert "What went well" in waiting
    assert MARK not in waiting
    drain("coach")
    assert MARK not in page("feedback:report", ended.pk)
    assert "re-tagged since" not in page("practice:chats")
    assert (report().tagger_version, report().body["tagged_by"]) == (NOW, {NOW: [2, 4, 6]})


def test_the_same_techniques_are_told_as_such(ended, page, drain):
    retag(drain)
    assert "It found the same techniques in all 3 messages." in page("feedback:report", ended.pk)


def test_what_a_trainer_corrected_does_not_count_as_changed(ended, page, people, drain):
    tagging = Tagging.objects.order_by("message__index").first()
    code = tagging.tags.first().code
    correct_tags(tagging.message, codes=["affirm"], trainer=people.trainer)
    assert code != "affirm"
    tagging.tags.all().delete()
    retag(drain)
    assert "It found the same techniques in all 3 messages." in page("feedback:report", ended.pk)


def test_a_correction_reaches_the_report_once_it_is_written_again(ended, page, people, drain):
    adherent, address = "mi_adherent", reverse("feedback:report-retry", args=[ended.pk])
    message = Tagging.objects.order_by("message__index").first().message
    held = set(SkillTag.objects.filter(tagging__message=message).values_list("code", flat=True))
    assert "affirm" not in held and address not in page("feedback:report", ended.pk)
    before = report().body["ratios"][adherent]["count"]
    coding.save(message, trainer=people.trainer, codes=["affirm"], spans={})
    found = retagged.since(report())
    assert (found.corrections, found.messages, found.now) == (len(held) + 1, 0, [])
    shown = page("feedback:report", ended.pk)
    assert f"A trainer corrected {len(held) + 1} tags after this report was written." in shown
    assert "Corrected since you read it" in shown and MARK not in shown and address in shown
    other = page("feedback:report", ended.pk, who="trainer")
    assert "Corrected since you read it" in other and address not in other
    again(people, ended, drain)
    assert report().body["ratios"][adherent]["count"] == before + 1
    assert retagged.since(report()) is None and address not in page("feedback:report", ended.pk)
    assert coding.undo(message, trainer=people.trainer)  # what is taken back is a change as well
    assert retagged.since(report()).corrections == len(held) + 1
    again(people, ended, drain)
    assert report().body["ratios"][adherent]["count"] == before


def test_a_correction_made_while_the_report_was_being_written_is_told(ended, people, drain):
    message = Tagging.objects.order_by("message__index").first().message
    write = report_job._prepare(Job.objects.filter(kind="report").get())()  # has read the tags
    correct_tags(message, codes=["affirm"], trainer=people.trainer)
    with transaction.atomic():
        write()
    assert report().finished_at > Correction.objects.latest("id").created_at
    assert retagged.since(report()).corrections


def test_corrections_are_told_apart_from_another_versions_tags(ended, page, people, drain):
    one = Tagging.objects.order_by("message__index").first()
    kept = SkillTag.objects.filter(tagging=one).values_list("code", flat=True)
    coding.save(one.message, trainer=people.trainer, codes=[*kept, "affirm"], spans={})
    retag(drain)
    found = retagged.since(report())
    assert (found.messages, found.changed, found.corrections) == (3, 0, 1)
    assert "A trainer corrected 1 tag after this report was written." in page("feedback:report", ended.pk)


def test_only_the_volunteer_may_have_it_written_again(ended, page, people, drain):
    retag(drain)
    address = reverse("feedback:report-retry", args=[ended.pk])
    assert address in page("feedback:report", ended.pk)
    shown = page("feedback:report", ended.pk, who="trainer")
    assert MARK in shown
    assert address not in shown
    assert "The volunteer can have the report written again." in shown
    for who, status in (("trainer", 403), ("peer", 404), ("other_trainer", 404), ("admin", 403)):
        client = Client()
        client.force_login(getattr(people, who))
        assert client.post(address).status_code == status
    assert Job.objects.filter(kind="report").count() == 1


def test_a_new_report_that_fails_leaves_the_one_before(ended, page, people, drain):
    retag(drain)
    client = Client()
    client.force_login(people.volunteer)
    client.post(reverse("feedback:report-retry", args=[ended.pk]))
    on_quarantine(Job.objects.filter(kind="report").first())
    shown = page("feedback:report", ended.pk)
    assert "The report could not be written again." in shown
    assert "What went well" in shown
    assert reverse("feedback:report-retry", args=[ended.pk]) in shown


def test_waiting_for_the_new_one_reads_nothing_and_leaves_no_line(ended, page, people, drain):
    SessionReport.objects.update(status="pending")
    before = AuditEvent.objects.filter(verb="read").count()
    htmx = {"HX-Request": "true"}
    assert page("feedback:report", ended.pk, who="trainer", query="?waiting", **htmx) == ""
    assert AuditEvent.objects.filter(verb="read").count() == before
    SessionReport.objects.update(status="ready")
    shown = page("feedback:report", ended.pk, who="trainer", query="?waiting", **htmx)
    assert "What went well" in shown
    assert "hx-trigger" not in shown


def test_a_report_of_messages_that_several_versions_tagged(chat, say, drain, page):
    say(LINES[0])
    drain("live")
    Tagging.objects.update(version="earlier")
    say(LINES[1])
    drain("live")
    chats.end_chat(chat)
    drain("coach")
    assert report().tagger_version == retagged.MIXED
    assert report().body["tagged_by"] == {"earlier": [2], NOW: [4]}
    assert retagged.since(report()) is None
    assert retagged.chats_retagged([chat]) == set()
    assert "(some tags by earlier)" in page("feedback:report", chat.pk)
    retag(drain)
    found = retagged.since(report())
    assert (found.before, found.now, found.messages, found.changed) == (["earlier"], [NOW], 1, 0)
    assert retagged.chats_retagged([chat]) == {chat.pk}


def test_a_report_from_before_versions_were_kept_by_message(ended, drain):
    body = report().body
    del body["tagged_by"]
    SessionReport.objects.update(body=body)
    assert retagged.since(report()) is None
    assert retagged.chats_retagged([ended]) == set()
    retag(drain)
    assert retagged.since(report()).messages == 3
    assert retagged.chats_retagged([ended]) == {ended.pk}


def test_a_message_that_got_its_tags_only_later_is_no_re_tagging(chat, say, drain):
    chats.end_chat(chat)
    drain("coach")
    assert report().body["tagged_by"] == {}
    assert report().tagger_version == NOW
    message = chats.Message.objects.create(
        chat=chat, index=2, role="counselor", text="Hello there.", idempotency_key="late"
    )
    Tagging.objects.create(message=message, version="earlier", probabilities=b"")
    assert retagged.since(report()) is None
    assert retagged.chats_retagged([chat]) == set()
