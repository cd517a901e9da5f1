"""The batch job that merges fine-tunes and measures what came out beside what serves.

It writes to a folder `.part-N`, which takes its place in the transaction that closes the row: a merge is
there with its report or not at all. After a kill, a stop, or when it gave way to others, the merging engine
goes on where it was, and so does the measuring (the row's checkpoint holds the answers).
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from feedback.bases import runs, switching
from feedback.coach import digests, serving
from feedback.coach.experts.origin import strangers, trained_elsewhere, weights_key
from feedback.coach.merging.errors import Cancelled, InUseError, MergeError
from feedback.coach.merging.recipe import Recipe
from feedback.models import CoachMerge
from peersupport.jobs.models import Job
from peersupport.jobs.queue import LeaseLostError, StoppedError

MERGED = 0.1  # share of the whole that merging takes, about
FULL = "The disk is full: nothing of the merge was kept. Make room, then try again."
_EVERY = 1.0  # seconds between two notes of progress


class MergeFailed(Exception):
    """It cannot be made; the message says why and what to do."""


def run(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _run_one(job, context) for job in jobs}


def _run_one(job: Job, context):
    merge = CoachMerge.objects.filter(pk=job.subject, erased_at=None).first()
    if merge is None:
        return lambda: None
    part = switching.part_folder(merge.pk)
    try:
        with _one_thread():
            return _Work(merge, job, context, part).outcome()
    except StoppedError as error:
        return error
    except LeaseLostError:
        if Job.objects.filter(pk=job.pk, status=Job.Status.CANCELLED).exists():
            switching.clear(part)  # else another worker goes on in it
        raise
    except MergeFailed as error:
        switching.clear(part)  # first: on a full disk the row could not be written
        return partial(_failed, merge.pk, str(error))


def _failed(merge_id: int, words: str) -> None:
    CoachMerge.objects.filter(pk=merge_id).update(error=words, finished_at=timezone.now())


class _Work:
    """One run of the job, in steps; `stage` is what it says that it does."""

    def __init__(self, merge: CoachMerge, job: Job, context, part: Path) -> None:
        self.merge, self.job, self.context, self.part = merge, job, context, part
        self.kept: dict[str, Any] = dict(job.checkpoint.get("measured", {}))
        self._began, self._said, self._stage = time.monotonic(), 0.0, ""

    def outcome(self):
        base = serving.base_folder()
        if base is None:
            raise MergeFailed(runs.no_base())
        recipe = runs.full(self.merge.recipe, base)
        self._check_origin(recipe)
        try:
            folder = self._merged(recipe)
        except MergeError as error:
            raise MergeFailed(FULL if _is_full(error.__cause__) else _words(error)) from error
        manifest = serving.read_json(folder / serving.MANIFEST)
        now = serving.resolved(trust=False)
        ours = {now.name: Path(now.model), base.name: base}
        models = {label: path for label, path in ours.items() if label != self.merge.name}
        models[self.merge.name] = folder
        compared_with = next(iter(models))
        share = (1 - MERGED) / len(models)
        found = {
            label: self._measured(label, path, MERGED + place * share, share)
            for place, (label, path) in enumerate(models.items())
        }
        from feedback.bases.measuring import report

        told = report(found, compared_with)
        return partial(_keep, self.merge, manifest, told, self.part)

    def tell(self, share: float, stage: str, *, resumes: bool = False) -> None:
        """Says and keeps how far it is. Where it `resumes` from here it gives way to others of its lane: an
        erasure may be among them. Raises StoppedError and LeaseLostError."""
        clock, stops = time.monotonic(), self.context.stopping.is_set()
        worked = clock - self._began
        if resumes and not stops:
            stops = self.context.gives_way(self.job, worked)
        if stops or stage != self._stage or clock - self._said > _EVERY:
            self._said, self._stage = clock, stage
            state = {"stage": stage, "measured": self.kept}
            self.context.checkpoint(self.job, progress=min(share, 0.99), state=state)
        if stops:
            raise StoppedError

    def _check_origin(self, recipe: Recipe) -> None:
        """What was learnt from other weights is no task vector of these. Without a note it is let pass."""
        folders = [expert.path for expert in recipe.experts]
        weights = recipe.base.glob("*.safetensors")
        for folder in strangers(folders, lambda: weights_key(map(serving.sha256, weights))):
            raise MergeFailed(
                f"{trained_elsewhere(folder, recipe.base)}: train it anew (manage.py train_experts)."
            )

    def _merged(self, recipe: Recipe) -> Path:
        """The folder with the merge: of an earlier run, or new."""
        there = switching.folder_of(self.merge)
        # A database that was restored alone gives out numbers again whose folders are still there.
        made = serving.read_json(there / serving.MANIFEST).get("recipe")
        if made == recipe.as_dict() and serving.is_whole(there):
            return there
        if not serving.is_whole(self.part):
            try:
                self._merge(recipe)
                switching.write_sums(self.part)
            except OSError as error:
                if _is_full(error):
                    raise MergeFailed(FULL) from error
                raise
        made = serving.read_json(self.part / serving.MANIFEST)
        if self.merge.found and made.get("inputs") != self.merge.manifest.get("inputs"):
            raise MergeFailed(
                "Its base or fine-tunes are not what it was made from any more: start a new merge."
            )
        return self.part

    def _merge(self, recipe: Recipe) -> None:
        from feedback.coach.merging.engine import merge

        if self.part.is_dir():  # it took this place just before the worker ended
            if not (self.part / serving.SUMS).exists():
                return
            switching.clear(self.part)
        self.tell(0.0, "merging")
        try:
            merge(
                recipe,
                self.part,
                device=settings.COACH_DEVICE,
                # What is surveyed before the first tensor is written would be surveyed again.
                progress=lambda done, total, what: self.tell(
                    MERGED * done / max(1, total), "merging", resumes=done > 0
                ),
                should_stop=self.context.stopping.is_set,
            )
        except Cancelled as error:
            raise StoppedError from error
        except InUseError as error:  # by a worker that does not know yet that it was displaced
            raise RuntimeError("tried again later") from error
        except (MemoryError, RuntimeError) as error:
            if not _is_out_of_memory(error):
                raise
            raise MergeFailed(
                "The worker ran out of memory: allow it more (WORKER_MEMORY_MB; with Compose BATCH_MEMORY_MB"
                " and BATCH_MEMORY), or merge elsewhere."
            ) from error

    def _measured(self, label: str, folder: Path, done: float, share: float):
        from feedback.bases import measuring
        from feedback.coach.experts.errors import ExpertsError

        # By the weights and not by the name: another merge may have been switched on meanwhile.
        key = weights_key(map(serving.sha256, folder.glob("*.safetensors")))
        kept = self.kept.get(key, {"sets": 0})
        parts = [measuring.unpacked(kept["found"])] if kept["sets"] else []
        number, stage = kept["sets"], f"measuring {label}"
        self.tell(done + share * number / measuring.SETS, stage)
        try:
            for part in measuring.sets(folder, settings.COACH_DEVICE, number):
                parts, number = [measuring.joined([*parts, part])], number + 1
                self.kept[key] = {"sets": number, "found": measuring.packed(parts[0])}
                self.tell(done + share * number / measuring.SETS, stage, resumes=True)
        except ExpertsError as error:
            raise MergeFailed(f"{label} cannot be measured: {_plain(error)}.") from error
        return parts[0]


def _keep(merge: CoachMerge, manifest: dict[str, Any], report: dict[str, Any], part: Path) -> None:
    """Inside the closing transaction: the report, and the folder in its place."""
    there = switching.folder_of(merge)
    if part.is_dir():
        shutil.rmtree(there, ignore_errors=True)  # one that was damaged
        os.replace(part, there)
        digests.moved(part, there, serving.home())
    manifest.pop("stock_ratio", None)  # by tensor: too long for a row
    CoachMerge.objects.filter(pk=merge.pk).update(
        manifest=manifest, found=json.dumps(report), finished_at=timezone.now(), error=""
    )


def on_quarantine(job: Job) -> None:
    CoachMerge.objects.filter(pk=job.subject, found="").update(
        error="The merge failed several times; the page of what is running says where.",
        finished_at=timezone.now(),
    )


def on_requeue(job: Job) -> None:
    CoachMerge.objects.filter(pk=job.subject, found="").update(error="", finished_at=None)


def _is_full(error: BaseException | None) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)


def _words(error: Exception) -> str:
    words = _plain(error)
    return f"{words[:1].upper()}{words[1:]}."


def _plain(error: Exception) -> str:
    """Without the folders of this machine."""
    words = str(error)
    for folder, name in ((settings.DATA_DIR, "DATA_DIR"), (settings.BASE_DIR, "")):
        words = words.replace(str(folder), name)
    return words


@contextmanager
def _one_thread() -> Iterator[None]:
    """One core of a machine that has chats to serve; and tsvm gives the same bits again."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _is_out_of_memory(error: Exception) -> bool:
    from feedback.coach.batching import out_of_memory

    return out_of_memory(error)
