"""What the terms and covariates of a study are called for readers; files keep the short names."""

from __future__ import annotations

from typing import Any

from feedback.evidence.study.techniques import ALL, name_of

_TERMS = {
    "const": "Mean score (intercept)",
    "treated": "At least one chat",
    "pre": "Starting score",
    "treated:pre": "Chat × starting score",
    "log_prior_chats": "Earlier chats (log)",
    "log_turns": "Length of the chats (log)",
    "log_turns:pre": "Length × starting score",
    "provider_age": "Provider's age",
    "provider_modules": "Provider's training modules",
    "provider_prior_chats": "Provider's earlier chats (log)",
    "repeat_contact": "Same provider again",
    "seeker_negative": "Seekers' negative words",
    "seeker_positive": "Seekers' positive words",
}
_COVARIATES = {
    "age": "age",
    "prior_chats": "earlier chats",
    "tenure_days": "days since joining",
    "active_days": "active days",
    "pre": "starting score",
    "turns": "length of the chats",
    "provider_age": "provider's age",
    "provider_modules": "provider's training modules",
    "provider_prior_chats": "provider's earlier chats",
    "repeat_contact": "same provider again",
    "seeker_negative": "seekers' negative words",
    "seeker_positive": "seekers' positive words",
}


def term(name: str) -> str:
    """A term of a model, or a technique of the study; an unknown one as it is."""
    return name_of(name) if name in ALL else _TERMS.get(name, name.replace("_", " "))


def covariate(name: str) -> str:
    """A column that a score or a model takes into account, in the middle of a sentence."""
    return _COVARIATES.get(name, name.replace("_", " "))


def family(name: str) -> str:
    """A family of techniques."""
    return "Motivational interviewing" if name == "mi" else "Empathy"


def part(name: str) -> str:
    """A part of a study that may fail on its own."""
    return "The comparison of having a chat with having none" if name == "rq1" else family(name)


def undone(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The parts of a result that failed, by their names for readers."""
    return [{**row, "part": part(row["part"])} for row in result.get("partial", [])]


def p_value(p: float | None) -> str:
    """Three decimals; below them "<0.001", because no p is zero."""
    if p is None:
        return "–"
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def signed(value: float) -> str:
    """Three decimals with their sign, a true minus."""
    return f"{value:+.3f}".replace("-", "\N{MINUS SIGN}")


def chats(label: str) -> str:
    """How many chats a row of the dose plot is about: "0", "1", "3-4", "10+"."""
    if label == "0":
        return "No chat"
    if label == "1":
        return "1 chat"
    return f"{label.replace('-', '–').replace('+', ' or more')} chats"
