"""Own scenarios of a cohort: begun, saved, published as a version of their own, taken back, deleted.

A published version never changes: its table belongs to the `Scenario` row that chats point to, so a chat goes
on with the version it began with, whatever is saved or published later.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Count, F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.authoring.body import DEFAULTS, table_of
from peersupport.authoring.lint import errors, lint
from peersupport.authoring.models import ScenarioDraft, ScenarioLines
from peersupport.people import access
from peersupport.people.models import Cohort, User
from peersupport.practice import assignments
from peersupport.practice.models import Assignment, Scenario

MOST = 50  # own scenarios of one cohort


def drafts_for_user(user: User) -> QuerySet[ScenarioDraft]:
    """Own scenarios of the cohorts that the person trains now; all for an admin."""
    if user.is_volunteer:
        raise PermissionDenied
    return ScenarioDraft.objects.filter(cohort__in=access.cohorts_for_user(user)).select_related(
        "cohort", "by"
    )


def draft_for_user(user: User, draft_id: int) -> ScenarioDraft:
    """Raises Http404 for one of another cohort, PermissionDenied for volunteers."""
    found = drafts_for_user(user).filter(pk=draft_id).first()
    if found is None:
        raise Http404
    return found


def with_versions(drafts: QuerySet[ScenarioDraft]) -> list[ScenarioDraft]:
    """Each with `live`, the version that volunteers are offered now (None: none), and `chats` of all its
    versions. 2 queries."""
    found = list(drafts)
    rows = Scenario.objects.filter(slug__in=[draft.slug for draft in found])
    by_slug: dict[str, list[Scenario]] = {}
    for row in rows.annotate(held=Count("chats")).order_by("id"):
        by_slug.setdefault(row.slug, []).append(row)
    for draft in found:
        versions = by_slug.get(draft.slug, [])
        draft.live = next((row for row in versions if row.active), None)
        draft.chats = sum(row.held for row in versions)
    return found


def versions_of(draft: ScenarioDraft) -> list[Scenario]:
    """The newest first, each with `held`, how many chats it has, and `asked`, in how many open assignments it
    is. 1 query."""
    rows = Scenario.objects.filter(slug=draft.slug).annotate(held=Count("chats"))
    one = Assignment.objects.filter(scenario=OuterRef("pk"), closed_at=None).order_by().values("scenario")
    asked = Coalesce(Subquery(one.annotate(n=Count("pk")).values("n")), 0)
    return list(rows.annotate(asked=asked).order_by("-id"))


@transaction.atomic
def begin(cohort: Cohort, *, by: User, title: str) -> ScenarioDraft:
    """Raises ValidationError with words for the author."""
    title = " ".join(title.replace("\0", "").split()).encode("utf-8", "replace").decode()[:120]
    if not title:
        raise ValidationError(_("Give it a title."))
    if ScenarioDraft.objects.filter(cohort=cohort).count() >= MOST:
        raise ValidationError(_("A cohort can have %(n)d scenarios of its own.") % {"n": MOST})
    made = ScenarioDraft.objects.create(cohort=cohort, by=by, title=title, body={**DEFAULTS, "title": title})
    record(by, "scenario_begun", made)
    return made


def save(draft: ScenarioDraft, body: Mapping[str, str], *, revision: int) -> None:
    """Raises ValidationError where somebody else saved since `revision`: nothing is overwritten unseen."""
    won = ScenarioDraft.objects.filter(pk=draft.pk, revision=revision).update(
        body=dict(body),
        title=body.get("title", "")[:120],
        revision=F("revision") + 1,
        saved_at=timezone.now(),
    )
    if not won:
        raise ValidationError(
            _("Not saved: somebody else saved it while you wrote. Your words are still here, theirs below.")
        )
    draft.refresh_from_db()


@transaction.atomic
def publish(draft: ScenarioDraft, *, by: User) -> Scenario:
    """Offer what was saved to the volunteers of the cohort. Raises ValidationError while there are errors,
    and where just this is published."""
    draft = ScenarioDraft.objects.select_for_update().select_related("cohort").get(pk=draft.pk)
    if found := errors(lint(draft.body)):
        words = _("Not published: %(n)d error(s) first. The first one: %(words)s")
        raise ValidationError(words % {"n": len(found), "words": found[0].words})
    digest = hashlib.sha256(json.dumps(table_of(draft.body, version=""), sort_keys=True).encode()).hexdigest()
    older = list(Scenario.objects.filter(slug=draft.slug).order_by("id"))
    row = next((row for row in older if row.sha256 == digest), None)
    if row is not None and row.active:
        raise ValidationError(_("Just this is published already."))
    if row is None:
        row = _version(draft, str(len(older) + 1), digest)
    Scenario.objects.filter(slug=draft.slug).exclude(pk=row.pk).update(active=False)
    Scenario.objects.filter(pk=row.pk).update(active=True)
    # Who is asked to practise it meets the newest version.
    Assignment.objects.filter(scenario__in=older, closed_at=None).update(scenario=row)
    record(by, "scenario_published", row)
    return row


def _version(draft: ScenarioDraft, version: str, digest: str) -> Scenario:
    table = table_of(draft.body, version=version)
    names = ("title", "topic", "difficulty", "style", "persona", "content_warning", "risk")
    made = Scenario.objects.create(
        slug=draft.slug,
        sha256=digest,
        version=version,
        cohort=draft.cohort,
        own=True,
        **{name: table[name] for name in names},
    )
    ScenarioLines.objects.create(scenario=made, table=table)
    return made


@transaction.atomic
def take_back(draft: ScenarioDraft, *, by: User) -> bool:
    """Offer it no more; chats that have begun go on, and nobody is asked to practise it any more. False where
    it was not offered."""
    list(ScenarioDraft.objects.select_for_update().filter(pk=draft.pk))  # `publish` holds it, too
    won = Scenario.objects.filter(slug=draft.slug, active=True).update(active=False)
    assignments.close_of(draft.slug, by=by)
    if won:
        record(by, "scenario_taken_back", draft)
    return bool(won)


@transaction.atomic
def delete(draft: ScenarioDraft, *, by: User) -> None:
    """The draft goes; versions that chats were held with stay with the chats, offered to nobody."""
    take_back(draft, by=by)
    record(by, "scenario_deleted", draft)
    used = Assignment.objects.filter(scenario=OuterRef("pk")).values("pk")[:1]
    rows = Scenario.objects.filter(slug=draft.slug).annotate(held=Count("chats"), asked=Subquery(used))
    Scenario.objects.filter(
        pk__in=list(rows.filter(held=0, asked=None).values_list("pk", flat=True))
    ).delete()
    draft.delete()


def rows(user: User) -> Iterable[dict]:
    """For the file of the person's own data: the scenarios that they began."""
    names = ("cohort__name", "title", "body", "created_at", "saved_at")
    return ScenarioDraft.objects.filter(by=user).order_by("id").values(*names).iterator()
