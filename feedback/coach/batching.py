"""Generating for many requests at once, who come and go between two tokens (continuous batching).

Whoever waits for an answer drives the loop; while one thread does, the others' requests are generated with
its own, and it hands over when it has what it came for. There is no thread to look after.

Why this is not transformers' own manager (5.23, `model.init_continuous_batching`), which was tried first: it
runs on the CPU, and `feedback.coach.steering.continuous` steers it, but it draws all rows of a step with
one `torch.multinomial` of one generator, so that a request's text depends on what else is in the batch, and
takes no seed per request. It also was slower here (docs/coach_speed.md): each of its steps attends over all
requests' blocks under one mask.

Imports torch: only workers and commands import this module.
"""

from __future__ import annotations

import inspect
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import DynamicCache

from feedback.coach.kv_cache import Slots
from feedback.coach.reply_prompt import EngineError
from feedback.coach.sampling import NOT_NUMBERS, Draw, RowDraws
from feedback.coach.steering.injection import Injection

PADDING = 64  # tokens: about what one more pass over a small model costs
OUT_OF_MEMORY = "the language model ran out of memory; try a smaller model"


class BusyError(EngineError):
    """As many requests wait as may: ask again later."""


@dataclass(frozen=True)
class Asked:
    """A prompt of token ids and how to go on from it: at most `new_tokens` until `seconds` after it was
    submitted. `strengths` are those of the dials (`Injection.set_row`)."""

    ids: tuple[int, ...]
    draw: Draw
    new_tokens: int
    seconds: float
    strengths: Mapping[str, float] = field(default_factory=dict)


class Ticket:
    """A request under way. `done` once `tokens` are its answer, without the token that ended it, or `error`
    says why there is none."""

    def __init__(self, asked: Asked) -> None:
        self.asked = asked
        self.tokens: list[int] = []
        self.error: EngineError | None = None
        self.done = False
        self.deadline = time.monotonic() + asked.seconds

    def cancel(self) -> None:
        """Its row is given to another before the next token. Does nothing to a request that is done."""
        self.fail("the request was cancelled")

    def fail(self, why: str) -> None:
        if not self.done:
            self.error, self.done = EngineError(why), True


class Loop:
    """Requests of one model: `rows` of them at once, `waiting` more at most. Safe to share between threads.

    `ends` are the tokens that end an answer. With `steering` every row has its own strengths.
    """

    def __init__(
        self,
        model: Any,
        *,
        rows: int,
        waiting: int,
        ends: Sequence[int],
        pad: int = 0,
        steering: Injection | None = None,
    ) -> None:
        self.model = model
        self.rows = rows
        self.most_waiting = waiting
        self.ends = frozenset(ends)
        self.pad = pad
        self.steering = steering
        self._allowed = rows  # fewer after memory ran out, until nobody is left
        self._waiting: deque[Ticket] = deque()
        self._changed = threading.Condition()
        self._driving = threading.Lock()
        takes = inspect.signature(model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in takes else {}
        self._clear()

    def submit(self, asked: Asked) -> Ticket:
        """Puts a request in line. Raises BusyError when the line is as long as it may be."""
        ticket = Ticket(asked)
        with self._changed:
            if len(self._waiting) >= self.most_waiting:
                self._waiting = deque(one for one in self._waiting if not one.done)
            if len(self._waiting) >= self.most_waiting:
                raise BusyError(f"the language model is busy: {self.most_waiting} requests wait already")
            self._waiting.append(ticket)
        return ticket

    def finish(self, tickets: Sequence[Ticket]) -> None:
        """Returns when all of them are done, whoever did it."""
        while not _all_done(tickets):
            if not self._driving.acquire(blocking=False):
                with self._changed:
                    self._changed.wait_for(lambda: _all_done(tickets) or not self._driving.locked(), 1.0)
                continue
            try:
                while not _all_done(tickets):
                    self.step()
            finally:
                self._driving.release()
                with self._changed:
                    self._changed.notify_all()

    def steer_with(self, install: Callable[[], Injection | None]) -> None:
        """Other dials from now on, put on the model by `install` between two steps. Requests under way keep
        of their strengths what the new dials allow."""
        with self._driving:
            self.steering, self._steered = install(), []

    def step(self) -> None:
        """Lets requests in that wait, and gives every row one more token. What breaks is tried again with
        fewer rows, since a seed gives the same text again; who breaks it alone fails alone."""
        try:
            with torch.inference_mode():
                self._drop_done()
                self._let_in()
                if self._active:
                    self._go_on()
        except Exception as error:
            self._after(error)
        except BaseException:
            for ticket in (*self._active, *self._reading):
                ticket.fail("the language model was interrupted")
            self._clear()
            raise
        self._reading = []
        with self._changed:
            if not self._active and not self._waiting:
                self._allowed = self.rows
                self._clear()
            self._changed.notify_all()

    def _clear(self) -> None:
        """As before the first request; memory that was needed for long prompts goes back."""
        self._active: list[Ticket] = []
        self._reading: list[Ticket] = []  # let in, prompt not read yet
        self._draws = RowDraws()
        self._slots = Slots(self.rows)
        self._steered: list[Ticket] = []
        if self.steering is not None:
            self.steering.clear()

    def _take(self) -> list[Ticket]:
        """Those who come in now, as many as there are rows for; kept in `_reading` until the step is over."""
        with self._changed:
            room = max(0, self._allowed - len(self._active))
            self._reading = [self._waiting.popleft() for _ in range(min(room, len(self._waiting)))]
        return self._reading

    def _drop_done(self) -> None:
        """Rows whose request was cancelled or is too late."""
        now = time.monotonic()
        with self._changed:
            for ticket in (*self._waiting, *self._active):
                if now > ticket.deadline:
                    ticket.fail(too_long(ticket))
            self._waiting = deque(ticket for ticket in self._waiting if not ticket.done)
        self._leave_done()

    def _let_in(self) -> None:
        """Reads the prompts of those who come in, and draws their first tokens."""
        for group in alike(self._take()):
            self._read(group)

    def _read(self, new: list[Ticket]) -> None:
        ids, mask = padded([ticket.asked.ids for ticket in new], self.pad, self.model.device)
        self._steer(new)
        read = DynamicCache(config=self.model.config)
        output = self.model(
            input_ids=ids,
            attention_mask=mask,
            position_ids=(mask.cumsum(dim=-1) - 1).clamp(min=0),
            past_key_values=read,
            use_cache=True,
            **self._last_only,
        )
        for ticket in new:
            self._draws.add(ticket.asked.draw)
        first = len(self._active)
        self._active += new
        room = max(ticket.asked.new_tokens for ticket in self._active)
        self._slots.join(read, [len(ticket.asked.ids) for ticket in new], room)
        self._took(first, self._draws.pick(output.logits[:, -1], first))

    def _go_on(self) -> None:
        device = self.model.device
        self._steer(self._active)
        output = self.model(
            input_ids=torch.tensor([ticket.tokens[-1:] for ticket in self._active], device=device),
            attention_mask=self._slots.visible(),
            position_ids=torch.tensor(self._slots.lengths, device=device)[:, None],
            past_key_values=self._slots,
            use_cache=True,
            **self._last_only,
        )
        self._slots.advance()
        self._took(0, self._draws.pick(output.logits[:, -1]))

    def _took(self, first: int, picked: Sequence[int]) -> None:
        for row, token in enumerate(picked, start=first):
            took(self._active[row], token, self.ends)
        self._leave_done()

    def _leave_done(self) -> None:
        for row in reversed(range(len(self._active))):
            ticket = self._active[row]
            if ticket.done:
                self._active[row] = self._active[-1]
                self._active.pop()
                self._draws.remove(row)
                self._slots.leave(row, broken=ticket.error is not None)

    def _steer(self, tickets: Sequence[Ticket]) -> None:
        if self.steering is not None and self._steered != tickets:
            self.steering.set([self.steering.allowed(ticket.asked.strengths) for ticket in tickets])
            self._steered = list(tickets)

    def _after(self, error: Exception) -> None:
        known = {id(ticket): ticket for ticket in (*self._active, *self._reading) if not ticket.done}
        short = out_of_memory(error)
        self._clear()
        if len(known) == 1:
            for ticket in known.values():
                ticket.fail(
                    OUT_OF_MEMORY
                    if short
                    else f"the language model failed while writing ({type(error).__name__})"
                )
        self._allowed = max(1, len(known) // 2) if short else 1
        with self._changed:
            for ticket in reversed(known.values()):
                ticket.tokens = []
                if not ticket.done:
                    self._waiting.appendleft(ticket)
        if short and torch.cuda.is_available():
            torch.cuda.empty_cache()


def alike(tickets: Sequence[Ticket]) -> list[list[Ticket]]:
    """The requests in groups of prompts about as long: a group holds at most PADDING empty places."""
    groups: list[list[Ticket]] = []
    spare = 0
    for ticket in sorted(tickets, key=lambda one: len(one.asked.ids)):
        if groups:
            spare += (len(ticket.asked.ids) - len(groups[-1][-1].asked.ids)) * len(groups[-1])
        if not groups or spare > PADDING:
            groups.append([])
            spare = 0
        groups[-1].append(ticket)
    return groups


def took(ticket: Ticket, token: int, ends: frozenset[int]) -> None:
    """Adds a drawn token, or ends the request with it; -1 stands for scores that were no numbers."""
    if ticket.done:
        return
    if token < 0:
        ticket.fail(NOT_NUMBERS)
    elif token in ends:
        ticket.done = True
    else:
        ticket.tokens.append(token)
        ticket.done = len(ticket.tokens) >= ticket.asked.new_tokens


def too_long(ticket: Ticket) -> str:
    return f"the language model took longer than {ticket.asked.seconds:g} seconds"


def padded(
    prompts: Sequence[Sequence[int]], pad: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    """(ids, mask) of [rows, longest], padded on the left."""
    longest = max(map(len, prompts))
    ids = torch.tensor([[pad] * (longest - len(one)) + list(one) for one in prompts], device=device)
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in prompts], device=device)
    return ids, mask


def out_of_memory(error: Exception) -> bool:
    # On the CPU it is a plain RuntimeError: torch's own words, or "std::bad_alloc" of what it is built on.
    told = re.search("allocate|bad_alloc", str(error))
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or told is not None


def _all_done(tickets: Sequence[Ticket]) -> bool:
    return all(ticket.done for ticket in tickets)
