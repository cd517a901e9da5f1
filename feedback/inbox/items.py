"""What a volunteer's inbox shows. Nothing is copied into it: it reads the rows that others wrote.

A source is one kind of thing that can happen to a person's chats. `moments` gives (an id, when) of each
as a queryset with two columns, so that the number of new ones is one query over all sources; `items` gives
them as a page shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import Max, QuerySet, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from feedback.models import InboxSeen, MockRating, TrainerNote
from feedback.signoff.scales import SCALES
from peersupport.people.models import User
from skills.models import Correction, Dispute, Review
from skills.review.shown import remarks
from skills.taxonomy import TECHNIQUES

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
MOST = 100  # of each kind on the page, the newest


@dataclass(frozen=True)
class InboxItem:
    """`lines` stand below the title; `text` is what a person wrote, `quote` the volunteer's own message."""

    kind: str
    icon: str
    at: datetime
    title: str
    who: str
    address: str
    where: str
    lines: tuple[str, ...] = ()
    text: str = ""
    quote: str = ""
    new: bool = False


@dataclass(frozen=True)
class Source:
    moments: Callable[[User], QuerySet]
    items: Callable[[User, datetime], Iterable[InboxItem]]
    when: str = "created_at"


def _who(trainer: User | None) -> str:
    return str(trainer) if trainer else _("a trainer whose account is gone")


def _notes(user: User) -> QuerySet[TrainerNote]:
    return TrainerNote.objects.filter(chat__volunteer=user)


def _note_moments(user: User) -> QuerySet:
    return _notes(user).order_by().values_list("chat_id", "created_at")


def _note_items(user: User, seen: datetime) -> Iterable[InboxItem]:
    rows = _notes(user).select_related("trainer", "chat__scenario").order_by("-id")[:MOST]
    for note in rows:
        yield InboxItem(
            kind="note",
            icon="note",
            at=note.created_at,
            title=_("A note on your chat"),
            who=_who(note.trainer),
            address=reverse("practice:chat", args=[note.chat_id]) + "#notes",
            where=note.chat.title,
            text=note.text,
            new=note.created_at > seen,
        )


def _corrections(user: User) -> QuerySet[Correction]:
    return Correction.objects.filter(message__chat__volunteer=user)


def _correction_moments(user: User) -> QuerySet:
    by_message = _corrections(user).order_by().values("message_id").annotate(at=Max("created_at"))
    return by_message.values_list("message_id", "at")


def _correction_items(user: User, seen: datetime) -> Iterable[InboxItem]:
    """One per message, with the last word on each technique."""
    newest = [pk for pk, _at in _correction_moments(user).order_by("-at")[:MOST]]
    rows = Correction.objects.filter(message__in=newest).order_by("id")
    by_message: dict[Any, dict[str, Correction]] = {}
    for row in rows.select_related("trainer", "message__chat__scenario"):
        by_message.setdefault(row.message_id, {})[row.code] = row
    for pk, by_code in by_message.items():
        rows = sorted(by_code.values(), key=lambda row: row.pk)
        last = rows[-1]
        names = {
            action: [TECHNIQUES[row.code].name for row in rows if row.action == action]
            for action in Correction.Action.values
        }
        added, removed = names[Correction.Action.ADD], names[Correction.Action.REMOVE]
        moved, lines = names[Correction.Action.MOVE], []
        if added:
            lines.append(_("Added: %(names)s") % {"names": ", ".join(added)})
        if removed:
            lines.append(_("Taken away: %(names)s") % {"names": ", ".join(removed)})
        if moved:
            lines.append(_("Seen in another place: %(names)s") % {"names": ", ".join(moved)})
        yield InboxItem(
            kind="correction",
            icon="pencil",
            at=last.created_at,
            title=_("Tags of a message were corrected"),
            who=_who(last.trainer),
            address=reverse("practice:chat", args=[last.message.chat_id]) + f"#message-{pk}",
            where=last.message.chat.title,
            lines=tuple(lines),
            text=last.note,
            quote=last.message.text,
            new=last.created_at > seen,
        )


def _answers(user: User) -> QuerySet[Dispute]:
    return Dispute.objects.filter(volunteer=user, decided_at__isnull=False)


def _answer_moments(user: User) -> QuerySet:
    return _answers(user).order_by().values_list("message_id", "decided_at")


def _answer_items(user: User, seen: datetime) -> Iterable[InboxItem]:
    rows = _answers(user).select_related("review__trainer", "message__chat__scenario")
    for row in rows.order_by("-decided_at")[:MOST]:
        yield InboxItem(
            kind="dispute",
            icon="speech",
            at=row.decided_at,
            title=_("Your dispute was answered"),
            who=_who(row.review.trainer if row.review else None),
            address=reverse("practice:chat", args=[row.message.chat_id]) + f"#message-{row.message_id}",
            where=row.message.chat.title,
            lines=(f"{TECHNIQUES[row.code].name}: {row.get_outcome_display()}.",),
            text=row.answer,
            quote=row.message.text,
            new=row.decided_at > seen,
        )


def _remarks(user: User) -> QuerySet[Review]:
    return remarks().filter(message__chat__volunteer=user)


def _remark_moments(user: User) -> QuerySet:
    return _remarks(user).order_by().values_list("message_id", "at")


def _remark_items(user: User, seen: datetime) -> Iterable[InboxItem]:
    rows = _remarks(user).select_related("trainer", "message__chat__scenario")
    for row in rows.order_by("-at")[:MOST]:
        yield InboxItem(
            kind="remark",
            icon="note",
            at=row.at,
            title=_("A note on a message"),
            who=_who(row.trainer),
            address=reverse("practice:chat", args=[row.message.chat_id]) + f"#message-{row.message_id}",
            where=row.message.chat.title,
            text=row.note,
            quote=row.message.text,
            new=row.at > seen,
        )


def _rated(user: User) -> QuerySet[MockRating]:
    return MockRating.objects.filter(chat__volunteer=user, withdrawn_at=None)


def _rated_moments(user: User) -> QuerySet:
    return _rated(user).order_by().values_list("chat_id", "created_at")


def _rated_items(user: User, seen: datetime) -> Iterable[InboxItem]:
    for row in _rated(user).select_related("trainer", "chat__scenario").order_by("-id")[:MOST]:
        given = [f"{scale.name} {getattr(row, scale.key)}" for scale in SCALES]
        yield InboxItem(
            kind="mock",
            icon="circle-check" if row.is_signed_off else "target",
            at=row.created_at,
            title=_("Your mock chat is signed off") if row.is_signed_off else _("Your mock chat: not yet"),
            who=_who(row.trainer),
            address=reverse("feedback:mock", args=[row.chat_id]),
            where=row.chat.title,
            lines=(_("Of five each: %(given)s.") % {"given": ", ".join(given)},),
            text=row.note,
            new=row.created_at > seen,
        )


def _withdrawn(user: User) -> QuerySet[MockRating]:
    return MockRating.objects.filter(chat__volunteer=user, withdrawn_at__isnull=False)


def _withdrawn_moments(user: User) -> QuerySet:
    return _withdrawn(user).order_by().values_list("chat_id", "withdrawn_at")


def _withdrawn_items(user: User, seen: datetime) -> Iterable[InboxItem]:
    rows = _withdrawn(user).select_related("withdrawn_by", "chat__scenario")
    for row in rows.order_by("-withdrawn_at")[:MOST]:
        yield InboxItem(
            kind="mock",
            icon="again",
            at=row.withdrawn_at,
            title=_("The rating of a mock chat was withdrawn"),
            who=_who(row.withdrawn_by),
            address=reverse("feedback:mock", args=[row.chat_id]),
            where=row.chat.title,
            text=row.reason,
            new=row.withdrawn_at > seen,
        )


SOURCES = [
    Source(_note_moments, _note_items),
    Source(_correction_moments, _correction_items),
    Source(_remark_moments, _remark_items),
    Source(_answer_moments, _answer_items, when="decided_at"),
    Source(_rated_moments, _rated_items),
    Source(_withdrawn_moments, _withdrawn_items, when="withdrawn_at"),
]


def seen_until(user: User) -> datetime:
    return InboxSeen.objects.filter(person=user).values_list("until", flat=True).first() or NEVER


def inbox(user: User) -> list[InboxItem]:
    """Newest first. 1 query, and up to 2 for each source."""
    seen = seen_until(user)
    found = [item for source in SOURCES for item in source.items(user, seen)]
    return sorted(found, key=lambda item: item.at, reverse=True)


def unread(user: User) -> int:
    """How many entries are new. 1 query."""
    if not user.is_volunteer:
        return 0
    seen = Coalesce(InboxSeen.objects.filter(person=user).values("until")[:1], Value(NEVER))
    parts = []
    for source in SOURCES:
        rows = source.moments(user)
        at = "at" if "at" in rows.query.annotations else source.when
        parts.append(rows.filter(**{f"{at}__gt": seen}))
    return parts[0].union(*parts[1:], all=True).count()


def mark_read(user: User, until: datetime | None = None) -> None:
    """What is older than `until` (the moment the page was made) is read; the rest stays new."""
    until = min(until or timezone.now(), timezone.now())
    until = max(until, seen_until(user))  # what was read once stays read
    InboxSeen.objects.update_or_create(person=user, defaults={"until": until})
