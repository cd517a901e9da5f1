"""An admin's page of a person: role, cohorts, closing and opening the account; who is kept from what."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import Http404
from django.test import Client
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.people import access, admins, erasure, invitations, managing
from peersupport.people.models import Cohort, Membership, Role, User
from peersupport.practice import chats
from peersupport.practice.models import Message

PASSWORD = "a-long-password"
CHANGES = {
    "set-role": {"role": "trainer"},
    "cohort-add": {"cohort": "1"},
    "cohort-end": {"cohort": "1"},
    "close": {},
    "open": {},
}


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def admin(people) -> Client:
    return signed_in(people.admin)


@pytest.fixture
def second_admin(people) -> User:
    return User.objects.create_user(username="second", password=PASSWORD, role=Role.ADMIN)


def cohort(name: str) -> Cohort:
    return Cohort.objects.get(name=name)


def do(client: Client, name: str, person, **fields) -> str:
    """Send a form of the person's page; the page that comes then."""
    return client.post(reverse(f"people:{name}", args=[person.pk]), fields, follow=True).content.decode()


def verbs() -> list[str]:
    return list(AuditEvent.objects.exclude(verb__startswith="sign_").values_list("verb", flat=True))


def test_the_list_leads_to_the_page_and_does_nothing_itself(admin, people):
    page = admin.get(reverse("people:list")).content.decode()
    assert reverse("people:person", args=[people.trainer.pk]) in page
    assert "/erase/" not in page and "/link/" not in page
    page = admin.get(reverse("people:person", args=[people.trainer.pk])).content.decode()
    for name in ("set-role", "cohort-add", "cohort-end", "close", "new-link", "erase"):
        assert reverse(f"people:{name}", args=[people.trainer.pk]) in page
    assert reverse("people:open", args=[people.trainer.pk]) not in page


def test_a_cohort_is_searched_for_among_those_of_now(admin, people):
    Membership.objects.filter(user=people.peer).update(until="2020-01-01T00:00:00Z")
    page = admin.get(reverse("people:list"), {"q": "North"}).content.decode()
    assert ">volunteer</a>" in page and ">peer</a>" not in page


@pytest.mark.parametrize("who", ["volunteer", "trainer"])
@pytest.mark.parametrize("name", CHANGES)
def test_nobody_but_an_admin_changes_anybody(name, who, people):
    before = list(User.objects.order_by("pk").values_list("role", "is_active"))
    client = signed_in(getattr(people, who))
    answer = client.post(reverse(f"people:{name}", args=[people.peer.pk]), CHANGES[name])
    assert answer.status_code == 403
    assert list(User.objects.order_by("pk").values_list("role", "is_active")) == before
    assert Membership.objects.current().count() == 5 and verbs() == []


def test_an_admin_who_owes_a_code_changes_nobody(people, settings):
    settings.SECOND_FACTOR = True
    do(signed_in(people.admin), "close", people.trainer)
    assert User.objects.get(pk=people.trainer.pk).is_active


@pytest.mark.parametrize("name", CHANGES)
def test_without_its_token_a_form_changes_nothing(name, people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.admin)
    answer = client.post(reverse(f"people:{name}", args=[people.peer.pk]), CHANGES[name])
    assert answer.status_code == 403 and verbs() == []


@pytest.mark.parametrize("key", ["", "0", "x", "²", "9" * 40, "-1"])
def test_a_cohort_that_does_not_exist_is_asked_for_again(key, admin, people):
    for name in ("cohort-add", "cohort-end"):
        assert "Choose a cohort" in do(admin, name, people.peer, cohort=key)
    assert "Choose a role" in do(admin, "set-role", people.peer, role=key)
    assert verbs() == []


def test_an_ended_assignment_takes_the_chats_away_in_the_next_request(admin, people, chat, say):
    message = say("What weighs on you most?")
    chats.end_chat(chat)
    trainer = signed_in(people.trainer)
    address = reverse("practice:chat", args=[chat.pk])
    assert trainer.get(address).status_code == 200
    page = do(admin, "cohort-end", people.trainer, cohort=cohort("North").pk)
    assert "trainer does not belong to North any more" in page
    assert trainer.get(address).status_code == 404
    assert trainer.get(reverse("skills:correct", args=[message.pk])).status_code == 404
    assert trainer.get(reverse("feedback:cohort", args=[cohort("North").pk])).status_code == 404
    assert "An admin assigns you to one" in trainer.get(reverse("feedback:cohorts")).content.decode()
    with pytest.raises(Http404):
        access.chat_for_user(people.trainer, chat.pk)
    assert not access.volunteers_for_user(people.trainer).exists()
    assert not access.trainers_for_user(people.volunteer).exists()
    row = Membership.objects.get(user=people.trainer)
    [line] = AuditEvent.objects.filter(verb="cohort_ended", actor_id=people.admin.pk)
    assert (line.object_kind, line.object_id) == ("membership", str(row.pk))
    assert f"{row.until:%Y}" in page and "In no cohort" not in page  # it stands there as over


def test_an_ended_volunteer_keeps_the_chats_to_themselves(admin, people, chat):
    chats.end_chat(chat)
    assert access.chat_for_user(people.trainer, chat.pk) == chat
    do(admin, "cohort-end", people.volunteer, cohort=cohort("North").pk)
    with pytest.raises(Http404):
        access.chat_for_user(people.trainer, chat.pk)
    assert access.chat_for_user(people.volunteer, chat.pk) == chat


def test_added_again_is_a_row_of_its_own(admin, people, chat):
    chats.end_chat(chat)
    north = cohort("North")
    do(admin, "cohort-end", people.trainer, cohort=north.pk)
    assert "trainer belongs to North from now on" in do(admin, "cohort-add", people.trainer, cohort=north.pk)
    assert access.chat_for_user(people.trainer, chat.pk) == chat
    assert Membership.objects.filter(user=people.trainer, cohort=north).count() == 2
    assert verbs() == ["cohort_ended", "cohort_joined"]


def test_added_or_ended_twice_changes_and_records_nothing_more(admin, people):
    south = cohort("South").pk
    for name in ("cohort-add", "cohort-end"):
        do(admin, name, people.trainer, cohort=south)
        assert "Nothing changed" in do(admin, name, people.trainer, cohort=south)
    assert verbs() == ["cohort_joined", "cohort_ended"]


def test_an_assignment_that_ends_later_can_end_now_and_is_not_doubled(admin, people):
    Membership.objects.filter(user=people.trainer).update(until="2999-01-01T00:00:00Z")
    north = cohort("North")
    assert "Nothing changed" in do(admin, "cohort-add", people.trainer, cohort=north.pk)
    do(admin, "cohort-end", people.trainer, cohort=north.pk)
    assert not access.cohorts_for_user(people.trainer).exists()


def test_an_admin_is_put_into_no_cohort(admin, people):
    assert "belongs to none" in do(admin, "cohort-add", people.admin, cohort=cohort("North").pk)
    assert not people.admin.memberships.exists()


def test_another_role_signs_out_and_gives_the_pages_of_the_new_one(admin, people, chat):
    trainer = signed_in(people.trainer)
    assert "trainer is now: Volunteer" in do(admin, "set-role", people.trainer, role="volunteer")
    assert trainer.get(reverse("practice:chat", args=[chat.pk]))["Location"].startswith("/login/")
    again = signed_in(User.objects.get(pk=people.trainer.pk))
    assert again.get(reverse("practice:chat", args=[chat.pk])).status_code == 404
    assert again.get(reverse("practice:scenarios")).status_code == 200
    [line] = AuditEvent.objects.filter(verb="made_volunteer")
    assert (line.actor_id, line.object_id) == (people.admin.pk, str(people.trainer.pk))
    assert "Nothing changed" in do(admin, "set-role", people.trainer, role="volunteer")


def test_cohorts_end_with_the_role(admin, people, chat):
    """Who practised in a cohort would at once read all its chats as a trainer."""
    chats.end_chat(chat)
    for role in ("trainer", "volunteer", "trainer"):
        page = do(admin, "set-role", people.peer, role=role)
        assert "in no cohort" in page
    peer = User.objects.get(pk=people.peer.pk)
    assert not peer.memberships.current().exists()
    assert not access.chats_for_user(peer).exists()
    assert verbs() == ["made_trainer", "cohort_ended", "made_volunteer", "made_trainer"]
    assert access.chats_for_user(people.trainer).exists()  # and nobody else's


def test_a_session_of_before_does_not_come_back_with_the_role_or_the_account(admin, people):
    trainer, peer = signed_in(people.trainer), signed_in(people.peer)
    for role in ("volunteer", "trainer"):
        do(admin, "set-role", people.trainer, role=role)
    for name in ("close", "open"):
        do(admin, name, people.peer)
    assert trainer.get("/chats/").status_code == 302  # it asked for nothing meanwhile
    assert peer.get("/chats/").status_code == 302


def test_the_right_to_full_exports_does_not_come_back_with_the_role(admin, people, second_admin):
    User.objects.filter(pk=second_admin.pk).update(may_export_full=True)
    for role in ("trainer", "admin"):
        do(admin, "set-role", second_admin, role=role)
    assert not User.objects.get(pk=second_admin.pk).may_export_full
    assert verbs() == ["full_export_ended", "made_trainer", "made_admin"]


def test_the_last_admin_keeps_the_role(admin, people):
    User.objects.create_user(username="invited", role=Role.ADMIN)  # and has no password yet
    User.objects.create_user(username="closed", password=PASSWORD, role=Role.ADMIN, is_active=False)
    page = do(admin, "set-role", people.admin, role="trainer", sure="1")
    assert "the only admin who can sign in" in page
    assert reverse("people:set-role", args=[people.admin.pk]) not in page
    assert User.objects.get(pk=people.admin.pk).is_admin and verbs() == []


def test_ones_own_role_takes_a_tick_and_signs_out(admin, people, second_admin):
    assert "tick that you want" in do(admin, "set-role", people.admin, role="trainer")
    assert User.objects.get(pk=people.admin.pk).is_admin
    answer = admin.post(reverse("people:set-role", args=[people.admin.pk]), {"role": "trainer", "sure": "1"})
    assert answer["Location"] == reverse("people:login")
    assert "admin is now: Trainer" in admin.get(answer["Location"]).content.decode()
    assert User.objects.get(pk=people.admin.pk).is_trainer
    assert admin.get(reverse("people:list")).status_code == 302


def test_a_closed_account_is_out_at_once_and_keeps_everything(admin, people, chat, say, drain):
    say("What weighs on you most?")
    volunteer = signed_in(people.volunteer)
    assert "The account is closed" in do(admin, "close", people.volunteer)
    assert volunteer.get(reverse("practice:chat", args=[chat.pk])).status_code == 302
    sign_in = {"username": "volunteer", "password": PASSWORD}
    refused = Client().post(reverse("people:login"), sign_in)
    assert "do not fit together" in refused.content.decode()
    waiting = Job.objects.filter(kind="turn")
    assert waiting.get().status == Job.Status.QUEUED
    drain("live")
    assert waiting.get().status == Job.Status.DONE
    assert Message.objects.filter(chat=chat, role="seeker").count() == 2
    assert Membership.objects.current().filter(user=people.volunteer).exists()
    assert "Nothing changed" in do(admin, "close", people.volunteer)
    assert "open again" in do(admin, "open", people.volunteer)
    assert "Nothing changed" in do(admin, "open", people.volunteer)
    back = Client()
    assert back.post(reverse("people:login"), sign_in).status_code == 302
    assert back.get(reverse("practice:chat", args=[chat.pk])).status_code == 200
    assert verbs() == ["account_closed", "account_opened"]


def test_a_link_from_before_sets_no_password_while_the_account_is_closed(people):
    User.objects.filter(pk=people.volunteer.pk).update(is_active=False)
    visitor, address = Client(), invitations.link_for(people.volunteer)
    assert "password1" not in visitor.get(address, follow=True).text
    User.objects.filter(pk=people.volunteer.pk).update(is_active=True)
    assert "password1" in visitor.get(address, follow=True).text


def test_nobody_closes_their_own_account(admin, people, second_admin):
    assert "closed by another admin" in do(admin, "close", people.admin)
    assert User.objects.get(pk=people.admin.pk).is_active
    assert reverse("people:close", args=[people.admin.pk]) not in do(admin, "close", people.admin)


def test_an_account_that_is_being_erased_is_not_opened_again(admin, people, list_of_its_own):
    erasure.ask(people.volunteer, by=people.admin)
    for name, fields in CHANGES.items():
        page = do(admin, name, people.volunteer, **{**fields, "cohort": cohort("South").pk})
        assert "This account is being erased" in page, name
        assert reverse(f"people:{name}", args=[people.volunteer.pk]) not in page
    assert not User.objects.get(pk=people.volunteer.pk).is_active


def test_who_stopped_being_an_admin_meanwhile_changes_nobody(people, second_admin):
    managing.set_role(people.admin, Role.TRAINER, by=second_admin)
    with pytest.raises(PermissionDenied):  # the request began while they were one
        managing.set_role(second_admin, Role.TRAINER, by=people.admin)
    with pytest.raises(admins.LastAdminError):
        managing.set_role(second_admin, Role.TRAINER, by=second_admin)
    with pytest.raises(admins.LastAdminError):
        erasure.ask(second_admin, by=second_admin)
    assert User.objects.get(pk=second_admin.pk).is_active


@pytest.mark.django_db(transaction=True)
def test_of_two_admins_who_take_each_other_away_one_stays(people, second_admin):
    pair, starts, refused = [people.admin, second_admin], threading.Barrier(2), []

    def take(change, other, by):
        starts.wait()
        try:
            change(other, by)
        except (PermissionDenied, admins.LastAdminError) as error:
            refused.append(error)
        finally:
            connection.close()

    changes = [
        lambda other, by: managing.set_role(other, Role.VOLUNTEER, by=by),
        lambda other, by: managing.close_account(other, by=by),
    ]
    threads = [
        threading.Thread(target=take, args=(changes[number], pair[1 - number], pair[number]))
        for number in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert admins.able().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_who_add_the_same_person_at_once_make_one_assignment(people, second_admin):
    starts, made = threading.Barrier(2), []

    def add(by):
        starts.wait()
        try:
            made.append(managing.add_to_cohort(people.trainer, cohort("South"), by=by))
        finally:
            connection.close()

    threads = [threading.Thread(target=add, args=(by,)) for by in (people.admin, second_admin)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, True]
    assert Membership.objects.filter(user=people.trainer, cohort__name="South").count() == 1


def test_who_was_erased_meanwhile_is_not_found(people):
    gone = User(pk=0, role=Role.TRAINER)
    with pytest.raises(Http404):
        managing.open_account(gone, by=people.admin)
