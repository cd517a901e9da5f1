"""The tags as CSV: what stands in it, what does not, and that no cell runs as a formula."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from feedback.reports.exports import COLUMNS, safe_cell, tags_csv
from peersupport.audit.models import AuditEvent
from skills.models import SkillTag
from skills.review.corrections import correct_tags

TEXT = "What has been the hardest part of this week?"


@pytest.fixture
def message(say, drain):
    message = say(TEXT)
    drain()
    return message


def rows() -> list[dict]:
    return list(csv.DictReader(io.StringIO("".join(tags_csv()).removeprefix("\ufeff"))))


def test_one_row_per_tag_with_pseudonyms_and_without_text(message, people):
    exported = rows()
    assert len(exported) == SkillTag.objects.count() > 0
    assert {row["technique"] for row in exported} >= {"open_question"}
    whole = "".join(tags_csv()).split("\n", 1)[1]
    for secret in (TEXT, "hardest", people.volunteer.username, str(message.pk), str(message.chat_id)):
        assert secret not in whole
    assert rows() == exported
    assert float(exported[0]["probability"]) == pytest.approx(SkillTag.objects.first().probability, abs=1e-4)


def test_corrections_stand_beside_the_tags_and_the_last_word_holds(message, people):
    found = set(SkillTag.objects.values_list("code", flat=True))
    correct_tags(message, codes=["affirm"], trainer=people.trainer)
    by_code = {row["technique"]: row for row in rows()}
    assert (by_code["affirm"]["source"], by_code["affirm"]["corrected"]) == ("trainer", "added")
    assert {by_code[code]["corrected"] for code in found - {"affirm"}} == {"removed"}
    correct_tags(message, codes=found, trainer=people.trainer)
    by_code = {row["technique"]: row for row in rows()}
    assert "affirm" not in by_code or "affirm" in found
    assert {row["corrected"] for row in by_code.values()} == {"confirmed"}


def test_the_download_is_streamed_named_and_audited(message, people):
    client = Client()
    client.force_login(people.admin)
    response = client.get(reverse("feedback:export-tags"))
    assert response.streaming
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "peersupport-tags-" in response["Content-Disposition"]
    first = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()[0]
    assert first == ",".join(COLUMNS)
    assert AuditEvent.objects.filter(verb="export", actor_id=people.admin.pk).count() == 1


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_cell_starts_a_formula_and_the_text_stays_readable(text):
    cell = safe_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert cell in (text, "'" + text)
