"""What counts as noticed: a test that fails, or a hang, where the tests pass without the mutant."""

from __future__ import annotations

import ast

import pytest

from bench import mutants
from bench.app import ROOT
from bench.mutants import BROKE, NOTICED, SURVIVED, TESTS, Mutant
from bench.promises import p28_mutants

MUTANTS = [Mutant("skills/packing.py", line, "x", "") for line in range(5)]


@pytest.fixture
def codes(monkeypatch):
    """Exit codes by line of the mutant; 0 is the line of the unchanged file."""
    codes: dict[int, int | None] = {0: 0}
    monkeypatch.setattr(mutants, "run_tests", lambda mutant: codes[mutant.line])
    return codes


def test_only_a_failed_test_or_a_hang_is_noticed(codes):
    codes |= {1: 1, 2: None, 3: 2, 4: 4}
    found = mutants.try_all(MUTANTS)
    assert [one.outcome for one in found] == [SURVIVED, NOTICED, NOTICED, BROKE, BROKE]
    assert [one.timed_out for one in found] == [False, False, True, False, False]


@pytest.mark.parametrize("code", [1, 2, 5, None])
def test_tests_that_are_red_without_a_mutant_end_the_run(codes, code):
    codes[0] = code
    with pytest.raises(RuntimeError, match=r"say nothing: skills/packing\.py"):
        mutants.try_all(MUTANTS[1:])


def test_a_module_without_tests_ends_the_run(codes):
    codes[1] = 5
    with pytest.raises(RuntimeError, match=r"no tests for skills/packing\.py"):
        mutants.try_all(MUTANTS[1:2])


def test_the_unchanged_file_is_the_same_program():
    for path in TESTS:
        there = ast.dump(ast.parse((ROOT / path).read_text()))
        assert ast.dump(ast.parse(mutants.unchanged(path).source)) == there


def test_the_figures_count_what_was_tried(monkeypatch, codes):
    codes |= {1: 1, 2: None, 3: 2, 4: 4}
    monkeypatch.setattr(p28_mutants, "sample", lambda count, seed: MUTANTS[1:])
    figures = {figure.name: figure.value for figure in p28_mutants.measure(None, 9)}
    assert figures == {
        "mutants tried": 4,
        "modules they are in": 1,
        "of the mutants noticed": 50,
        "of these by running out of time alone": 1,
        "broke before a test ran, and so not noticed": 2,
    }
    assert f"{len(TESTS)} modules" in p28_mutants.TITLE
