"""Rating a mock chat, withdrawing a rating, and what the ratings of a chat say together.

Two trainers rate without seeing each other's: whoever has not rated yet is told that somebody has, and no
more, neither who nor what they decided.
A chat is signed off while at least one standing rating says so and none says "not yet".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import MockRating, SessionReport
from feedback.reports import retagged
from feedback.signoff.scales import KEYS, SCALES, STEPS
from peersupport.audit.log import record
from peersupport.people import access
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat

NOTE_CHARACTERS = 2000
REASON_CHARACTERS = 500
SIGNED_OFF, NOT_YET = MockRating.Decision.SIGNED_OFF, MockRating.Decision.NOT_YET


def can_be_rated(chat: PracticeChat) -> bool:
    """A whole practice chat that has ended: another try begins in the middle, an imported one is none."""
    return not (chat.is_open or chat.is_imported or chat.is_try)


def clean(text: str, *, most: int) -> str:
    """Raises ValidationError with words for the trainer."""
    text = text.replace("\r\n", "\n").replace("\0", "").strip().encode("utf-8", "replace").decode()
    if len(text) > most:
        words = _("The text is %(have)d characters long. Please keep it under %(most)d.")
        raise ValidationError(words % {"have": len(text), "most": most})
    return text


def _step(text: str, name: str) -> int:
    if text not in {str(step) for step in STEPS}:
        raise ValidationError(_("Choose a step for “%(name)s”.") % {"name": name})
    return int(text)


def rate(chat: PracticeChat, *, trainer: User, given: Mapping[str, str]) -> MockRating:
    """`given` has a step for each of `KEYS`, "decision" and "note". Raises ValidationError with words for the
    trainer, and Http404 where the chat is gone."""
    if not can_be_rated(chat):
        raise ValidationError(_("Only a whole practice chat that has ended can be a mock chat."))
    steps = {scale.key: _step(given.get(scale.key, ""), str(scale.name)) for scale in SCALES}
    decision = given.get("decision", "")
    if decision not in MockRating.Decision.values:
        raise ValidationError(_("Say whether the chat is signed off or not yet."))
    note = clean(given.get("note", ""), most=NOTE_CHARACTERS)
    if decision == NOT_YET and not note:
        raise ValidationError(_("“Not yet” needs a note: what might the volunteer practise next?"))
    fields = {**steps, "decision": decision, "note": note, "figures": _figures(chat)}
    try:
        with transaction.atomic():
            chats.held(chat)
            made = MockRating.objects.create(chat=chat, trainer=trainer, **fields)
            record(trainer, "mock_rated", made)
    except IntegrityError:
        raise ValidationError(_("You have rated this chat. Withdraw that rating to rate anew.")) from None
    return made


def _figures(chat: PracticeChat) -> dict[str, Any]:
    """Those of the report, or of the tags that hold now where they are others."""
    report = SessionReport.objects.filter(chat=chat).first()
    if report is None or "ratios" not in report.body:
        return {}
    now = retagged.tagged_by(chat)
    # A message that the report could not be told of may be tagged by now: `since` does not know it.
    if retagged.since(report) or now != report.body.get("tagged_by", now):
        versions = ", ".join(sorted(now))
        return {"ratios": retagged.ratios_now(chat), "tagger": versions, "corrected": True}
    tagger = report.body.get("versions", {}).get("tagger")
    return {"ratios": report.body["ratios"], "tagger": tagger, "corrected": True}


def since_report(chat: PracticeChat) -> retagged.Changes | None:
    """What became of the chat's tags after its report. 5 queries at most."""
    report = SessionReport.objects.filter(chat=chat).first()
    return retagged.since(report) if report else None


def withdraw(rating: MockRating, *, by: User, reason: str) -> None:
    """Raises ValidationError without a reason, and for a rating that was withdrawn before."""
    reason = clean(reason, most=REASON_CHARACTERS)
    if not reason:
        raise ValidationError(_("Say why: the volunteer reads it."))
    with transaction.atomic():
        open_rows = MockRating.objects.filter(pk=rating.pk, withdrawn_at=None)
        if not open_rows.update(withdrawn_at=timezone.now(), withdrawn_by=by, reason=reason):
            raise ValidationError(_("It was withdrawn before."))
        record(by, "mock_withdrawn", rating)


def rating_for_user(user: User, rating_id: int) -> MockRating:
    """A rating that the person may withdraw, as `withdrawable`. Http404 for one that is hidden from them
    still or of a chat that they may not read, PermissionDenied for other roles and for another trainer's."""
    if not user.is_trainer:
        raise PermissionDenied
    rows = MockRating.objects.filter(chat__in=access.chats_for_user(user)).select_related("chat__volunteer")
    found = rows.filter(pk=rating_id).first()
    if found is None or found not in seen_by(user, ratings_of(found.chat)):
        raise Http404
    if found.pk not in withdrawable(user, [found], found.chat.volunteer):
        raise PermissionDenied
    return found


def withdrawable(user: User, ratings: Iterable[MockRating], volunteer: User) -> set[int]:
    """Ids of those that the person may withdraw: a trainer their own, so that nobody alone overturns what
    another decided, and those whose rater cannot do it any more, since the account is gone or closed or they
    train the volunteer no longer. 1 query where others rated."""
    if not user.is_trainer:
        return set()
    others = {row.trainer_id for row in ratings} - {None, user.pk}
    still = access.trainers_for_user(volunteer).filter(pk__in=others) if others else User.objects.none()
    deciding = set(still.values_list("pk", flat=True))
    return {row.pk for row in ratings if row.trainer_id not in deciding}


def ratings_of(chat: PracticeChat) -> list[MockRating]:
    """Oldest first, withdrawn ones as well. 1 query."""
    return list(MockRating.objects.filter(chat=chat).select_related("trainer", "withdrawn_by").order_by("id"))


def seen_by(user: User, ratings: list[MockRating]) -> list[MockRating]:
    """What the person may see of a chat's ratings: its volunteer all; a trainer those of others once they
    have a standing one of their own. An account that is gone hides nothing."""
    own = any(row.trainer_id == user.pk and not row.withdrawn_at for row in ratings)
    if not user.is_trainer or own:
        return ratings
    return [row for row in ratings if row.trainer_id in (None, user.pk)]


def open_to(user: User, chat_field: str = "chat") -> Q:
    """`seen_by` for a query on standing ratings: those of chats of which the person may see all of them."""
    if not user.is_trainer:
        return Q()
    of_chat = MockRating.objects.filter(chat=OuterRef(chat_field), withdrawn_at=None)
    by_others = of_chat.exclude(trainer=None).exclude(trainer=user)
    return Q(Exists(of_chat.filter(trainer=user))) | ~Q(Exists(by_others))


def standing(ratings: Iterable[MockRating]) -> list[MockRating]:
    return [row for row in ratings if row.withdrawn_at is None]


def state(ratings: Iterable[MockRating]) -> str:
    """ "" (not rated), "signed_off", "not_yet" or "differ", of standing ratings."""
    decisions = {row.decision for row in standing(ratings)}
    return "differ" if len(decisions) > 1 else str(next(iter(decisions), ""))


def rated(chats: Iterable[PracticeChat]) -> set[Any]:
    """Ids of those that a rating stands on. 1 query."""
    return set(MockRating.objects.filter(chat__in=chats, withdrawn_at=None).values_list("chat_id", flat=True))


def signed_off(chat_field: str = "chat") -> QuerySet[MockRating]:
    """Standing ratings that sign a chat off and that no other one stands against."""
    against = MockRating.objects.filter(chat=OuterRef(chat_field), withdrawn_at=None, decision=NOT_YET)
    return MockRating.objects.filter(~Exists(against), withdrawn_at=None, decision=SIGNED_OFF)


def count_signed_off(chats: QuerySet[PracticeChat]) -> int:
    """1 query."""
    rows = signed_off().filter(chat__in=chats.order_by().values("pk"))
    return rows.order_by().aggregate(n=Count("chat", distinct=True))["n"]


def mock_chats(user: User) -> list[dict[str, Any]]:
    """The person's own rated chats, the newest rating first: {"chat", "state", "at"}. 1 query."""
    rows = MockRating.objects.filter(chat__volunteer=user, withdrawn_at=None)
    by_chat: dict[Any, list[MockRating]] = {}
    for row in rows.select_related("chat__scenario").order_by("-id"):
        by_chat.setdefault(row.chat_id, []).append(row)
    return [
        {"chat": found[0].chat, "state": state(found), "at": found[0].created_at}
        for found in by_chat.values()
    ]


def rows(user: User) -> Iterable[dict]:
    """On the person's chats by any trainer, and by the person as a trainer, for their own data."""
    found = MockRating.objects.filter(Q(chat__volunteer=user) | Q(trainer=user)).order_by("id")
    names = ("chat_id", *KEYS, "decision", "note", "figures", "created_at", "withdrawn_at", "reason")
    for row in found.iterator():
        yield {name: getattr(row, name) for name in names} | {"by_you": row.trainer_id == user.pk}


def objects(user: User) -> dict[str, list[str]]:
    keys = MockRating.objects.filter(chat__volunteer=user).values_list("pk", flat=True)
    return {"mockrating": [str(pk) for pk in keys]}
