"""GET /metrics: the figures of the installation for a monitoring system, or for an admin."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe

from peersupport.operations import figures, prometheus


def _may_read(request: HttpRequest) -> bool:
    """The bearer of METRICS_TOKEN, or a signed-in admin; where no token is set, admins alone."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if settings.METRICS_TOKEN and scheme.lower() == "bearer":
        return constant_time_compare(token.strip(), settings.METRICS_TOKEN)
    return request.user.is_authenticated and request.user.is_admin


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, or JSON with `?format=json`. 403 for everybody else."""
    if not _may_read(request):
        raise PermissionDenied
    match request.GET.get("format", "text"):
        case "json":
            return JsonResponse(figures.collect())
        case "text":
            return HttpResponse(prometheus.render(figures.collect()), content_type=prometheus.CONTENT_TYPE)
    return HttpResponseBadRequest("format is text or json\n", content_type="text/plain; charset=utf-8")
