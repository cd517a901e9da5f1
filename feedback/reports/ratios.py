"""Summary figures of a chat in the terms of MITI 4.2.1, with n and 95 % intervals.

A message is one volley: it counts at most once per behaviour, and a message with both kinds of
reflection counts as one complex reflection (MITI 4.2.1, behaviour counts). MITI publishes fair and
good marks for the ratio of reflections to questions and for the share of complex reflections only;
adherent and non-adherent counts and the share of open questions carry none. Globals are a trainer's
ratings and are never computed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedback.coach.turns import Turn, counselor_turns
from feedback.intervals import wilson
from skills.taxonomy import CODES, MI_ADHERENT, MI_NON_ADHERENT, QUESTIONS, REFLECTIONS

MIN_MESSAGES = 10  # counselor messages below which no mark is given
MIN_REFLECTIONS = 5  # reflections below which the share of complex ones gets no mark
RATIO_MARKS = (1.0, 2.0)  # MITI 4: fair, good
COMPLEX_MARKS = (0.40, 0.50)


@dataclass(frozen=True)
class Counts:
    """How many counselor messages carry each behaviour; `messages` is how many were tagged."""

    messages: int
    reflections: int
    complex_reflections: int
    questions: int
    open_questions: int
    adherent: int
    non_adherent: int
    by_code: dict[str, int]


def count(turns: Sequence[Turn]) -> Counts:
    """Behaviour counts of a chat, in counselor messages: one that carries a behaviour counts once for it,
    however often it does (MITI 4.2.1, behaviour counts). Messages without tags, and those that may be about
    the counselor themselves, count nowhere; codes outside the taxonomy are passed over. All 0 without any.
    """
    tagged = counselor_turns(turns)
    by_code: Counter[str] = Counter()
    for turn in tagged:
        by_code.update(set(turn.tags.present) & set(CODES))
    return Counts(
        messages=len(tagged),
        reflections=sum(turn.has(*REFLECTIONS) for turn in tagged),
        complex_reflections=by_code["reflection_complex"],
        questions=sum(turn.has(*QUESTIONS) for turn in tagged),
        open_questions=by_code["open_question"],
        adherent=sum(by_code[code] for code in MI_ADHERENT),
        non_adherent=sum(by_code[code] for code in MI_NON_ADHERENT),
        by_code=dict(by_code),
    )


def ratios(turns: Sequence[Turn]) -> dict[str, Any]:
    """JSON-able summary of a chat.

    {"n_messages", "enough", "note",
     "reflections_to_questions": {"value"|None, "reflections", "questions", "mark", "marks", "text"},
     "complex_reflections" and "open_questions": {"value"|None, "count", "n", "ci", "mark", "marks", "text"},
     "mi_adherent" and "mi_non_adherent": {"count", "n_messages", "per_code", "text"},
     "mix": [{"code", "count", "n", "share", "ci"}, most frequent first]}
    `mark` is "good", "fair", "below_fair", "not_enough_data" or None where MITI has no mark.
    """
    counts = count(turns)
    enough = counts.messages >= MIN_MESSAGES
    return {
        "n_messages": counts.messages,
        "enough": enough,
        "note": "" if enough else _short_note(counts.messages),
        "reflections_to_questions": _ratio(counts, enough),
        "complex_reflections": _complex(counts, enough),
        "open_questions": _share(
            counts.open_questions, counts.questions, "of the messages with a question held an open one"
        ),
        "mi_adherent": _total(counts, MI_ADHERENT, counts.adherent),
        "mi_non_adherent": _total(counts, MI_NON_ADHERENT, counts.non_adherent),
        "mix": [
            {
                "code": code,
                "count": n,
                "n": counts.messages,
                "share": n / counts.messages,
                "ci": wilson(n, counts.messages),
            }
            for code, n in sorted(counts.by_code.items(), key=lambda item: (-item[1], CODES.index(item[0])))
        ],
    }


def _short_note(n: int) -> str:
    return (
        f"Not enough data for marks: {n} tagged message{'' if n == 1 else 's'} of the counselor, "
        f"at least {MIN_MESSAGES} are needed."
    )


def _mark(value: float, marks: tuple[float, float], enough: bool) -> str:
    if not enough:
        return "not_enough_data"
    fair, good = marks
    return "good" if value >= good else "fair" if value >= fair else "below_fair"


def _ratio(counts: Counts, enough: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "value": None,
        "reflections": counts.reflections,
        "questions": counts.questions,
        "mark": None,
        "marks": {"fair": RATIO_MARKS[0], "good": RATIO_MARKS[1]},
    }
    if counts.questions == 0:
        noun = "reflection" if counts.reflections == 1 else "reflections"
        result["text"] = f"Undefined: {counts.reflections} {noun} and no questions."
        return result
    value = counts.reflections / counts.questions
    result["value"] = round(value, 4)
    result["mark"] = _mark(value, RATIO_MARKS, enough)
    result["text"] = (
        f"{value:.1f} to 1 ({counts.reflections} {'message' if counts.reflections == 1 else 'messages'} "
        f"with a reflection, {counts.questions} with a question)."
    )
    return result


def _share(count_: int, n: int, of_what: str) -> dict[str, Any]:
    return {
        "value": round(count_ / n, 4) if n else None,
        "count": count_,
        "n": n,
        "ci": wilson(count_, n),
        "mark": None,
        "marks": None,
        "text": f"{count_ / n:.0%} ({count_} of {n}) {of_what}." if n else "Undefined: there were none.",
    }


def _complex(counts: Counts, enough: bool) -> dict[str, Any]:
    result = _share(counts.complex_reflections, counts.reflections, "of the reflections were complex")
    result["marks"] = {"fair": COMPLEX_MARKS[0], "good": COMPLEX_MARKS[1]}
    if counts.reflections:
        enough = enough and counts.reflections >= MIN_REFLECTIONS
        result["mark"] = _mark(counts.complex_reflections / counts.reflections, COMPLEX_MARKS, enough)
    return result


def _total(counts: Counts, codes: frozenset[str], total: int) -> dict[str, Any]:
    per_code = {code: counts.by_code[code] for code in CODES if code in codes and code in counts.by_code}
    return {
        "count": total,
        "n_messages": counts.messages,
        "per_code": per_code,
        "text": (
            f"{total} in {counts.messages} message{'' if counts.messages == 1 else 's'}; "
            "MITI sets no mark for this count."
        ),
    }
