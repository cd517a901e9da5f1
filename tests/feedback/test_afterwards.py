"""After the chat: own ratings first, a break after a hard one, and nothing seen by others unasked."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import SessionReport
from feedback.reports import afterwards
from peersupport.people import own_data
from peersupport.practice import after, chats
from peersupport.practice.models import AfterChat, Message, Scenario, SeekerStateRecord

CALM = "Take a break first."
UNFOLDED = re.compile(r'id="help">\s*<details open>')
NOTE = "His empty chair stays with me."


@pytest.fixture
def ended(chat, say, drain):
    say("You should just tell them no.")
    drain("live")
    chats.end_chat(chat)
    drain("coach")
    SeekerStateRecord.objects.update(distress=0.4)
    chat.refresh_from_db()
    return chat


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def page_of(chat, person) -> str:
    return client_of(person).get(reverse("feedback:report", args=[chat.pk])).content.decode()


def test_the_rating_comes_first_and_is_shown_afterwards(ended, people):
    page = page_of(ended, people.volunteer)
    assert page.index("First, how was it for you?") < page.index("Show the report")
    form = {"understood": "4", "let_lead": "9", "feel_all_right": ""}
    answer = client_of(people.volunteer).post(reverse("practice:rate", args=[ended.pk]), form)
    assert answer["Location"] == reverse("feedback:report", args=[ended.pk])
    page = page_of(ended, people.volunteer)
    assert "First, how was it for you?" not in page
    assert "4 of 5" in page
    assert page.count("left out") == 2  # nine is not on the scale
    assert "own view" not in page_of(ended, people.trainer)


def test_passing_over_is_asked_once_and_keeps_nothing(ended, people):
    client_of(people.volunteer).post(reverse("practice:rate", args=[ended.pk]))
    assert not AfterChat.objects.get().is_rated
    assert "how was it for you" not in page_of(ended, people.volunteer)


def test_a_trainer_reads_what_was_shared_and_nothing_else(ended, people):
    trainer = people.trainer
    assert "how was it for you" not in page_of(ended, trainer)
    volunteer = client_of(people.volunteer)
    volunteer.post(reverse("practice:debrief", args=[ended.pk]), {"stays": NOTE, "goes": ""})
    volunteer.post(reverse("practice:rate", args=[ended.pk]), {"understood": "2", "shared": "on"})
    page = page_of(ended, trainer)
    assert "2 of 5" in page
    assert NOTE not in page
    volunteer.post(reverse("practice:debrief", args=[ended.pk]), {"stays": NOTE, "shared": "on"})
    assert NOTE in page_of(ended, trainer)
    volunteer.post(reverse("practice:debrief", args=[ended.pk]), {"stays": "", "shared": "on"})
    assert AfterChat.objects.get().answers_shared is False


def test_an_answer_that_is_too_long_is_refused_in_words_and_not_cut(ended, people):
    volunteer, address = client_of(people.volunteer), reverse("practice:debrief", args=[ended.pk])
    volunteer.post(address, {"stays": NOTE})
    page = volunteer.post(address, {"stays": NOTE, "goes": "x" * 1001}, follow=True).text
    assert "note-error" in page and "1001 characters long" in page
    assert (AfterChat.objects.get().stays, AfterChat.objects.get().goes) == (NOTE, "")


@pytest.mark.parametrize("why", ["risk", "cue", "distress", "feeling"])
def test_what_makes_a_chat_a_hard_one(why, ended, people):
    page = page_of(ended, people.volunteer)
    assert CALM not in page and 'id="help"' in page and not UNFOLDED.search(page)
    if why == "risk":
        Scenario.objects.filter(pk=ended.scenario_id).update(risk=True)
    elif why == "cue":
        Message.objects.filter(chat=ended, index=1).update(risk_level="passive")
    elif why == "distress":
        SeekerStateRecord.objects.update(distress=after.HIGH_DISTRESS)
    else:
        after.rate(ended, {"feel_all_right": 2}, shared=False)
    page = page_of(ended, people.volunteer)
    assert CALM in page
    assert 'href="#help"' in page and UNFOLDED.search(page)
    assert CALM not in page_of(ended, people.trainer)


def test_a_topic_that_was_warned_of_gets_one_line(ended, people):
    Scenario.objects.filter(pk=ended.scenario_id).update(content_warning="Grief")
    page = page_of(ended, people.volunteer)
    assert CALM not in page
    assert "take a break when you need one" in page
    assert 'href="#help"' in page and UNFOLDED.search(page)


def test_whoever_wrote_of_themselves_meets_people_before_figures(ended, people, drain):
    Message.objects.filter(chat=ended, role="counselor").update(risk_level="explicit")
    report = reverse("feedback:report", args=[ended.pk])
    client_of(people.volunteer).post(reverse("feedback:report-retry", args=[ended.pk]))
    drain("coach")
    page = client_of(people.volunteer).get(report).text
    assert (
        page.index("This is about you") < page.index('<details class="rest"') < page.index("What went well")
    )
    assert "leaves that message out" in page
    assert "This is about you" not in client_of(people.trainer).get(report).text


def test_a_chat_of_three_messages_asks_for_nobody_harder(ended, people):
    found = SessionReport.objects.get(chat=ended)
    assert not found.body["ratios"]["enough"]
    SessionReport.objects.update(body={**found.body, "points": []})
    page = client_of(people.volunteer).get(reverse("feedback:report", args=[ended.pk]))
    assert "Too short to say much" in page.text
    assert "a step harder" not in page.text
    assert page.context["next"].scenario.difficulty <= ended.scenario.difficulty


def test_both_are_in_the_file_of_own_data_and_go_with_the_chat(ended, people):
    after.answer(ended, stays=NOTE + "\0", goes="", shared=False)
    after.rate(ended, {"let_lead": 3}, shared=False)
    [row] = json.loads("".join(own_data.as_json(people.volunteer)))["chats"]
    assert (row["afterwards"]["stays"], row["afterwards"]["let_lead"]) == (NOTE, 3)
    ended.delete()
    assert not AfterChat.objects.exists()


def test_an_open_chat_keeps_neither(chat, people):
    for name in ("practice:rate", "practice:debrief"):
        client_of(people.volunteer).post(reverse(name, args=[chat.pk]), {"understood": "3", "stays": NOTE})
    assert not AfterChat.objects.exists()


def test_whom_to_meet_next_follows_the_rule(ended):
    level = ended.scenario.difficulty
    harder = afterwards.next_for(ended, flawless=True, hard=False)
    assert harder.scenario.difficulty >= min(3, level + 1)
    same = afterwards.next_for(ended, flawless=False, hard=False)
    assert (same.scenario.difficulty, same.scenario.slug != ended.scenario.slug) == (level, True)
    ended.scenario.difficulty = 3
    lighter = afterwards.next_for(ended, flawless=True, hard=True)
    assert (lighter.scenario.difficulty, lighter.scenario.content_warning) == (2, "")
    assert lighter.why == "easier than this one, and new to you"
    Scenario.objects.exclude(pk=ended.scenario_id).update(difficulty=2)
    ended.scenario.difficulty = 1
    assert afterwards.next_for(ended, flawless=True, hard=True) is None
    Scenario.objects.exclude(pk=ended.scenario_id).update(active=False)
    assert afterwards.next_for(ended, flawless=False, hard=False) is None
