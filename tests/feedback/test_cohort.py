"""The cohort page: who practised, who waits, what grows, assignments; and what few volunteers hide."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.reviewing import ended_chat, tagged
from feedback.inbox.notes import write_note
from feedback.models import MockRating, SessionReport
from feedback.reports import cohort as figures
from feedback.reports.raised import Raised, raised_most
from feedback.signoff.scales import KEYS
from peersupport.audit.models import AuditEvent
from peersupport.people import cohorts as changing
from peersupport.people.models import Cohort, Membership, User
from peersupport.practice import assignments, scenarios
from peersupport.practice.models import Assignment, Message, PracticeChat, Scenario


@pytest.fixture
def north(people):
    return Cohort.objects.get(name="North")


@pytest.fixture
def scenario(people):
    return Scenario.objects.filter(active=True, baseline=True).first()


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page(user, cohort) -> str:
    return as_(user).get(reverse("feedback:cohort", args=[cohort.pk])).content.decode()


def join(cohort, number: int) -> list[User]:
    found = []
    for n in range(number):
        user = User.objects.create_user(username=f"more{n}", password="x", role="volunteer")
        Membership.objects.create(user=user, cohort=cohort, since=timezone.now())
        found.append(user)
    return found


def of(cohort, user):
    return next(person for person in figures.volunteers(cohort) if person.pk == user.pk)


def test_who_practised_and_who_waits_for_a_word(people, north, scenario):
    old = ended_chat(people.volunteer, scenario)
    PracticeChat.objects.filter(pk=old.pk).update(ended_at=timezone.now() - timedelta(days=40))
    one = ended_chat(people.volunteer, scenario)
    tagged(one, affirm=0.9)
    tagged(one, affirm=0.9)
    private = ended_chat(people.volunteer, scenario)
    PracticeChat.objects.filter(pk=private.pk).update(shared=False)
    of_themselves = tagged(one, affirm=0.9)
    Message.objects.filter(pk=of_themselves.pk).update(risk_level="explicit")
    found = of(north, people.volunteer)
    assert (found.ended, found.recent_chats, found.messages, found.waiting) == (2, 1, 2, 1)
    waits = f"{reverse('practice:chats')}?volunteer={people.volunteer.pk}&amp;waiting=1"
    shown = page(people.trainer, north)
    assert waits in shown
    assert "chats that ended in the last 28 days and have no note, rating or review" in shown
    assert "volunteers with a signed-off chat that you have rated" in shown
    write_note(one, trainer=people.trainer, text="Well listened.")
    found = of(north, people.volunteer)
    assert (found.waiting, found.waits_since) == (0, None)
    assert waits not in page(people.trainer, north)
    assert of(north, people.peer).recent_chats == 0


def reported(volunteer, scenario, /, *titles: str, **fields) -> PracticeChat:
    """An ended chat whose report raised these points."""
    chat = ended_chat(volunteer, scenario)
    SessionReport.objects.create(
        chat=chat, status="ready", body={"points": [{"title": title} for title in titles]}
    )
    PracticeChat.objects.filter(pk=chat.pk).update(**fields)
    return chat


def test_what_reports_raise_most_often_is_told_with_its_n_over_what_the_trainer_may_read(
    people, north, scenario
):
    long_ago = timezone.now() - timedelta(days=40)
    reported(people.volunteer, scenario, "Persuading", "Arguing the point", ended_at=long_ago)
    reported(people.volunteer, scenario, "Persuading", shared=False)
    reported(people.volunteer, scenario, "Persuading", status="open")
    reported(people.volunteer, scenario, "Persuading", kind="imported", scenario=None)
    reported(people.volunteer, scenario, "Persuading", "Several closed questions in a row")
    reported(people.peer, scenario, "Persuading", "Arguing the point")
    everybody = figures.volunteers(north)
    assert raised_most(everybody) == {}  # once is by chance
    reported(people.volunteer, scenario, "Arguing the point", "Several closed questions in a row")
    reported(people.volunteer, scenario)
    ended_chat(people.volunteer, scenario)  # without a report
    found = raised_most(everybody)
    assert found == {people.volunteer.pk: Raised("Several closed questions in a row", 2, 3)}
    shown = page(people.trainer, north)
    assert 'Several closed questions in a row: <span class="small">2 of 3 chats' in shown
    assert f"{reverse('practice:chats')}?volunteer={people.volunteer.pk}" in shown
    assert "closed questions" not in page(people.admin, north)


def test_few_volunteers_give_no_figure_and_an_admin_sees_no_names(people, north, scenario):
    ended_chat(people.volunteer, scenario)
    assert figures.totals(figures.volunteers(north)).practised is None
    [row] = [row for row in figures.cohort_rows(Cohort.objects.all()) if row.name == "North"]
    assert (row.people, row.practised, row.says) == (2, 1, False)
    assert "fewer than 5" in as_(people.admin).get(reverse("feedback:cohorts")).content.decode()
    hidden = "a figure of so few would be about persons"
    assert hidden in page(people.admin, north)
    shown = page(people.trainer, north)  # who reads every name below
    assert hidden not in shown and '<dt>Practised</dt><dd class="big">1</dd>' in shown
    join(north, 3)
    assert "more0" in page(people.trainer, north)
    assert "more0" not in page(people.admin, north)


def test_a_figure_is_given_by_who_is_behind_it_and_not_by_who_is_in_the_cohort(people, north, scenario):
    def told() -> tuple:
        found = figures.totals(figures.volunteers(north))
        [row] = [row for row in figures.cohort_rows(Cohort.objects.all()) if row.name == "North"]
        assert row.says == (found.practised is not None)
        return found.practised, found.chats, found.messages, found.signed

    def practise(user) -> PracticeChat:
        chat = ended_chat(user, scenario)
        tagged(chat, affirm=0.9)
        return chat

    group = [people.volunteer, people.peer, *join(north, 5)]
    hidden, listed = "a figure of so few would be about persons", reverse("feedback:cohorts")
    assert told() == (0, None, None, 0)  # nobody is no person
    rated = practise(people.volunteer)
    globals_ = dict.fromkeys(KEYS, 4)
    MockRating.objects.create(chat=rated, trainer=people.trainer, decision="signed_off", **globals_)
    assert told() == (None, None, None, None)
    assert hidden in page(people.admin, north)
    few = "fewer than 5 volunteers"  # also of the cohort South
    assert as_(people.admin).get(listed).content.decode().count(few) == 2
    assert '<dt>Practised</dt><dd class="big">1</dd>' in page(people.trainer, north)  # who reads the name
    for user in group[1:4]:
        practise(user)
    assert told() == (None, None, None, None)
    last = practise(group[4])
    assert told() == (5, 5, 5, None)
    assert as_(people.admin).get(listed).content.decode().count(few) == 1
    for user in group[1:5]:
        chat = PracticeChat.objects.filter(volunteer=user).first()
        MockRating.objects.create(chat=chat, trainer=people.trainer, decision="signed_off", **globals_)
    assert told() == (5, 5, 5, 5)
    assert hidden not in page(people.admin, north)
    last.messages.update(risk_level="explicit")  # of themselves: no counselling
    assert told() == (5, 5, None, 5)


def test_what_grows_between_first_and_newest_is_told_over_five_volunteers(people, north, scenario):
    group = join(north, 4)
    for user in group:
        for code in ("advise_without_permission", "affirm"):
            chat = ended_chat(user, scenario)
            for _ in range(figures.LEAST_MESSAGES):
                tagged(chat, **{code: 0.9})
    ended_chat(people.volunteer, scenario)  # nothing was said in it
    found = figures.grown(north)
    assert (found.n, found.groups) == (4, {})
    assert "Not enough data: 4 volunteers" in page(people.trainer, north)
    for code in ("advise_without_permission", "affirm"):
        chat = ended_chat(people.volunteer, scenario)
        for number in range(figures.LEAST_MESSAGES):
            tagged(chat, **{code if number else "support": 0.9})
        of_themselves = tagged(chat, affirm=0.9)  # no counselling, neither a message nor affirming
        Message.objects.filter(pk=of_themselves.pk).update(risk_level="explicit")
    found = figures.grown(north)
    row = found.groups["adherent"]
    assert (found.n, row.before, row.after) == (5, 0, 95)
    assert row.low <= row.gap == 95 <= row.high
    assert found.groups["non_adherent"].gap == -95
    assert found.techniques[0].name == "Affirm"
    shown = page(people.trainer, north)
    assert "means over 5 volunteers" in shown and "2 techniques were looked at" in shown
    assert "+95" in shown and "(81 to 100)" in shown
    assert (found.groups["questions"].gap, found.groups["questions"].low) == (0, None)  # nobody asked any


def test_where_everybody_changed_alike_there_is_no_interval():
    one = ([frozenset()] * 4, [frozenset({"affirm"})] * 4)
    row = figures._growth("Affirm", frozenset({"affirm"}), [one] * 5)
    assert (row.gap, row.low, row.high) == (100, None, None)
    assert "(no interval)" in render_to_string("feedback/_growth_row.html", {"name": row.name, "row": row})


def test_an_assignment_is_seen_done_and_taken_back(people, north, scenario):
    trainer, today = as_(people.trainer), timezone.localdate()
    address = reverse("feedback:assign", args=[north.pk])
    due = today + timedelta(days=7)
    fields = {"scenario": scenario.pk, "begins": today, "due": due, "note": "Take your time."}
    assert trainer.post(address, fields).status_code == 302
    assigned = Assignment.objects.get()
    volunteer = as_(people.volunteer)
    assert "Take your time." in volunteer.get(reverse("practice:scenarios")).content.decode()
    assert assignments.for_volunteer(people.outsider) == []
    ended_chat(people.volunteer, scenario)
    assert "Take your time." not in volunteer.get(reverse("practice:scenarios")).content.decode()
    [[row], _past] = assignments.of_cohort(north, figures.volunteers(north))
    assert (row.done, row.asked) == (1, 2)
    assert "1 of 2" in page(people.trainer, north)
    trainer.post(reverse("feedback:assignment-close", args=[assigned.pk]))
    assert assignments.for_volunteer(people.peer) == []
    verbs = AuditEvent.objects.exclude(verb="sign_in").values_list("verb", flat=True)
    assert list(verbs) == ["assign", "assignment_closed"]


def test_what_is_over_or_taken_back_is_folded_with_how_many_did_it(people, north, scenario):
    today, volunteers = timezone.localdate(), figures.volunteers(north)

    def asked(*, due: int, **more) -> Assignment:
        begins = today - timedelta(days=20)
        fields = {"scenario": scenario, "by": people.trainer, "begins": begins, **more}
        return Assignment.objects.create(cohort=north, due=today + timedelta(days=due), **fields)

    ended_chat(people.volunteer, scenario)
    before = timezone.now() - timedelta(days=2)
    late, runs = asked(due=-1, note="An old one."), asked(due=3)
    closed, early = asked(due=5, closed_at=timezone.now()), asked(due=4, closed_at=before)
    asked(due=9, closed_at=before, volunteer=people.outsider)  # who is no volunteer of it any more
    running, past = assignments.of_cohort(north, volunteers)
    assert (running, past) == ([runs], [closed, early, late])
    assert [(row.done, row.asked) for row in past] == [(1, 2), (0, 2), (1, 2)]
    shown, folded = page(people.trainer, north).split("3 that are over or were taken back")
    assert "An old one." in folded and "An old one." not in shown
    assert reverse("feedback:assignment-close", args=[late.pk]) in folded
    assert reverse("feedback:assignment-close", args=[closed.pk]) not in folded
    asked(due=8, closed_at=timezone.now())
    assignments.close(runs, by=people.trainer)
    assert "Nothing is assigned now." in page(people.trainer, north)


def test_an_upgrade_takes_what_is_asked_along(people, north, scenario):
    """A new version of a file is a row of its own; a file that is gone has none."""
    today = timezone.localdate()
    fields = {"by": people.trainer, "begins": today, "due": today}
    kept = assignments.assign(north, scenario, **fields)
    file = {"slug": "no-more", "sha256": "1" * 64, "version": "1", "title": "No more", "topic": "work"}
    gone = Scenario.objects.create(**file, difficulty=1, style="plain", persona="-")
    lost = assignments.assign(north, gone, **fields)
    Scenario.objects.filter(pk=scenario.pk).update(sha256="0" * 64)
    scenarios.sync()
    kept.refresh_from_db()
    newest = Scenario.objects.get(slug=scenario.slug, active=True)
    assert kept.scenario == newest != scenario and kept.closed_at is None
    assert f'href="#scenario-{newest.pk}"' in as_(people.peer).get(reverse("practice:scenarios")).text
    lost.refresh_from_db()
    assert lost.closed_at is not None
    [line] = AuditEvent.objects.filter(verb="assignment_closed")
    assert (line.actor_id, line.object_id) == (None, str(lost.pk))


def test_to_one_volunteer_and_not_to_a_stranger(people, north, scenario):
    today = timezone.localdate()
    fields = {"scenario": scenario.pk, "begins": today, "due": today}
    trainer, address = as_(people.trainer), reverse("feedback:assign", args=[north.pk])
    refused = trainer.post(address, {**fields, "volunteer": people.outsider.pk})
    assert refused.status_code == 400 and "volunteer of the cohort" in refused.content.decode()
    trainer.post(address, {**fields, "volunteer": people.peer.pk})
    assert [len(assignments.for_volunteer(user)) for user in (people.peer, people.volunteer)] == [1, 0]
    [[row], _past] = assignments.of_cohort(north, figures.volunteers(north))
    assert (row.done, row.asked) == (0, 1)
    assert [row["by_you"] for row in assignments.rows(people.peer)] == [False]
    assert [row["by_you"] for row in assignments.rows(people.trainer)] == [True]


def test_what_was_chosen_for_one_volunteer_is_not_for_everybody_after_an_error(people, north, scenario):
    trainer, address = as_(people.trainer), reverse("feedback:assign", args=[north.pk])
    fields = {
        "scenario": scenario.pk,
        "volunteer": people.peer.pk,
        "begins": "2126-02-01",
        "due": "2126-01-01",
    }
    page = trainer.post(address, fields).text
    assert f'<option value="{people.peer.pk}" selected>' in page
    assert f'<option value="{scenario.pk}" selected>' in page
    assert (
        f'action="{address}#assign"' in page and '<details id="assign" open>' in page
    )  # where the error stands


@pytest.mark.parametrize(("begins", "due"), [(0, -1), (-3, -2), (0, 400)])
def test_days_that_make_no_sense_are_refused(people, north, scenario, begins, due):
    today = timezone.localdate()
    with pytest.raises(ValidationError):
        assignments.assign(
            north,
            scenario,
            by=people.trainer,
            begins=today + timedelta(days=begins),
            due=today + timedelta(days=due),
        )


def test_a_trainer_who_left_the_cohort_has_lost_it_at_the_next_request(people, north):
    trainer, address = as_(people.trainer), reverse("feedback:cohort", args=[north.pk])
    assert trainer.get(address).status_code == 200
    people.trainer.memberships.update(until=timezone.now() - timedelta(seconds=1))
    assert trainer.get(address).status_code == 404
    assert trainer.post(reverse("feedback:assign", args=[north.pk])).status_code == 404


def change(user, cohort, **fields):
    return as_(user).post(reverse("feedback:cohort-change", args=[cohort.pk]), fields)


def changes() -> list[str]:
    return list(AuditEvent.objects.filter(object_kind="cohort").values_list("verb", flat=True))


def test_an_admin_mends_the_name_of_a_cohort(people, north):
    address = reverse("feedback:cohort-change", args=[north.pk])
    assert address in page(people.admin, north) and address not in page(people.trainer, north)
    assert change(people.trainer, north, name="x").status_code == 403
    for name, words in (
        ("", "Give it a name"),
        ("x" * 121, "under 120"),
        ("South", "Another cohort has this"),
    ):
        refused = change(people.admin, north, name=name)
        assert refused.status_code == 400 and words in refused.text
    assert change(people.admin, north, name="North").status_code == 302  # as it was
    assert changes() == []
    assert change(people.admin, north, name="  North\0  End ").status_code == 302
    assert "Cohort North End" in page(people.trainer, north)
    [line] = AuditEvent.objects.filter(verb="cohort_renamed")
    assert (line.actor_id, line.object_id) == (people.admin.pk, str(north.pk))


def test_a_cohort_goes_where_nothing_hangs_on_it_and_stays_elsewhere(people, north, scenario):
    empty = Cohort.objects.create(name="Nroth")
    today = timezone.localdate()
    assert "Delete this cohort" in page(people.admin, empty) and "Delete this cohort" not in page(
        people.admin, north
    )
    assigned = assignments.assign(empty, scenario, by=people.trainer, begins=today, due=today)
    refused = change(people.admin, empty, do="delete")
    assert refused.status_code == 400 and "It stays" in refused.text
    assigned.delete()
    people.volunteer.memberships.update(until=timezone.now())
    assert change(people.admin, north, do="delete").status_code == 400  # somebody is in it, and somebody was
    assert change(people.trainer, empty, do="delete").status_code == 403
    assert change(people.admin, empty, do="delete")["Location"] == reverse("feedback:cohorts")
    assert list(Cohort.objects.values_list("name", flat=True)) == ["North", "South"]
    assert changes() == ["cohort_deleted"]


def test_who_is_no_admin_any_more_changes_no_cohort(people, north):
    people.admin.role = "trainer"
    people.admin.save()
    for attempt in (
        lambda: changing.rename(north, "x", by=people.admin),
        lambda: changing.delete(north, by=people.admin),
    ):
        with pytest.raises(PermissionDenied):
            attempt()
