"""Evidence studies between the database rows and the pure `Study` that grades and cards read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery

from feedback.evidence.grades import Grade, grade
from feedback.evidence.published import published_study
from feedback.evidence.study_types import Study, study_from_dict, study_to_dict
from feedback.models import EvidenceStudy, StudyPublication, TechniqueEffect


class StudyTooLong(ValueError):
    """A version, title or instrument is longer than a database keeps; the message says which."""


@transaction.atomic
def save_study(study: Study, provenance: dict[str, Any] | None = None) -> EvidenceStudy:
    """Write a study and its effects once. Raises StudyTooLong, and ValueError when this version exists with
    other content: what feedback was based on never changes under the same name. A study that is there keeps
    the `provenance` that it has (see the model)."""
    _refuse_long(study)
    body = study_to_dict(study)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    row = EvidenceStudy.objects.filter(slug=study.slug, version=study.version).first()
    if row is not None:
        if row.content_sha256 != digest:
            raise ValueError(
                f"study {study.slug} {study.version} exists with other content: give a new version"
            )
        return row
    effects = body.pop("effects")
    row = EvidenceStudy.objects.create(
        slug=study.slug,
        version=study.version,
        kind=study.kind,
        title=study.title,
        body=body,
        content_sha256=digest,
        provenance=provenance or {},
    )
    for effect in effects:
        TechniqueEffect.objects.create(
            study=row, technique=effect["technique"], instrument=effect["instrument"], body=effect
        )
    return row


def _refuse_long(study: Study) -> None:
    """SQLite would take any length, PostgreSQL would raise an error of its own."""
    said = [(EvidenceStudy, "version", study.version), (EvidenceStudy, "title", study.title)]
    said += [(TechniqueEffect, "instrument", effect.instrument) for effect in study.effects]
    for model, field, words in said:
        most = model._meta.get_field(field).max_length
        if len(words) > most:
            raise StudyTooLong(
                f"the {field} {words[:40]}… has {len(words)} characters, and {most} are the most: shorten it"
            )


def sync_published() -> int:
    """Write the shipped study if its version is new. Returns how many rows were added."""
    before = EvidenceStudy.objects.count()
    save_study(published_study())
    return EvidenceStudy.objects.count() - before


@lru_cache(maxsize=8)
def _as_study(row_id: int, sha256: str) -> Study:
    """By number and content: a number may come again after a transaction that was taken back."""
    row = EvidenceStudy.objects.prefetch_related("effects").get(pk=row_id)
    return study_from_dict({**row.body, "effects": [effect.body for effect in row.effects.all()]})


def _serving():
    """Own studies that are published now come first, the newest publication before older ones; then the
    shipped study, its newest version."""
    published = StudyPublication.objects.filter(
        study=OuterRef("pk"), published_at__isnull=False, withdrawn_at__isnull=True
    )
    rows = EvidenceStudy.objects.annotate(since=Subquery(published.values("published_at")[:1]))
    return rows.filter(Q(kind="published") | Q(since__isnull=False)).order_by(
        F("since").desc(nulls_last=True), "-id"
    )


def serving_row(without: EvidenceStudy | None = None) -> EvidenceStudy | None:
    """The study that new feedback is based on, or would be `without` one. None before `sync_content` wrote
    the first."""
    return (_serving().exclude(pk=without.pk) if without else _serving()).first()


def serving_name() -> str:
    """Slug and version of the serving study, "none" where none is there; without reading its content."""
    row = _serving().values_list("slug", "version").first()
    return " ".join(row) if row else "none"


def serving_study() -> Study:
    """The serving study as a value; without a row the shipped one, so that no page and no report fails
    for it. One query; the content is cached because it never changes."""
    row = serving_row()
    return _as_study(row.pk, row.content_sha256) if row else published_study()


def beside_study(serving: Study) -> Study | None:
    """The shipped study, to be shown beside an organisation's own; None where it serves itself."""
    return published_study() if serving.kind == "own" else None


def study_of(row: EvidenceStudy) -> Study:
    """A stored study as a value. One query the first time."""
    return _as_study(row.pk, row.content_sha256)


def grades_for(codes: Iterable[str]) -> dict[str, Grade]:
    """{code: its grade under the serving study}. One query for all codes, none for no codes."""
    codes = set(codes)
    if not codes:
        return {}
    study = serving_study()
    return {code: grade(code, study) for code in codes}
