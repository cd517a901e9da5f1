"""Keeping what the tagger said, so that what a trainer settled holds for it too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import Exists, OuterRef, Subquery

from peersupport.practice.models import Message
from skills import packing
from skills.models import Correction, Review, SkillTag, Tagging
from skills.tagger.types import fit
from skills.tags import tag_views

if TYPE_CHECKING:
    from skills.tagger import TagResult


def store(found: Sequence[tuple[Message, TagResult | None]], version: str) -> None:
    """Write taggings and make them the current ones, in six queries at most, and in five more where a
    trainer settled one of the messages. Call with the chats of the messages locked.

    The same version written again replaces nothing and doubles nothing: its row becomes current, and a
    result is not needed. What does not fit the text or the taxonomy is left out, and what may be about the
    volunteer carries no technique.
    """
    messages = [message for message, _ in found]
    known, settled = _known(messages, version)
    rows = Tagging.objects.filter(message__in=messages)
    rows.filter(current=True).exclude(version=version).update(current=False)
    if not all(known.values()):
        rows.filter(version=version).update(current=True)
    fresh = [
        (message, fit(result, message.text))
        for message, result in found
        if message.pk not in known and result is not None
    ]
    made = Tagging.objects.bulk_create(_tagging(message, result, version) for message, result in fresh)
    SkillTag.objects.bulk_create(
        SkillTag(tagging=tagging, code=code, probability=result.probabilities[code], start=start, end=end)
        for tagging, (message, result) in zip(made, fresh, strict=True)
        if not message.is_set_aside
        for code in result.present
        for start, end in [result.spans.get(code, (0, len(message.text)))]
    )
    hold([message for message in messages if message.pk in settled])


def _known(messages: Sequence[Message], version: str) -> tuple[dict[Any, bool], set]:
    """{message id: whether its tagging by this version is current} of those that have one, and ids of those
    that a trainer settled. 1 query."""
    one = OuterRef("pk")
    current = Tagging.objects.filter(message=one, version=version).values("current")
    rows = Message.objects.filter(pk__in=[message.pk for message in messages]).order_by()
    found = list(
        rows.values_list("pk", Subquery(current), Exists(Review.objects.filter(message=one, holds=True)))
    )
    known = {pk: is_current for pk, is_current, _ in found if is_current is not None}
    return known, {pk for pk, _, is_settled in found if is_settled}


def _tagging(message: Message, result: TagResult, version: str) -> Tagging:
    heads = ("emotional_reactions", "interpretations", "explorations")
    return Tagging(
        message=message,
        version=version,
        probabilities=packing.pack(result.probabilities),
        notice=result.notice,
        **{head: result.empathy.get(head, 0) for head in heads},
    )


class Difference(NamedTuple):
    """What makes one technique of a message as a trainer coded it."""

    code: str
    action: str
    start: int | None
    end: int | None


def differences(
    codes: Iterable[str], spans: Mapping[str, Sequence[int]], present: Mapping[str, tuple[int, int]]
) -> list[Difference]:
    """Between the techniques that hold, as {code: (start, end)}, and those coded, with the places that were
    named. One that the tagger finds in another place than named is moved."""
    wanted = set(codes)
    added, removed = sorted(wanted - present.keys()), sorted(present.keys() - wanted)
    placed = sorted(wanted & present.keys() & spans.keys())
    moved = [code for code in placed if tuple(spans[code]) != present[code]]
    none = (None, None)
    return [
        *(Difference(code, Correction.Action.ADD, *spans.get(code, none)) for code in added),
        *(Difference(code, Correction.Action.REMOVE, *none) for code in removed),
        *(Difference(code, Correction.Action.MOVE, *spans[code]) for code in moved),
    ]


def hold(messages: Sequence[Message]) -> None:
    """Make the codes of each message's newest coding that holds the message's once more, whatever its tags
    are now: the differences become corrections of that coding, as of the moment it was saved, so that they
    are no news to anybody. Taken back, a coding takes them with it. 1 query, and 4 more for codings.
    """
    if not messages:
        return
    codings = Review.objects.filter(message__in=messages, holds=True).order_by("id")
    newest = {coding.message_id: coding for coding in codings}
    held = [message for message in messages if message.pk in newest and not message.is_set_aside]
    if not held:
        return
    rows = []
    for pk, views in tag_views(held).items():
        coding, present = newest[pk], {view.code: (view.start, view.end) for view in views}
        rows += [
            Correction(
                message_id=pk, review=coding, trainer_id=coding.trainer_id, note=coding.note, code=code,
                action=action, start=start, end=end,
            )
            for code, action, start, end in differences(coding.codes, coding.spans, present)
        ]  # fmt: skip
    made = Correction.objects.bulk_create(rows)
    if made:
        saved = Review.objects.filter(pk=OuterRef("review")).values("saved_at")
        Correction.objects.filter(pk__in=[row.pk for row in made]).update(created_at=Subquery(saved))
