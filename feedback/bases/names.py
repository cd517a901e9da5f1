"""What the models of a 3H report are called for readers; the report's own names stand in small beside."""

from __future__ import annotations

from django.utils.translation import gettext as _

from feedback.coach.merging.catalog import METHODS


def readable(label: str) -> str:
    """`equal-3x#5`: a mixture in equal parts, trained three times as long, try 5. Unknown names as they
    are."""
    whole, _sharp, number = label.partition("#")
    name = _of(whole)
    if name and number:
        return _("%(name)s, try %(number)s") % {"name": name, "number": number}
    return name or label


def _of(name: str) -> str:
    known = {
        "base": _("The model before tuning"),
        "its base": _("The model before tuning"),
        "helpful": _("Tuned for helpful replies alone"),
        "honest": _("Tuned for honest replies alone"),
        "harmless": _("Tuned for harmless replies alone"),
    }
    if name in known:
        return known[name]
    first, _dash, rest = name.rpartition("-")
    parts = {"equal": _("equal parts"), "heuristic": _("parts by a rule"), "reward": _("parts by reward")}
    if first in parts and rest in ("1x", "3x"):
        long = _(", three times as long") if rest == "3x" else ""
        return _("Mixture, %(parts)s%(long)s") % {"parts": parts[first], "long": long}
    if first in known and rest in ("lora", "dpo"):
        return f"{known[first]}, {rest.upper().replace('LORA', 'LoRA')}"
    if name in METHODS:
        return _("Merge (%(method)s)") % {"method": name.replace("_", " ")}
    return ""
