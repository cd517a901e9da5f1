"""Pages of trainers: the review queue, the tagging page of one message, and taking a coding back."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping
from itertools import groupby
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from peersupport.audit.log import record_read
from peersupport.people import access
from peersupport.people.models import Role
from peersupport.practice.models import Message
from skills.models import Dispute
from skills.review import agreement, coding, queue
from skills.review.keys import KEYS
from skills.tags import tag_views
from skills.taxonomy import TECHNIQUES

FAMILIES = {
    "mi_consistent": gettext_lazy("In keeping with motivational interviewing"),
    "neutral": gettext_lazy("Neutral"),
    "mi_inconsistent": gettext_lazy("Discouraged by guideline"),
}
LISTED = 25  # on the page of the queue
NOTE_MOST = 500
BEFORE = 4  # messages of the chat that stand above the one to code


@require_safe
@access.role_required(Role.TRAINER)
def review(request: HttpRequest) -> HttpResponse:
    """What to look at next. No words of a chat stand here: they are read one message at a time."""
    found = queue.items(request.user)
    counts = Counter(item.reason for item in found)
    own = Message.objects.filter(
        chat=OuterRef("chat"), role=Message.Role.COUNSELOR, index__lte=OuterRef("index")
    )
    number = own.order_by().values("chat").annotate(n=Count("pk")).values("n")
    rows = Message.objects.filter(pk__in=[item.message_id for item in found[:LISTED]])
    rows = rows.annotate(own_number=Subquery(number))  # as the report counts: the seeker's do not
    by_id = rows.select_related("chat__scenario", "chat__volunteer").in_bulk()
    listed = [
        {
            "message": by_id[item.message_id],
            "reason": queue.REASONS[item.reason][0],
            "query": _place(place, found),
        }
        for place, item in enumerate(found[:LISTED])
        if item.message_id in by_id
    ]
    reasons = [(name, words, counts[key]) for key, (name, words) in queue.REASONS.items()]
    context = {"total": len(found), "reasons": reasons, "listed": listed, "recent": queue.RECENT}
    context["undo"] = _uuid(request.GET.get("undo", ""))
    context["done"] = _number(request.GET.get("done"))
    return render(request, "skills/review.html", context)


def _place(place: int, found: list, done: int = 0) -> str:
    """`done`: how many were saved on the way here. They have left the queue and still count."""
    return urlencode({"place": place, "of": len(found)} | ({"done": done} if done else {}))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 7 else None


@require_safe
@access.role_required(Role.TRAINER)
def review_next(request: HttpRequest) -> HttpResponse:
    """To the message at `?place=` of the queue as it is now; `?undo=` is carried along."""
    found, done = queue.items(request.user), _number(request.GET.get("done")) or 0
    undo = _uuid(request.GET.get("undo", ""))
    if not found:
        messages.success(request, _("Nothing is left to review."))
        query = urlencode({"undo": undo, "done": done}) if undo else ""
        return redirect(reverse("skills:review") + (f"?{query}" if query else ""))
    place = min(_number(request.GET.get("place")) or 0, len(found) - 1)
    query = _place(place, found, done)
    if undo:
        query += "&" + urlencode({"undo": undo})
    return redirect(reverse("skills:correct", args=[found[place].message_id]) + f"?{query}")


def _uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return ""


@sensitive_post_parameters("note")
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """The tagging page of one message; with `?place=` as part of the queue."""
    message = access.reviewed_message_for_user(request.user, message_id)
    if not message.is_counselor or message.copied:
        return HttpResponseBadRequest(
            _("Only the counselor's messages carry techniques, each in the chat it was first said in."),
            content_type="text/plain; charset=utf-8",
        )
    if message.is_set_aside:  # why is for the volunteer alone
        return HttpResponseBadRequest(
            _("No technique is read into this message."), content_type="text/plain; charset=utf-8"
        )
    if request.method == "POST":
        return _save(request, message)
    return _form(request, message, _context(request, message))


def _form(request: HttpRequest, message: Message, context: dict, status: int = 200) -> HttpResponse:
    """With a line for the message, or for the chat where all of it stands on the page."""
    read = message.chat if context["talk"] else message
    record_read(request.user, read, owner_id=message.chat.volunteer_id)
    return render(request, "skills/correct.html", context, status=status)


def _comes_from_chat(request: HttpRequest) -> bool:
    """Where the tags stand at the message. The form is sent to its own address, which still says so."""
    return request.GET.get("from") == "chat"


def _save(request: HttpRequest, message: Message) -> HttpResponse:
    note = request.POST.get("note", "").replace("\0", "").strip()
    made_on = request.POST.get("basis", "")
    try:
        codes = coding.clean_codes(request.POST.getlist("codes"))
        places = {code: request.POST.get(f"span_{code}", "") for code in codes}
        spans = coding.clean_spans(places, codes, len(message.text))
        if len(note) > NOTE_MOST:
            words = _("The note is %(have)d characters long. Please keep it under %(most)d.")
            raise ValidationError(words % {"have": len(note), "most": NOTE_MOST})
        form = {"codes": codes, "spans": spans, "note": note, "made_on": made_on}
        saved = coding.save(message, trainer=request.user, seen=_comes_from_chat(request), **form)
    except (ValidationError, coding.Stale) as error:
        stale = isinstance(error, coding.Stale)
        words = _stale_words(error.changed) if stale else error.messages[0]
        more = {"error": words, "stale": stale, "chosen": codes, "placed": spans, "note": note}
        context = _context(request, message, **more)
        if not stale:  # a note that is too long makes nothing seen that came meanwhile
            context["basis"] = made_on
        return _form(request, message, context, status=409 if stale else 400)
    except ValueError:
        return HttpResponseBadRequest(
            _("The form names a technique that does not exist. Reload the page and try again."),
            content_type="text/plain; charset=utf-8",
        )
    messages.success(request, _done_words(saved))
    place = _number(request.GET.get("place"))
    if place is None:
        return redirect(reverse("practice:chat", args=[message.chat_id]) + f"#message-{message.pk}")
    done = (_number(request.GET.get("done")) or 0) + 1
    query = urlencode({"place": place, "undo": message.pk, "done": done})
    return redirect(reverse("skills:review-next") + f"?{query}")


def _stale_words(changed: tuple[str, ...]) -> str:
    """What is another than when the form was opened. Tags and mode are told of where nothing says why."""
    said = {
        "codings": _("A coding of this message was saved or taken back since you opened it."),
        "disputes": _("What the volunteer disputes here has changed since you opened it."),
        "tags": _("The tags of this message have changed since you opened it."),
        "mode": _("How this message is to be coded has changed since you opened it."),
        "form": _("This form was opened before the program was renewed, or is not whole."),
    }
    words = [said[name] for name in ("form", "codings", "disputes") if name in changed]
    words = words or [next(said[name] for name in ("tags", "mode") if name in changed)]
    return " ".join([*words, _("Nothing is saved yet. Your ticks and your note are kept.")])


def _done_words(saved: coding.Saved) -> str:
    if saved.agreed is False:
        return _("Saved. The two codings differ: they are in the queue to be settled.")
    if saved.agreed:
        return _("Saved. Both trainers saw the same.")
    if not saved.review.holds:
        return _("Saved. It holds once a second trainer has coded the message.")
    done = ngettext("%(n)d tag corrected.", "%(n)d tags corrected.", saved.changed) % {"n": saved.changed}
    if saved.changed:
        return done
    if saved.review.note:
        return _("No tag changed. The volunteer can read your note.")
    return _("Nothing changed: the tags are as you set them.")


@require_POST
@access.role_required(Role.TRAINER)
def review_undo(request: HttpRequest, message_id: uuid.UUID) -> HttpResponse:
    """Take back one's own newest coding of the message and show the message again."""
    message = access.reviewed_message_for_user(request.user, message_id)
    taken = coding.undo(message, trainer=request.user)
    if taken:
        messages.success(request, _("Taken back."))
    else:
        messages.info(request, _("There is nothing to take back here, or it is more than an hour old."))
    place, query = _number(request.POST.get("place")), ""
    if place is not None:
        of, done = (_number(request.POST.get(name)) or 0 for name in ("of", "done"))
        if taken:  # it is in the queue again
            of, done = of + 1, max(0, done - 1)
        query = "?" + urlencode({"place": place, "of": max(of, place + 1), "done": done})
    return redirect(reverse("skills:correct", args=[message.pk]) + query)


def _context(
    request: HttpRequest,
    message: Message,
    *,
    chosen: list[str] | None = None,
    placed: Mapping[str, tuple[int, int]] | None = None,
    note: str = "",
    error: str = "",
    stale: bool = False,
) -> dict:
    """`chosen`, `placed` and `note` are what was posted, where it could not be saved; `stale`: since the form
    was made on something else."""
    found = coding.coding_for(message, request.user, seen=_comes_from_chat(request))
    if found.mode == "open":
        talk = []
        before = list(message.chat.messages.filter(index__lt=message.index).order_by("-index")[:BEFORE])[::-1]
    else:  # the chat's own page shows the tags
        talk = list(message.chat.messages.order_by("index"))
        before = [one for one in talk if one.index < message.index][-BEFORE:]
    # Whoever codes or settles on their own does not see what the tagger found.
    views = {v.code: v for v in tag_views([message])[message.pk]} if found.mode == "open" else {}
    if chosen is None:
        chosen = found.mine.codes if found.mode == "waiting" else list(views)
    if found.mode == "conflict" and not error:
        chosen = [code for code in TECHNIQUES if all(code in row.codes for row in found.blind)]
    spans = {code: (view.start, view.end) for code, view in views.items()}
    for coded in {"waiting": (found.mine,), "conflict": found.blind}.get(found.mode, ()):
        spans |= {code: tuple(span) for code, span in coded.spans.items()}
    if found.mode == "waiting" and not error:
        note = note or found.mine.note
    spans |= placed or {}
    rows = [
        {
            "technique": technique,
            "key": KEYS[technique.code],
            "checked": technique.code in chosen,
            "view": views.get(technique.code),
            "span": "{}-{}".format(*spans[technique.code]) if technique.code in spans else "",
        }
        for technique in TECHNIQUES.values()
    ]
    grouped = groupby(rows, key=lambda row: row["technique"].family)
    place, of, done = (_number(request.GET.get(name)) for name in ("place", "of", "done"))
    done = done or 0
    disputes = list(Dispute.objects.filter(message=message, outcome=""))
    reason = "" if place is None else queue.reason_for(request.user, message)
    return {
        "reason": queue.OWN_LATE if reason == "second" and found.mine else queue.REASONS.get(reason),
        "sign": queue.sign_missed(message) if reason == "missed" else None,
        "basis": coding.basis(message, found, views=views.values(), disputed=disputes),
        "now": [view.name for view in views.values()],
        "stale": stale,
        "message": message,
        "before": before,
        "talk": talk,
        "seen": found.seen,
        "note": note,
        "mode": found.mode,
        "codings": [_coding(row) for row in found.blind] if found.mode == "conflict" else [],
        "families": [(FAMILIES[key], list(group)) for key, group in grouped],
        "disputes": [_dispute(row) for row in disputes],
        "place": place,
        "number": None if place is None else place + 1 + done,
        "of": None if of is None else of + done,
        "left": of,
        "done": done,
        "following": None if place is None or of is None or place + 1 >= of else place + 1,
        "previous": None if not place else place - 1,
        "undo": _uuid(request.GET.get("undo", "")),
        "error": error,
    }


def _coding(row) -> dict:
    return {"who": row.trainer, "names": [TECHNIQUES[code].name for code in row.codes], "note": row.note}


def _dispute(row: Dispute) -> dict:
    return {
        "name": TECHNIQUES[row.code].name,
        "reason": row.get_reason_display(),
        "words": row.words,
    }


@require_safe
@access.role_required(Role.TRAINER, Role.ADMIN)
def agreement_page(request: HttpRequest) -> HttpResponse:
    """Figures only: no words of a chat and no name of a volunteer."""
    context = {
        "found": agreement.agreement_for(request.user),
        "least": agreement.LEAST,
        "least_present": agreement.LEAST_PRESENT,
        "resamples": agreement.RESAMPLES,
        "percent": settings.REVIEW_DOUBLE_PERCENT,
    }
    return render(request, "skills/agreement.html", context)
