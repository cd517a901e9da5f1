"""The settings of the organisation: a form, what would change with a look at it, saving, earlier versions.

Nothing is saved unseen: what is sent to be kept must be what the preview showed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from peersupport import safety
from peersupport.demo import jobs as demo_jobs
from peersupport.organisation import changing, reading
from peersupport.organisation.current import current
from peersupport.organisation.models import OrganisationVersion
from peersupport.organisation.values import Values, digest_of, is_emergency
from peersupport.people import consents, retention
from peersupport.people.access import role_required
from peersupport.people.models import Consent, Role
from peersupport.safety import HelplineFileError

SHOWN = 20
NAMES = {
    "name": gettext_lazy("Name"),
    "region": gettext_lazy("Region"),
    "lines": gettext_lazy("Help lines"),
    "policy": gettext_lazy("Crisis policy"),
    "policy_text": gettext_lazy("Own words on a crisis"),
    "retention_days": gettext_lazy("Days that chats are kept"),
    **{f"consent.{purpose.value}": purpose.label for purpose in Consent.Purpose},
}


def _regions() -> dict[str, str]:
    try:
        return dict(safety.regions(path=settings.HELP_LINES_FILE or None))
    except HelplineFileError:
        return dict(safety.regions())


def _shipped() -> dict[str, str]:
    return {purpose.value: str(text) for purpose, text in consents.TEXTS.items()}


def _lines_of(form: Mapping[str, Any]) -> tuple[safety.HelpLine, ...]:
    """Those of the region that the form names."""
    return Values({"region": form["region"]}).help_lines


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@role_required(Role.ADMIN)
def page(request: HttpRequest) -> HttpResponse:
    """GET: what holds, or with `from` a preview of an earlier version. POST: a preview, or with `do=save`
    what was previewed becomes the newest version (409 where somebody else saved first); with `do=copy` the
    form with the region's lines in it, each to be checked."""
    if request.method == "POST":
        return _posted(request)
    if request.htmx and not request.htmx.boosted:  # the panel of the demo looks again
        return render(request, "organisation/_demo.html", {"demo": demo_jobs.panel(request.user)})
    last = changing.newest()
    held = last.body if last else {}
    if (asked := request.GET.get("from")) is None:
        return _page(request, last, form=reading.form_of(held))
    number = _number(asked)
    body = None if number is None else changing.body_of(number)
    if body is None:
        raise Http404
    return _page(request, last, form=reading.form_of(body), body=body, back_to=number)


def _posted(request: HttpRequest) -> HttpResponse:
    found = reading.read(request.POST, regions=_regions(), shipped=_shipped())
    if request.POST.get("do") == "copy":
        always = _lines_of({"region": "international"})  # stands below own lines anyway
        lines = [line for line in _lines_of(found.form) if line not in always]
        return _page(request, changing.newest(), form=reading.with_lines(found.form, lines), copied=True)
    on, back_to = (_number(request.POST.get(name, "")) for name in ("on", "back_to"))
    last = changing.newest()
    more: dict[str, Any] = {"form": found.form}
    if found.errors:
        return _page(request, last, status=400, errors=found.errors, **more)
    if back_to is not None and changing.body_of(back_to) != found.body:
        back_to = None  # it was edited since: a version of its own
    more |= {"body": found.body, "back_to": back_to}
    if request.POST.get("do") != "save" or request.POST.get("seen") != digest_of(found.body):
        unseen = request.POST.get("do") == "save"
        return _page(request, last, status=409 if unseen else 200, unseen=unseen, **more)
    try:
        made = changing.save(found.body, by=request.user, on=on or 0, back_to=back_to)
    except changing.OutOfDateError:
        return _page(request, changing.newest(), status=409, out_of_date=True, **more)
    if made is None:
        messages.info(request, _("Nothing changed."))
    else:
        messages.success(request, _("Saved as version %(n)d. It holds from now on.") % {"n": made.number})
    return redirect("organisation:settings")


def _page(
    request: HttpRequest,
    last: OrganisationVersion | None,
    *,
    form: Mapping[str, Any],
    body: Mapping[str, Any] | None = None,
    status: int = 200,
    errors: Mapping[str, str] | None = None,
    **more,
) -> HttpResponse:
    held, errors = (last.body if last else {}), errors or {}
    lines = [dict(line, problem=errors.get(f"line-{at}", "")) for at, line in enumerate(form["lines"])]
    unfolded = len(lines) + reading.SPARE_LINES
    lines += [{}] * (
        reading.MOST_LINES - len(lines)
    )  # all of them, or a draft would not find its fields again
    words = {purpose.value: purpose.label for purpose in Consent.Purpose}
    demo = demo_jobs.panel(request.user)
    context = {
        "form": form,
        "errors": errors,
        "lines": lines,
        "unfolded": unfolded,
        "consents": [
            {"key": key, "name": words[key], "text": form["consent"][key], "shipped": shipped,
             "problem": errors.get(f"consent-{key}", "")}
            for key, shipped in _shipped().items()
        ],
        "regions": _regions().items(),
        "policies": safety.policies(),
        "installed": Values({}),
        "region_lines": _lines_of(form),
        "on": last.number if last else 0,
        "versions": _versions(),
        "demo": demo if settings.IS_LOCAL or demo.people or (demo.job and demo.job.is_open) else None,
        "preview": None if body is None else _preview(held, body, request),
        **more,
    }  # fmt: skip
    return render(request, "organisation/settings.html", context, status=status)


def _preview(held: Mapping[str, Any], body: Mapping[str, Any], request: HttpRequest) -> dict[str, Any]:
    """What would differ, and what volunteers would see."""
    after, before = Values(body), current(request.user)
    asked = [
        purpose.label
        for purpose in Consent.Purpose
        if consents.versions(before)[purpose] != consents.versions(after)[purpose]
    ]
    sooner = after.retention_days and after.retention_days != before.retention_days
    due, signed_off = retention.due_counts(after.retention_days) if sooner else (0, 0)
    return {
        "changes": changing.changes(held, body, NAMES),
        "digest": digest_of(body),
        "values": after,
        "checklist": safety.crisis_checklist(after.policy),
        "consents": [
            (purpose.label, consents.text_of(purpose, after)) for purpose in Consent.Purpose
        ],
        "asked": asked,
        "no_emergency": bool(after.own_lines) and not any(map(is_emergency, after.own_lines)),
        "due": due,
        "signed_off": signed_off,
    }  # fmt: skip


def _versions() -> list[dict[str, Any]]:
    """The newest ones with what each changed, newest first. 1 query."""
    rows = list(OrganisationVersion.objects.select_related("person")[: SHOWN + 1])
    earlier = [row.body for row in rows[1:]] + [{}]
    return [
        {"row": row, "changes": changing.changes(before, row.body, NAMES), "holds": at == 0}
        for at, (row, before) in enumerate(zip(rows, earlier, strict=False))
    ][:SHOWN]
