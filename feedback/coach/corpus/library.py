"""The word lists as they lie in the TOML files, read once."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from feedback.coach.corpus.grammar import Noun

HERE = Path(__file__).parent
TECHNIQUES = (
    "reflection_simple",
    "reflection_complex",
    "open_question",
    "affirm",
    "support",
    "emphasize_autonomy",
    "seek_collaboration",
)
CLAUSES = ("happened", "happens", "tried", "want", "choice", "think")


@dataclass(frozen=True)
class Topic:
    """`who` and `what` are noun phrases; `clauses` holds templates in the first person by kind."""

    name: str
    who: tuple[Noun, ...]
    what: tuple[Noun, ...]
    clauses: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Register:
    """One way to write a message: templates for each part of it."""

    name: str
    parts: dict[str, tuple[str, ...]]


@cache
def topics(*, heldout: bool = False) -> tuple[Topic, ...]:
    paths = [HERE / "heldout" / "topics.toml"] if heldout else sorted((HERE / "topics").glob("*.toml"))
    return tuple(
        Topic(
            name,
            tuple(Noun.read(entry) for entry in table["who"]),
            tuple(Noun.read(entry) for entry in table["what"]),
            {kind: tuple(table[kind]) for kind in CLAUSES},
        )
        for path in paths
        for name, table in read(path).items()
    )


@cache
def registers(*, heldout: bool = False) -> tuple[Register, ...]:
    path = HERE / "heldout" / "messages.toml" if heldout else HERE / "messages.toml"
    return tuple(
        Register(name, {part: tuple(lines) for part, lines in table.items()})
        for name, table in read(path).items()
    )


@cache
def replies(technique: str) -> tuple[str, ...]:
    return tuple(read(HERE / "replies" / f"{technique}.toml")["lines"])


@cache
def feelings(*, heldout: bool = False) -> tuple[str, ...]:
    return tuple(read(HERE / "feelings.toml")["heldout" if heldout else "plain"])


@cache
def strengtheners() -> tuple[str, ...]:
    return tuple(read(HERE / "feelings.toml")["before"])


@cache
def volunteer_lines() -> tuple[str, ...]:
    return tuple(read(HERE / "volunteer.toml")["lines"])


@cache
def small_talk() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(before, after): sentences around a message that say nothing a reply would take up."""
    table = read(HERE / "small_talk.toml")
    return tuple(table["before"]), tuple(table["after"])


@cache
def dialogues() -> tuple[tuple[str, str, str, str], ...]:
    """Handwritten exchanges: (technique, seeker, volunteer, reply)."""
    return tuple(tuple(entry) for entry in read(HERE / "dialogues.toml")["exchanges"])


@cache
def spare_nouns() -> tuple[tuple[Noun, ...], tuple[Noun, ...]]:
    """(people, things) of no topic: they stand in so that no noun can be guessed from its topic."""
    table = read(HERE / "nouns.toml")
    return tuple(tuple(Noun.read(entry) for entry in table[kind]) for kind in ("who", "what"))  # type: ignore[return-value]


def read(path: Path) -> dict[str, Any]:
    """One of the word lists as it lies there."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def corpus_version() -> str:
    """Changes whenever a training exchange may; the held-out folder has no part in it."""
    digest = hashlib.sha256()
    for path in sorted([*HERE.glob("*.py"), *HERE.glob("*.toml"), *HERE.glob("[tr]*/*.toml")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"corpus-{digest.hexdigest()[:8]}"
