"""A table that becomes cards on a narrow page names its cells by the heads of their columns."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

START = '<table class="as-cards">'
FILES = [
    path
    for path in sorted((settings.BASE_DIR / "templates").rglob("*.html"))
    if START in path.read_text(encoding="utf-8")
]


def translated(text: str) -> set[str]:
    return set(re.findall(r"translate [\"'](.+?)[\"'] %", text)) | set(
        re.findall(r"blocktranslate[^%]*%}(.+?){%", text)
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_cells_carry_the_heads_of_their_columns(path):
    head, body = path.read_text(encoding="utf-8").split(START)[1].split("</table>")[0].split("</thead>")
    labels = re.findall(r'data-label="((?:{%.*?%}|[^"{])*)"', body)
    assert labels and body.count("<td") - len(labels) <= 1  # a cell of steps needs no name
    for label in labels:
        assert translated(label) and translated(label) <= translated(head), label


def test_there_are_such_tables():
    assert {path.stem for path in FILES} >= {"chats", "_cohort_people", "studies", "study_step"}
