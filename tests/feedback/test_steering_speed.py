"""The page of what steering costs: of the figures that were kept, against the design's bar."""

from __future__ import annotations

from bench.steering import __main__ as command
from bench.steering.page import Row, stored


def row(cache: str, ratio: float, name: str = "ours") -> Row:
    return Row(name, cache, 1, 1, 100.0, (ratio - 0.01, ratio, ratio + 0.01), 1.0)


def test_the_bar_is_the_same_for_every_cache():
    assert [row(cache, 0.979).missed for cache in ("eager", "static", "compiled")] == [True] * 3
    assert [row(cache, 0.98).missed for cache in ("eager", "static", "compiled")] == [False] * 3
    assert not row("eager", 0.5, name="repeng").missed  # a peer is only shown


def test_the_page_is_that_of_the_figures_kept():
    text = command.PAGE.read_text(encoding="utf-8")
    assert text == stored(command.FIGURES)
    missed = text.count("0.98, missed |")
    assert f"{missed} of 15 are below it." in text
