"""Posting a message: once per key, in order, with the safety rules run on the spot."""

from __future__ import annotations

import random
import threading
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.urls import reverse

from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.events import panels
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import SkillTag, Tagging

CLIENTS = 8
POSTS = 1000


def test_a_key_is_kept_once(chat):
    first = chats.post_message(chat, text="hello", key="k")
    second = chats.post_message(chat, text=" hello\r\n", key="k")
    assert (first.created, second.created) == (True, False)
    assert second.message.pk == first.message.pk
    assert Job.objects.filter(kind="turn").count() == 1


def test_without_script_the_page_says_how_to_see_what_comes(chat, people, say, drain):
    own = Client()
    own.force_login(people.volunteer)

    def says_so() -> bool:
        return (
            "This page does not change by itself." in own.get(reverse("practice:chat", args=[chat.pk])).text
        )

    assert not says_so()  # it is the volunteer's turn
    say("What happened today?")
    assert says_so()
    drain()
    assert not says_so()
    say("I want to kill myself")
    assert not says_so()  # nobody answers that


def test_a_key_that_came_with_other_words_swallows_nothing(chat, people):
    chats.post_message(chat, text="hello", key="k")
    own = Client()
    own.force_login(people.volunteer)
    address = reverse("practice:post", args=[chat.pk])
    words = {"text": "What happened today?", "key": "k"}
    answer = own.post(address, words, headers={"X-Fragments": "1"})
    assert (answer.status_code, "already sent, with other words" in answer.text) == (400, True)
    page = own.post(address, words)  # without script: the words stand in the box, under a key of their own
    assert page.status_code == 400 and ">What happened today?</textarea>" in page.text
    assert page.context["key"] != "k"
    assert own.post(address, {**words, "key": page.context["key"]}).status_code == 302
    texts = (
        Message.objects.filter(chat=chat, role="counselor").order_by("index").values_list("text", flat=True)
    )
    assert list(texts) == ["hello", "What happened today?"]


def test_a_new_chat_opens_with_the_seeker(chat):
    [opening] = Message.objects.filter(chat=chat)
    assert (opening.role, opening.index) == ("seeker", 1)
    assert opening.seeker_state.line_id == "opening"


@pytest.mark.parametrize("text", ["", "  \n ", "\x00", "x" * 4001])
def test_text_that_cannot_be_kept_says_why(chat, text):
    with pytest.raises(ValidationError) as caught:
        chats.post_message(chat, text=text, key="k")
    assert len(caught.value.messages[0]) > 20
    assert Message.objects.filter(chat=chat, role="counselor").count() == 0


def test_lone_surrogates_are_replaced(chat):
    posted = chats.post_message(chat, text="ok \ud800 then", key="k")
    assert posted.message.text == "ok ? then"


def test_an_ended_chat_takes_no_message_but_repeats_are_answered(chat):
    chats.post_message(chat, text="hello", key="k")
    assert chats.end_chat(chat) is True
    assert chats.end_chat(chat) is False
    assert chats.post_message(chat, text="hello", key="k").created is False
    with pytest.raises(ValidationError, match="ended"):
        chats.post_message(chat, text="more", key="new")


def test_a_chat_that_ends_without_a_word_of_its_volunteer_is_discarded(chat, people):
    own = Client()
    own.force_login(people.volunteer)
    page = own.get(reverse("practice:chat", args=[chat.pk])).text
    assert page.index('<details class="end">') < page.index("End and see the report")  # one click opens it
    gone = own.post(reverse("practice:end", args=[chat.pk]), follow=True)
    assert gone.redirect_chain[-1][0] == reverse("practice:scenarios")
    assert "you wrote nothing in it" in gone.text
    assert not PracticeChat.objects.filter(pk=chat.pk).exists()
    other = chats.start_chat(people.volunteer, chat.scenario)
    chats.post_message(other, text="hello", key="k")
    ended = own.post(reverse("practice:end", args=[other.pk]))
    assert ended["Location"] == reverse("feedback:report", args=[other.pk])
    assert not PracticeChat.objects.get(pk=other.pk).is_open


def test_messages_and_events_are_numbered_without_gaps(chat):
    for key in "abc":
        chats.post_message(chat, text="hello", key=key)
    assert chats.end_chat(chat)
    chat.refresh_from_db()
    indexes = list(Message.objects.filter(chat=chat).order_by("index").values_list("index", flat=True))
    events = list(ChatEvent.objects.filter(chat=chat).order_by("seq").values_list("seq", "kind"))
    assert indexes == [1, 2, 3, 4]
    assert events[:5] == [(1, "message"), (2, "message"), (3, "message"), (4, "message"), (5, "ended")]
    assert [seq for seq, _ in events] == list(range(1, len(events) + 1))
    assert (chat.last_index, chat.last_seq) == (4, len(events))
    assert (chat.status, chat.ended_at is None) == ("ended", False)


def test_only_a_failed_turn_is_retried(chat):
    message = chats.post_message(chat, text="hello", key="k").message
    assert chats.retry_turn(message) is False
    Message.objects.filter(pk=message.pk).update(turn="failed")
    Job.objects.all().delete()
    assert chats.retry_turn(message) is True
    message.refresh_from_db()
    [job] = Job.objects.filter(kind="turn")
    assert (message.turn, job.subject, job.ordering_key) == ("pending", str(message.pk), chat.ordering_key)
    assert ChatEvent.objects.filter(chat=chat).order_by("seq").last().kind == "turn"


def test_a_message_of_exactly_the_limit_is_kept_and_line_ends_are_one_sign(chat, settings):
    longest = "x" * settings.MESSAGE_MAX_CHARACTERS
    assert chats.post_message(chat, text=f"  {longest} ", key="a").message.text == longest
    assert chats.post_message(chat, text="one\r\ntwo\x00", key="b").message.text == "one\ntwo"


def test_a_disclosure_is_noticed_without_any_worker(chat):
    posted = chats.post_message(chat, text="honestly i want to kill myself too", key="k")
    assert posted.message.risk_level == "explicit"
    asked = chats.post_message(chat, text="Are you having thoughts of suicide?", key="k2")
    assert asked.message.risk_level == "none"


@pytest.mark.parametrize(("policy", "steps"), [("refer", 4), ("assess_and_refer", 5)])
def test_a_seekers_cue_shows_the_steps_of_the_organisations_policy(chat, settings, policy, steps):
    settings.CRISIS_POLICY = policy
    cue = Message(chat=chat, role=Message.Role.SEEKER, text="x", risk_level=Message.Risk.PASSIVE)
    shown = panels([cue], chat.volunteer, is_own=True)
    assert (shown["crisis"], shown["disclosed"], len(shown["checklist"])) == (True, False, steps)


def test_the_panel_about_oneself_is_for_the_volunteer_and_folds_when_they_write_on(chat, people):
    address = reverse("practice:chat", args=[chat.pk])
    own, other = Client(), Client()
    own.force_login(people.volunteer)
    other.force_login(people.trainer)
    chats.post_message(chat, text="honestly i want to kill myself too", key="k")
    page = own.get(address)
    assert '<section id="human-panel" class="panel human"' in page.text and page.context["disclosed"]
    assert page.text.count(reverse("practice:end", args=[chat.pk])) == 2  # the panel's button, too
    assert "the person does not answer that message" in page.text
    assert not page.context["went_on"]
    chats.post_message(chat, text="That was an example. How was your day?", key="k2")
    page = own.get(address)
    assert page.context["disclosed"] and page.context["went_on"]
    assert 'role="alert"' not in page.text.split('id="human-panel"')[1].split(">")[0]
    assert own.post(reverse("practice:end", args=[chat.pk])).status_code == 302
    page = own.get(address)
    assert page.context["disclosed"] and reverse("practice:end", args=[chat.pk]) not in page.text
    assert not other.get(address).context["disclosed"]


def test_no_technique_is_shown_on_what_may_be_about_the_volunteer(chat, people):
    """Nor on one that an earlier version tagged, and no trainer is asked to correct it."""
    message = chats.post_message(chat, text="honestly i want to kill myself too", key="k").message
    other = chats.post_message(chat, text="It sounds like a long week.", key="k2").message
    for one in (message, other):
        tagging = Tagging.objects.create(message=one, version="earlier", probabilities=b"")
        SkillTag.objects.create(tagging=tagging, code="support", probability=0.9, start=0, end=9)
    Message.objects.filter(chat=chat, role="counselor").update(turn=Message.Turn.DONE)
    chats.end_chat(chat)
    own, trainer = Client(), Client()
    own.force_login(people.volunteer)
    trainer.force_login(people.trainer)
    address = reverse("practice:chat", args=[chat.pk])
    for client in (own, trainer):
        page = client.get(address).text
        assert page.count('<a class="tag ') == 1
        assert f'id="message-{message.pk}"' in page and (" data-aside " in page) == (client is own)
    assert reverse("skills:correct", args=[message.pk]) not in page
    assert reverse("skills:correct", args=[other.pk]) in page


def test_a_message_in_another_language_is_said_to_be_unread(chat, people, drain):
    own = Client()
    own.force_login(people.volunteer)
    chats.post_message(chat, text="Was beschäftigt dich heute am meisten?", key="k")
    drain("live")
    page = own.get(reverse("practice:chat", args=[chat.pk])).text
    assert "Only English is read here" in page and "No technique recognised" not in page


def test_words_that_may_hurt_are_noted_at_once_without_any_worker(chat, people):
    own = Client()
    own.force_login(people.volunteer)
    words = {"text": "Other people have it much worse.", "key": "k"}
    address = reverse("practice:post", args=[chat.pk])
    answer = own.post(address, words, headers={"X-Fragments": "1"}).text
    assert "This may hurt: it makes the person&#x27;s trouble smaller." in answer
    words = {"text": "It sounds like a long week.", "key": "k2"}
    answer = own.post(f"{address}?after=2", words, headers={"X-Fragments": "1"}).text
    assert "This may hurt" not in answer and "a long week" in answer


@pytest.mark.django_db
def test_a_seekers_first_line_that_is_labelled_harmless_raises_no_alarm(people):
    from peersupport.practice.models import Scenario

    rows = Scenario.objects.filter(active=True, slug__in=["pleasing-sleeves", "plain-grey"])
    opened = {row.slug: chats.start_chat(people.volunteer, row).messages.get().risk_level for row in rows}
    assert opened == {"pleasing-sleeves": "none", "plain-grey": "passive"}


@pytest.mark.django_db
def test_the_baseline_is_the_same_for_everybody_and_other_chats_are_not(people):
    from peersupport.practice.models import Scenario

    baseline = Scenario.objects.get(baseline=True, active=True)
    other = Scenario.objects.filter(baseline=False).first()
    both = (people.volunteer, people.peer)
    assert {chats.start_chat(person, baseline).seed for person in both} == {chats.BASELINE_SEED}
    assert len({chats.start_chat(person, other).seed for person in both}) == 2
    client = Client()
    client.force_login(people.volunteer)
    page = client.get(reverse("practice:scenarios")).content.decode()
    assert page.count("Same for everybody: before and after") == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_thousand_posts_with_double_submits(people):
    """8 browsers at once, a third of the posts sent twice or thrice: 0 lost, 0 doubled."""
    from peersupport.practice.models import Scenario

    chat = chats.start_chat(people.volunteer, Scenario.objects.filter(risk=False).first())
    url = reverse("practice:post", args=[chat.pk])
    keys = [uuid.uuid4().hex for _ in range(POSTS)]
    failures: list[int] = []

    def browser(number: int) -> None:
        rng = random.Random(number)
        client = Client()
        client.force_login(people.volunteer)
        for key in keys[number::CLIENTS]:
            for _ in range(rng.choice([1, 1, 2, 3])):
                answer = client.post(url, {"text": f"message {key}", "key": key})
                if answer.status_code >= 400:
                    failures.append(answer.status_code)
        connection.close()

    threads = [threading.Thread(target=browser, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = Message.objects.filter(chat=chat, role="counselor")
    assert failures == []
    assert sorted(kept.values_list("idempotency_key", flat=True)) == sorted(keys)
    indexes = list(Message.objects.filter(chat=chat).order_by("index").values_list("index", flat=True))
    assert indexes == list(range(1, POSTS + 2))
    seqs = list(ChatEvent.objects.filter(chat=chat).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, len(seqs) + 1))
    assert Job.objects.filter(kind="turn").count() == POSTS
