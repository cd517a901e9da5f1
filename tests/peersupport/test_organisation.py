"""The settings of the organisation: looked at before they are saved, in force at once, never changed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from feedback.models import MockRating
from peersupport.audit.models import AuditEvent
from peersupport.organisation import changing, current
from peersupport.organisation.models import OrganisationVersion
from peersupport.organisation.values import Values, is_phone, line_of
from peersupport.people import consents, own_data, retention
from peersupport.people.models import User
from peersupport.practice.models import PracticeChat

LINE = {"name": "Our duty phone", "phone": "+44 20 7946 0999", "checked": "2026-11-03"}
WORDS = "Tags of my messages may be used by the university that we work with, under a code."


@pytest.fixture
def admin(people) -> Client:
    client = Client()
    client.force_login(people.admin)
    return client


def fields(body) -> dict[str, str]:
    """A body as the form sends it."""
    sent = {key: str(value) for key, value in body.items() if key not in ("lines", "consent")}
    for at, line in enumerate(body.get("lines", ())):
        sent |= {f"line-{at}-{name}": value for name, value in line.items()}
    return sent | {f"consent-{purpose}": text for purpose, text in body.get("consent", {}).items()}


def look(client, body, **more):
    return client.post(reverse("organisation:settings"), fields(body) | more)


def save(client, body, **more):
    """As the page does it: look at it, then send the same with what was seen."""
    on = str(OrganisationVersion.objects.count())
    seen = look(client, body, on=on).context["preview"]["digest"]
    return look(client, body, on=on, seen=seen, do="save", **more)


def test_a_look_saves_nothing_and_what_was_looked_at_can_be_saved(admin, people):
    page = look(admin, {"name": "North Line", "lines": [LINE]}, on="0")
    assert page.status_code == 200 and not OrganisationVersion.objects.exists()
    words = page.content.decode()
    assert "Our duty phone" in words and "checked 3 November 2026" in words and "Find a Helpline" in words
    assert save(admin, {"name": "North Line", "lines": [LINE]}).status_code == 302
    made = OrganisationVersion.objects.get()
    assert made.body == {"name": "North Line", "lines": [LINE]} and made.person == people.admin
    [line] = AuditEvent.objects.filter(verb="organisation_set")
    assert (line.actor_id, line.object_kind, line.object_id) == (
        people.admin.pk, "organisationversion", str(made.pk),
    )  # fmt: skip
    with pytest.raises(TypeError):
        made.save()


def test_nothing_is_saved_unseen_or_on_top_of_what_somebody_else_saved(admin):
    unseen = look(admin, {"name": "North Line"}, on="0", do="save")
    assert unseen.status_code == 409 and "You changed something since" in unseen.content.decode()
    seen = unseen.context["preview"]["digest"]
    edited = look(admin, {"name": "South Line"}, on="0", do="save", seen=seen)
    assert edited.status_code == 409 and not OrganisationVersion.objects.exists()
    changing.save({"name": "West Line"}, by=None, on=0)
    late = look(admin, {"name": "North Line"}, on="0", do="save", seen=seen)
    assert late.status_code == 409 and "Somebody else saved" in late.content.decode()
    assert OrganisationVersion.objects.get().body == {"name": "West Line"}
    assert look(admin, {"name": "North Line"}, on="1", do="save", seen=seen).status_code == 302
    again = save(admin, {"name": "North Line"})
    assert again.status_code == 302 and OrganisationVersion.objects.count() == 2  # nothing differs


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"phone": "112", "checked": "2026-11-03"}, "Give its name"),
        ({"name": "Duty", "checked": "2026-11-03"}, "Give a number to call"),
        ({"name": "Duty", "phone": "112"}, "on which day somebody tried it"),
        ({"name": "Duty", "phone": "112", "checked": "3.11.2026"}, "on which day somebody tried it"),
        ({"name": "Duty", "phone": "112", "checked": "2999-01-01"}, "in the future"),
        ({"name": "Duty", "phone": "112", "checked": "1901-01-01"}, "too long ago"),
        ({"name": "Duty", "phone": "112 (ask for Kim)", "checked": "2026-11-03"}, "digits, blanks"),
        ({"name": "Duty", "phone": "1", "checked": "2026-11-03"}, "digits, blanks"),
        ({"name": "Duty", "phone": "١١٢", "checked": "2026-11-03"}, "digits, blanks"),
        ({"name": "Duty", "text": "HOME", "checked": "2026-11-03"}, "needs a number"),
        (
            {"name": "Duty", "url": "http://duty.example.org", "checked": "2026-11-03"},
            "must begin with https",
        ),
        ({"name": "Duty", "url": "https://duty", "checked": "2026-11-03"}, "must begin with https"),
        ({"name": "Duty", "url": "javascript:alert(1)", "checked": "2026-11-03"}, "must begin with https"),
        ({"name": "D" * 81, "phone": "112", "checked": "2026-11-03"}, "too long"),
    ],
)
def test_a_help_line_that_might_be_wrong_is_not_kept(admin, line, problem):
    page = look(admin, {"lines": [line]}, on="0")
    assert page.status_code == 400 and problem in page.content.decode()
    assert page.context["preview"] is None
    assert line_of(line) is None or problem in ("in the future", "too long ago", "too long")


def test_what_a_database_cannot_hold_is_left_out(admin):
    assert save(admin, {"name": "North\0 Line", "policy_text": "Tell\0 Kim."}).status_code == 302
    assert OrganisationVersion.objects.get().body == {"name": "North Line", "policy_text": "Tell Kim."}


def test_lines_of_the_region_can_be_copied_and_each_has_to_be_checked(admin):
    page = look(admin, {"region": "gb", "lines": [LINE]}, do="copy")
    names = [line["name"] for line in page.context["lines"] if line]
    assert names == ["Our duty phone", "Samaritans", "Shout", "Emergency services"]
    assert [line["checked"] for line in page.context["lines"] if line][1:] == [""] * 3
    assert page.context["preview"] is None and not OrganisationVersion.objects.exists()


def test_a_look_says_where_no_emergency_number_is_left(admin):
    said = "None of your lines is an emergency number"
    assert said in look(admin, {"lines": [LINE]}, on="0").content.decode()
    both = [LINE, {"name": "Emergency", "phone": "999", "checked": "2026-11-03"}]
    assert said not in look(admin, {"lines": both}, on="0").content.decode()
    assert said not in look(admin, {"region": "gb"}, on="0").content.decode()


def test_other_fields_are_read_strictly_too(admin):
    wrong = {"region": "zz", "policy": "ignore", "retention_days": "-1", "consent": {"research": "ok"}}
    page = look(admin, wrong, on="0")
    assert page.status_code == 400
    assert set(page.context["errors"]) == {"region", "policy", "retention_days", "consent-research"}
    assert 'value="-1"' in page.content.decode()  # what was typed is still there


def test_another_process_uses_it_at_its_next_request_without_a_query_more(people, chat, admin):
    """A process is one that keeps what it read: this one read the old settings before."""
    volunteer = Client()
    volunteer.force_login(people.volunteer)
    address = reverse("practice:chat", args=[chat.pk])
    assert "Our duty phone" not in volunteer.get(address).content.decode()
    with CaptureQueriesContext(connection) as before:
        volunteer.get(address)
    made = changing.save({"lines": [LINE], "name": "North Line"}, by=people.admin, on=0)
    assert current.current(User.objects.first()).name == "North Line"  # not of a request: asks itself
    current._kept = (None, Values({}))  # as in a process that never saw this version
    with CaptureQueriesContext(connection) as first:
        page = volunteer.get(address).content.decode()
    with CaptureQueriesContext(connection) as second:
        volunteer.get(address)
    assert "Our duty phone" in page and "checked 3 November 2026" in page and "North Line" in page
    assert "from public pages" in page  # the directory below them
    assert len(first) == len(before) + 1 and len(second) == len(before)
    assert made.number == 1


def test_the_panel_for_a_volunteer_in_need_holds_with_any_body(people, chat, settings):
    volunteer = Client()
    volunteer.force_login(people.volunteer)
    settings.REGION = "gb"
    half = [
        {}, {"lines": "112"}, {"lines": [None, 7, {}]}, {"lines": [{"name": "Duty"}]}, {"lines": []},
        {"lines": [{"name": "Duty", "phone": "call me", "checked": "2026-11-03"}]}, {"region": "zz"},
        {"region": 4, "policy": "ignore", "policy_text": None, "consent": "yes", "retention_days": "x"},
    ]  # fmt: skip
    for number, body in enumerate(half):
        OrganisationVersion.objects.create(number=number + 1, body=body, digest=str(number))
        text = "I want to kill myself. I mean me, tonight."
        volunteer.post(reverse("practice:post", args=[chat.pk]), {"text": text, "key": f"k{number}"})
        page = volunteer.get(reverse("practice:chat", args=[chat.pk])).content.decode()
        assert "This is about you, for a moment" in page and "Find a Helpline" in page, body
        assert ("Samaritans" in page) is (body.get("region") != "zz"), body
    assert retention.due().count() == 0


def test_a_file_of_help_lines_that_broke_gives_way_to_the_shipped_ones(people, chat, settings, tmp_path):
    settings.HELP_LINES_FILE = str(tmp_path / "gone.toml")
    settings.REGION = "gb"
    client = Client()
    client.force_login(people.volunteer)
    assert "Samaritans" in client.get(reverse("practice:chat", args=[chat.pk])).content.decode()


def test_every_page_with_help_lines_has_them(people, chat):
    client = Client()
    client.force_login(people.volunteer)
    for name in ("practice:scenarios", "practice:chats", "feedback:progress", "feedback:mock"):
        args = [chat.pk] if name == "feedback:mock" else []
        assert "Find a Helpline" in client.get(reverse(name, args=args)).content.decode(), name


def test_the_policy_and_own_words_stand_beside_the_chat(people, chat, admin):
    changing.save({"policy": "assess_and_refer", "policy_text": "Tell Kim on duty."}, by=None, on=0)
    chat.messages.create(index=90, role="seeker", text="x", idempotency_key="x", risk_level="explicit")
    client = Client()
    client.force_login(people.volunteer)
    page = client.get(reverse("practice:chat", args=[chat.pk])).content.decode()
    assert "Tell Kim on duty." in page and "Ask what would keep tonight safe" in page


def test_going_back_is_looked_at_first_and_makes_a_version_of_its_own(admin, people):
    save(admin, {"name": "North Line"})
    save(admin, {"name": "South Line"})
    page = admin.get(reverse("organisation:settings"), {"from": "1"})
    assert page.context["preview"]["changes"][0].after == "North Line"
    assert "Going back to version 1" in page.content.decode() and OrganisationVersion.objects.count() == 2
    assert save(admin, {"name": "North Line"}, back_to="1").status_code == 302
    newest = changing.newest()
    assert (newest.number, newest.body, newest.back_to) == (3, {"name": "North Line"}, 1)
    assert save(admin, {}, back_to="0").status_code == 302
    assert current.current().name == "" and changing.newest().back_to == 0
    assert AuditEvent.objects.filter(verb="organisation_back", actor_id=people.admin.pk).count() == 2
    assert save(admin, {"name": "East"}, back_to="1").status_code == 302  # edited: no going back
    assert changing.newest().back_to is None
    for wrong in ("9", "-1", "x", ""):
        assert admin.get(reverse("organisation:settings"), {"from": wrong}).status_code == 404


def test_retention_follows_the_page_and_says_what_it_will_cost(people, chat, admin, settings):
    settings.RETENTION_DAYS = 365
    long_ago = timezone.now() - timedelta(days=40)
    PracticeChat.objects.filter(pk=chat.pk).update(created_at=long_ago, ended_at=long_ago)
    assert retention.due().count() == 0
    assert "1 chat is over that time now" in look(admin, {"retention_days": 30}, on="0").content.decode()
    rating = {"cultivating": 4, "softening": 4, "partnership": 4, "empathy": 4, "decision": "signed_off"}
    assert "signed off" not in look(admin, {"retention_days": 30}, on="0").text
    MockRating.objects.create(chat=chat, trainer=people.trainer, **rating)
    assert "1 of them is signed off: its rating" in look(admin, {"retention_days": 30}, on="0").text
    save(admin, {"retention_days": 30})
    assert retention.due().get() == chat
    page = admin.get(reverse("people:retention")).content.decode()
    assert "30 days after they ended" in page and "1 chat is over its time" in page
    save(admin, {"retention_days": 0})
    assert retention.due().count() == 0


def test_other_words_ask_again_and_a_yes_counts_for_what_it_said(people, admin):
    client = Client()
    client.force_login(people.volunteer)
    consents.choose(people.volunteer, agreed=["research", "tagger"])
    asked = "The words of something you agreed to have changed"
    assert asked not in client.get(reverse("practice:scenarios")).content.decode()
    old = client.get(reverse("people:own-data")).context["choices"]
    page = look(admin, {"consent": {"research": WORDS}}, on="0").content.decode()
    assert "who agreed to other words is asked again" in page
    save(admin, {"consent": {"research": WORDS}})
    assert not consents.consenting("research").exists()
    assert list(consents.consenting("tagger")) == [people.volunteer]  # its words stayed
    assert asked in client.get(reverse("practice:scenarios")).content.decode()
    page = client.get(reverse("people:own-data")).content.decode()
    assert WORDS in page and "you agreed to other words" in page and old[1].text[:40] in page
    # A page that was open since before: a yes on it is no yes to words that were not on it.
    stale = {"agree": ["research", "tagger"]} | {f"words-{one.purpose}": one.version for one in old}
    client.post(reverse("people:own-choices"), stale)
    assert not consents.consenting("research").exists()
    # Gone back to the earlier words: the yes to them counts again.
    save(admin, {}, back_to="0")
    assert list(consents.consenting("research")) == [people.volunteer]
    save(admin, {"consent": {"research": WORDS}})
    now = {f"words-{one.purpose}": one.version for one in consents.choices(people.volunteer)}
    client.post(reverse("people:own-choices"), {"agree": ["research", "tagger"]} | now)
    assert list(consents.consenting("research")) == [people.volunteer]
    assert asked not in client.get(reverse("practice:scenarios")).content.decode()
    assert WORDS in "".join(own_data.as_json(people.volunteer))


def test_no_to_new_words_is_an_answer(people, admin):
    client = Client()
    client.force_login(people.volunteer)
    consents.choose(people.volunteer, agreed=["research"])
    save(admin, {"consent": {"research": WORDS}})
    client.post(reverse("people:own-choices"), {})
    assert not consents.is_asked_again(people.volunteer)
    assert AuditEvent.objects.filter(verb="consent_withdrawn").count() == 1


def test_who_made_a_version_is_in_their_own_data_and_gone_with_them(people, admin):
    save(admin, {"name": "North Line"})
    file = "".join(own_data.as_json(people.admin))
    assert '"organisation_versions"' in file and '"did": "organisation_set"' in file
    people.admin.delete()
    assert OrganisationVersion.objects.get().person is None


def test_numbers_that_can_be_called():
    assert all(map(is_phone, ("112", "116 123", "+49 (0)800 111-0.111", "13 11 14")))
    assert not any(map(is_phone, ("", "1", "HOME", "112;ext=1", "112\n", "++112", "tel:112", "9" * 40)))
