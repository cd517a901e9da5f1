"""The job behind every counselor message: tag it, move the seeker's state, choose the reply.

Models run outside any transaction; one short transaction then writes tags, state, reply and
events together with the closing of the job row. Where a language model words the seeker's lines
(`feedback.replies.wording`), the transaction leaves the chosen line to be worded instead of saying it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from django.db import transaction

from feedback.replies import wording
from feedback.replies.writing import expects_reply, write_reply
from peersupport import seeker
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.practice.models import ChatEvent, Message, PracticeChat, SeekerStateRecord
from peersupport.practice.scenarios import authored_for
from peersupport.safety import conduct
from skills import storing
from skills.retag import with_previous
from skills.tagger import TagResult, load_tagger


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    """Handle the turns of several chats at once: their messages are one batch for the tagger."""
    rows = Message.objects.select_related("chat__scenario").in_bulk({job.subject for job in jobs})
    messages = {str(pk): message for pk, message in rows.items()}
    present = [job for job in jobs if job.subject in messages]
    # A message erased while its turn waited leaves nothing to do.
    outcomes: dict = {job.pk: _nothing for job in jobs if job.subject not in messages}
    if not present:
        return outcomes
    tagger = load_tagger()
    ordered = [messages[job.subject] for job in present]
    results = tagger.tag(with_previous(ordered))
    for job, message, result in zip(present, ordered, results, strict=True):
        try:
            outcomes[job.pk] = _prepare(message, result, tagger)
        except Exception as error:  # one chat's trouble must not fail the others of the batch
            outcomes[job.pk] = error
    return outcomes


def _nothing() -> None:
    return None


def last_state(chat: PracticeChat, *, before: int) -> tuple[seeker.SeekerState, set[str]]:
    """The state that the message of this index meets: after the newest one before it that has one. A turn
    that is tried again comes late, and the chat has gone on. With the ids of all lines said, later ones as
    well. One query; the scenario is read only where no message has a state."""
    records = list(
        SeekerStateRecord.objects.filter(message__chat=chat)
        .order_by("-message__index")
        .values("openness", "distress", "trust", "resistance", "layer", "line_id", "message__index")
    )
    said = {record.pop("line_id") for record in records} - {""}
    for record in records:
        if record.pop("message__index") < before:
            return seeker.SeekerState.from_dict(record), said
    return seeker.initial_state(authored_for(chat.scenario)), said


def _prepare(message: Message, result: TagResult, tagger) -> Callable[[], None]:
    chat = message.chat
    scenario = authored_for(chat.scenario)
    before, said = last_state(chat, before=message.index)
    heard = _heard(message.text, result)
    state, reasons = seeker.advance(before, heard, scenario)
    reply = seeker.choose_reply(
        scenario,
        state,
        before=before,
        heard=heard,
        counselor_text=message.text,
        said=said,
        rank=partial(similarity, tagger),
        seed=chat.seed + message.index,
    )
    worded = wording.asks_for(reply, scenario, message)
    return partial(_write, message, result, state, reasons, reply, tagger.version, worded)


def _heard(text: str, result: TagResult) -> seeker.Heard:
    """What reaches the seeker. Names and belittling are heard as that, whatever else is read into them."""
    if conduct.hurts(text):
        spared = conduct.spared(text)
        return seeker.hear(text, techniques={"inappropriate"}, hurts=True, spared=spared)
    return seeker.hear(text, techniques=result.present, empathy=result.empathy)


def similarity(tagger, text: str, candidates: list[str]) -> list[float]:
    """Cosine of each candidate with the text, [-1, 1]."""
    if not candidates:
        return []
    said = tagger.embed([text])[0]
    return [float(_line(tagger, line) @ said) for line in candidates]


@lru_cache(maxsize=20_000)
def _line(tagger, text: str):
    """The embedding of an authored line: there are a few thousand, and each is ranked in many turns."""
    return tagger.embed([text])[0]


def _write(
    message: Message,
    result: TagResult,
    state: seeker.SeekerState,
    reasons: list[str],
    reply: seeker.Reply,
    version: str,
    worded: bool,
) -> None:
    """Runs inside the closing transaction."""
    chat = PracticeChat.objects.select_for_update().filter(pk=message.chat_id).first()
    if chat is None:
        return
    storing.store([(message, result)], version)
    fields = {**state.to_dict(), "reasons": list(reasons), "tagger_version": version}
    SeekerStateRecord.objects.bulk_create(
        [SeekerStateRecord(message=message, **fields)],
        update_conflicts=True, unique_fields=["message"], update_fields=list(fields),
    )  # fmt: skip
    Message.objects.filter(pk=message.pk).update(turn=Message.Turn.DONE)
    ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    if not expects_reply(chat, message):
        return
    if worded:
        wording.ask(message, reply)
    else:
        write_reply(chat, message, reply, state, version)


def on_quarantine(job: Job) -> None:
    """Give up on a turn: the state stays, a neutral line answers, the message says "failed"."""
    with transaction.atomic():
        message = Message.objects.select_related("chat__scenario").filter(pk=job.subject).first()
        if message is None:
            return
        chat = PracticeChat.objects.select_for_update().filter(pk=message.chat_id).first()
        if chat is None:
            return
        Message.objects.filter(pk=message.pk).update(turn=Message.Turn.FAILED)
        ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
        if expects_reply(chat, message):
            line = seeker.NEUTRAL_LINES[message.index % len(seeker.NEUTRAL_LINES)]
            reply = seeker.Reply(line_id="neutral", text=line, layer=0, kind="neutral")
            state, _ = last_state(chat, before=message.index)
            write_reply(chat, message, reply, state, "")


def on_requeue(job: Job) -> bool | None:
    """The message waits again; what was said instead stays. False where its feedback came since, or waits for
    another job. A message that is pending without a job, since giving up broke, is tried."""
    message = Message.objects.filter(pk=job.subject).first()
    chat = message and PracticeChat.objects.select_for_update().filter(pk=message.chat_id).first()
    if not chat:
        return None
    message.refresh_from_db(fields=["turn"])  # under the lock
    if message.turn == Message.Turn.PENDING:
        return not queue.others_open(job)
    if message.turn != Message.Turn.FAILED:
        return False
    Message.objects.filter(pk=message.pk).update(turn=Message.Turn.PENDING)
    ChatEvent.append(chat, ChatEvent.Kind.TURN, message)
    return True
