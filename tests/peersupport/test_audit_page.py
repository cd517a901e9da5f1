"""The audit log as a page: filters, older lines, and the check of the chain."""

from __future__ import annotations

import random
import re
from datetime import datetime, time, timedelta
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from peersupport.audit import chain, check, views
from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent
from peersupport.people import managing
from peersupport.people.models import Cohort


@pytest.fixture
def page(people):
    client = Client()
    client.force_login(people.admin)

    def page(**given) -> str:
        return client.get("/audit/", given).content.decode()

    page.client = client
    return page


def verbs(text: str) -> list[str]:
    return re.findall(r'<th scope="row">(\w+)</th>', text)


def test_newest_first_and_every_filter_holds(page, people, chat):
    AuditEvent.objects.all()._raw_delete("default")
    record(people.trainer, "read", chat)
    record(people.trainer, "note", people.volunteer)
    record(None, "erase", people.peer)
    assert verbs(page()) == ["erase", "note", "read"]
    assert verbs(page(who=people.trainer.username)) == ["note", "read"]
    assert verbs(page(who=f"#{people.trainer.pk}")) == ["note", "read"]
    assert verbs(page(who="nobody")) == []
    assert verbs(page(verb="erase", kind="user")) == ["erase"]
    assert verbs(page(object=str(chat.pk))) == ["read"]
    today = timezone.localdate()
    assert verbs(page(since=today, until=today)) == ["erase", "note", "read"]
    assert verbs(page(until=today - timedelta(days=1))) == []
    for nonsense in ("0000-99-99", "x", "9999-12-31", "0001-01-01"):
        assert page(since=nonsense, until=nonsense, before="x", who="#x")


def test_what_is_about_an_account_holds_who_joined_which_cohort(page, people):
    south = Cohort.objects.get(name="South")
    managing.add_to_cohort(people.volunteer, south, by=people.admin)
    managing.end_in_cohort(people.volunteer, south, by=people.admin)
    managing.add_to_cohort(people.peer, south, by=people.admin)
    managing.close_account(people.volunteer, by=people.admin)
    person = page.client.get(f"/people/{people.volunteer.pk}/").text
    link = re.search(r'href="(/audit/[^"]+)">Audit log of this account', person)[1]
    text = page.client.get(link).text
    assert verbs(text) == ["account_closed", "cohort_ended", "cohort_joined"]
    assert text.count("volunteer in South") == 2 and "peer in South" not in text
    assert verbs(page(account="volunteer")) == ["account_closed", "cohort_ended", "cohort_joined"]
    assert verbs(page(account=f"#{people.peer.pk}", verb="cohort_joined")) == ["cohort_joined"]


@pytest.mark.parametrize("name", ["who", "account"])
@pytest.mark.parametrize("text", ["#abc", "#", "#" + "9" * 19])
def test_what_is_no_number_of_an_account_finds_nothing_and_says_why(page, people, name, text):
    record(None, "erase", people.peer)
    found = page(**{name: text})
    assert verbs(found) == [] and "Behind # stands the number of an account" in found
    assert "Behind #" not in page(**{name: "#77777"})


def test_a_hundred_lines_are_two_pages(page, people):
    for _ in range(views.SHOWN + 3):
        record(people.admin, "retag")
    first = page(verb="retag")
    older = re.search(r'rel="next" href="\?verb=retag&amp;before=(\d+)"', first)[1]
    assert (len(verbs(first)), len(verbs(page(verb="retag", before=older)))) == (views.SHOWN, 3)


@pytest.fixture
def months(db):
    """Lines of thirty days with gaps in their numbers, and times up to an hour off."""
    AuditEvent.objects.all()._raw_delete("default")
    chance, begin = random.Random(7), timezone.now() - timedelta(days=30)
    AuditEvent.objects.bulk_create(
        AuditEvent(id=1000 + number * 3, verb="read", actor_id=1) for number in range(300)
    )
    for number in range(300):
        late = timedelta(hours=number * 2.4, minutes=chance.uniform(-29, 29))
        AuditEvent.objects.filter(id=1000 + number * 3).update(at=begin + late)


def test_days_are_found_by_number_and_are_the_lines_of_those_days(months):
    nothing = dict.fromkeys(views.FILTERS, "")
    today = timezone.localdate()
    for first in range(-1, 34, 4):
        for length in (0, 1, 9):
            since, until = today - timedelta(days=first), today - timedelta(days=first - length)
            ends = ((since, time.min), (until, time.max))
            begin, end = (timezone.make_aware(datetime.combine(*one)) for one in ends)
            right = AuditEvent.objects.filter(at__gte=begin, at__lte=end).order_by("-id")
            with CaptureQueriesContext(connection) as queries:
                found = views._filtered(nothing | {"since": str(since), "until": str(until)}, None)
            assert list(found) == list(right)
            assert len(queries) <= 2 * (2 + 11)  # numbers up to 1,000 halve ten times
            bounds = re.findall(r'"id" (?:>=|<) (\d+)', str(found.query))
            assert len(bounds) == 2
            # What is read is little more than what is shown: an hour at each end.
            read = AuditEvent.objects.filter(id__gte=bounds[0], id__lt=bounds[1]).count()
            assert read <= right.count() + 6


def test_days_of_an_empty_log_are_empty(db):
    AuditEvent.objects.all()._raw_delete("default")
    given = dict.fromkeys(views.FILTERS, "") | {"since": "2020-01-01", "until": "2030-01-01"}
    assert list(views._filtered(given, None)) == []


def test_what_was_done_and_to_which_object_have_an_index(db):
    """The log is the largest table and is never cleared."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, AuditEvent._meta.db_table)
    assert {("verb", "id"), ("object_id",), ("object_kind", "object_id"), ("actor_id",)} <= {
        tuple(one["columns"]) for one in found.values() if one["index"]
    }


def test_the_chain_is_checked_by_a_worker_and_a_changed_line_is_named(page, people, drain):
    for _ in range(3):
        record(people.admin, "retag")
    chain.seal()
    assert page.client.post("/audit/check/").status_code == 302
    htmx = {"HX-Request": "true"}
    assert "being checked" in page() and 'hx-trigger="every 3s"' in page() and "<progress" in page()
    text = page.client.get("/audit/", headers=htmx).text
    assert text.startswith('<div id="checking"') and "<progress" in text and "<table" not in text
    drain("batch")
    # Somebody may be typing a filter: the page is not loaded again.
    answer = page.client.get("/audit/", headers=htmx)
    assert "HX-Refresh" not in answer and "<form" in answer.text and "<table" not in answer.text
    assert re.search(r'data-said="Whole up to line \d+ \(checked', answer.text)
    assert "Whole up to line" in page() and "<progress" not in page()
    AuditEvent.objects.filter(position=2).update(verb="nothing")
    page.client.post("/audit/check/")
    drain("batch")
    assert "Broken at place 2: the line was changed" in page()
    assert 'data-said="Broken at place 2: ' in page.client.get("/audit/", headers=htmx).text


def test_a_check_says_how_far_it_is(people, monkeypatch):
    for _ in range(6):
        record(people.admin, "retag")
    chain.seal()
    monkeypatch.setattr(chain, "TELL_EVERY", 2)
    job, told = check.start(), []
    told_to = SimpleNamespace(checkpoint=lambda job, *, progress, state=None: told.append(progress))
    check.run([job], told_to)
    assert told == sorted(told) and len(told) >= 3 and 0 < told[0] < 1 == told[-1]
