"""Which own study serves as evidence: proposed by one admin, published by another, withdrawn by any.

An organisation with a single admin who can sign in would otherwise never get there, so that one may do both;
the audit log says who did what.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import EvidenceStudy, StudyPublication
from peersupport.audit.log import record
from peersupport.people import admins
from peersupport.people.models import User


class PublishingRefused(Exception):
    """The step is not possible now; the message says what to do."""


def needs_second(proposer_id: int | None) -> bool:
    """Whether somebody other than the proposer is there to publish; a pending invitation cannot."""
    return admins.able().exclude(pk=proposer_id).exists()


def open_publication(study: EvidenceStudy) -> StudyPublication | None:
    return study.publications.filter(withdrawn_at__isnull=True).first()


@transaction.atomic
def propose(study: EvidenceStudy, admin: User) -> StudyPublication:
    """Ask for an own study to serve; where no second admin is there it serves at once. Asked again, the
    same. Raises PublishingRefused for a study that ships with the code: that one always stands beside."""
    if study.kind != "own":
        raise PublishingRefused(_("The published study ships with the application; it needs no publishing."))
    EvidenceStudy.objects.select_for_update().get(pk=study.pk)
    found = open_publication(study)
    if found is None:
        found = StudyPublication.objects.create(study=study, proposed_by=admin)
        record(admin, "study_propose", study)
    if found.published_at is None and not needs_second(found.proposed_by_id):
        _publish(found, admin)
    return found


@transaction.atomic
def publish(study: EvidenceStudy, admin: User) -> StudyPublication:
    """Let a proposed study serve. Raises PublishingRefused without a proposal, or when the proposer is to
    wait for a second admin."""
    EvidenceStudy.objects.select_for_update().get(pk=study.pk)
    found = open_publication(study)
    if found is None:
        raise PublishingRefused(_("Nobody has proposed this study. Propose it first."))
    if found.published_at is not None:
        return found
    if found.proposed_by_id == admin.pk and needs_second(admin.pk):
        raise PublishingRefused(_("You proposed this study: another admin has to publish it."))
    _publish(found, admin)
    return found


@transaction.atomic
def withdraw(study: EvidenceStudy, admin: User) -> None:
    """Take a study, proposed or published, back; what served before serves again."""
    EvidenceStudy.objects.select_for_update().get(pk=study.pk)
    changed = study.publications.filter(withdrawn_at__isnull=True).update(
        withdrawn_by=admin, withdrawn_at=timezone.now()
    )
    if changed:
        record(admin, "study_withdraw", study)


def _publish(found: StudyPublication, admin: User) -> None:
    found.published_by, found.published_at = admin, timezone.now()
    found.save(update_fields=["published_by", "published_at"])
    record(admin, "study_publish", found.study)
