"""docs/asvs.md is complete and points at tests and files that exist."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
# Of level 3 we hold ourselves to these.
LEVEL_3 = {"1.2.10": 3, "8.3.2": 3, "8.3.3": 3, "14.2.7": 3}
STATUSES = {"kept", "partly", "not"}

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if re.match(r"\| \d", line)
]
OUT = [re.match(r"n/a: ([\d., ]+) \((.+)\)$", line) for line in PAGE.splitlines() if line.startswith("n/a")]


def standard() -> dict[str, int]:
    lines = (ROOT / "tests" / "data" / "asvs-5.0.0.txt").read_text().splitlines()
    return {number: int(level) for number, level in (line.split() for line in lines if line[0] != "#")}


def left_out() -> list[str]:
    return [number.strip() for found in OUT for number in found[1].split(",")]


def test_the_list_is_that_of_the_standard():
    assert Counter(standard().values()) == {1: 70, 2: 183}


def test_every_requirement_stands_on_the_page_once():
    wanted = standard() | LEVEL_3
    found = Counter([row[0] for row in ROWS] + left_out())
    assert set(wanted) - set(found) == set()
    assert set(found) - set(wanted) == set()
    assert [number for number, times in found.items() if times > 1] == []


def test_rows_name_level_status_and_reason():
    wanted = standard() | LEVEL_3
    for number, level, status, short, shown in ROWS:
        assert int(level) == wanted[number], number
        assert status in STATUSES, number
        assert len(short) > 5, number
        assert bool(shown) == (status != "not"), f"{number}: {status} needs something that shows it"


def test_requirements_stand_under_their_chapter():
    chapter = ""
    for line in PAGE.splitlines():
        if heading := re.match(r"## (\d+) ", line):
            chapter = heading[1]
        elif re.match(r"\| \d", line):
            assert line.split("|")[1].strip().split(".")[0] == chapter, line
        elif line.startswith("n/a"):
            assert {number.split(".")[0] for number in re.findall(r"\d+\.\d+\.\d+", line)} == {chapter}


def test_what_is_named_exists():
    wrong = []
    for number, *_, shown in ROWS:
        for name in re.findall(r"`([^`]+)`", shown):
            path, _, test = name.partition("::")
            file = ROOT / "tests" / path if test else ROOT / path
            if not file.exists() or (test and test not in _functions(file)):
                wrong.append(f"{number}: {name}")
    assert wrong == []


def _functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def test_all_that_is_left_out_has_a_reason():
    assert all(found and len(found[2]) > 5 for found in OUT)
