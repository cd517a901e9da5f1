"""The two jobs that race for a seeker's line: having it worded, and saying it as authored when time is up."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.db.models import DurationField, ExpressionWrapper, F
from django.db.models.functions import Now

from feedback.coach.engine import EngineError, get_coach
from feedback.coach.fluency import rough
from feedback.coach.seeker_checks import Asked, deeper_stems, refusals
from feedback.coach.seeker_prompt import SeekerLineRequest
from feedback.models import SeekerLine
from feedback.replies.wording import Outcome, Worded, is_on, say, state_of
from feedback.replies.writing import expects_reply
from feedback.reports import loaded
from peersupport.jobs.models import Job
from peersupport.practice.models import Message, SeekerStateRecord
from peersupport.practice.scenarios import authored_for
from skills.tagger import load_tagger

TRIES = 2
LEAST_SECONDS = 0.5  # less is not worth a try


@dataclass
class Line:
    """A line on its way: `left` seconds from `began` until the authored one is said."""

    request: SeekerLineRequest
    asked: Asked
    left: float
    began: float
    text: str = ""
    wordings: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    why: str = ""

    @property
    def seconds(self) -> float:
        return self.left - (time.monotonic() - self.began)


def run(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    """Words the lines of several chats together. Whatever goes wrong, each gets a line: its authored one."""
    loaded.follow_switch(jobs[0].worker)
    lines: dict[str, Line] = {}
    failed: dict[str, str] = {}
    for job in jobs:
        try:
            if (line := _read(job.subject)) is not None:
                lines[job.subject] = line
        except Exception as error:  # one chat's trouble must not fail the others of the batch
            failed[job.subject] = type(error).__name__
    coach = get_coach()
    _word(list(lines.values()), coach)
    ends = {subject: Worded(coach=coach.name or "", why=why) for subject, why in failed.items()}
    for subject, line in lines.items():
        ends[subject] = Worded(line.text, coach.name or "", line.wordings, dict(line.refused), line.why)
    return {job.pk: partial(_end, job.subject, ends.get(job.subject, Worded())) for job in jobs}


def warm_up(worker: str) -> None:
    """What judges the first wording, loaded before somebody waits for it."""
    if is_on():
        rough("so"), _likeness("so", "so")


def _end(subject: str, worded: Worded) -> None:
    say(subject, Outcome.REWORDED if worded.text else Outcome.AUTHORED, worded)


def run_due(jobs: Sequence[Job], context) -> dict[int, Callable[[], None] | Exception]:
    """The time of these lines is up."""
    late = Worded(coach=get_coach().name or "")
    return {job.pk: partial(say, job.subject, Outcome.LATE, late) for job in jobs}


def on_quarantine(job: Job) -> None:
    say(job.subject, Outcome.AUTHORED, Worded(why="the job failed"))


def _read(subject: str) -> Line | None:
    """None where there is nothing left to word. 5 queries."""
    left = ExpressionWrapper(F("due_at") - Now(), output_field=DurationField())
    rows = SeekerLine.objects.select_related("message__chat__scenario").annotate(left=left)
    row = rows.filter(pk=subject, finished_at=None).first()
    if row is None or not expects_reply(row.message.chat, row.message):
        return None
    began, message = time.monotonic(), row.message
    said = Message.objects.filter(chat=message.chat_id, index__lte=message.index).order_by("index")
    chat = tuple(said.values_list("role", "text"))
    state = state_of(SeekerStateRecord.objects.get(message=message))
    scenario = authored_for(message.chat.scenario)
    before = [text for role, text in chat if role == Message.Role.SEEKER]
    request = SeekerLineRequest(
        said=before[-1] if before else "",
        counselor=message.text,
        draft=row.text,
        seed=(message.chat.seed * 1_000_003 + message.index * 101) % 2**31,
        turn=state.openness - state.resistance,
    )
    asked = Asked(row.text, chat, deeper_stems(scenario, row.layer))
    return Line(request, asked, row.left.total_seconds(), began)


def _word(lines: Sequence[Line], coach: Any) -> None:
    """Two tries, each one call for all that still want one."""
    for attempt in range(TRIES):
        asking = [line for line in lines if not line.text and not line.why and line.seconds > LEAST_SECONDS]
        if not asking:
            return
        if coach.reword is None:
            _give_up(asking, "no language model serves")
            return
        requests = [
            replace(line.request, seed=line.request.seed + 7919 * attempt, seconds=line.seconds)
            for line in asking
        ]
        try:
            texts = coach.reword(requests)
            for line, text in zip(asking, texts, strict=True):
                _judge(line, text)
        except Exception as error:  # whatever breaks in a model, the seeker answers
            # Only the engine's own messages are known to quote nothing from the chat.
            _give_up(asking, str(error) if isinstance(error, EngineError) else type(error).__name__)


def _give_up(lines: Sequence[Line], why: str) -> None:
    for line in lines:
        if not line.text:
            line.why = why


def _judge(line: Line, text: str) -> None:
    line.wordings += 1
    reasons = refusals(text, line.asked, like=_likeness)
    line.refused.update(reasons)
    if not reasons:
        line.text = text


def _likeness(first: str, second: str) -> float:
    rows = load_tagger().embed([first, second])
    return float(rows[0] @ rows[1])
