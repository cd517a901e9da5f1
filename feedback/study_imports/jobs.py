"""The two jobs of the batch lane: checking the tables of an import, and running the study on them.

Both read the files from the beginning, whoever began before them, and write what they found in the
transaction that closes their row: a killed worker leaves nothing behind, a displaced or cancelled one
writes nothing. Only what a run has counted in messages is kept beside the files, so that it goes on from
there and can give way to others of its lane.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from feedback.evidence.study.as_evidence import provenance_of, study_from
from feedback.evidence.study.checking import check
from feedback.evidence.study.counted import read
from feedback.evidence.study.messages import ANEW, CODES, Resume
from feedback.evidence.study.output import as_text, plain
from feedback.evidence.study.pipeline import Files, run
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import Spec, read_spec
from feedback.models import StudyImport, TechniqueEffect
from feedback.studies.rows import StudyTooLong, save_study
from feedback.studies.tagging import look_at, tag_with, tagged_by, with_card
from feedback.study_imports import files
from peersupport.jobs.models import Job
from peersupport.jobs.queue import StoppedError
from skills.tagger import load_tagger

Outcome = Callable[[], None] | Exception
LONGEST_NAME = TechniqueEffect._meta.get_field("instrument").max_length
KEPT_SECONDS = 60  # of counting that a killed worker costs
NO_EFFECTS = "No technique could be tested: there is nothing that a card could show. The report says why."


def run_checks(jobs: Sequence[Job], context) -> dict[int, Outcome]:
    return {job.pk: _guarded(job, context, _check) for job in jobs}


def run_studies(jobs: Sequence[Job], context) -> dict[int, Outcome]:
    return {job.pk: _guarded(job, context, _study) for job in jobs}


def _guarded(job: Job, context, work) -> Outcome:
    rows = StudyImport.objects.filter(pk=job.subject)
    if not rows.exists():  # deleted while it waited
        return lambda: None

    def report(share: float, words: str) -> None:
        if context.stopping.is_set():
            raise StoppedError
        context.checkpoint(job, progress=share, state={"stage": words})

    try:
        found = files.brought(job.subject)
        if missing := files.lacking(job.subject):
            raise StudyError(f"The file of {' and '.join(missing)} is not there any more. Bring it again.")
        tables = Files(*(found.get(name) for name in files.TABLES))
        tagger = load_tagger() if tables.messages is not None else None
        spec = _spec(found.get(files.SPEC), tagger)
        return work(rows, tables, spec, report, _Reading(job, context, tagger, tables))
    except StudyError as error:
        return partial(rows.update, error=plain(str(error)), finished_at=timezone.now())
    except StoppedError as error:
        return error


def _spec(path: Path | None, tagger) -> Spec:
    """`tagger`: who reads the messages, None where there are none."""
    spec = read_spec(path)
    if tagger is not None:
        spec = tagged_by(spec, tagger)
    if long := [name for name in spec.instruments if len(name) > LONGEST_NAME]:
        raise StudyError(
            f"spec.toml: the instrument {long[0][:40]} has a name of more than {LONGEST_NAME} characters. "
            "Shorten it there and in the assessments."
        )
    return with_card(replace(spec, title=spec.title[:200]))


@dataclass
class _Reading:
    """The messages of an import: who reads them, and what was counted before."""

    job: Job
    context: Any
    tagger: Any  # None where there are no messages
    tables: Files
    began: float = field(default_factory=time.monotonic)
    kept: float = field(default_factory=time.monotonic)

    def resume(self, digest: str, rows: int) -> Resume:
        """`digest`: of the tables; `rows`: how many messages were seen in the check."""
        if self.tagger is None:
            return ANEW
        key = " ".join((digest, self.tagger.version, *CODES))
        path = self.tables.messages.with_name(files.COUNTED)
        return Resume(read(path, key), partial(self._keep, path, key), rows)

    def _keep(self, path: Path, key: str, counted) -> None:
        now = time.monotonic()
        stops = self.context.gives_way(self.job, now - self.began)
        if stops or now - self.kept > KEPT_SECONDS:
            self.kept = now
            counted().write(path, key)
        if stops:
            raise StoppedError


def _check(rows, tables: Files, spec: Spec, report, reading: _Reading) -> Outcome:
    preview, problems = check(tables, spec, report, look_at)
    preview |= {"title": spec.title, "sha256": tables.digest()}
    if problems.total:
        # Beside the table that it is about: where that is deleted meanwhile, so is this.
        part = tables.assessments.with_name(f"{files.ERRORS}.part")
        problems.write(part)
        part.replace(part.with_name(files.ERRORS))
    return partial(rows.update, seen=as_text(preview), error="")


def _study(rows, tables: Files, spec: Spec, report, reading: _Reading) -> Outcome:
    seen = [row.preview for row in rows]
    checked = {preview.get("sha256") for preview in seen}
    digest = _refuse_others(tables, checked)
    read_before = max((_messages(preview) for preview in seen), default=0)
    tag = None if reading.tagger is None else tag_with(reading.tagger)
    result, _ = run(tables, spec, report, tag, reading.resume(digest, read_before))
    _refuse_others(tables, checked)  # they may have been changed meanwhile
    report(0.95, "writing the report")
    return partial(_keep, rows, result)


def _messages(preview: dict[str, Any]) -> int:
    return preview.get("tables", {}).get("messages", {}).get("rows", 0)


def _refuse_others(tables: Files, checked: set[str | None]) -> str:
    """The tables' digest. Raises StudyError where they are not those that were checked. None: by an earlier
    version."""
    digest = tables.digest()
    if not checked & {digest, None}:
        raise StudyError("The files are not those that were checked. Look at them again, then run the study.")
    return digest


def _keep(rows, result: dict[str, Any]) -> None:
    """The result, and the study where there is one to make: then the files have served."""
    row = rows.get()
    row.found, row.finished_at, row.error = as_text(result), timezone.now(), ""
    study = study_from(result, version=row.version)
    try:
        kept = provenance_of(result) | {"way": "page"}
        row.study = save_study(study, kept) if study.effects else None
        row.error = "" if row.study else NO_EFFECTS
    except StudyTooLong as error:
        row.error = f"There is a report, but no study: {error}."
    except ValueError:  # another run was faster
        row.error = f"There is a study {row.version} already. Run it again under another version."
    if row.study:
        row.seen, row.erased_at = "", timezone.now()
        transaction.on_commit(partial(files.erase, row.pk))
    row.save()
