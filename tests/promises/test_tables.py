"""The other measured pages: what they are made of, and that a missed limit ends a measurement with 1."""

from __future__ import annotations

import json

import pytest

from bench import exports
from bench.app import ROOT
from bench.load import page


def test_the_page_of_loads_is_made_of_its_rows_and_names_their_arguments():
    found = json.loads((ROOT / "docs" / "load.json").read_text())
    said = (ROOT / "docs" / "load.md").read_text()
    assert said == page.page(found["machine"], found["rows"])
    for row in found["rows"]:
        assert page.arguments(row).endswith(f"--seconds {row['seconds']:g} --think {row['think']:g}")
        assert f'make load ARGS="{page.arguments(row)}"' in said
    new = {**found["rows"][0], "seed": 3, "set": [["WEB_PROCESSES", "2"]]}
    assert page.arguments(new).endswith("--seed 3 --set WEB_PROCESSES=2")


@pytest.mark.parametrize(
    ("peak", "equal", "code"), [(50, True, 0), (exports.LIMIT_MIB + 1, True, 1), (50, False, 1)]
)
def test_a_broken_export_ends_with_1(peak, equal, code):
    found = {"rows": 10, "seconds": 1, "worked": 1, "peak_mib": peak, "size_mib": 1.0}
    kept = peak <= exports.LIMIT_MIB and equal
    line = exports._line("csv", found, "equal" if equal else "DIFFERENT", kept)
    assert exports.exit_code([line]) == code


def test_a_missed_comparison_ends_with_1():
    ours, theirs = {"rows": 10, "seconds": 1, "worked": 1}, {"rows": 10, "seconds": 5, "worked": 5}
    assert exports.exit_code([exports._times(ours, theirs)]) == 0
    assert exports.exit_code([exports._times(ours, {**theirs, "worked": 4})]) == 1
