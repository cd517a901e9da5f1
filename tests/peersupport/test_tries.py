"""Another try: branched once, with the seeker as they were then, and nothing copied is counted twice."""

from __future__ import annotations

import importlib
import json
import re

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from feedback.exports.at_once import tags_csv
from feedback.models import SessionReport
from feedback.report import turns_of
from peersupport.people import consents, erasure, own_data
from peersupport.practice import chats, slots, tries
from peersupport.practice.models import Message, PracticeChat
from skills import versions
from skills.models import Tagging

FIRST = "It sounds like a long week. What weighs on you most?"
SECOND = "You should just tell them no."
OTHERWISE = "Part of you would like to say no, and part of you is worried what they would think."


@pytest.fixture
def ended(chat, say, drain):
    for line in (FIRST, SECOND):
        say(line)
        drain("live")
    chats.end_chat(chat)
    drain("coach")
    chat.refresh_from_db()
    return chat


@pytest.fixture
def volunteer(people):
    client = Client()
    client.force_login(people.volunteer)
    return client


def second(chat) -> Message:
    return Message.objects.get(chat=chat, text=SECOND, copied=False)


def test_a_double_click_makes_one_branch_and_a_used_one_leaves_room_for_the_next(ended, volunteer, drain):
    address = reverse("practice:try-again", args=[second(ended).pk])
    went = {volunteer.post(address)["Location"] for _ in range(2)}
    assert len(went) == 1
    [branch] = PracticeChat.objects.filter(parent=ended)
    chats.post_message(branch, text=OTHERWISE, key="k")
    volunteer.post(address)
    assert PracticeChat.objects.filter(parent=ended).count() == 2


def test_the_way_to_the_comparison_comes_with_the_answer_and_an_unused_try_goes(ended, volunteer):
    branch = tries.try_again(second(ended))
    compare = reverse("feedback:compare", args=[branch.pk])
    assert compare not in volunteer.get(reverse("practice:chat", args=[branch.pk])).text
    words = {"text": OTHERWISE, "key": "k"}
    answer = volunteer.post(reverse("practice:post", args=[branch.pk]), words, headers={"X-Fragments": "1"})
    assert compare in answer.text and 'id="another-try"' in answer.text
    assert compare in volunteer.get(reverse("practice:events", args=[branch.pk])).text
    unused = tries.try_again(second(ended))
    went = volunteer.post(reverse("practice:end", args=[unused.pk]))["Location"]
    assert went == reverse("practice:chat", args=[ended.pk])
    assert not PracticeChat.objects.filter(pk=unused.pk).exists()


def test_the_seeker_is_the_person_of_that_moment(ended, drain):
    branch = tries.try_again(second(ended))
    before = list(ended.messages.filter(index__lt=second(ended).index).order_by("index"))
    copies = list(branch.messages.order_by("index"))
    assert [one.text for one in copies] == [one.text for one in before]
    assert branch.seed == ended.seed
    openness = [[one.seeker_state.openness for one in part] for part in (before, copies)]
    assert openness[0] == openness[1]
    message = chats.post_message(branch, text=OTHERWISE, key="k").message
    drain("live")
    assert message.index == second(ended).index
    [said] = tries.said_in(branch)
    assert said.first_answer == message
    assert said.reply_to(message).index == message.index + 1
    assert said.words_before(message) == copies[-1]


def test_only_ended_chats_and_own_messages_branch(chat, say, ended, people, volunteer):
    with pytest.raises(ValidationError):
        tries.try_again(ended.messages.get(idempotency_key="opening"))
    branch = tries.try_again(second(ended))
    goes_on = chats.post_message(branch, text=OTHERWISE, key="k").message
    assert volunteer.post(reverse("practice:try-again", args=[goes_on.pk])).status_code == 302
    assert not PracticeChat.objects.filter(parent=branch).exists()
    for who, status in ((people.peer, 404), (people.trainer, 403)):
        client = Client()
        client.force_login(who)
        assert client.post(reverse("practice:try-again", args=[second(ended).pk])).status_code == status


def test_copies_are_counted_nowhere(ended, drain, volunteer, people):
    consents.choose(people.volunteer, agreed=["research"])
    exported, taggings = "".join(tags_csv()), Tagging.objects.count()
    assert len(exported.splitlines()) > 1
    branch = tries.try_again(second(ended))
    assert ("".join(tags_csv()), Tagging.objects.count()) == (exported, taggings)
    assert versions.lacking(Tagging.objects.first().version) == 0
    chats.post_message(branch, text=OTHERWISE, key="k")
    drain("live")
    chats.end_chat(branch)
    drain("coach")
    assert [turn.index for turn in turns_of(branch) if turn.tags] == [second(ended).index]
    body = SessionReport.objects.get(chat=branch).body
    assert body["missing"] == []
    assert all(row["n"] == 1 for row in body["mix"])
    assert {row["index"] for row in body["strengths"]} <= {second(ended).index}
    page = volunteer.get(reverse("practice:chats")).content.decode()
    assert page.count("another try") == 1
    assert re.findall(r'class="number"[^>]*>(\d+)<', page) == ["1", "2"]


def test_the_list_has_the_newest_chat_first(people, chat, volunteer):
    made = [chat, *(chats.start_chat(people.volunteer, chat.scenario) for _ in range(6))]
    page = volunteer.get(reverse("practice:chats")).content.decode()
    listed = re.findall(r'<th scope="row"><a href="/chats/([^/]+)/"', page)
    assert listed == [str(one.pk) for one in reversed(made)]


def test_the_page_shows_both_answers_and_no_state_before_the_try_ends(ended, drain, volunteer, people):
    branch = tries.try_again(second(ended))
    address = reverse("feedback:compare", args=[branch.pk])
    assert "Nothing is written yet." in volunteer.get(address).content.decode()
    chats.post_message(branch, text=OTHERWISE, key="k")
    page = volunteer.get(address).text
    assert "Nothing more." not in page
    assert f'Not answered yet. <a href="{address}">Look again</a>' in page
    drain("live")
    page = volunteer.get(address).content.decode()
    assert "Not answered yet." not in page
    assert page.index(SECOND) < page.index(OTHERWISE)
    assert "Shown when this chat has ended." in page
    chats.end_chat(branch)
    page = volunteer.get(address).content.decode()
    assert "They drew back." in page
    assert "They came closer." in page
    assert volunteer.get(reverse("feedback:compare", args=[ended.pk])).status_code == 404
    trainer = Client()
    trainer.force_login(people.trainer)
    assert OTHERWISE in trainer.get(address).content.decode()


def test_an_answer_that_is_being_worded_is_on_its_way_and_one_of_oneself_gets_none(
    ended, drain, volunteer, settings, monkeypatch
):
    branch = tries.try_again(second(ended))
    address = reverse("feedback:compare", args=[branch.pk])
    message = chats.post_message(branch, text=OTHERWISE, key="k").message
    Message.objects.filter(pk=message.pk).update(turn="done")
    assert "Nothing more." in volunteer.get(address).text
    with monkeypatch.context() as patch:
        patch.setitem(slots._slots, slots.REPLIES_AWAITED, lambda messages: {message.pk})
        assert "Not answered yet." in volunteer.get(address).text
    Message.objects.filter(pk=message.pk).update(turn="pending", risk_level="explicit")
    assert "Nothing more." in volunteer.get(address).text
    Message.objects.filter(pk=message.pk).update(turn="pending", risk_level="none")
    chats.end_chat(branch)  # to an ended chat nobody answers
    assert "Nothing more." in volunteer.get(address).text


def test_erased_and_exported_like_any_chat(ended, people, drain):
    branch = tries.try_again(second(ended))
    chats.post_message(branch, text=OTHERWISE, key="k")
    found = json.loads("".join(own_data.as_json(people.volunteer)))["chats"]
    [row] = [row for row in found if row["another_try_of"]]
    assert row["another_try_of"] == str(ended.pk)
    assert [one["copied"] for one in row["messages"]] == [True] * 3 + [False]
    ended.delete()  # the try stays whole without the first chat
    branch.refresh_from_db()
    assert (branch.parent_id, branch.is_try, branch.messages.count()) == (None, True, 4)
    erasure.erase_now(people.volunteer, by=None)
    assert not Message.objects.exists()


def test_tries_that_were_shared_against_their_chat_are_taken_back(ended):
    branch = tries.try_again(second(ended))
    migration = importlib.import_module("peersupport.migrations.0016_tries_are_as_private")
    migration.keep_from_trainers(apps, None)
    branch.refresh_from_db()
    assert branch.shared
    PracticeChat.objects.filter(pk=ended.pk).update(shared=False)
    chats.post_message(branch, text=OTHERWISE, key="k")
    chats.end_chat(branch)
    deeper = tries.try_again(branch.messages.get(idempotency_key="k"))
    assert deeper.shared and deeper.parent_id == branch.pk
    migration.keep_from_trainers(apps, None)
    for one in (branch, deeper):
        one.refresh_from_db()
        assert not one.shared
