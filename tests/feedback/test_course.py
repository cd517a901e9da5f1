"""The seeker's state after the chat: what moved it, by which tag, and never while the chat goes on."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from feedback.reports.course import MEASURES, course_of, steps_of
from peersupport import seeker
from peersupport.practice import chats
from peersupport.practice.models import Message, SeekerStateRecord
from skills.taxonomy import EMPATHY, TECHNIQUES

LINES = [
    "It sounds like you have carried this alone for a long time, and it is wearing you out.",
    "You need to stop thinking about it and call them tonight.",
]


@pytest.fixture
def walked(chat, say, drain):
    for line in LINES:
        say(line)
        drain("live")
    return chat


def page_of(chat, user) -> str:
    client = Client()
    client.force_login(user)
    return client.get(reverse("feedback:report", args=[chat.pk])).content.decode()


def test_nothing_of_it_is_shown_while_the_chat_goes_on(walked, people):
    assert course_of(walked) is None
    assert "How it went for the person" not in page_of(walked, people.volunteer)
    client = Client()
    client.force_login(people.volunteer)
    talk = client.get(reverse("practice:chat", args=[walked.pk])).content.decode()
    assert "Resistance" not in talk


def test_steps_add_up_to_the_rows_and_name_the_tag_behind_them(walked, drain):
    chats.end_chat(walked)
    walked.refresh_from_db()
    course = course_of(walked)
    rows = {row.message_id: row for row in SeekerStateRecord.objects.filter(message__chat=walked)}
    opening = Message.objects.get(chat=walked, idempotency_key="opening")
    for number, name in enumerate(MEASURES):
        last = getattr(rows[course.steps[-1].message.pk], name)
        moved = sum(step.moves[number].by for step in course.steps)
        assert getattr(rows[opening.pk], name) + moved == pytest.approx(last)
        assert course.charts[number].last == f"{last:.2f}"
        assert len(course.charts[number].dots) == 3
    first, second = course.steps
    assert first.gain > 0 > second.gain
    assert {"Complex reflection", "Simple reflection"} & {reason.name for reason in first.reasons}
    assert {"Direct", "Advise without permission"} & {reason.name for reason in second.reasons}
    said = list(Message.objects.filter(chat=walked).order_by("index"))
    assert steps_of({second.message: said})[second.message].moves == second.moves


def test_the_report_draws_it_and_leads_to_the_message(walked, people, drain):
    chats.end_chat(walked)
    drain("coach")
    page = page_of(walked, people.volunteer)
    assert page.count('class="course-chart"') == 4
    assert "They came closer." in page
    moved = Message.objects.get(chat=walked, text=LINES[1])
    assert f"{reverse('practice:chat', args=[walked.pk])}#message-{moved.pk}" in page
    for x, y in re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', page):
        assert 0 <= float(x) <= 240
        assert 0 <= float(y) <= 96
    assert "How it went for the person" in page_of(walked, people.trainer)


def test_a_chat_without_a_message_has_no_course(chat):
    chats.end_chat(chat)
    chat.refresh_from_db()
    assert course_of(chat) is None


def test_every_reason_with_a_source_names_something_of_the_taxonomy():
    assert set(seeker.REASON_SOURCES) <= set(seeker.REASON_WORDS)
    assert set(seeker.REASON_SOURCES.values()) <= {*TECHNIQUES, *EMPATHY}
