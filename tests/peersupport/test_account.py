"""The page of one's own account: another password, and the time zone in which times are shown."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from axes.models import AccessAttempt
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from feedback.inbox.notes import write_note
from peersupport.audit.models import AuditEvent
from peersupport.people import passwords, timezones
from peersupport.people.invitations import link_for
from peersupport.people.models import Membership
from peersupport.practice import chats as service
from peersupport.practice.models import Assignment, PracticeChat
from tests.peersupport.second_factor import app_code, forget_use, give_device
from tests.peersupport.transcripts import draft

OLD, NEW = "a-long-password", "another-much-longer-one"
PAGE, PASSWORD, ZONE = (
    reverse(f"people:{name}") for name in ("account", "account-password", "account-time-zone")
)


def form(old: str = OLD, new: str = NEW, again: str | None = None) -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": new if again is None else again}


@pytest.fixture
def volunteer(people) -> Client:
    return signed_in(people.volunteer)


def signed_in(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def knows(password: str, name: str = "volunteer") -> bool:
    answer = Client().post(reverse("people:login"), {"username": name, "password": password})
    return answer.status_code == 302


def test_ones_own_name_leads_to_the_page(volunteer):
    page = volunteer.get("/practice/").content.decode()
    assert f'href="{PAGE}"' in page
    assert reverse("people:second-factor") in volunteer.get(PAGE).content.decode()


def test_another_password_ends_every_other_session_and_leaves_a_line(people, volunteer):
    elsewhere, link = signed_in(people.volunteer), link_for(people.volunteer)
    answer = volunteer.post(PASSWORD, form(), follow=True)
    assert "Your password is changed" in answer.content.decode()
    assert volunteer.get(PAGE).status_code == 200
    assert elsewhere.get(PAGE).status_code == 302
    assert "does not work any more" in Client().get(link, follow=True).content.decode()
    assert knows(NEW) and not knows(OLD)
    [line] = AuditEvent.objects.filter(verb="password_changed")
    assert (line.actor_id, line.object_id) == (people.volunteer.pk, str(people.volunteer.pk))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (form(old="wrong"), "That is not your password."),
        (form(old=""), "This field is required."),
        (form(new="short"), "too short"),
        (form(new="password123"), "too common"),
        (form(new="volunteer-1"), "similar to the username"),
        (form(again="something-else"), "didn’t match"),
        (form(new="x" * (passwords.LONGEST + 1)), "at most"),
        (form(new="ten-signs\0and-more"), "Null characters"),
    ],
)
def test_what_cannot_be_a_new_password_changes_nothing(volunteer, people, fields, words):
    answer = volunteer.post(PASSWORD, fields)
    assert answer.status_code == 400
    page = answer.content.decode()
    assert words in page
    assert not any(value and value in page for value in fields.values() if len(value) > 8)
    assert volunteer.get(PAGE).status_code == 200
    assert knows(OLD)
    assert not AuditEvent.objects.filter(verb="password_changed").exists()


def test_a_role_taken_meanwhile_is_not_given_back(people, rf):
    request = rf.post(PASSWORD)
    request.user, request.session = people.trainer, Client().session
    changing = passwords.ChangePassword(request, form())
    assert changing.is_valid(), changing.errors
    type(people.trainer).objects.filter(pk=people.trainer.pk).update(role="volunteer")
    changing.save()
    people.trainer.refresh_from_db()
    assert people.trainer.role == "volunteer"
    assert people.trainer.check_password(NEW)


def test_guessing_the_current_password_puts_the_name_to_rest(volunteer, people):
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = volunteer.post(PASSWORD, form(old="wrong"))
    assert answer.status_code == 429
    assert volunteer.post(PASSWORD, form()).status_code in (400, 429)  # the right one does not help now
    AccessAttempt.objects.all().delete()
    assert knows(OLD)
    assert signed_in(people.peer).post(PASSWORD, form()).status_code == 302  # and nobody else is touched


def test_times_are_shown_in_the_zone_that_was_chosen_and_it_is_named(volunteer, people, chat):
    PracticeChat.objects.update(status="ended", created_at=datetime(2026, 1, 15, 23, 30, tzinfo=UTC))
    chats = reverse("practice:chats")
    page = volunteer.get(chats).content.decode()
    assert "15 Jan 2026, 23:30" in page and "Times: UTC" in page
    said = volunteer.post(ZONE, {"time_zone": "Asia/Kolkata"}, follow=True).content.decode()
    assert "Times are shown in Asia/Kolkata now." in said
    assert re.search(r'<option value="Asia/Kolkata" selected>', said)
    page = volunteer.get(chats).content.decode()
    assert "16 Jan 2026, 05:00" in page and "Times: Asia/Kolkata" in page
    assert "Times: UTC" in signed_in(people.trainer).get(chats).content.decode()  # and for nobody else
    volunteer.post(ZONE, {"time_zone": "UTC"})
    assert "15 Jan 2026, 23:30" in volunteer.get(chats).content.decode()


@pytest.mark.parametrize("name", ["", "Mars/Base", "../../etc/passwd", "\0", "posixrules", "Etc/GMT+5"])
def test_what_is_no_zone_of_the_list_is_refused(volunteer, people, name):
    answer = volunteer.post(ZONE, {"time_zone": name})
    assert answer.status_code == 400
    assert "Choose a time zone" in answer.content.decode()
    people.volunteer.refresh_from_db()
    assert people.volunteer.time_zone == "UTC"


def sign_in(name: str = "volunteer", **fields) -> Client:
    client = Client()
    client.post(reverse("people:login"), {"username": name, "password": OLD, **fields})
    return client


def zone_of(user) -> str:
    user.refresh_from_db()
    return user.time_zone


def test_who_never_chose_a_zone_gets_the_browsers_and_keeps_what_they_choose(people):
    assert '<input type="hidden" name="browser_zone">' in Client().get(reverse("people:login")).text
    sign_in()  # without JavaScript
    sign_in(browser_zone="")
    assert zone_of(people.volunteer) == "UTC"
    Client().post(
        reverse("people:login"),
        {"username": "volunteer", "password": "wrong", "browser_zone": "Asia/Kolkata"},
    )
    assert zone_of(people.volunteer) == "UTC"
    client = sign_in(browser_zone="Asia/Kolkata")
    assert (
        zone_of(people.volunteer) == "Asia/Kolkata"
        and "Times are shown in Asia/Kolkata" in client.get(PAGE).text
    )
    sign_in(browser_zone="Europe/Berlin")
    assert zone_of(people.volunteer) == "Asia/Kolkata"
    said = client.post(ZONE, {"time_zone": "UTC"}, follow=True).text
    assert "Times are shown in UTC now." in said and "Times are shown in UTC, where" in said
    page = sign_in(browser_zone="Europe/Berlin").get(PAGE).text
    assert "Times are shown in UTC, where" in page and "Etc/" not in page  # chosen, it stays


@pytest.mark.parametrize(
    "name", ["Mars/Base", "../../etc/passwd", "\0", "posixrules", "undefined", "x" * 5000, "UTC", "Etc/UTC"]
)
def test_a_browser_that_names_no_zone_of_the_list_changes_nothing(people, name):
    assert sign_in(browser_zone=name).get(PAGE).status_code == 200
    assert zone_of(people.volunteer) == "UTC"


def test_who_owes_a_code_gets_the_browsers_zone_with_it(people):
    device, _codes = give_device(people.volunteer)
    client = sign_in(browser_zone="Asia/Kolkata")
    assert zone_of(people.volunteer) == "UTC"
    check = reverse("people:second-factor-check")
    assert '<input type="hidden" name="browser_zone">' in client.get(check).text
    client.post(check, {"code": "000000", "browser_zone": "Asia/Kolkata"})
    assert zone_of(people.volunteer) == "UTC"
    forget_use(device)
    client.post(check, {"code": app_code(device.key), "browser_zone": "Asia/Kolkata"})
    assert zone_of(people.volunteer) == "Asia/Kolkata"


def test_pages_with_times_name_the_zone(volunteer, people, chat):
    assert "Times: UTC" in volunteer.get(reverse("practice:scenarios")).text
    assert "Times: UTC" in volunteer.get(reverse("practice:delete", args=[chat.pk])).text
    assert "Times: UTC" not in volunteer.get(reverse("practice:chat", args=[chat.pk])).text
    service.end_chat(chat)
    write_note(chat, trainer=people.trainer, text="You waited.")
    for page in ("practice:chat", "feedback:report", "feedback:mock"):
        assert volunteer.get(reverse(page, args=[chat.pk])).text.count("Times: UTC") == 1, page
    assert "Times: UTC" in volunteer.get(reverse("feedback:inbox")).text
    draft(people.volunteer)
    assert "Times: UTC" in volunteer.get(reverse("practice:transcripts")).text


def test_an_assignment_is_due_by_the_days_of_the_zone(people, chat, monkeypatch):
    cohort = people.volunteer.memberships.get().cohort
    today = date(2027, 3, 1)
    now = datetime(2027, 3, 1, 20, tzinfo=UTC)  # in Auckland the next morning
    Assignment.objects.create(cohort=cohort, scenario=chat.scenario, begins=today, due=today)
    monkeypatch.setattr(timezone, "now", lambda: now)
    Membership.objects.update(since=now)
    asked = "Your trainer asks you to practise"
    practice = reverse("practice:scenarios")
    assert asked in sign_in().get(practice).text
    assert asked not in sign_in(browser_zone="Pacific/Auckland").get(practice).text


def test_every_zone_of_the_list_exists_and_fits_its_column(people):
    names = [name for places in timezones.zones().values() for name, _place in places]
    assert len(names) > 300
    assert {"Europe/Berlin", "America/New_York", "Asia/Calcutta"} <= set(names)  # browsers say old names, too
    most = people.volunteer._meta.get_field("time_zone").max_length
    assert all(timezones.is_zone(name) and len(name) <= most for name in names)


def test_what_the_browser_says_is_a_suggestion_that_stays_hidden_without_it(volunteer):
    page = volunteer.get(PAGE).content.decode()
    assert re.search(r'<p id="zone-hint"[^>]* hidden>', page)
    assert '<button type="button"' in page  # it saves nothing by itself


@pytest.mark.parametrize(
    ("page", "fields"),
    [
        (PASSWORD, form(old="Canary-wrong", new="Canary-of-a-new-one")),
        (reverse("people:second-factor-renew"), {"password": "Canary-wrong", "code": "Canary-code"}),
        (reverse("people:second-factor-remove"), {"password": "Canary-wrong", "code": "Canary-code"}),
        (reverse("people:second-factor-set-up"), {"password": "Canary-wrong", "code": "Canary-code"}),
        (reverse("people:login") + "?next=Canary", {"username": "volunteer", "password": "Canary-wrong"}),
    ],
)
def test_nothing_that_a_form_said_is_kept_with_a_failed_try(people, page, fields):
    """A new password mistyped once is the valid one a moment later; so is a recovery code."""
    client = Client() if page.startswith(reverse("people:login")) else signed_in(people.volunteer)
    if page.endswith(("/renew/", "/remove/")):
        device, _ = give_device(people.volunteer)
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = device.persistent_id
        session.save()
    for _ in range(2):  # the first makes the row, the second adds to it
        client.post(page, fields)
    [row] = AccessAttempt.objects.values()
    assert row["failures_since_start"] == 2
    assert not [name for name, value in row.items() if "Canary" in str(value)]
