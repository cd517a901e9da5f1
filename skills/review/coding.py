"""Saving a trainer's coding of a message, in the way that is due to it, and taking it back.

`open`: the tagger's tags are in view and what is saved holds at once. `blind`: the message is in the sample
that two trainers code, each without the other's codes and without the tagger's; nothing holds before both
are there. `waiting`: one's own blind coding is there and the other's is not. `conflict`: both are there and
differ; what is saved holds, with a note that says why.

Who comes from the chat has seen the tags there: what they save is an open coding, whatever was due. It holds
at once, and is in no figure of agreement.

A form is saved on what it was made on, its basis: where that has changed, nothing is saved and the trainer
looks again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.people import access
from peersupport.people.models import User
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import Correction, Dispute, Review
from skills.review import disputes
from skills.review.corrections import correct_tags
from skills.review.queue import SECOND_LOOK_DAYS, in_sample
from skills.review.shown import remarks
from skills.storing import hold
from skills.tags import tag_views
from skills.taxonomy import TECHNIQUES

UNDO_MINUTES = 60
PARTS = ("mode", "codings", "disputes", "tags")  # of a form's basis
Spans = Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Coding:
    """How a message is to be coded by one trainer now. `blind` are the codings that do not hold yet; `seen`:
    it was to be coded without the tagger's tags, and they were seen."""

    mode: str
    mine: Review | None = None
    blind: tuple[Review, ...] = ()
    reviews: tuple[Review, ...] = field(default=())
    seen: bool = False


@dataclass(frozen=True)
class Saved:
    """`changed`: tags of the message that changed; `agreed`: None where nothing was compared."""

    review: Review
    changed: int
    agreed: bool | None = None


class Stale(Exception):
    """What the form was made on has changed. `changed`: which parts of its basis, by name."""

    def __init__(self, changed: Sequence[str]):
        super().__init__(", ".join(changed))
        self.changed = tuple(changed)


def coding_for(message: Message, trainer: User, *, seen: bool = False) -> Coding:
    """`seen`: the trainer comes from a page on which the tags stand. 2 queries at most."""
    due = _due(message, trainer)
    if not seen or due.mode == "open":
        return due
    return replace(due, mode="conflict" if due.mode == "conflict" else "open", seen=True)


def _due(message: Message, trainer: User) -> Coding:
    reviews = tuple(Review.objects.filter(message=message).select_related("trainer").order_by("id"))
    if any(review.holds for review in reviews):
        return Coding("open", reviews=reviews)
    blind = tuple(review for review in reviews if review.kind == Review.Kind.BLIND)
    mine = next((review for review in blind if review.trainer_id == trainer.pk), None)
    if len(blind) > 1:
        return Coding("conflict", mine, blind, reviews)
    if blind and Dispute.objects.filter(message=message, outcome="").exists():
        return Coding("open", mine, blind, reviews)  # it names a tag, and somebody waits for an answer
    if blind and mine is None:
        return Coding("blind", None, blind, reviews)
    if mine is not None:
        late = mine.saved_at < timezone.now() - timedelta(days=SECOND_LOOK_DAYS)
        return Coding("open" if late else "waiting", mine, blind, reviews)
    return Coding("blind" if _goes_to_two(message) else "open", reviews=reviews)


def _goes_to_two(message: Message) -> bool:
    """In the sample, with nobody waiting for an answer, and with two trainers who may read it. 1 query."""
    if not in_sample(message.pk):
        return False
    dispute = Dispute.objects.filter(message=message, outcome="")
    correction = Correction.objects.filter(message=message)
    risk = Message.objects.filter(chat=message.chat_id).exclude(risk_level=Message.Risk.NONE)
    trainers = access.trainers_for_user(message.chat.volunteer)
    return trainers.filter(~Exists(dispute), ~Exists(correction), ~Exists(risk)).count() > 1


def clean_codes(codes: Sequence[str]) -> list[str]:
    """In the order of the taxonomy, each once. Raises ValueError for a code outside it."""
    wanted = set(codes)
    if unknown := wanted - TECHNIQUES.keys():
        raise ValueError(f"unknown techniques: {', '.join(sorted(unknown))}")
    return [code for code in TECHNIQUES if code in wanted]


def clean_spans(spans: Mapping[str, str], codes: Sequence[str], length: int) -> dict[str, tuple[int, int]]:
    """{code: (start, end)} of those that fit the text ("12-40", in characters); others are left out."""
    found = {}
    for code in codes:
        start, dash, end = spans.get(code, "").partition("-")
        if not (dash and start.isascii() and start.isdigit() and end.isascii() and end.isdigit()):
            continue
        if len(start) < 7 and len(end) < 7 and int(start) < int(end) <= length:
            found[code] = (int(start), int(end))
    return found


def basis(message: Message, coding: Coding, *, views=None, disputed: Sequence[Dispute] | None = None) -> str:
    """What the form rests on, as one short digest for each of PARTS. Whoever codes blind rests on no tags and
    on no coding of the other. `views` and `disputed`, the message's tags and open disputes, are read where
    they are not given: 3 queries at most."""
    if disputed is None:
        disputed = Dispute.objects.filter(message=message, outcome="")
    if views is None:
        views = tag_views([message])[message.pk] if coding.mode == "open" else ()
    codings = () if coding.mode == "blind" else coding.reviews
    parts = (
        coding.mode,
        [(row.pk, row.saved_at.isoformat()) for row in codings],
        sorted((row.pk, row.reason, row.words) for row in disputed),
        sorted((view.code, view.start, view.end) for view in views),
    )
    return "-".join(
        salted_hmac(f"review.basis.{name}", repr((message.pk, part))).hexdigest()[:16]
        for name, part in zip(PARTS, parts, strict=True)
    )


def _changed(made_on: str, now: str) -> list[str]:
    """Names of the parts that differ; "form" where it names no basis."""
    before = made_on.split("-")
    if len(before) != len(PARTS):
        return ["form"]
    return [name for name, one, other in zip(PARTS, before, now.split("-"), strict=True) if one != other]


@transaction.atomic
def save(
    message: Message,
    *,
    trainer: User,
    codes: Sequence[str],
    spans: Spans,
    note: str = "",
    made_on: str | None = None,
    seen: bool = False,
) -> Saved:
    """Keep the coding in the mode that is due now; `seen` as in `coding_for`. `made_on` is the basis of the
    form; None asks nothing. Raises ValueError for a code outside the taxonomy, Stale where the basis is
    another one by now, and ValidationError where a conflict is to be settled without a note."""
    codes = clean_codes(codes)
    PracticeChat.objects.select_for_update().get(pk=message.chat_id)
    coding = coding_for(message, trainer, seen=seen)
    if made_on is not None and (changed := _changed(made_on, basis(message, coding))):
        raise Stale(changed)
    kind = {"open": Review.Kind.OPEN, "conflict": Review.Kind.SETTLED}.get(coding.mode, Review.Kind.BLIND)
    if coding.seen:
        kind = Review.Kind.OPEN
    if coding.mode == "conflict" and not note:
        raise ValidationError(
            _("Say in the note why these techniques hold: both trainers and the volunteer can read it.")
        )
    review = Review(message=message, trainer=trainer, kind=kind)
    if kind == Review.Kind.BLIND and coding.mine:
        review = coding.mine
    review.codes, review.spans = codes, {code: list(span) for code, span in spans.items()}
    review.note, agreed = note[:500], None
    if kind == Review.Kind.BLIND:
        others = [row for row in coding.blind if row.pk != review.pk]
        agreed = all(row.codes == codes for row in others) if others else None
        review.holds = bool(agreed)
    review.save()
    changed = _apply(review) if review.holds else 0
    if not changed:
        record(trainer, "review", review)
    return Saved(review, changed, agreed)


def _apply(review: Review) -> int:
    spans = {code: (start, end) for code, (start, end) in review.spans.items()}
    changed = correct_tags(
        review.message,
        codes=review.codes,
        trainer=review.trainer,
        note=review.note,
        spans=spans,
        review=review,
    )
    answered = disputes.decide(review)
    if not changed and (answered or remarks().filter(message=review.message).exists()):
        ChatEvent.append(review.message.chat, ChatEvent.Kind.TURN, review.message)
    return changed


@transaction.atomic
def undo(message: Message, *, trainer: User) -> bool:
    """Take back the newest coding of the message, where it is this trainer's own and not older than an hour.
    Its corrections go, and disputes that it answered are open again."""
    chat = PracticeChat.objects.select_for_update().get(pk=message.chat_id)
    last = Review.objects.select_for_update().filter(message=message).order_by("-saved_at", "-id").first()
    since = timezone.now() - timedelta(minutes=UNDO_MINUTES)
    if last is None or last.trainer_id != trainer.pk or last.saved_at < since:
        return False
    last.corrections.all().delete()
    disputes.reopen(last)
    record(trainer, "review_undone", last)
    last.delete()
    hold([message])  # an earlier coding, where tags are other ones than it was made on
    ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    return True
