"""Signing in: the way home by role, and a name that rests after wrong passwords."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from peersupport.audit.models import AuditEvent
from peersupport.people.models import User

LOGIN = reverse("people:login")
RIGHT = "a-long-password"


def sign_in(name: str, password: str = RIGHT, **data):
    return Client(REMOTE_ADDR=data.pop("address", "198.51.100.7")).post(
        LOGIN, {"username": name, "password": password, **data}
    )


@pytest.mark.parametrize(
    ("who", "home"), [("volunteer", "/practice/"), ("trainer", "/chats/"), ("admin", "/people/")]
)
def test_everybody_comes_home(people, who, home):
    client = Client()
    answer = client.post(LOGIN, {"username": who, "password": RIGHT}, follow=True)
    assert answer.redirect_chain[-1][0] == home


def test_a_wrong_password_says_so_without_telling_which_part(people):
    known, unknown = sign_in("volunteer", "wrong"), sign_in("nobody", "wrong")
    for answer in (known, unknown):
        assert answer.status_code == 200
        assert "do not fit together" in answer.content.decode()


def test_a_next_page_elsewhere_is_not_followed(people):
    assert sign_in("volunteer", next="https://elsewhere.example/")["Location"] == "/"
    assert sign_in("volunteer", next="/evidence/")["Location"] == "/evidence/"


def test_a_name_rests_after_too_many_wrong_passwords_from_anywhere(people):
    for number in range(settings.AXES_FAILURE_LIMIT):
        answer = sign_in("volunteer", "wrong", address=f"203.0.113.{number}")
    assert answer.status_code == 429
    assert "Please wait a little" in answer.content.decode()
    assert sign_in("volunteer").status_code == 429  # the right password does not help now
    assert sign_in("peer").status_code == 302  # and nobody else is touched
    assert AuditEvent.objects.filter(verb="login_rests", object_id=people.volunteer.pk).count() >= 1
    failed = AuditEvent.objects.filter(verb="sign_in_failed", object_id=people.volunteer.pk)
    assert 1 <= failed.count() <= settings.AXES_FAILURE_LIMIT  # a resting name leaves no more of them
    count = failed.count()
    sign_in("volunteer", "wrong")
    assert failed.count() == count
    AccessAttempt.objects.update(
        attempt_time=timezone.now() - settings.AXES_COOLOFF_TIME - timedelta(minutes=1)
    )
    assert sign_in("volunteer").status_code == 302


def test_signing_in_and_out_leaves_a_line_each(people):
    client = Client()
    client.post(LOGIN, {"username": "trainer", "password": RIGHT})
    client.post(reverse("people:logout"))
    lines = AuditEvent.objects.filter(actor_id=people.trainer.pk).values_list("verb", flat=True)
    assert list(lines) == ["sign_in", "sign_out"]


def test_signing_out_clears_what_the_browser_kept(people):
    client = Client()
    client.force_login(people.volunteer)
    kept = client.session.session_key
    answer = client.post(reverse("people:logout"))
    assert '"storage"' in answer["Clear-Site-Data"]
    client.cookies["sessionid"] = kept  # the old cookie opens nothing
    assert client.get("/practice/").status_code == 302


def test_a_sign_in_gives_a_new_session_key(people):
    client = Client()
    client.get(LOGIN)
    session = client.session
    session["before"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key
    client.post(LOGIN, {"username": "volunteer", "password": RIGHT})
    assert client.session.session_key != session.session_key


def test_a_long_password_of_any_signs_counts_to_its_last_sign(people):
    long = "ß 漢 " * 30 + "end"
    people.volunteer.set_password(long)
    people.volunteer.save()
    assert sign_in("volunteer", long[:-1]).status_code == 200
    assert sign_in("volunteer", long).status_code == 302


def test_the_password_is_kept_nowhere(people):
    sign_in("volunteer", "my-secret-guess")
    [attempt] = AccessAttempt.objects.all()
    assert "my-secret-guess" not in " ".join(str(value) for value in vars(attempt).values())


def test_somebody_inactive_cannot_sign_in_and_is_out_at_the_next_request(people):
    client = Client()
    client.post(LOGIN, {"username": "volunteer", "password": RIGHT})
    assert client.get("/practice/").status_code == 200
    people.volunteer.is_active = False
    people.volunteer.save()
    assert client.get("/practice/").status_code == 302
    assert sign_in("volunteer").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["sign-in", "second-factor"])
def test_many_tries_at_once_are_no_more_than_were_allowed(people, monkeypatch, page):
    hashed, checked = [], User.check_password

    def slow(self, password):
        hashed.append(password)
        time.sleep(0.05)
        return checked(self, password)

    monkeypatch.setattr(User, "check_password", slow)
    clients = [Client() for _ in range(3 * settings.AXES_FAILURE_LIMIT)]
    address, fields = LOGIN, {"username": "volunteer"}
    if page == "second-factor":
        address, fields = reverse("people:second-factor-set-up"), {"code": "123456"}
        for client in clients:
            client.force_login(people.volunteer)

    def guess(number: int) -> int:
        try:
            return clients[number].post(address, {**fields, "password": f"guess {number}"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(guess, range(len(clients))))
    assert len(hashed) == settings.AXES_FAILURE_LIMIT
    assert answers.count(429) == len(clients) - settings.AXES_FAILURE_LIMIT + 1  # the last wrong one says so
