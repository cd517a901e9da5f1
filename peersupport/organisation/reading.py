"""The settings page's form: what was sent becomes the body of a version, or words on what to mend.

An empty field decides nothing: what the environment says holds.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport import safety
from peersupport.organisation.values import LINE_FIELDS, MOST_DAYS, URL, has_digit, is_phone
from peersupport.safety import HelpLine

MOST_LINES = 12
SPARE_LINES = 2  # empty ones unfolded below those that are filled
PURPOSES = ("tagger", "research")  # of `people.models.Consent`, which this room lies below
LENGTHS = {"name": 120, "policy_text": 2_000, "consent": 1_500}
LINE_LENGTHS = {"name": 80, "phone": 30, "text": 60, "url": 200, "hours": 80, "checked": 10}


@dataclass
class Read:
    """`form` is what the fields show, `body` what would be kept; `errors` by the name of the field."""

    form: dict[str, Any]
    body: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)


def form_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields for a body that was kept."""
    consent, days = body.get("consent") or {}, body.get("retention_days")
    return {
        **{name: body.get(name, "") for name in ("name", "region", "policy", "policy_text")},
        "retention_days": "" if days is None else str(days),
        "consent": {purpose: consent.get(purpose, "") for purpose in PURPOSES},
        "lines": [{name: line.get(name, "") for name in LINE_FIELDS} for line in body.get("lines") or ()],
    }


def with_lines(form: Mapping[str, Any], lines: Iterable[HelpLine]) -> dict[str, Any]:
    """The form with these lines below its own, as many as fit and none twice; without the day, since each has
    to be tried."""
    have = list(form["lines"])
    for line in lines:
        told = {
            "name": line.name,
            "phone": line.phone,
            "text": line.text,
            "url": line.url,
            "hours": line.hours,
        }
        if len(have) < MOST_LINES and line.name not in {one["name"] for one in have}:
            have.append(told | {"checked": ""})
    return {**form, "lines": have}


def read(given: Mapping[str, str], *, regions: Mapping[str, str], shipped: Mapping[str, str]) -> Read:
    """`regions` are those that can be chosen; `shipped` the words for each purpose of a consent: sent back
    unchanged, they decide nothing."""

    def text(name: str) -> str:
        kept = given.get(name, "").replace("\r\n", "\n").replace("\0", "")
        return kept.encode("utf-8", "replace").decode().strip()  # halves of characters cannot be kept

    lines = [
        {name: text(f"line-{at}-{name}") for name in LINE_FIELDS} for at in range(MOST_LINES)
    ]  # fmt: skip
    form = {name: text(name) for name in ("name", "region", "policy", "policy_text", "retention_days")}
    form["consent"] = {purpose: text(f"consent-{purpose}") for purpose in PURPOSES}
    form["lines"] = [line for line in lines if any(line.values())]
    found = Read(form)
    _plain(found, regions)
    _retention(found)
    _consent(found, shipped)
    _lines(found)
    return found


def _plain(found: Read, regions: Mapping[str, str]) -> None:
    form = found.form
    if "\n" in form["name"]:
        found.errors["name"] = _("The name is one line.")
    for name in ("name", "policy_text"):
        if len(form[name]) > LENGTHS[name]:
            found.errors[name] = _("That is longer than %(most)d characters.") % {"most": LENGTHS[name]}
    if form["region"] and form["region"] not in regions:
        found.errors["region"] = _("There are no help lines for this region: choose one of the list.")
    if form["policy"] and form["policy"] not in dict(safety.policies()):
        found.errors["policy"] = _("Choose one of the two policies.")
    found.body |= {name: form[name] for name in ("name", "region", "policy", "policy_text") if form[name]}


def _retention(found: Read) -> None:
    days = found.form["retention_days"]
    if not days:
        return
    if not (days.isascii() and days.isdigit() and len(days) < 6 and int(days) <= MOST_DAYS):
        found.errors["retention_days"] = _("Give whole days, 0 to %(most)d; 0 keeps chats.") % {
            "most": MOST_DAYS
        }
        return
    found.body["retention_days"] = int(days)


def _consent(found: Read, shipped: Mapping[str, str]) -> None:
    own = {}
    for purpose, text in found.form["consent"].items():
        if text and text != shipped[purpose]:
            own[purpose] = text
        if len(text) > LENGTHS["consent"]:
            most = {"most": LENGTHS["consent"]}
            found.errors[f"consent-{purpose}"] = _("That is longer than %(most)d characters.") % most
        elif 0 < len(text) < 40:
            found.errors[f"consent-{purpose}"] = _("Say in a sentence what is done with the messages.")
    if own:
        found.body["consent"] = own


def _lines(found: Read) -> None:
    kept = []
    for at, line in enumerate(found.form["lines"]):
        if problem := _line_problem(line):
            found.errors[f"line-{at}"] = problem
        kept.append({name: value for name, value in line.items() if value})
    if kept:
        found.body["lines"] = kept


def _line_problem(line: Mapping[str, str]) -> str:
    """What is wrong with a line; somebody may call this number in the worst hour of their life."""
    if any(len(line[name]) > most or "\n" in line[name] for name, most in LINE_LENGTHS.items()):
        return _("One of its fields is too long.")
    if not line["name"]:
        return _("Give its name.")
    if not (line["phone"] or line["text"] or line["url"]):
        return _("Give a number to call, a number to write to, or an address.")
    if line["phone"] and not is_phone(line["phone"]):
        return _("The number to call may hold digits, blanks and + ( ) - . / only.")
    if line["text"] and not has_digit(line["text"]):
        return _("Where to write needs a number, as in: HOME to 741741.")
    if line["url"] and not URL.fullmatch(line["url"]):
        return _("The address must begin with https:// and name a site.")
    return _checked_problem(line["checked"])


def _checked_problem(text: str) -> str:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return _("Say on which day somebody tried it, as in 2026-11-03.")
    # A day ahead: it may be tomorrow already where the admin is.
    if day > timezone.localdate() + datetime.timedelta(days=1):
        return _("It cannot have been tried in the future.")
    if day.year < 2000:
        return _("That day is too long ago: somebody should try it again.")
    return ""
