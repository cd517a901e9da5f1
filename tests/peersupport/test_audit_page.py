"""The audit log as a page: filters, older lines, and the check of the chain."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from peersupport.audit import chain, views
from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent


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


def test_a_hundred_lines_are_two_pages(page, people):
    for _ in range(views.SHOWN + 3):
        record(people.admin, "retag")
    first = page(verb="retag")
    older = re.search(r'rel="next" href="\?verb=retag&amp;before=(\d+)"', first)[1]
    assert (len(verbs(first)), len(verbs(page(verb="retag", before=older)))) == (views.SHOWN, 3)


def test_the_chain_is_checked_by_a_worker_and_a_changed_line_is_named(page, people, drain):
    for _ in range(3):
        record(people.admin, "retag")
    chain.seal()
    assert page.client.post("/audit/check/").status_code == 302
    assert "being checked" in page()
    drain("batch")
    assert "Whole up to line" in page()
    AuditEvent.objects.filter(position=2).update(verb="nothing")
    page.client.post("/audit/check/")
    drain("batch")
    assert "Broken at place 2: the line was changed" in page()
