"""What promise 11 leaves out is named, exists, and is all that there is."""

from __future__ import annotations

import re

from bench.app import ROOT
from bench.promises.one_database import BESIDE, ONLY_ON, POSTGRESQL, SQLITE, node
from bench.promises.p11_both_databases import compared

SHARED, LISTED = ("tests/test_x.py::test_a", ""), (next(iter(ONLY_ON)), "")


def test_the_listed_tests_exist():
    for test in ONLY_ON:
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(), test
    for file in BESIDE:
        assert re.search(r"importorskip|pytest\.skip", (ROOT / file).read_text()), file


def test_no_other_file_skips_for_its_database():
    files = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        said = path.read_text()
        if re.search(r"skipif\(\s*connection\.vendor|if connection\.vendor[^\n]*\n\s+pytest\.skip", said):
            files.add(path.relative_to(ROOT).as_posix())
    assert files == {test.partition("::")[0] for test in ONLY_ON}


def test_names_of_cases_become_names_of_tests():
    assert node("tests.promises.test_one_database", "test_b[1-a.b]") == (
        "tests/promises/test_one_database.py::test_b"
    )
    assert node("", "tests.feedback.test_merging_mergekit") in BESIDE


def figures(sqlite: dict, postgres: dict) -> dict[str, float]:
    return {figure.name: figure.value for figure in compared(sqlite, postgres) if not figure.kept}


def test_a_listed_test_is_no_difference_and_another_is():
    here, there = ("passed", "skipped") if ONLY_ON[LISTED[0]] == SQLITE else ("skipped", "passed")
    assert ONLY_ON[LISTED[0]] in (SQLITE, POSTGRESQL)
    assert figures({SHARED: "passed", LISTED: here}, {SHARED: "passed", LISTED: there}) == {}
    assert figures({SHARED: "passed"}, {SHARED: "skipped"}) == {
        "tests with another verdict on the other": 1,
        "skipped": 1,
    }
    assert figures({LISTED: there}, {LISTED: here}) == {
        "of them not passed there, or not skipped on the other": 1
    }
    beside = (next(iter(BESIDE)), "")
    assert figures({beside: "skipped"}, {beside: "skipped"}) == {}
