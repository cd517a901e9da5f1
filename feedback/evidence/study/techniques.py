"""The ten techniques of the study in two families, and how leaf codes roll up to them."""

from __future__ import annotations

from collections.abc import Mapping

from skills.taxonomy import EMPATHY, TECHNIQUES

PREFIX = "technique:"
# The study's technique -> (its name in the published table, the leaf codes that it adds up).
MI = {
    "question": ("Question", ("open_question", "closed_question")),
    "reflection": ("Reflection", ("reflection_simple", "reflection_complex")),
    "affirm": ("Affirm", ("affirm",)),
    "emphasize_autonomy": ("Emphasizing Autonomy", ("emphasize_autonomy",)),
    "seek_collaboration": ("Seeking Collaboration", ("seek_collaboration",)),
    "persuade_with_permission": ("Persuade with Permission", ("persuade_with_permission",)),
    "give_information": ("Giving Information", ("give_information",)),
}
EMPATHIC = {
    "emotional_reactions": ("Emotional Reactions", ("emotional_reactions",)),
    "interpretations": ("Interpretations", ("interpretations",)),
    "explorations": ("Exploration", ("explorations",)),
}
FAMILIES = {"mi": MI, "empathy": EMPATHIC}
ALL = {**MI, **EMPATHIC}
_ROLLED = {leaf: name for name, (_, leaves) in ALL.items() for leaf in leaves} | {name: name for name in ALL}
KNOWN_LEAVES = frozenset(TECHNIQUES) | frozenset(EMPATHY) | frozenset(ALL)


def rolled(leaf: str) -> str | None:
    """The technique of the study that a leaf code counts toward; None where it has none."""
    return _ROLLED.get(leaf)


def name_of(technique: str) -> str:
    return ALL[technique][0]


def leaves_of(technique: str) -> tuple[str, ...]:
    return ALL[technique][1]


def recognised(
    technique: str, f1: Mapping[str, float], counted: Mapping[str, list[str]] | None = None
) -> tuple[float | None, list[str]]:
    """(the lowest F1 of the codes that the technique was counted from, the codes that have none): while one
    has none, nothing is known. `counted` is that of a result; without it, all codes of the technique."""
    codes = (counted or {}).get(technique) or leaves_of(technique)
    unknown = [code for code in codes if code not in f1]
    return (None if unknown else min(f1[code] for code in codes)), unknown
