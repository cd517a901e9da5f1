"""Which merge words the coach's replies, switching to another one, and going back.

The rows are the truth: at most one `CoachMerge` is active, none means COACH_MODEL's own model. The file that
workers and pages look at (`feedback.coach.serving`) is written once the switch is committed, and again by
the sweeper if that was cut short.

A merge that is worse on the primary measure may be switched on, by somebody who says that they have read it:
the measure ranks replies of our own writing, a few hundred of them, and an organisation may have reasons
that it does not know. The log keeps that they said so.
"""

from __future__ import annotations

import json
import os
import shutil
from functools import partial
from pathlib import Path

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from feedback.bases import runs
from feedback.bases.runs import RefusedError
from feedback.coach import serving
from feedback.dials import runs as calibrations
from feedback.dials import serving as dials
from feedback.models import CoachMerge, CoachSwitch
from peersupport.audit.log import record
from peersupport.jobs import mishaps, queue
from peersupport.jobs.models import Job
from peersupport.people.models import User

WHY_NOT = {
    serving.GONE: gettext_lazy("its files are not in DATA_DIR/models/coach any more: restore them"),
    serving.DAMAGED: gettext_lazy("its files are damaged or incomplete: restore them"),
    serving.OTHER_BASE: gettext_lazy("it was made from another model than COACH_MODEL names now"),
}


def active() -> CoachMerge | None:
    """None where COACH_MODEL's own model serves. 1 query."""
    return CoachMerge.objects.filter(active=True).first()


def folder_of(merge: CoachMerge) -> Path:
    return serving.home() / merge.name


def part_folder(merge_id: int) -> Path:
    """Where a merge is written before it is whole and measured."""
    return serving.home() / f".part-{merge_id}"


def write_sums(folder: Path) -> None:
    """What its files are, for whoever wants to serve them."""
    part = folder / f".{serving.SUMS}"
    text = json.dumps({name: digest for name, digest in serving.sums_of(folder).items() if name != part.name})
    part.write_text(text + "\n", encoding="utf-8")
    os.replace(part, folder / serving.SUMS)


def clear(part: Path) -> None:
    """Throws away what a merge had written."""
    for path in (part, part.with_name(f"{part.name}.partial")):
        shutil.rmtree(path, ignore_errors=True)


def is_worse(merge: CoachMerge) -> bool:
    return merge.gap.get("difference", 0.0) < 0


def why_not(merge: CoachMerge, now: serving.Serving, *, trust: bool = False) -> str:
    """Why the merge cannot be switched on; empty where it can. Its files are read, but for a page that may
    `trust` what was read before. No query."""
    if merge.erased_at:
        return _("Its weights were deleted.")
    if not merge.found:
        return _("It was not measured yet.")
    if merge.active and now.merge == merge.name:
        return _("It serves already.")
    if reason := serving.why_not(merge.name, trust=trust):
        return _("It cannot serve: %(why)s.") % {"why": WHY_NOT[reason]}
    if not merge.active and merge.report["compared_with"] != now.name:
        words = _("It was compared with %(one)s, but %(other)s serves: compare it anew.")
        return words % {"one": merge.report["compared_with"], "other": now.name}
    return ""


def switch(merge: CoachMerge, admin: User, *, read: bool) -> CoachSwitch:
    """Let the merge serve; `read`: they said to have read that it is worse. Raises RefusedError."""
    serving.why_not(merge.name)  # reads the files now, so that nothing is locked meanwhile
    with transaction.atomic():
        before = _locked()
        merge = CoachMerge.objects.get(pk=merge.pk)
        if merge == before:
            raise RefusedError(_("It is switched on already."))
        # By the row and not by the file, which follows the commit of somebody else's switch.
        now = serving.standing_for(before.name if before else "")
        if reason := why_not(merge, now):
            raise RefusedError(reason)
        if is_worse(merge) and not read:
            raise RefusedError(_("It is worse than what serves: tick that you have read so, or leave it."))
        return _change(before, merge, admin, verb="coach_switch", worse=is_worse(merge))


@transaction.atomic
def switch_to_own(admin: User) -> CoachSwitch:
    """Let COACH_MODEL's own model serve. Raises RefusedError where it does."""
    before = _locked()
    if before is None:
        raise RefusedError(_("COACH_MODEL's own model serves already."))
    return _change(before, None, admin, verb="coach_switch")


def to_undo() -> CoachSwitch | None:
    """The newest switch that was not undone. 1 query."""
    rows = CoachSwitch.objects.filter(undoes=None, undone_by=None)
    return rows.select_related("before", "after").first()


def undo(admin: User) -> CoachSwitch:
    """Go back to what served before the last switch. Raises RefusedError where that is not possible."""
    last = to_undo()
    if last is not None and last.before is not None:
        serving.why_not(last.before.name)  # as above
    with transaction.atomic():
        before, last = _locked(), to_undo()
        if last is None:
            raise RefusedError(_("There is no switch to take back."))
        if last.before is not None and (reason := serving.why_not(last.before.name)):
            words = _("%(name)s cannot serve: %(why)s.")
            raise RefusedError(words % {"name": last.before.name, "why": WHY_NOT[reason]})
        return _change(before, last.before, admin, verb="coach_undo", undoes=last)


def _locked() -> CoachMerge | None:
    """The active row; others that switch wait."""
    rows = list(CoachMerge.objects.select_for_update().order_by("pk"))
    return next((row for row in rows if row.active), None)


def _change(
    before: CoachMerge | None,
    after: CoachMerge | None,
    admin: User,
    *,
    verb: str,
    worse: bool = False,
    undoes: CoachSwitch | None = None,
) -> CoachSwitch:
    turned = [name for name, dial in dials.dials(dials.model()).items() if dial.on]
    CoachMerge.objects.filter(active=True).update(active=False)
    if after is not None:
        CoachMerge.objects.filter(pk=after.pk).update(active=True)
    made = CoachSwitch.objects.create(before=before, after=after, person=admin, worse=worse, undoes=undoes)
    record(admin, verb, made)
    transaction.on_commit(partial(_settle, turned, admin))
    return made


def _settle(turned: list[str], admin: User) -> None:
    """A dial belongs to weights: those that were on are calibrated for the new ones, where nobody has yet.
    Whether they are switched on again an admin decides, who sees what came out."""
    point()
    known = dials.dials(dials.model())
    for behaviour in turned:
        if behaviour not in known or known[behaviour].report:
            continue
        try:
            calibrations.start(behaviour, admin)
        except Exception as error:  # the switch is done, and the page Dials starts it by hand
            mishaps.tell(f"calibration of {behaviour}", error)


def point() -> None:
    """Make the file say what the rows say. Harmless at any time and from anywhere."""
    found, file = active(), serving.home() / serving.POINTER
    if found is None:
        file.unlink(missing_ok=True)
        return
    if serving.switched_on() != found.name:
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{file.name}.{os.getpid()}")
        part.write_text(found.name + "\n", encoding="utf-8")
        os.replace(part, file)


def erase(merge: CoachMerge, admin: User, *, sure: bool) -> None:
    """Delete the weights; row and report stay. Raises RefusedError."""
    if not sure:
        raise RefusedError(_("Nothing was deleted: tick the box beside the button first."))
    with transaction.atomic():
        queue.lock_open(runs.MERGE, merge.pk)
        _locked()
        merge = CoachMerge.objects.get(pk=merge.pk)
        if merge.active:
            raise RefusedError(_("It is switched on: let another model serve first."))
        for job in Job.objects.filter(kind=runs.MERGE, subject=str(merge.pk), status__in=Job.OPEN):
            queue.cancel(job)
        CoachMerge.objects.filter(pk=merge.pk).update(erased_at=timezone.now())
        record(admin, "coach_merge_erase", merge)
    clear(part_folder(merge.pk))
    shutil.rmtree(folder_of(merge), ignore_errors=True)


def chore() -> None:
    """Of the sweeper: the file again, what it names read where nobody has yet, so that no page has to, and
    folders of merges that were cut short."""
    point()
    serving.resolved()
    lying = list(serving.home().glob(".part-*"))  # before the rows are read: what comes later has one
    living = set(Job.objects.filter(kind=runs.MERGE, status__in=Job.OPEN).values_list("subject", flat=True))
    for path in lying:
        if path.name.removeprefix(".part-").removesuffix(".partial") not in living:
            shutil.rmtree(path, ignore_errors=True)
