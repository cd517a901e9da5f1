"""A server-sent event gives back, by the format's own rules, the HTML that was put in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peersupport.practice.events import sse_frame


def received(frame: str) -> tuple[str, str, str]:
    """(id, event, data) as browsers read them: lines end at CR LF, CR or LF, an empty one ends the event."""
    lines = re.split(r"\r\n|\r|\n", frame)
    assert lines[-2:] == ["", ""] and "" not in lines[:-2], "one event and no more"
    fields = [line.partition(":")[::2] for line in lines[:-2]]
    assert {name for name, _ in fields} == {"id", "event", "data"}
    data = "\n".join(value.removeprefix(" ") for name, value in fields if name == "data")
    return dict(fields)["id"].strip(), dict(fields)["event"].strip(), data


SAID = ["<p>a\n\nb</p>", "\n\n<p>a</p>\n", "a\u2028b\u2029c", "a\u0085b", "a\x0cb\x0bc\x1cd", "  a\n   \n b"]


@pytest.mark.parametrize("html", SAID)
def test_paragraphs_and_unusual_line_ends_come_through(html):
    assert received(sse_frame(3, html)) == ("3", "fragments", html)


@given(st.text(st.sampled_from("ab :\n\r\u2028\u0085\x0c")))
def test_whatever_was_written_comes_through(html):
    assert received(sse_frame(7, html))[2] == re.sub(r"\r\n?", "\n", html)
