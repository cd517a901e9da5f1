"""Pages of own transcripts: bring one, look it over and repair it, make it a chat; share or delete that."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from peersupport.people import access
from peersupport.people.models import Role
from peersupport.practice import drafts, imports
from peersupport.practice.models import PracticeChat, TranscriptDraft
from peersupport.practice.transcripts import TranscriptError
from peersupport.uploads import OneFile


@require_safe
@access.role_required(Role.VOLUNTEER)
def transcripts(request: HttpRequest) -> HttpResponse:
    """Drafts that wait, and the newest hundred chats that were made of transcripts."""
    chats = access.chats_for_user(request.user).filter(kind=PracticeChat.Kind.IMPORTED)
    context = {
        "drafts": access.drafts_for_user(request.user),
        "chats": chats[:100],
        "hours": settings.TRANSCRIPT_DRAFT_HOURS,
    }
    return render(request, "practice/transcripts.html", context)


@csrf_exempt  # for `_new`, which is protected: the check reads the form, and that needs the handler first
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@access.role_required(Role.VOLUNTEER)
def new(request: HttpRequest) -> HttpResponse:
    """The form, and reading what it brings. 413 for what is too long, 400 for what cannot be read."""
    upload = OneFile(settings.TRANSCRIPT_MAX_BYTES)
    request.upload_handlers = [upload]
    try:
        request.POST  # noqa: B018 - read here, so that what is too long is answered in words
    except RequestDataTooBig:
        return _form(request, 413, problem=too_long())
    return _new(request, upload)


def too_long() -> str:
    return _("That is too long for one chat: up to %(file)d MB as a file, up to 1 MB as text.") % {
        "file": settings.TRANSCRIPT_MAX_BYTES // (1024 * 1024)
    }


@csrf_protect
def _new(request: HttpRequest, upload: OneFile) -> HttpResponse:
    if request.method != "POST":
        return _form(request)
    text = request.POST.get("text", "")
    if upload.too_long:
        return _form(request, 413, problem=too_long(), text=text)
    problem = ""
    if not text.strip() and not upload.content:
        problem = _("There is nothing to read: paste a chat, or choose a file that is not empty.")
    elif text.strip() and upload.content is not None:
        problem = _("Give either a file or a pasted chat, not both.")
    elif request.POST.get("consent") != "1":
        problem = _("Tick the box first: only a chat that you may use here can be read.")
    if problem:
        return _form(request, 400, problem=problem, text=text)
    content = upload.content if upload.content is not None else text.encode("utf-8", "replace")
    try:
        draft = drafts.make(request.user, content, suffix=upload.suffix)
    except TranscriptError as error:
        return _form(request, 400, error=error, text=text)
    return redirect("practice:transcript-preview", draft.pk)


def _form(request: HttpRequest, status: int = 200, **context) -> HttpResponse:
    context |= {
        "most_lines": drafts.MAX_LINES,
        "most_megabytes": settings.TRANSCRIPT_MAX_BYTES // (1024 * 1024),
        "hours": settings.TRANSCRIPT_DRAFT_HOURS,
    }
    return render(request, "practice/transcript_new.html", context, status=status)


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """What was read, who is who, what is masked. A POST keeps the repairs and shows the page anew."""
    draft = access.draft_for_user(request.user, draft_id)
    if request.method == "POST":
        drafts.repair(draft, request.POST.dict())
        return redirect("practice:transcript-preview", draft.pk)
    return _preview(request, draft)


def _preview(request: HttpRequest, draft: TranscriptDraft, status: int = 200, **context) -> HttpResponse:
    lines = drafts.lines(draft)
    masked = [piece for line in lines if line.role != drafts.OUT for piece in line.pieces if piece.kind]
    speakers = [
        {"name": name, "role": role, "lines": sum(line.speaker == name for line in lines)}
        for name, role in zip(draft.body["speakers"], draft.body["roles"], strict=True)
    ]
    context = {"name": draft.body.get("name", ""), "shared": draft.body.get("shared", False)} | context
    context |= {
        "draft": draft,
        "lines": lines,
        "speakers": speakers,
        "roles": drafts.ROLES,
        "masked": masked,
        "kept": sum(line.role != drafts.OUT for line in lines),
        "hours": settings.TRANSCRIPT_DRAFT_HOURS,
    }
    return render(request, "practice/transcript_preview.html", context, status=status)


@sensitive_post_parameters()
@require_POST
def confirm(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    """Make the draft a chat, with the repairs that the form brings along. Sent twice, it makes one chat."""
    name, shared = request.POST.get("name", ""), request.POST.get("shared") == "1"
    try:
        draft = access.draft_for_user(request.user, draft_id)
        drafts.repair(draft, request.POST.dict())
        chat = imports.confirm(draft, name=name, shared=shared)
    except (Http404, TranscriptDraft.DoesNotExist):  # sent twice: the chat has the draft's id
        chat = access.imported_chat_for_user(request.user, draft_id)
    except ValidationError as error:
        return _preview(request, draft, 400, problem=error.messages[0], name=name, shared=shared)
    return redirect("practice:chat", chat.pk)


@require_POST
def discard(request: HttpRequest, draft_id: uuid.UUID) -> HttpResponse:
    access.draft_for_user(request.user, draft_id).delete()
    messages.success(request, _("Discarded: nothing of it was kept."))
    return redirect("practice:transcripts")


@require_POST
def share(request: HttpRequest, chat_id: uuid.UUID) -> HttpResponse:
    chat = access.imported_chat_for_user(request.user, chat_id)
    imports.share(chat, shared=request.POST.get("shared") == "1")
    return redirect("practice:chat", chat.pk)
