"""The form of an own scenario: its fields, and the table that the seeker's engine reads.

A body is {field: text} with numbers as texts of 0 to 100; lines stand one to a row, answers as
"question / question | answer". Nothing here fails on odd input: what is wrong is for `lint` to say.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from peersupport.seeker import LAYER_WORDS, STYLE_WORDS, TOPICS
from peersupport.seeker.spelling import TYPINGS

MOST_CHARACTERS = 12_000  # of one field
MOST_ROWS = 60  # lines of one field
TEXTS = (
    "title",
    "name",
    "topic",
    "difficulty",
    "style",
    "typing",
    "content_warning",
    "persona",
    "opening",
    "facts",
)
STATES = ("openness", "trust", "distress", "resistance")
GATES = ("gate1", "gate2", "gate3")
GATE_TRUST = 0.02  # trust opens a layer this much below openness, as in the shipped scenarios
DEFAULTS = {
    "topic": "work", "difficulty": "1", "style": "plain", "typing": "standard",
    "openness": "25", "trust": "30", "distress": "60", "resistance": "30",
    "gate1": "36", "gate2": "52", "gate3": "66",
}  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """A field of lines. `asked`: each row begins with what it answers."""

    kind: str
    layer: int
    name: str | Promise
    asked: bool = False

    @property
    def field(self) -> str:
        return f"{self.kind}-{self.layer}"


_LAYERED = (
    ("disclose", _("Opens this layer with"), False),
    ("tell", _("Goes on without being asked"), False),
    ("reflect", _("Answers a reflection"), False),
    ("answer", _("Answers a question"), True),
)
LAYERS: tuple[tuple[int, str, tuple[Rows, ...]], ...] = tuple(
    (
        layer,
        words,
        tuple(
            Rows(kind, layer, name, asked) for kind, name, asked in _LAYERED if layer or kind != "disclose"
        ),
    )
    for layer, words in enumerate(LAYER_WORDS)
)
PASSING = (
    Rows("greeting", 0, _("Answers a hello")),
    Rows("advice", 0, _("Answers advice nobody asked for")),
    Rows("permitted", 0, _("Answers a suggestion offered with permission")),
    Rows("pushback", 0, _("Answers being argued with, ordered or hurt")),
    Rows("thanks", 0, _("Answers praise or support")),
    Rows("choice", 0, _("Answers being given the choice")),
    Rows("aside", 0, _("Answers small talk")),
    Rows("tired", 0, _("Answers one narrow question too many")),
    Rows("silence", 0, _("Notices an empty message")),
    Rows("closing", 0, _("Says goodbye")),
    Rows("safety", 0, _("Answers being asked about suicide or harm")),
)
ROWS = tuple(rows for _layer, _words, group in LAYERS for rows in group) + PASSING
FIELDS = (*TEXTS, "risk", *STATES, *GATES, *(rows.field for rows in ROWS))
CHOICES = {
    "topic": TOPICS,
    "style": STYLE_WORDS,
    "difficulty": {"1": _("easy"), "2": _("middling"), "3": _("hard")},
    "typing": {
        "standard": _("as most people do"), "full": _("without contractions"),
        "lower": _("in small letters"), "bare": _("in small letters, without apostrophes"),
    },
}  # fmt: skip
assert set(CHOICES["typing"]) == set(TYPINGS)


def read(post: QueryDict | Mapping[str, str]) -> dict[str, str]:
    """A body out of a posted form, cut to what is kept."""
    found = {}
    for name in FIELDS:
        text = post.get(name, DEFAULTS.get(name, "")).replace("\r\n", "\n").replace("\0", "")
        found[name] = text.encode("utf-8", "replace").decode().strip()[:MOST_CHARACTERS]
    return found


def lines_of(body: Mapping[str, str], rows: Rows) -> list[tuple[tuple[str, ...], str]]:
    """[(questions, text)] of a field, empty rows left out."""
    found = []
    for row in body.get(rows.field, "").split("\n"):
        asked, bar, text = row.partition("|") if rows.asked else ("", "", row)
        if not bar:
            asked, text = "", row
        questions = tuple(" ".join(part.split()) for part in asked.split("/") if part.strip())
        if text.strip():
            found.append((questions, " ".join(text.split())))
    return found


def number(body: Mapping[str, str], name: str) -> int | None:
    """0 to 100, or None where the field holds anything else."""
    text = body.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 and int(text) <= 100 else None


def table_of(body: Mapping[str, str], *, version: str) -> dict[str, Any]:
    """The table that `seeker.compose_scenario` reads; numbers that are none become 0."""
    lines: dict[str, dict[str, dict[str, Any]]] = {}
    for rows in ROWS:
        for place, (questions, text) in enumerate(lines_of(body, rows)[:MOST_ROWS]):
            group = lines.setdefault(rows.kind, {}).setdefault(str(rows.layer), {})
            group[f"{rows.kind}{rows.layer}_{place}"] = {"text": text, "cues": list(questions)}
    gates = [(number(body, name) or 0) / 100 for name in GATES]
    facts = [row.strip() for row in body.get("facts", "").split("\n") if row.strip()]
    return {
        "version": version,
        **{name: body.get(name, "") for name in ("title", "name", "topic", "style", "typing")},
        "difficulty": int(body["difficulty"]) if body.get("difficulty") in ("1", "2", "3") else 0,
        **{name: " ".join(body.get(name, "").split()) for name in ("content_warning", "persona", "opening")},
        "facts": facts or [body.get("persona") or "-"],
        "risk": body.get("risk") == "1",
        "start": {name: (number(body, name) or 0) / 100 for name in STATES},
        "layers": [[gate, round(max(0.0, gate - GATE_TRUST), 2)] for gate in gates],
        "lines": lines,
    }
