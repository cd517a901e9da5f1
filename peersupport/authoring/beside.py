"""What somebody else saved meanwhile, field by field, for an author whose own words are not saved yet."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from peersupport.authoring.body import CHOICES, FIELDS, GATES, ROWS
from peersupport.seeker import LAYER_WORDS

NAMES: dict[str, str | Promise] = {
    "title": gettext_lazy("Title"),
    "name": gettext_lazy("Name of the seeker"),
    "topic": gettext_lazy("Topic"),
    "difficulty": gettext_lazy("Difficulty"),
    "style": gettext_lazy("How they are in a chat"),
    "typing": gettext_lazy("How they type general lines"),
    "persona": gettext_lazy("Who the seeker is (volunteers read it)"),
    "content_warning": gettext_lazy("Content warning"),
    "facts": gettext_lazy("What every line must agree with (for you; nobody else reads it)"),
    "opening": gettext_lazy("The first message"),
    "risk": gettext_lazy("With a sign of risk"),
    "openness": gettext_lazy("Openness"),
    "trust": gettext_lazy("Trust"),
    "distress": gettext_lazy("Distress"),
    "resistance": gettext_lazy("Resistance"),
}


def differing(theirs: Mapping[str, str], mine: Mapping[str, str]) -> list[tuple[str, str]]:
    """[(name of the field, what they have in it)] of the fields that differ, in the order of the form."""
    return [
        (_name(field), _shown(field, theirs.get(field, "")))
        for field in FIELDS
        if theirs.get(field, "") != mine.get(field, "")
    ]


def _name(field: str) -> str:
    if field in GATES:
        return _("“%(words)s” opens at") % {"words": LAYER_WORDS[GATES.index(field) + 1]}
    rows = next((rows for rows in ROWS if rows.field == field), None)
    if rows is None:
        return str(NAMES[field])
    if not rows.layer:
        return str(rows.name)
    return _("Layer %(n)d: %(words)s") % {"n": rows.layer, "words": rows.name}


def _shown(field: str, text: str) -> str:
    if field == "risk":
        return _("yes") if text == "1" else _("no")
    return str(CHOICES.get(field, {}).get(text, text))
