"""A session ends with what it rests on: at the next request, and for whatever is still open. Its row goes
once it expired."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from peersupport.jobs import sweeper
from peersupport.people import sessions
from peersupport.people.models import User
from peersupport.people.sessions import session_holds
from tests.peersupport.second_factor import give_device


@pytest.fixture
def open_request(people):
    """A client of the trainer, and a request of it that began before anything changed."""
    client = Client()
    client.force_login(people.trainer)
    request = RequestFactory().get("/chats/")
    request.session = client.session
    request.user = get_user(request)
    assert session_holds(request)
    return client, request


def new_password(user, client):
    user.set_password("another-long-password")
    user.save()


CHANGES = {
    "role": lambda user, client: User.objects.filter(pk=user.pk).update(role="admin"),
    "inactive": lambda user, client: User.objects.filter(pk=user.pk).update(is_active=False),
    "password": new_password,
    "signed out": lambda user, client: client.post(reverse("people:logout")),
    "flushed": lambda user, client: client.session.flush(),
    "erased": lambda user, client: user.delete(),
    "second factor": lambda user, client: give_device(user),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_ends_at_the_next_request_and_for_what_is_open(change, people, open_request):
    client, request = open_request
    CHANGES[change](people.trainer, client)
    assert session_holds(request) is False
    answer = client.get("/chats/")
    assert answer.status_code == 302
    assert answer["Location"].startswith(("/login/", "/second-factor/check/"))


def test_a_role_given_back_does_not_open_the_old_session_again(people, open_request):
    client, request = open_request
    User.objects.filter(pk=people.trainer.pk).update(role="volunteer")
    assert client.get("/chats/").status_code == 302  # the session is flushed here
    User.objects.filter(pk=people.trainer.pk).update(role="trainer")
    assert client.get("/chats/").status_code == 302
    assert session_holds(request) is False


def test_another_persons_change_ends_nothing(people, open_request):
    client, request = open_request
    User.objects.filter(pk=people.admin.pk).update(is_active=False)
    assert session_holds(request) is True
    assert client.get("/chats/").status_code == 200


def test_somebody_elses_session_under_the_same_key_does_not_hold(people, open_request):
    _, request = open_request
    request.user = people.admin
    assert session_holds(request) is False


def test_it_is_three_reads_and_no_write(people, open_request, django_assert_num_queries):
    _, request = open_request
    with django_assert_num_queries(3) as queries:
        session_holds(request)
    assert all(query["sql"].startswith("SELECT") for query in queries.captured_queries)


def test_an_old_secret_key_still_holds_while_it_is_a_fallback(people, open_request, settings):
    _, request = open_request
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 50
    assert session_holds(request) is True
    settings.SECRET_KEY_FALLBACKS = []
    assert session_holds(request) is False


def test_rows_go_when_they_expired_in_small_transactions(monkeypatch, people, django_assert_num_queries):
    monkeypatch.setattr(sessions, "BATCH", 2)
    for _ in range(7):
        Client().force_login(people.volunteer)
    keys = sorted(Session.objects.values_list("pk", flat=True))
    expired = Session.objects.filter(pk__in=keys[:5])
    expired.update(expire_date=timezone.now() - timedelta(seconds=1))
    with django_assert_num_queries(3 + 4):  # three batches, and a look that finds nothing more
        sessions.forget_expired()
    assert sorted(Session.objects.values_list("pk", flat=True)) == keys[5:]


def test_the_sweeper_does_so(people):
    Client().force_login(people.volunteer)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    sweeper.keep_house()
    assert not Session.objects.exists()
