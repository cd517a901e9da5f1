"""One answer from the written rules and the learned cue model: the higher level of the two counts."""

from __future__ import annotations

from peersupport.safety.cues import RULE, best_cue, load_weights
from peersupport.safety.rules import LEVELS, SPANS, Finding, apply_rules, load_rules, read_message

EYES = ("both", "rules", "model")


def assess(text: str, *, role: str, eyes: str = "both") -> Finding:
    """Level, kinds, spans and rule ids of one message; a few milliseconds, without a model library.

    role "seeker" (default meaning of the rules) or "counselor": then only a disclosure in the first
    person counts, never asking about suicide, reflecting it, or quoting the seeker. `eyes` says who looks:
    "both" in the product, one alone where they are measured. What only the model saw has the rule id
    "cue_model" and the words it saw as span.
    """
    message = read_message(text, role=role)
    found = apply_rules(message, role=role) if eyes != "model" else Finding("none")
    cue = best_cue(message, role=role) if eyes != "rules" else None
    if cue is None:
        return found
    if found.level == "none":
        return Finding(cue.level, (cue.kind,), ((cue.start, cue.end),), (RULE,))
    if cue.kind not in found.kinds or LEVELS.index(cue.level) <= LEVELS.index(found.level):
        return found
    return Finding(cue.level, found.kinds, found.spans[:SPANS], (*found.rules, RULE))


def safety_version() -> str:
    """`safety-<rules>-<6 hex digits of the rule file>-<version of the cue weights>`."""
    return f"{load_rules().version}-{load_weights().version}"
