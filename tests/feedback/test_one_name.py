"""A figure has one name, on the report of a chat as on the page of one's progress."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TEMPLATES = Path(__file__).parents[2] / "templates" / "feedback"
REPORT = [TEMPLATES / name for name in ("_ratios.html", "_mix.html")]
PROGRESS = [TEMPLATES / name for name in ("_progress_totals.html", "_progress_mix.html", "_share_tile.html")]


def words(pages: list[Path]) -> str:
    return " ".join(page.read_text() for page in pages)


@pytest.mark.parametrize("name", ["Discouraged by guideline", "In keeping with the method", "likely range"])
def test_the_report_and_the_progress_say_the_same(name):
    assert name in words(REPORT) and name in words(PROGRESS)


def test_neither_uses_another_name():
    other = r"Discouraged by the method|95 % (?!interval\))|an interval:|No interval"
    assert not re.search(other, words(REPORT) + words(PROGRESS))
