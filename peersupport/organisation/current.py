"""The settings that hold now, for every process at its next request, without a query of their own.

Who signs in is read from the database at each request anyway; the digest of the newest version comes with
that row. A process keeps the one version that it read last and reads again when the digest is another one.
"""

from __future__ import annotations

from django.db.models import QuerySet, Subquery

from peersupport.organisation.models import OrganisationVersion
from peersupport.organisation.values import Values

CARRIED = "settings_digest"
_UNKNOWN = object()
_AS_INSTALLED = Values({})
_kept: tuple[str | None, Values] = (None, _AS_INSTALLED)


def carrying(users: QuerySet) -> QuerySet:
    """Users with the digest of the settings that hold; None where nothing was ever decided."""
    newest = OrganisationVersion.objects.order_by("-number").values("digest")[:1]
    return users.annotate(**{CARRIED: Subquery(newest)})


def current(user=None) -> Values:
    """With a `user` who came with this request no query, but the first after a change; else 1 query."""
    digest = getattr(user, CARRIED, _UNKNOWN)
    if digest is _UNKNOWN:
        digest = OrganisationVersion.objects.order_by("-number").values_list("digest", flat=True).first()
    return _of(digest)


def _of(digest: str | None) -> Values:
    global _kept
    if digest is None:
        return _AS_INSTALLED
    known, values = _kept  # one read: other threads put another pair there
    if known != digest:
        bodies = OrganisationVersion.objects.filter(digest=digest).values_list("body", flat=True)
        body = bodies.first()
        values = Values(body if isinstance(body, dict) else {}, decided=True)
        _kept = digest, values
    return values
