"""Inviting people by a table: what is refused line by line, what is made, and the link that works once."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.people import invitations
from peersupport.people.models import Cohort, Membership, User

HEAD = "name,full name,email,role,cohort\n"
GOOD = HEAD + 'kim,"Kim Park",kim@example.org,volunteer,North\nlee,,,trainer,West\n'
SEEN = {"confirm": "1", "seen": invitations.digest_of(GOOD)}
ADDRESS = "/people/invite/"


@pytest.fixture
def admin(people) -> Client:
    client = Client()
    client.force_login(people.admin)
    return client


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (",Kim,,volunteer,North", "no name"),
        ("k/im,,,volunteer,North", "letters, digits"),
        ("volunteer,,,volunteer,North", "has this name already"),
        ("VOLUNTEER,,,volunteer,North", "has this name already"),
        ("kim,,,boss,North", "the role is none"),
        ("kim,,,volunteer,", "need a cohort"),
        ("kim,,nobody,volunteer,North", "no e-mail"),
        ("kim,,,volunteer,North,x", "more cells"),
        ("kim," + "x" * 151 + ",,volunteer,North", "too long"),
    ],
)
def test_a_line_says_what_to_mend(people, line, words):
    [row] = invitations.read(HEAD + line).rows
    assert words in "; ".join(row.errors)


def test_the_same_name_twice_names_the_first_line(people):
    _, second = invitations.read(HEAD + "kim,,,admin,\nKim,,,admin,\n").rows
    assert second.errors == ["the same name as in line 2"]


@pytest.mark.parametrize(
    "text", ["", "  \n", "a,b\n1,2", 'name,role\n"open', "name,role\n" + "a,admin\n" * 501]
)
def test_what_is_no_table_of_people_is_refused_as_a_whole(people, text):
    found = invitations.read(text)
    assert found.problem and not found.may


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_commas_semicolons_and_tabs_do_and_so_does_another_order(people, delimiter):
    text = "\ufeffRole,Name,Cohort\nvolunteer,kim,North\n".replace(",", delimiter)
    [row] = invitations.read(text).rows
    assert (row.username, row.role, row.cohort, row.errors) == ("kim", "volunteer", "North", [])


def test_look_invite_and_choose_a_password_with_a_link_that_works_once(admin, people):
    page = admin.post(ADDRESS, {"text": GOOD}).content.decode()
    assert "2 people to invite" in page and "West" in page
    assert not User.objects.filter(username="kim").exists()
    page = admin.post(ADDRESS, {"text": GOOD, **SEEN}).content.decode()
    kim = User.objects.get(username="kim")
    assert (kim.get_full_name(), kim.role, kim.has_usable_password()) == ("Kim Park", "volunteer", False)
    assert [membership.cohort.name for membership in kim.memberships.all()] == ["North"]
    assert Cohort.objects.filter(name="West").exists()
    lines = AuditEvent.objects.filter(actor_id=people.admin.pk).exclude(verb__startswith="sign_")
    joined = [
        ("membership", str(row.pk)) for row in Membership.objects.filter(user__username__in=["kim", "lee"])
    ]
    assert list(lines.values_list("verb", "object_kind", "object_id")) == [
        ("cohort_made", "cohort", str(Cohort.objects.get(name="West").pk)),
        ("invite", "user", str(kim.pk)),
        ("cohort_joined", *joined[0]),
        ("invite", "user", str(User.objects.get(username="lee").pk)),
        ("cohort_joined", *joined[1]),
    ]
    link = urlsplit(re.search(r"http://testserver(/welcome/[^<]+)", page)[1]).path
    someone = Client()
    assert "Choose a password" in someone.get(link, follow=True).content.decode()
    place = someone.get(link)["Location"]
    short = someone.post(place, {"new_password1": "short", "new_password2": "short"})
    assert 'class="error"' in short.content.decode()
    words = "a-much-longer-one"
    done = someone.post(place, {"new_password1": words, "new_password2": words}, follow=True)
    assert "Your password is set" in done.content.decode()
    assert AuditEvent.objects.filter(verb="password_set", actor_id=kim.pk).count() == 1
    assert "does not work any more" in Client().get(link, follow=True).content.decode()
    answer = Client().post(reverse("people:login"), {"username": "kim", "password": words})
    assert answer.status_code == 302


def test_a_file_is_read_and_put_into_the_form(admin):
    file = SimpleUploadedFile("people.csv", GOOD.encode("utf-8-sig"))
    page = admin.post(ADDRESS, {"file": file}).content.decode()
    assert "2 people to invite" in page and "Kim Park" in page
    long = SimpleUploadedFile("people.csv", b"x" * (256 * 1024 + 1))
    assert admin.post(ADDRESS, {"file": long}).status_code == 413


@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-8", "utf-8-sig"])
def test_names_with_accents_come_through_and_a_guess_is_said(admin, encoding):
    file = SimpleUploadedFile("people.csv", (HEAD + "zoe,Zoë Müller,,volunteer,North\n").encode(encoding))
    page = admin.post(ADDRESS, {"file": file}).text
    assert "Zoë Müller" in page and "\ufffd" not in page
    guessed = {"cp1252": "Windows-1252", "utf-16-le": "UTF-16 without its mark"}.get(encoding)
    assert ("a guess: check letters with accents" in page) == bool(guessed)
    assert guessed is None or f"It was read as {guessed}" in page


@pytest.mark.parametrize(
    ("raw", "words"),
    [(b"PK\x03\x04x", "a spreadsheet or archive"), (b"a\x00\x01\xff\xfe", "no text that can be read")],
)
def test_a_file_that_is_no_text_is_refused_and_keeps_what_was_pasted(admin, raw, words):
    answer = admin.post(ADDRESS, {"text": GOOD, "file": SimpleUploadedFile("people.csv", raw)})
    assert answer.status_code == 400 and words in answer.text and "Kim Park" in answer.text


def test_nobody_is_invited_by_another_table_than_the_one_that_was_looked_over(admin):
    other = GOOD.replace("trainer", "admin")
    file = SimpleUploadedFile("people.csv", other.encode())
    for data in (
        {"text": GOOD, **SEEN, "file": file},
        {"text": other, **SEEN},
        {"text": GOOD, "confirm": "1"},
    ):
        answer = admin.post(ADDRESS, data)
        assert answer.status_code == 409 and "not the table that you looked over" in answer.text
        assert "2 people to invite" in answer.text  # and here it is looked over
    assert not User.objects.filter(username__in=["kim", "lee"]).exists()
    looked = admin.post(ADDRESS, {"file": SimpleUploadedFile("people.csv", GOOD.encode("utf-8-sig"))})
    form = looked.context["text"].replace("\n", "\r\n")  # as browsers send what stands in a form
    answer = admin.post(ADDRESS, {"text": form, "confirm": "1", "seen": looked.context["seen"]})
    assert answer.status_code == 200 and User.objects.filter(username="lee", role="trainer").exists()


def test_one_faulty_line_and_nobody_is_invited(admin):
    before = User.objects.count()
    answer = admin.post(ADDRESS, {"text": GOOD + "bo,,,boss,North\n", "confirm": "1"})
    assert answer.status_code == 400 and "1 line needs mending" in answer.content.decode()
    assert User.objects.count() == before
    with pytest.raises(ValidationError):
        invitations.invite(invitations.read(GOOD + ",,,boss,"), by=None)


def test_a_name_that_was_taken_meanwhile_leaves_nobody_invited(admin, people):
    preview = invitations.read(GOOD)
    User.objects.create_user(username="lee", password="x", role="admin")
    with pytest.raises(ValidationError):
        invitations.invite(preview, by=people.admin)
    assert not User.objects.filter(username="kim").exists()


def test_the_form_is_protected_and_a_closed_account_gets_no_link(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.admin)
    assert client.post(ADDRESS, {"text": GOOD, "confirm": "1"}).status_code == 403
    User.objects.filter(pk=people.peer.pk).update(is_active=False)
    admin = Client()
    admin.force_login(people.admin)
    answer = admin.post(reverse("people:new-link", args=[people.peer.pk]), follow=True)
    assert "This account is closed" in answer.content.decode()
    answer = admin.post(reverse("people:new-link", args=[people.volunteer.pk]))
    assert "/welcome/" in answer.content.decode()
    assert AuditEvent.objects.filter(verb="password_link").count() == 1
