"""Having the seeker's line worded: which lines, asking for it, and saying it once, worded or as authored.

The turn writes tags and state at once and leaves the line in a `SeekerLine`. Two jobs of the same transaction
race for it: WORD, on the coach's lane, and DUE, on the live one, put off by SEEKER_WORDING_SECONDS. Whichever
is first speaks; the other finds the row finished.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from feedback.coach import serving
from feedback.coach.seeker_prompt import MAX_WORDS
from feedback.models import SeekerLine
from feedback.replies.writing import expects_reply, write_reply
from peersupport import seeker
from peersupport.jobs import queue
from peersupport.practice.models import Message, PracticeChat, SeekerStateRecord
from peersupport.safety import assess

WORD = "seeker_wording"
DUE = "seeker_line_due"
# Said as they are: fixed words, and whatever answers a question about safety.
AS_AUTHORED = frozenset({"opening", "neutral", "left", "safety"})
LATE_IN_A_ROW, REST_SECONDS = 3, 60

Outcome = SeekerLine.Outcome


@dataclass(frozen=True)
class Worded:
    """What the model's part came to. `text` is empty where the authored line is to be said."""

    text: str = ""
    coach: str = ""
    wordings: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    why: str = ""


def is_on() -> bool:
    """Whether seekers' lines are worded: SEEKER_WORDING, and a model that can. No query; loads nothing."""
    return settings.SEEKER_WORDING and serving.can_word_seekers()


def asks_for(reply: seeker.Reply, scenario: seeker.Scenario, message: Message) -> bool:
    """Whether this line is to be worded. Never with a risk cue in sight, in a risk scenario, or in the
    baseline, whose seeker is the same for everybody. At most 2 queries; none where the setting is off."""
    if not is_on() or reply.kind in AS_AUTHORED or scenario.risk or scenario.baseline:
        return False
    heard = seeker.hear(message.text, techniques=())
    if heard.asks_safety or len(reply.text.split()) > MAX_WORDS:
        return False
    if assess(reply.text, role="seeker").level != Message.Risk.NONE:
        return False
    cues = Message.objects.filter(chat=message.chat_id).exclude(risk_level=Message.Risk.NONE)
    return not cues.exists() and not _rests()


def _rests() -> bool:
    """Whether the last lines all came too late, a moment ago: nobody has to wait for the next one as well."""
    lately = SeekerLine.objects.filter(finished_at__gt=queue.in_seconds(-REST_SECONDS))
    newest = lately.exclude(outcome=Outcome.NONE).order_by("-finished_at").values_list("outcome", flat=True)
    return list(newest[:LATE_IN_A_ROW]) == [Outcome.LATE] * LATE_IN_A_ROW


def ask(message: Message, reply: seeker.Reply) -> None:
    """Leave the line to be worded. Call inside the turn's transaction; a turn that runs twice asks once."""
    seconds = settings.SEEKER_WORDING_SECONDS
    _row, made = SeekerLine.objects.get_or_create(
        message=message,
        defaults={
            "line_id": reply.line_id,
            "layer": reply.layer,
            "kind": reply.kind,
            "text": reply.text,
            "due_at": queue.in_seconds(seconds),
        },
    )
    if made:
        queue.enqueue(WORD, message.pk)
        queue.enqueue(DUE, message.pk, delay=seconds)


def say(message_id: UUID | str, outcome: str, worded: Worded | None = None) -> None:
    """Say the line, worded where there is a text, if it is still to be said. Call inside a transaction."""
    message = Message.objects.filter(pk=message_id).first()
    chat = message and PracticeChat.objects.select_for_update().filter(pk=message.chat_id).first()
    row = chat and SeekerLine.objects.select_for_update().filter(message=message, finished_at=None).first()
    if not row:  # erased, or said by the other job
        return
    worded = worded or Worded()
    if expects_reply(chat, message):
        record = SeekerStateRecord.objects.get(message=message)
        reply = seeker.Reply(row.line_id, worded.text or row.text, row.layer, row.kind)
        write_reply(chat, message, reply, state_of(record), record.tagger_version)
    else:
        outcome = Outcome.NONE
    row.outcome, row.finished_at, row.text = outcome, timezone.now(), ""
    row.coach, row.wordings = worded.coach[:200], worded.wordings
    row.refused, row.why = worded.refused, worded.why[:300]
    row.save()


def state_of(record: SeekerStateRecord) -> seeker.SeekerState:
    names = ("openness", "distress", "trust", "resistance", "layer")
    return seeker.SeekerState.from_dict({name: getattr(record, name) for name in names})


def awaited(messages: Iterable[Message]) -> set[UUID]:
    """Slot: which of these messages the seeker is about to answer. 1 query; none where nothing is worded."""
    found = [message.pk for message in messages]
    if not found or not settings.SEEKER_WORDING:
        return set()
    return set(SeekerLine.objects.filter(pk__in=found, finished_at=None).values_list("pk", flat=True))
