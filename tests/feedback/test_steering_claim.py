"""The page of the claim is the one that its command writes now."""

from __future__ import annotations

import re

from bench.steering import claim


def test_the_page_begins_as_the_command_writes_it():
    assert claim.PAGE.read_text(encoding="utf-8").startswith(claim.HEAD)


def test_every_behaviour_of_the_page_has_its_report():
    page = claim.PAGE.read_text(encoding="utf-8")
    reports = claim.PAGE.parent / "steering"
    banks, ours = page.split("## Pairs in the model's own language")
    for prefix, part in (("", banks), ("grammar-", ours)):
        rows = re.findall(r"^\| (\w+) \| \d.* \| (.+) \|$", part, flags=re.M)
        assert len(rows) >= 4
        for behaviour, dial in rows:
            verdict = (reports / f"{prefix}{behaviour}.html").read_text(encoding="utf-8")
            assert ("No dial: " in verdict) == (not dial.startswith("0 to ")), behaviour
