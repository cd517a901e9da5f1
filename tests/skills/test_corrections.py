"""A trainer's word on a tag: who may say it, what it changes, and what the volunteer sees of it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from bench.reviewing import basis_of
from peersupport.audit.models import AuditEvent
from peersupport.practice import chats
from peersupport.practice.models import ChatEvent
from skills.models import Correction
from skills.review.corrections import correct_tags
from skills.tags import tag_results, tag_views


@pytest.fixture
def message(say, drain):
    message = say("What has been the hardest part of this week?")
    drain()
    return message


@pytest.fixture
def correct(message, people):
    def correct(*codes: str, note: str = "") -> int:
        return correct_tags(message, codes=codes, trainer=people.trainer, note=note)

    return correct


def codes(message) -> set[str]:
    return {view.code for view in tag_views([message])[message.pk]}


def test_the_corrected_codes_hold_for_pages_and_reports(message, correct):
    assert correct("affirm", "chit_chat") >= 2
    assert codes(message) == {"affirm", "chit_chat"}
    result = tag_results([message])[message.pk]
    assert set(result.present) == {"affirm", "chit_chat"}
    assert result.spans["affirm"] == (0, len(message.text))


def test_the_last_word_holds_and_the_same_word_changes_nothing(message, correct):
    correct("affirm")
    assert correct("affirm") == 0
    correct("open_question")
    assert codes(message) == {"open_question"}


def test_a_change_reaches_an_open_page_and_no_change_is_no_news(message, correct):
    correct("affirm")
    [*_, news] = ChatEvent.objects.filter(chat=message.chat).order_by("seq")
    assert (news.kind, news.message_id) == ("turn", message.pk)
    correct("affirm")
    assert ChatEvent.objects.filter(chat=message.chat).order_by("seq").last() == news


def test_each_difference_is_one_correction_and_a_long_note_is_cut(message, correct):
    before = codes(message)
    assert correct("affirm", note="n" * 501) == len(before) + 1
    rows = list(Correction.objects.values_list("code", "action"))
    assert sorted(rows) == sorted([("affirm", "add"), *((code, "remove") for code in before)])
    assert set(Correction.objects.values_list("note", flat=True)) == {"n" * 500}


def test_where_a_technique_is_said_is_kept_for_what_is_there_and_for_nothing_else(message, people):
    before = codes(message)
    correct_tags(message, codes=["affirm"], trainer=people.trainer, spans={"affirm": (0, 4)})
    places = {row.code: (row.action, row.start, row.end) for row in Correction.objects.all()}
    assert places == {"affirm": ("add", 0, 4)} | dict.fromkeys(before, ("remove", None, None))
    correct_tags(message, codes=["affirm"], trainer=people.trainer, spans={"affirm": (5, 8)})
    moved = Correction.objects.order_by("pk").last()
    assert (moved.action, moved.start, moved.end) == ("move", 5, 8)


def test_an_unknown_code_is_refused_and_nothing_is_kept(message, correct):
    before = codes(message)
    with pytest.raises(ValueError, match="no_such_code"):
        correct("affirm", "no_such_code")
    assert codes(message) == before
    assert not Correction.objects.exists()


def test_the_form_saves_and_the_volunteer_reads_the_note(message, people):
    chats.end_chat(message.chat)
    trainer, volunteer = Client(), Client()
    trainer.force_login(people.trainer)
    volunteer.force_login(people.volunteer)
    address = reverse("skills:correct", args=[message.pk])
    shown = trainer.get(address).content.decode()
    assert shown.count("checked") == len(codes(message))
    form = {"codes": ["affirm"], "note": "Look again <at> this", "basis": basis_of(message, people.trainer)}
    answer = trainer.post(address, form)
    assert answer.status_code == 302
    page = volunteer.get(reverse("practice:chat", args=[message.chat_id])).content.decode()
    assert "by a trainer" in page
    assert "A trainer took away:" in page
    assert "Look again &lt;at&gt; this" in page
    assert AuditEvent.objects.filter(verb="correct").count() == 1


def test_only_known_codes_and_counselor_messages_can_be_corrected(message, people):
    chats.end_chat(message.chat)
    client = Client()
    client.force_login(people.trainer)
    assert client.post(reverse("skills:correct", args=[message.pk]), {"codes": ["x"]}).status_code == 400
    opening = message.chat.messages.get(role="seeker", index=1)
    assert client.get(reverse("skills:correct", args=[opening.pk])).status_code == 400
