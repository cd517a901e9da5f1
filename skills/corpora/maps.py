"""How each corpus' labels map into the taxonomy.

One code is an exact (or near-exact) label. Several codes are lossy: at least one of them is present, and
which one is unknown. `READOUTS` says which codes stand for a label when a corpus' own task is scored: the
label whose codes hold the highest probability is read off.
"""

from __future__ import annotations

QUESTIONS = ("open_question", "closed_question")
REFLECTIONS = ("reflection_simple", "reflection_complex")
ADVICE = ("advise_without_permission", "persuade_with_permission", "direct")

ANNOMI: dict[str, tuple[str, ...]] = {
    "question:open": ("open_question",),
    "question:closed": ("closed_question",),
    "reflection:simple": ("reflection_simple",),
    "reflection:complex": ("reflection_complex",),
    "therapist_input:information": ("give_information",),
    "therapist_input:advice": ("persuade_with_permission", "advise_without_permission"),
    "therapist_input:negotiation": ("seek_collaboration", "persuade_with_permission"),
    "therapist_input:options": ("persuade_with_permission", "give_information"),
    "other": (
        "grounding",
        "introduction_greeting",
        "conclusion",
        "affirm",
        "support",
        "chit_chat",
        "self_disclosure",
        "other",
    ),
}

MI_GROUPS: dict[str, tuple[str, ...]] = {
    "R": REFLECTIONS,
    "C": ("closed_question",),
    "O": ("open_question",),
    "A": ("affirm",),
    "ETC": (
        "give_information",
        "persuade_with_permission",
        "emphasize_autonomy",
        "support",
        "advise_without_permission",
        "confront",
        "direct",
        "warn",
        "self_disclosure",
        "introduction_greeting",
        "conclusion",
        "grounding",
        "chit_chat",
        "other",
    ),
}

ESCONV: dict[str, tuple[str, ...]] = {
    "Question": QUESTIONS,
    "Restatement or Paraphrasing": REFLECTIONS,
    "Reflection of feelings": REFLECTIONS,
    "Self-disclosure": ("self_disclosure",),
    "Affirmation and Reassurance": ("affirm", "support"),
    "Providing Suggestions": ADVICE,
    "Information": ("give_information",),
    "Others": ("introduction_greeting", "conclusion", "grounding", "chit_chat", "support", "other"),
}

EMPATHETIC: dict[str, tuple[str, ...]] = {
    "questioning": QUESTIONS,
    "acknowledging": (*REFLECTIONS, "support"),
    "agreeing": ("grounding", "support"),
    "consoling": ("support",),
    "encouraging": ("affirm", "support"),
    "sympathizing": ("support",),
    "suggesting": ADVICE,
    "advising": ("advise_without_permission", "direct"),
    "wishing": ("conclusion", "support"),
    "sharing_experience": ("self_disclosure",),
    "appreciating": ("affirm",),
    "expressing_care_concern": ("support",),
    "expressing_relief": ("support",),
    "disapproving": ("confront",),
    "sharing_opinions": ("other", "self_disclosure"),
}

PHYSICAL_ACTIVITY: dict[str, tuple[str, ...]] = {
    "Greeting": ("introduction_greeting",),
    "Goodbye": ("conclusion",),
    "Approve/Encourage": ("affirm",),
    "Agree": ("grounding",),
    "Off-task": ("chit_chat",),
    "Give-GenInfo": ("give_information",),
    "Give-Opinion": ("advise_without_permission", "persuade_with_permission"),
    "Ask-PerInfo": QUESTIONS,
    "Ask-Opinion": QUESTIONS,
    "Orient": ("other",),
    "Check-Understanding": ("closed_question",),
}

# AutoMISC, an LLM's coding by the MISC (Mahmood et al. 2025): measured on, never learnt from.
MIBOT: dict[str, tuple[str, ...]] = {
    "R": REFLECTIONS,
    "Q": QUESTIONS,
    "MICO": ("affirm", "support", "emphasize_autonomy", "seek_collaboration", "persuade_with_permission"),
    "MIIN": ("advise_without_permission", "direct", "confront", "warn", "inappropriate"),
    "Other": (
        "give_information",
        "self_disclosure",
        "grounding",
        "introduction_greeting",
        "conclusion",
        "chit_chat",
        "other",
    ),
}

READOUTS: dict[str, dict[str, tuple[str, ...]]] = {
    "annomi": {
        "reflection": REFLECTIONS,
        "question": QUESTIONS,
        "therapist_input": (
            "give_information",
            "persuade_with_permission",
            "advise_without_permission",
            "seek_collaboration",
        ),
        "other": ANNOMI["other"],
    },
    "mi_dataset": MI_GROUPS,
    "esconv": {
        "Question": QUESTIONS,
        "Reflection": REFLECTIONS,
        "Self-disclosure": ("self_disclosure",),
        "Affirmation and Reassurance": ESCONV["Affirmation and Reassurance"],
        "Providing Suggestions": ADVICE,
        "Information": ("give_information",),
        "Others": ESCONV["Others"],
    },
    "mibot": MIBOT,
}
