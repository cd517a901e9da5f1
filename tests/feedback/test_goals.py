"""Own goals: two at most, seen where one practises, closed by their owner alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.models import PracticeGoal
from feedback.reports import goals
from peersupport.people import erasure
from peersupport.practice import chats


@pytest.fixture
def volunteer(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


def test_the_form_sets_a_goal_that_the_scenarios_page_shows(volunteer, people):
    day = timezone.localdate() + timedelta(days=7)
    data = {"technique": "affirm", "words": " say  what I\nsee ", "until": day.isoformat()}
    assert volunteer.post(reverse("feedback:goal-set"), data).status_code == 302
    goal = PracticeGoal.objects.get()
    assert (goal.volunteer, goal.words, goal.until) == (people.volunteer, "say what I see", day)
    page = volunteer.get(reverse("practice:scenarios")).content.decode()
    assert "say what I see" in page
    other = Client()
    other.force_login(people.peer)
    assert "say what I see" not in other.get(reverse("practice:scenarios")).content.decode()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"technique": "direct"}, "from the list"),
        ({"technique": "persuade_with_permission"}, "from the list"),
        ({"technique": "affirm", "until": "soon"}, "year-month-day"),
        ({"technique": "affirm", "until": "2020-01-01"}, "is over"),
        ({"technique": "affirm", "words": "x" * 201}, "under 200"),
        ({"technique": "support"}, "already"),
    ],
)
def test_what_cannot_be_a_goal_is_said_and_the_words_stay_in_the_form(volunteer, people, data, says):
    goals.set_goal(people.volunteer, technique="support")
    answer = volunteer.post(reverse("feedback:goal-set"), data)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert says in page
    assert data.get("words", "") in page
    assert PracticeGoal.objects.count() == 1


def test_two_goals_are_the_most_until_one_is_closed(people, volunteer):
    first = goals.set_goal(people.volunteer, technique="affirm")
    goals.set_goal(people.volunteer, technique="support")
    with pytest.raises(ValidationError, match="Two goals"):
        goals.set_goal(people.volunteer, technique="open_question")
    volunteer.post(reverse("feedback:goal-close", args=[first.pk]))
    goals.set_goal(people.volunteer, technique="affirm")
    assert [goal.technique for goal in goals.open_goals(people.volunteer)] == ["support", "affirm"]


def test_the_report_says_how_often_it_came_up_and_to_the_volunteer_alone(volunteer, people, chat, say, drain):
    goals.set_goal(people.volunteer, technique="open_question", words="ask wide")
    late = goals.set_goal(people.volunteer, technique="affirm", words="later on")
    say("What has the last week been like for you?")
    say("hello there")
    drain("live")
    chats.end_chat(chat)
    drain("coach")
    chat.refresh_from_db()
    PracticeGoal.objects.filter(pk=late.pk).update(created_at=chat.ended_at + timedelta(minutes=1))
    address = reverse("feedback:report", args=[chat.pk])
    page = " ".join(volunteer.get(address).content.decode().split())
    assert "in this chat: 1 of 2 messages" in page
    assert "later on" not in page
    trainer = Client()
    trainer.force_login(people.trainer)
    assert "ask wide" not in trainer.get(address).content.decode()


def test_goals_go_with_their_owner(people):
    goals.set_goal(people.volunteer, technique="affirm", words="mine")
    assert [row["words"] for row in goals.rows(people.volunteer)] == ["mine"]
    assert list(goals.rows(people.peer)) == []
    erasure.erase_now(people.volunteer, by=None)
    assert not PracticeGoal.objects.exists()
