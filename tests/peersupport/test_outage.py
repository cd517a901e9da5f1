"""While the database is away, pages say so and that nothing is lost."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.urls import reverse


def away(execute, sql, params, many, context):
    raise OperationalError("connection refused")


@pytest.mark.django_db
def test_a_page_answers_503_with_a_mend(client, people, chat):
    client.force_login(people.volunteer)
    client.raise_request_exception = False
    with connection.execute_wrapper(away):
        answers = [
            client.get(reverse("practice:chat", args=[chat.pk])),
            client.post(reverse("practice:post", args=[chat.pk]), {"text": "I hear you", "key": "k"}),
        ]
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "5")
        assert "cannot be reached" in answer.content.decode()
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert client.get(reverse("practice:chat", args=[chat.pk])).status_code == 200


@pytest.mark.django_db
def test_other_faults_stay_500(client, people, chat, monkeypatch):
    def broken(*args, **kwargs):
        raise ValueError

    client.force_login(people.volunteer)
    client.raise_request_exception = False
    monkeypatch.setattr("peersupport.practice.chats.assess", broken)
    answer = client.post(reverse("practice:post", args=[chat.pk]), {"text": "I hear you", "key": "k"})
    assert answer.status_code == 500
