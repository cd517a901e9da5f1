"""The tags as CSV: what stands in it, what does not, and that no cell runs as a formula."""

from __future__ import annotations

import asyncio
import csv
import io

import pytest
from asgiref.sync import async_to_sync
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from feedback.exports import writers
from feedback.exports.at_once import COLUMNS, tags_csv
from feedback.exports.cells import safe_cell
from feedback.exports.names import Names
from feedback.exports.tables import TABLES
from peersupport.audit.models import AuditEvent
from peersupport.people import consents
from skills.models import SkillTag
from skills.review.corrections import correct_tags

TEXT = "What has been the hardest part of this week?"


@pytest.fixture
def message(say, drain, people):
    consents.choose(people.volunteer, agreed=["research"])
    message = say(TEXT)
    drain()
    return message


def rows() -> list[dict]:
    return list(csv.DictReader(io.StringIO("".join(tags_csv()).removeprefix("\ufeff"))))


def download(response) -> bytes:
    async def read() -> bytes:
        return b"".join([part async for part in response])

    return async_to_sync(read)()


def test_one_row_per_tag_with_pseudonyms_and_without_text(message, people):
    exported = rows()
    assert len(exported) == SkillTag.objects.count() > 0
    assert {row["technique"] for row in exported} >= {"open_question"}
    whole = "".join(tags_csv()).split("\n", 1)[1]
    for secret in (TEXT, "hardest", people.volunteer.username, str(message.pk), str(message.chat_id)):
        assert secret not in whole
    assert rows() == exported
    assert float(exported[0]["probability"]) == pytest.approx(SkillTag.objects.first().probability, abs=1e-4)


def test_it_is_the_table_that_a_worker_writes_but_for_the_key_of_the_row(message, people):
    correct_tags(message, codes=["affirm"], trainer=people.trainer)
    described = TABLES["tags"]
    assert tuple(column.name for column in described.shown(False))[1:] == COLUMNS
    table = [row for block in described.rows(Names(full=False), labelled=False) for row in block]
    cells = [["" if value is None else str(writers.cell(value)) for value in row[1:]] for row in table]
    assert [list(row.values()) for row in rows()] == cells
    assert {row["source"] for row in rows()} == {"tagger", "trainer"}


def test_corrections_stand_beside_the_tags_and_the_last_word_holds(message, people):
    found = set(SkillTag.objects.values_list("code", flat=True))
    correct_tags(message, codes=["affirm"], trainer=people.trainer)
    by_code = {row["technique"]: row for row in rows()}
    assert (by_code["affirm"]["source"], by_code["affirm"]["corrected"]) == ("trainer", "added")
    assert {by_code[code]["corrected"] for code in found - {"affirm"}} == {"removed"}
    correct_tags(message, codes=found, trainer=people.trainer)
    by_code = {row["technique"]: row for row in rows()}
    assert set(by_code) == found
    assert {row["corrected"] for row in by_code.values()} == {"confirmed"}


def test_only_those_are_in_it_who_agree_to_research_now(message, people, client):
    correct_tags(message, codes=["affirm"], trainer=people.trainer)
    client.force_login(people.admin)
    page = " ".join(client.get(reverse("feedback:exports")).content.decode().split())
    assert "1 of 3 volunteers agree to research" in page
    consents.choose(people.volunteer, agreed=["tagger"])  # another use is no yes to this one
    assert rows() == []
    consents.choose(people.volunteer, agreed=["research"])
    assert {row["source"] for row in rows()} == {"tagger", "trainer"}


def test_the_download_is_streamed_named_and_audited(message, people):
    client = Client()
    client.force_login(people.admin)
    response = client.get(reverse("feedback:export-tags"))
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "peersupport-tags-" in response["Content-Disposition"]
    first = download(response).decode("utf-8-sig").splitlines()[0]
    assert first == ",".join(COLUMNS)
    assert AuditEvent.objects.filter(verb="export", actor_id=people.admin.pk).count() == 1


def test_a_download_breaks_off_where_the_right_to_it_ends(message, people, monkeypatch):
    monkeypatch.setattr("feedback.exports.rows.BLOCK", 1)
    correct_tags(message, codes=["open_question", "affirm", "support"], trainer=people.trainer)
    client = Client()
    client.force_login(people.admin)
    whole = download(client.get(reverse("feedback:export-tags")))
    response = client.get(reverse("feedback:export-tags"))
    got = []

    async def read():
        async for part in response:
            got.append(part)
            if len(got) == 2:  # the header and one row
                await type(people.admin).objects.filter(pk=people.admin.pk).aupdate(role="volunteer")

    with pytest.raises(asyncio.CancelledError):
        async_to_sync(read)()
    assert len(got) == 2
    assert whole.startswith(b"".join(got)) and len(whole) > len(b"".join(got))
    assert AuditEvent.objects.filter(verb="export_stopped", actor_id=people.admin.pk).count() == 1


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_cell_starts_a_formula_and_the_text_stays_readable(text):
    cell = safe_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, "'" + text)
