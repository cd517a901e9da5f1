"""Which version of the tagger serves here, switching to another one, and going back.

The rows are the truth: at most one `ModelVersion` is active, none means the version shipped with the code.
The file `DATA_DIR/models/tagger/serving` says the same to workers and pages, which look at it each time they
need a tagger: it is written once the switch is committed, and again by the sweeper if that was cut short.
"""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.jobs.models import Job
from peersupport.people.models import User
from skills.gold.runs import TRAIN
from skills.models import ModelVersion, TaggerSwitch, TaggerTraining
from skills.tagger.card import POINTER, WEIGHTS, chosen_by_environment, read_card

logger = logging.getLogger(__name__)
KIND = "tagger"


class SwitchRefusedError(Exception):
    """The switch is not possible now; the message says what to do."""


def home() -> Path:
    """Where own versions lie, a folder each."""
    return settings.DATA_DIR / "models" / KIND


def active() -> ModelVersion | None:
    """None where the version shipped with the code serves. 1 query."""
    return ModelVersion.objects.filter(kind=KIND, active=True).first()


def why_not(training: TaggerTraining, serving: str) -> str:
    """Why the version of this training cannot be switched on beside the one that serves; empty where it can.
    No query."""
    if chosen_by_environment():
        return _("TAGGER_WEIGHTS names the weights: take it out of the environment to switch here.")
    if training.made is None or not training.figures.get("comparison", {}).get("beats"):
        return _("It does not beat the version that it was compared with.")
    if training.name == serving:
        return _("It serves already.")
    if training.parent != serving:
        words = _("It was compared with %(parent)s, but %(serving)s serves. Train anew to compare with that.")
        return words % {"parent": training.parent, "serving": serving or "-"}
    return ""


@transaction.atomic
def switch(training: TaggerTraining, admin: User) -> TaggerSwitch:
    """Let the trained version serve. Raises SwitchRefusedError."""
    before = _locked()
    # By the row and not by the file, which follows the commit of somebody else's switch.
    serving = before.version if before else read_card(WEIGHTS)["version"]
    if reason := why_not(training, serving):
        raise SwitchRefusedError(reason)
    return _change(before, training.made, admin, verb="tagger_switch")


def to_undo() -> TaggerSwitch | None:
    """The newest switch that was not undone. 1 query."""
    rows = TaggerSwitch.objects.filter(undoes=None, undone_by=None)
    return rows.select_related("before", "after").first()


@transaction.atomic
def undo(admin: User) -> TaggerSwitch:
    """Go back to the version before the last switch. Raises SwitchRefusedError where there was none."""
    before, last = _locked(), to_undo()
    if last is None:
        raise SwitchRefusedError(_("There is no switch to take back: the shipped version serves."))
    if chosen_by_environment():
        raise SwitchRefusedError(
            _("TAGGER_WEIGHTS names the weights: take it out of the environment to switch here.")
        )
    return _change(before, last.before, admin, verb="tagger_undo", undoes=last)


def _locked() -> ModelVersion | None:
    """The active row; others that switch wait."""
    rows = list(ModelVersion.objects.select_for_update().filter(kind=KIND).order_by("pk"))
    return next((row for row in rows if row.active), None)


def _change(
    before: ModelVersion | None,
    after: ModelVersion | None,
    admin: User,
    *,
    verb: str,
    undoes: TaggerSwitch | None = None,
) -> TaggerSwitch:
    if after is not None and not is_whole(after):
        raise SwitchRefusedError(
            _("The files of %(version)s are gone or damaged: restore DATA_DIR/models, or train anew.")
            % {"version": after.version}
        )
    ModelVersion.objects.filter(kind=KIND, active=True).update(active=False)
    if after is not None:
        ModelVersion.objects.filter(pk=after.pk).update(active=True)
    made = TaggerSwitch.objects.create(before=before, after=after, person=admin, undoes=undoes)
    record(admin, verb, made)
    transaction.on_commit(point)
    return made


def is_whole(version: ModelVersion) -> bool:
    """Whether its weights are the ones that were made."""
    return _sha256(home() / version.path) == version.sha256


def _sha256(folder: Path) -> str:
    """Of the weights in a folder; empty where a file is missing."""
    if not all((folder / name).is_file() for name in ("card.json", "tokenizer.json", "tagger.onnx")):
        return ""
    return hashlib.sha256((folder / "tagger.onnx").read_bytes()).hexdigest()


def point() -> None:
    """Make the file say what the rows say. Harmless at any time and from anywhere; a version whose files are
    gone is never newly named, since every turn would fail for it."""
    found, file = active(), home() / POINTER
    if found is None:
        file.unlink(missing_ok=True)
        return
    if not (home() / found.path).is_dir():
        logger.error("the files of %s are gone: restore DATA_DIR/models", found.version)
        return
    if not file.is_file() or file.read_text(encoding="utf-8").strip() != found.path:
        part = file.with_name(f".{POINTER}.{os.getpid()}")
        part.write_text(found.path + "\n", encoding="utf-8")
        os.replace(part, file)


def keep(part: Path, name: str) -> None:
    """Put finished weights in their place. Whole ones of the same name are the same and stay."""
    there = home() / name
    if _sha256(there) == _sha256(part):
        shutil.rmtree(part, ignore_errors=True)
    else:
        shutil.rmtree(there, ignore_errors=True)
        os.replace(part, there)


def chore() -> None:
    """Of the sweeper: the file again, and folders of trainings that were cut short."""
    point()
    lying = list(home().glob(".part-*"))  # before the rows are read: what comes later has one
    rows = Job.objects.filter(kind=TRAIN, status=Job.Status.RUNNING).values_list("subject", "lease_token")
    living = {part_folder(subject, token).name for subject, token in rows}
    for path in lying:
        if path.name not in living:
            shutil.rmtree(path, ignore_errors=True)


def part_folder(training_id: int | str, token: UUID | None) -> Path:
    """Where a training writes before it is known whether its weights are kept. `token` is that of the lease:
    a worker that was thought dead and goes on must not write among the next one's files."""
    return home() / f".part-{training_id}-{token.hex if token else ''}"
