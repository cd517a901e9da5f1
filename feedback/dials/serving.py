"""Which dials serve with the language model that serves, switching one on or off, and going back.

The rows are the truth: of a behaviour and the weights it belongs to the newest `DialSwitch` holds, and
without one a dial that came with the model is on. `DATA_DIR/models/dials/serving.json` says the same to
workers, which look at it before each batch of requests.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from feedback.coach import dial_files
from feedback.coach.engine import get_coach, settings_config
from feedback.coach.steering.pairs import BEHAVIOURS
from feedback.models import DialCalibration, DialSwitch, LoadedModel
from peersupport.audit.log import record
from peersupport.people.models import Role, User

OFF, SHIPPED = "off", "shipped"


class SwitchRefusedError(Exception):
    """The switch is not possible now; the message says what to do."""


@dataclass(frozen=True)
class Model:
    """The language model that serves; `fingerprint` is empty until a worker has loaded it."""

    name: str
    fingerprint: str


@dataclass(frozen=True)
class Dial:
    """What holds for one behaviour. `made` is None for the dial that came with the model; `report` is {}
    where nothing is known of how it was found."""

    behaviour: str
    on: bool
    made: DialCalibration | None
    report: dict[str, Any]

    @property
    def end(self) -> float:
        """How far it can be turned now; 0 where it cannot."""
        usable = self.on and self.report and self.report["dial"]["usable"]
        return float(self.report["dial"]["r_max"]) if usable else 0.0


def home() -> Path:
    """Where the dials of admins lie."""
    return settings.DATA_DIR / "models" / "dials"


def model() -> Model | None:
    """None where no language model is configured. At most 2 queries."""
    name = get_coach().name
    if name is None:
        return None
    held = LoadedModel.objects.filter(about__model=name, error="").order_by("-loaded_at").first()
    mark = held.about.get("fingerprint", "") if held else ""
    if not mark:
        made = DialCalibration.objects.filter(model=name[:200]).exclude(fingerprint="").first()
        mark = made.fingerprint if made else ""
    return Model(name, mark or next(iter(_shipped_marks().values()), ""))


def dials(now: Model | None) -> dict[str, Dial]:
    """What holds for every behaviour. 1 query."""
    if now is None:
        return {}
    newest: dict[str, DialSwitch] = {}
    for row in DialSwitch.objects.filter(fingerprint=now.fingerprint).select_related("after").order_by("id"):
        newest[row.behaviour] = row
    there = shipped(now)
    return {name: _dial(name, newest.get(name), there.get(name, {})) for name in BEHAVIOURS}


def _dial(name: str, row: DialSwitch | None, own: dict[str, Any]) -> Dial:
    if row is None:
        return Dial(name, bool(own), None, own)
    return Dial(name, row.on, row.after, row.after.report if row.after else own)


def shipped(now: Model) -> dict[str, dict[str, Any]]:
    """The reports of the dials that came with the model, by behaviour. Those made for other weights are left
    out: workers refuse them."""
    found = {}
    for name, mark in _shipped_marks().items():
        if mark == now.fingerprint and (report := _report(name)):
            found[name] = report
    return found


def _folder() -> Path:
    config = settings_config()
    return Path(config.model) if config else Path()


def _shipped_marks() -> dict[str, str]:
    files = dial_files.shipped(_folder())
    return {
        name: mark for name, path in files.items() if (mark := dial_files.header(path).get("fingerprint"))
    }


def _report(name: str) -> dict[str, Any]:
    try:
        return json.loads((_folder() / dial_files.FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def newest(now: Model | None) -> dict[str, DialCalibration]:
    """The newest finished calibration of each behaviour for these weights, whether it serves or not. 1
    query."""
    mark = now.fingerprint if now else ""
    rows = DialCalibration.objects.filter(fingerprint=mark).exclude(fingerprint="").order_by("id")
    return {row.behaviour: row for row in rows}


def why_not(made: DialCalibration, now: Model | None) -> str:
    """Why it cannot be switched on; empty where it can. No query."""
    if not made.report:
        return _("It is not finished.")
    if now is None or made.fingerprint != now.fingerprint:
        words = _("It was made for another model or revision (%(model)s, %(mark)s): calibrate again.")
        return words % {"model": made.model, "mark": made.fingerprint[:12] or "-"}
    if not made.is_usable:
        return _("Its calibration found no dial that holds.")
    return ""


def switch(behaviour: str, use: str, admin: User) -> DialSwitch:
    """`use`: OFF, SHIPPED, or the number of a calibration. Raises SwitchRefusedError; KeyError for anything
    else."""
    now = model()
    if now is None or not now.fingerprint:
        raise SwitchRefusedError(_("No worker has loaded the language model yet: start one first."))
    if use in (OFF, SHIPPED):
        made = None
        if use == SHIPPED and behaviour not in shipped(now):
            raise SwitchRefusedError(_("No dial of this behaviour came with the model."))
    else:
        made = DialCalibration.objects.filter(behaviour=behaviour, pk=_number(use)).first()
        if made is None:
            raise KeyError(use)
        if reason := why_not(made, now) or _damaged(made):
            raise SwitchRefusedError(reason)
    return _change(now, behaviour, use != OFF, made, admin, verb="dial_switch")


def _number(text: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 19:
        return int(text)
    raise KeyError(text)


def _damaged(made: DialCalibration) -> str:
    path = dial_files.place(home(), made.fingerprint) / made.folder / dial_files.VECTOR
    if dial_files.header(path).get("fingerprint") == made.fingerprint:
        return ""
    return _("Its files are gone or damaged: restore DATA_DIR/models, or calibrate again.")


def to_undo(now: Model | None) -> DialSwitch | None:
    """The newest switch of this model's dials that was not undone. 1 query."""
    mark = now.fingerprint if now else ""
    rows = DialSwitch.objects.filter(fingerprint=mark, undoes=None, undone_by=None)
    return rows.select_related("before", "after").first()


@transaction.atomic
def undo(admin: User) -> DialSwitch:
    """Put the behaviour of the last switch back to what held before. Raises SwitchRefusedError."""
    now = model()
    last = to_undo(now)
    if now is None or last is None:
        raise SwitchRefusedError(_("There is no switch to take back."))
    if last.before_on and last.before and (reason := _damaged(last.before)):
        raise SwitchRefusedError(reason)
    return _change(now, last.behaviour, last.before_on, last.before, admin, verb="dial_undo", undoes=last)


@transaction.atomic
def _change(
    now: Model,
    behaviour: str,
    on: bool,
    made: DialCalibration | None,
    admin: User,
    *,
    verb: str,
    undoes: DialSwitch | None = None,
) -> DialSwitch:
    # One after the other: the second sees what the first left.
    list(User.objects.select_for_update().filter(role=Role.ADMIN).order_by("pk"))
    held = dials(now)[behaviour]
    if (held.on, held.made) == (on, made):
        raise SwitchRefusedError(_("That holds already."))
    row = DialSwitch.objects.create(
        behaviour=behaviour,
        fingerprint=now.fingerprint,
        before_on=held.on,
        before=held.made,
        on=on,
        after=made,
        undoes=undoes,
        person=admin,
    )
    record(admin, verb, row)
    transaction.on_commit(point)
    return row


def point() -> None:
    """Make the file say what the rows say. Harmless at any time and from anywhere."""
    every: dict[str, dict[str, str]] = {}
    for row in DialSwitch.objects.select_related("after").order_by("id"):
        chosen = every.setdefault(row.fingerprint, {})
        if row.on and row.after is None:
            chosen.pop(row.behaviour, None)  # that came with the model: nothing to say
        else:
            chosen[row.behaviour] = row.after.folder if row.on else ""
    dial_files.write_choices(home(), {mark: chosen for mark, chosen in every.items() if chosen})
