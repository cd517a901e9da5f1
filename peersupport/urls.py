"""Root addresses. Upper packages are named as strings: the one place where the lower knows of them."""

from __future__ import annotations

from django.urls import include, path

from peersupport import health
from peersupport.operations.views import metrics
from peersupport.people.views import home, leave

urlpatterns = [
    path("", home, name="home"),
    path("leave/", leave, name="leave"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", metrics, name="metrics"),
    path("", include("peersupport.people.urls")),
    path("", include("peersupport.practice.urls")),
    path("own-scenarios/", include("peersupport.authoring.urls")),
    path("organisation/", include("peersupport.organisation.urls")),
    path("audit/", include("peersupport.audit.urls")),
    path("jobs/", include("peersupport.jobs.urls")),
    path("", include("skills.urls")),
    path("", include("feedback.urls")),
]

handler500 = "peersupport.outage.server_error"
