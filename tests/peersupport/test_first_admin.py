"""`manage.py first_admin`: a link for the first admin of an installation, and for nobody after."""

from __future__ import annotations

import re

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.people.models import Role, User

WORDS = "a-much-longer-one"


def link(capsys, name: str = "kim", *more: str) -> str:
    call_command("first_admin", name, *more)
    return re.search(r"(?m)^(https?://\S+)$", capsys.readouterr().out)[1]


def choose(link: str) -> str:
    """The page after choosing a password at the link."""
    someone, path = Client(), "/" + link.split("/", 3)[3]
    place = someone.get(path).get("Location", path)
    return someone.post(place, {"new_password1": WORDS, "new_password2": WORDS}, follow=True).content.decode()


@pytest.mark.django_db
def test_the_first_admin_chooses_a_password_with_the_printed_link(capsys):
    found = link(capsys)
    assert found.startswith("http://localhost:8000/welcome/")
    kim = User.objects.get()
    assert (kim.username, kim.role, kim.is_superuser, kim.has_usable_password()) == (
        "kim",
        Role.ADMIN,
        False,
        False,
    )
    assert "Your password is set" in choose(found)
    answer = Client().post(reverse("people:login"), {"username": "kim", "password": WORDS}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("people:list")
    assert "does not work any more" in choose(found)
    verbs = list(AuditEvent.objects.filter(object_id=str(kim.pk)).values_list("verb", flat=True))
    assert verbs == ["invite", "password_set", "sign_in"]


@pytest.mark.django_db
def test_a_lost_link_is_printed_anew_until_a_password_is_chosen(capsys):
    link(capsys)
    again = link(capsys)
    assert User.objects.count() == 1
    with pytest.raises(CommandError, match="kim was made before and has no password yet"):
        call_command("first_admin", "lee")
    assert "Your password is set" in choose(again)
    with pytest.raises(CommandError, match=r"an admin already \(kim\)"):
        call_command("first_admin", "kim")


@pytest.mark.django_db
def test_where_an_admin_is_it_refuses_and_changes_nothing(people):
    before = list(User.objects.values())
    with pytest.raises(CommandError, match=r"an admin already \(admin\)"):
        call_command("first_admin", "kim")
    assert list(User.objects.values()) == before
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", " kim", "k/im", "kim,admin", "kim\nlee,admin", '"kim"', "x" * 151])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(CommandError):
        call_command("first_admin", name)
    assert not User.objects.exists()


@pytest.mark.django_db
def test_a_name_that_somebody_has_is_refused():
    User.objects.create_user(username="Kim", role=Role.VOLUNTEER)
    with pytest.raises(CommandError, match="somebody has this name already"):
        call_command("first_admin", "kim")
    assert not User.objects.filter(role=Role.ADMIN).exists()


@pytest.mark.django_db
def test_the_demo_admin_is_no_reason_to_refuse_and_the_address_can_be_given(capsys):
    User.objects.create_user(username="ada", role=Role.ADMIN, is_demo=True)
    User.objects.create_user(username="gone", role=Role.ADMIN, is_active=False)
    found = link(capsys, "kim", "--address", "https://practice.example.org/")
    assert found.startswith("https://practice.example.org/welcome/")


@pytest.mark.django_db
def test_where_others_are_served_the_link_leads_there(capsys, settings):
    settings.IS_LOCAL, settings.HTTPS = False, True
    settings.ALLOWED_HOSTS = ["practice.example.org", "127.0.0.1"]
    assert link(capsys).startswith("https://practice.example.org/welcome/")
