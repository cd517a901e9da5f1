"""Evidence studies between the database rows and the pure `Study` that grades and cards read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import lru_cache

from django.db import transaction

from feedback.evidence.grades import Grade, grade
from feedback.evidence.published import published_study
from feedback.evidence.study_types import Study, study_from_dict, study_to_dict
from feedback.models import EvidenceStudy, TechniqueEffect


@transaction.atomic
def save_study(study: Study) -> EvidenceStudy:
    """Write a study and its effects once. Raises ValueError when this version exists with other
    content: what feedback was based on never changes under the same name."""
    body = study_to_dict(study)
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    row = EvidenceStudy.objects.filter(slug=study.slug, version=study.version).first()
    if row is not None:
        if row.data_sha256 != digest:
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
        data_sha256=digest,
    )
    for effect in effects:
        TechniqueEffect.objects.create(
            study=row, technique=effect["technique"], instrument=effect["instrument"], body=effect
        )
    return row


def sync_published() -> int:
    """Write the shipped study if its version is new. Returns how many rows were added."""
    before = EvidenceStudy.objects.count()
    save_study(published_study())
    return EvidenceStudy.objects.count() - before


@lru_cache(maxsize=8)
def _as_study(row_id: int) -> Study:
    row = EvidenceStudy.objects.prefetch_related("effects").get(pk=row_id)
    return study_from_dict({**row.body, "effects": [effect.body for effect in row.effects.all()]})


def serving_row() -> EvidenceStudy:
    """The study that new feedback is based on: the newest. Raises LookupError when none is there."""
    row = EvidenceStudy.objects.order_by("-id").first()
    if row is None:
        raise LookupError("no evidence study in the database: run `manage.py sync_content`")
    return row


def serving_study() -> Study:
    """The serving study as a value. One query; the content is cached because it never changes."""
    return _as_study(serving_row().pk)


def grades_for(codes: Iterable[str]) -> dict[str, Grade]:
    """{code: its grade under the serving study}. One query for all codes, none for no codes."""
    codes = set(codes)
    if not codes:
        return {}
    study = serving_study()
    return {code: grade(code, study) for code in codes}
