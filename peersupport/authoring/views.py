"""Pages for writing scenarios: the list, the form with what is wrong and a preview, publishing.

What is written travels in bodies of requests alone, and the preview keeps nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from peersupport import seeker
from peersupport.authoring import beside, publishing, rehearsal
from peersupport.authoring.body import (
    CHOICES,
    FIELDS,
    GATES,
    LAYERS,
    PASSING,
    STATES,
    lines_of,
    read,
    table_of,
)
from peersupport.authoring.lint import LEAST, Problem, errors, lint
from peersupport.authoring.models import ScenarioDraft
from peersupport.people import access
from peersupport.people.models import Role

authors = access.role_required(Role.TRAINER, Role.ADMIN)


@require_safe
@authors
def scenarios(request: HttpRequest) -> HttpResponse:
    return _list(request)


def _list(request: HttpRequest, *, status: int = 200, **form) -> HttpResponse:
    context = {
        "drafts": publishing.with_versions(publishing.drafts_for_user(request.user)),
        "cohorts": access.cohorts_for_user(request.user).order_by("name"),
        **form,
    }
    return render(request, "authoring/scenarios.html", context, status=status)


@sensitive_post_parameters("title")
@require_POST
@authors
def new(request: HttpRequest) -> HttpResponse:
    key, title = request.POST.get("cohort", ""), request.POST.get("title", "")
    cohorts = access.cohorts_for_user(request.user)
    chosen = (
        cohorts.filter(pk=int(key)).first() if key.isascii() and key.isdigit() and len(key) < 10 else None
    )
    try:
        if chosen is None:
            raise ValidationError(_("Choose one of your cohorts."))
        made = publishing.begin(chosen, by=request.user, title=title)
    except ValidationError as error:
        return _list(request, status=400, error=error.messages[0], title=title)
    return redirect("authoring:edit", made.pk)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@authors
def edit(request: HttpRequest, own_id: int) -> HttpResponse:
    """Where somebody else saved first (409) the form keeps the revision that it began with, so that saving
    again is refused again. `over` is the revision that the author was shown and means to replace."""
    draft = publishing.draft_for_user(request.user, own_id)
    if request.method != "POST":
        return _form(request, draft, draft.body)
    body, began = read(request.POST), _number(request.POST.get("revision", ""))
    try:
        publishing.save(draft, body, revision=_number(request.POST.get("over", "")) or began)
    except ValidationError as error:
        draft = publishing.draft_for_user(request.user, own_id)
        more = {"revision": began, "theirs": beside.differing(draft.body, body)}
        return _form(request, draft, body, status=409, error=error.messages[0], **more)
    messages.success(request, _("Saved. Volunteers see it when it is published."))
    return redirect("authoring:edit", draft.pk)


def _number(text: str) -> int:
    """0, which no revision has, where it is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _form(
    request: HttpRequest, draft: ScenarioDraft, body: Mapping[str, str], *, status: int = 200, **more
) -> HttpResponse:
    problems, opening = lint(body), body.get("opening", "")
    versions = publishing.versions_of(draft)
    by_field: dict[str, list[Problem]] = {}
    for problem in problems:
        by_field.setdefault(problem.field, []).append(problem)
    context = {
        "draft": draft,
        "revision": draft.revision,
        "body": body,
        "fields": {name: _field(name, body, by_field) for name in FIELDS},
        "states": [(beside.NAMES[name], _field(name, body, by_field)) for name in STATES],
        "gates": [
            (seeker.LAYER_WORDS[number], _field(name, body, by_field))
            for number, name in enumerate(GATES, start=1)
        ],
        "layers": [
            (number, words, [_lines(rows, body, by_field) for rows in group])
            for number, words, group in LAYERS
        ],
        "passing": [_lines(rows, body, by_field) for rows in PASSING],
        "choices": CHOICES,
        "problems": problems,
        "errors": len(errors(problems)),
        "fresh": draft.revision == 1 and request.method != "POST",
        "versions": versions,
        "asked": sum(one.asked for one in versions),
        "codes": rehearsal.CODES,
        "opening": opening,
        "shown": _digest(opening, ()),
        **more,
    }
    return render(request, "authoring/edit.html", context, status=status)


def _field(name: str, body: Mapping[str, str], problems: Mapping[str, list[Problem]]) -> dict[str, Any]:
    return {"name": name, "value": body.get(name, ""), "problems": problems.get(name, ())}


def _lines(rows, body: Mapping[str, str], problems: Mapping[str, list[Problem]]) -> dict[str, Any]:
    least = LEAST[rows.kind][rows.layer] if rows.kind in LEAST else 0
    found = len(lines_of(body, rows))
    return _field(rows.field, body, problems) | {"rows": rows, "n": found, "least": least, "high": found + 2}


@sensitive_post_parameters()
@require_POST
@authors
def preview(request: HttpRequest, own_id: int) -> HttpResponse:
    """How the seeker would answer: with JavaScript by the form as it stands, without it by what was saved."""
    draft = publishing.draft_for_user(request.user, own_id)
    body = read(request.POST) if "opening" in request.POST else draft.body
    context = _preview(body, request)
    if request.htmx:
        return render(request, "authoring/_preview_answer.html", {"draft": draft, **context})
    return _form(request, draft, body, **context)


def _preview(body: Mapping[str, str], request: HttpRequest) -> dict[str, Any]:
    post = request.POST
    said = [] if "again" in post else list(zip(post.getlist("said"), post.getlist("said_as"), strict=False))
    text, code = post.get("say", "").replace("\0", "").strip(), post.get("say_as", rehearsal.GUESS)
    if text and "again" not in post:
        said.append((text, code))
    # What the page sends back is as untrusted as anything else that comes in.
    known = {*rehearsal.CODES, rehearsal.GUESS}
    said = [(text[:600], code if code in known else rehearsal.GUESS) for text, code in said]
    said = said[: rehearsal.MOST]
    context: dict[str, Any] = {"codes": rehearsal.CODES, "chosen": code, "full": len(said) >= rehearsal.MOST}
    try:
        scenario = seeker.compose_scenario(table_of(body, version="1"), slug="draft", sha256="")
        turns = rehearsal.play(scenario, said)
    except seeker.BankError:
        return context | {"unplayable": True, "said": said}
    before, shown = _digest(scenario.opening, turns[:-1]), _digest(scenario.opening, turns)
    return context | {
        "turns": turns,
        "opening": scenario.opening,
        "person": scenario.name,
        "said": said,
        "shown": shown,
        "added": bool(turns) and post.get("shown") == before,
        "same": post.get("shown") == shown,
    }


def _digest(opening: str, turns: Sequence[rehearsal.Turn]) -> str:
    """Of what the page shows of them."""
    shown = [opening, *((one.text, one.names, one.reply.text, list(map(str, one.why))) for one in turns)]
    return hashlib.sha256(repr(shown).encode("utf-8", "replace")).hexdigest()


@require_POST
@authors
def publish(request: HttpRequest, own_id: int) -> HttpResponse:
    """What was saved last becomes a version of its own."""
    draft = publishing.draft_for_user(request.user, own_id)
    try:
        made = publishing.publish(draft, by=request.user)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        words = _("Published to %(cohort)s as version %(version)s. Chats that have begun keep theirs.")
        messages.success(request, words % {"cohort": draft.cohort, "version": made.version})
    return redirect("authoring:edit", draft.pk)


@require_POST
@authors
def take_back(request: HttpRequest, own_id: int) -> HttpResponse:
    draft = publishing.draft_for_user(request.user, own_id)
    if publishing.take_back(draft, by=request.user):
        messages.success(request, _("Taken back: nobody can choose it now. Chats that have begun go on."))
    return redirect("authoring:edit", draft.pk)


@require_POST
@authors
def delete(request: HttpRequest, own_id: int) -> HttpResponse:
    draft = publishing.draft_for_user(request.user, own_id)
    publishing.delete(draft, by=request.user)
    messages.success(request, _("Deleted. Chats that were held with it stay."))
    return redirect("authoring:scenarios")
