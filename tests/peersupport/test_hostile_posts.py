"""Every form of the site takes or refuses what a drawn body holds; none ends in an error of the server."""

from __future__ import annotations

from random import Random

import pytest
from django.test import Client
from django.urls import reverse

from bench.hostile_posts import post
from feedback.reports.goals import set_goal
from peersupport.bodies import _is_utf8
from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.models import Message
from tests.feedback.study_imports import finished_import
from tests.peersupport.transcripts import draft
from tests.staff import rows_of_staff
from tests.test_access_matrix import MATRIX, NAMES, WRONG_VERB

POSTS = sorted(name for name in NAMES if set(MATRIX[name][1].values()) - {WRONG_VERB, "login"})


@pytest.mark.parametrize("name", POSTS)
def test_no_body_breaks_a_form(name, people, chat, say):
    message = say("What would you like to talk about?")
    values = {
        "chat_id": chat.pk,
        "message_id": message.pk,
        "scenario_id": chat.scenario_id,
        "job_id": Job.objects.get(kind="turn", subject=str(message.pk)).pk,
        "code": "open_question",
        "person_id": people.peer.pk,
        "draft_id": draft(people.volunteer).pk,
        "study_id": 1,
        "import_id": finished_import().pk,
        "index": 2,
        "goal_id": set_goal(people.volunteer, technique="affirm").pk,
        **rows_of_staff(people, chat),
    }
    if not name.startswith("practice:"):
        chats.end_chat(chat)  # trainers' forms are there once it has ended
    address = reverse(name, kwargs={key: values[key] for key in NAMES[name].pattern.converters})
    chance = Random(name)
    for number in range(40):
        headers, body = post(chance)
        kind = headers["Content-Type"]
        if not _is_utf8(kind.encode()):  # refused in front of Django
            continue
        client = Client()
        client.force_login((people.volunteer, people.trainer, people.admin)[number % 3])
        answer = client.generic("POST", address, body, content_type=kind)
        assert answer.status_code < 500, (kind, body[:200])


def test_half_characters_and_nul_are_kept_out_of_what_is_kept(people, chat):
    client = Client()
    client.force_login(people.volunteer)
    body = b"text=a%00b%ED%A0%80c&key=k%00%ED%A0%80"
    client.generic(
        "POST",
        reverse("practice:post", args=[chat.pk]),
        body,
        content_type="application/x-www-form-urlencoded",
    )
    kept = Message.objects.get(chat=chat, role="counselor")
    assert "\0" not in kept.text + kept.idempotency_key
    assert kept.text.encode("utf-8").startswith(b"ab")


def test_a_file_in_a_form_is_dropped_unread(people, chat):
    from django.core.files.uploadedfile import SimpleUploadedFile

    client = Client()
    client.force_login(people.volunteer)
    file = SimpleUploadedFile("a.csv", b"x" * 100_000)
    answer = client.post(reverse("practice:post", args=[chat.pk]), {"text": "hi", "key": "1", "file": file})
    assert answer.status_code == 302
    assert len(answer.wsgi_request.FILES) == 0


def test_an_unknown_technique_is_named_in_plain_words_and_not_echoed(people, say):
    message = say("What would you like to talk about?")
    chats.end_chat(message.chat)
    client = Client()
    client.force_login(people.trainer)
    answer = client.post(reverse("skills:correct", args=[message.pk]), {"codes": "<script>alert(1)</script>"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert b"script" not in answer.content
