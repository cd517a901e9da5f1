from __future__ import annotations

import ast
import sys
from pathlib import Path

from skills import taxonomy
from skills.taxonomy import (
    CODES,
    EMPATHY,
    MI_ADHERENT,
    MI_NON_ADHERENT,
    QUESTIONS,
    REFLECTIONS,
    TECHNIQUES,
)

EXPECTED_CODES = [
    "open_question",
    "closed_question",
    "reflection_simple",
    "reflection_complex",
    "affirm",
    "emphasize_autonomy",
    "seek_collaboration",
    "persuade_with_permission",
    "support",
    "give_information",
    "self_disclosure",
    "grounding",
    "introduction_greeting",
    "conclusion",
    "chit_chat",
    "other",
    "advise_without_permission",
    "direct",
    "confront",
    "warn",
    "inappropriate",
]

SHAH17 = {
    "Reflection", "Open Question", "Closed Question", "Affirm", "Emphasizing Autonomy",
    "Seeking Collaboration/Permission", "Persuade", "Support", "Giving Information",
    "Personal Disclosure", "Grounding", "Introduction/Greeting", "Conclusion", "Chit-Chat", "Other",
    "Direct", "Inappropriate",
}  # fmt: skip

YANG7 = {
    "open_question": "Question",
    "closed_question": "Question",
    "reflection_simple": "Reflection",
    "reflection_complex": "Reflection",
    "affirm": "Affirm",
    "give_information": "Giving Information",
    "seek_collaboration": "Seeking Collaboration",
    "emphasize_autonomy": "Emphasizing Autonomy",
    "persuade_with_permission": "Persuade with Permission",
}

# The column `technique` of the published evidence table.
EVIDENCE_ROWS = {
    "Giving Information", "Persuade with Permission", "Question", "Reflection", "Affirm",
    "Seeking Collaboration", "Emphasizing Autonomy", "Emotional Reactions", "Exploration",
    "Interpretations", "Inappropriate", "Direct", "Support", "Personal Disclosure",
}  # fmt: skip


def test_all_codes_in_order():
    assert list(CODES) == EXPECTED_CODES
    assert list(TECHNIQUES) == EXPECTED_CODES
    assert all(technique.code == code for code, technique in TECHNIQUES.items())


def test_every_field_is_filled():
    for t in TECHNIQUES.values():
        assert t.name and t.definition.endswith(".")
        assert len(t.examples) == 2 and all(t.examples)


def test_names_definitions_and_examples_are_unique():
    techniques = TECHNIQUES.values()
    examples = [e.casefold() for t in (*techniques, *EMPATHY.values()) for e in t.examples]
    assert len(set(examples)) == len(examples)
    assert len({t.name for t in techniques}) == len(CODES)
    assert len({t.definition for t in techniques}) == len(CODES)


def test_families():
    sizes = dict.fromkeys(("mi_consistent", "neutral", "mi_inconsistent"), 0)
    for t in TECHNIQUES.values():
        sizes[t.family] += 1
    assert sizes == {"mi_consistent": 8, "neutral": 8, "mi_inconsistent": 5}


def test_rollup_to_seventeen_codes():
    assert {t.shah17 for t in TECHNIQUES.values()} - {None} == SHAH17
    without = {code for code, t in TECHNIQUES.items() if t.shah17 is None}
    assert without == {"advise_without_permission", "confront", "warn"}


def test_rollup_to_seven_codes():
    assert {code: t.yang7 for code, t in TECHNIQUES.items() if t.yang7} == YANG7


def test_evidence_keys_name_published_rows():
    assert {t.evidence_key for t in TECHNIQUES.values()} - {None} <= EVIDENCE_ROWS
    assert {head.evidence_key for head in EMPATHY.values()} <= EVIDENCE_ROWS
    # Every tested technique has a row, and it is the row of its seven-code roll-up.
    for t in TECHNIQUES.values():
        if t.yang7:
            assert t.evidence_key == t.yang7
    # The study's coefficient for persuading must not be lent to unasked advice.
    assert TECHNIQUES["advise_without_permission"].evidence_key is None


def test_miti_buckets():
    assert {"open_question", "closed_question"} == QUESTIONS
    assert {"reflection_simple", "reflection_complex"} == REFLECTIONS
    assert {"affirm", "emphasize_autonomy", "seek_collaboration"} == MI_ADHERENT
    assert {"advise_without_permission", "direct", "confront", "warn", "inappropriate"} == MI_NON_ADHERENT
    assert TECHNIQUES["persuade_with_permission"].miti == "neither"
    assert all(TECHNIQUES[code].family == "mi_inconsistent" for code in MI_NON_ADHERENT)


def test_empathy_heads():
    assert list(EMPATHY) == ["emotional_reactions", "interpretations", "explorations"]
    for code, head in EMPATHY.items():
        assert head.code == code
        assert len(set(head.levels)) == 3 and all(head.levels)
        assert len(head.examples) == 2


def test_imports_only_the_standard_library():
    tree = ast.parse(Path(taxonomy.__file__).read_text())
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [node.module] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names
