"""The authored alternatives: one TOML file per technique, one table per topic family.

    technique = "reflection_simple"
    [work]
    lines = ["fits any message of the topic", ...]
    [[work.when]]
    words = ["boss", "manager"]
    text = "shown only where the seeker used one of the words"

Lines of "general" serve chats whose topic is not known.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "alternatives"
GENERAL = "general"
TOPICS = (
    "work", "study", "family", "relationships", "loneliness", "grief", "health", "low_mood",
    "money", "alcohol", "parenthood", "ageing", "self_harm", "identity", GENERAL,
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """`words` is empty for a line that fits any message of its topic; else the seeker must have said one."""

    technique: str
    topic: str
    text: str
    words: tuple[str, ...] = ()

    def fits(self, seeker: str) -> bool:
        if not self.words:
            return True
        return any(re.search(rf"\b{re.escape(word)}", seeker, re.IGNORECASE) for word in self.words)


@cache
def techniques() -> tuple[str, ...]:
    """The techniques that have authored alternatives."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def lines(technique: str, topic: str) -> tuple[Line, ...]:
    """The lines of a technique for a topic; a topic outside the list gets the general ones.

    Raises KeyError for a technique that has no file.
    """
    if technique not in techniques():
        raise KeyError(technique)
    tables = tomllib.loads((FOLDER / f"{technique}.toml").read_text(encoding="utf-8"))
    table = tables[topic if topic in TOPICS else GENERAL]
    plain = tuple(Line(technique, topic, text) for text in table["lines"])
    return plain + tuple(
        Line(technique, topic, entry["text"], tuple(entry["words"])) for entry in table.get("when", ())
    )


@cache
def bank_version() -> str:
    """Changes whenever any authored line does."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.glob("*.toml")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return f"alternatives-{digest.hexdigest()[:8]}"
