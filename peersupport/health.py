"""/healthz says the process answers; /readyz says that practising would work right now."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from peersupport.jobs import canary
from peersupport.jobs.runners import get_runner

_migrated = False


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain; charset=utf-8")


def _is_migrated() -> bool:
    """Whether the schema is the code's; a yes is remembered, since a process never goes back."""
    global _migrated
    if not _migrated:
        executor = MigrationExecutor(connection)
        _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, is migrated, and a canary job came through lately."""
    limit = settings.JOB_CANARY_SECONDS * 3
    try:
        migrated = _is_migrated()
        age = canary.age_seconds() if migrated else None
    except DatabaseError:
        return JsonResponse({"ready": False, "database": False}, status=503)
    flowing = age is not None and age < limit
    body = {
        "ready": migrated and flowing,
        "database": True,
        "migrated": migrated,
        "canary_age_seconds": None if age is None else round(age, 1),
        "canary_limit_seconds": limit,
        "runner": get_runner().name,
    }
    return JsonResponse(body, status=200 if body["ready"] else 503)
