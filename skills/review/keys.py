"""The key of each technique on the tagging page. Not in use for one: j, k, n, u, ?, [ ] { }."""

from __future__ import annotations

KEYS = {
    "open_question": "o",
    "closed_question": "c",
    "reflection_simple": "r",
    "reflection_complex": "x",
    "affirm": "a",
    "emphasize_autonomy": "m",
    "seek_collaboration": "b",
    "persuade_with_permission": "p",
    "support": "s",
    "give_information": "i",
    "self_disclosure": "d",
    "grounding": "g",
    "introduction_greeting": "h",
    "conclusion": "e",
    "chit_chat": "t",
    "other": "z",
    "advise_without_permission": "v",
    "direct": "l",
    "confront": "y",
    "warn": "w",
    "inappropriate": "q",
}
