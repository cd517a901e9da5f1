"""Steering under transformers' continuous batching: a step is one packed row of many requests' tokens.

Each step's tokens are told which request they belong to through one preallocated row of numbers, filled
where the manager lays the batch out. Blocks of the cache are not shared between requests: a shared prefix
would hand keys and values of a steered request to another one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import torch
from transformers import ContinuousBatchingConfig, GenerationConfig

from feedback.coach.steering.errors import SteeringError
from feedback.coach.steering.injection import Injection, Strengths

PAUSE = 0.002  # seconds


class ContinuousSteering:
    """A ContinuousBatchingManager whose requests each have their own strengths.

        with ContinuousSteering(model, injection, generation_config) as steering:
            name = steering.add(input_ids, {"warmth": 1.5})
            tokens = steering.result(name)

    Several requests with the same strengths share a row; at most `injection.rows` - 1 different ones run at
    once. Verified on the CPU without graphs; asynchronous batching is off, since it lays out a step while
    another one still reads the numbers.
    """

    def __init__(
        self,
        model: Any,
        injection: Injection,
        generation_config: GenerationConfig,
        *,
        tokens: int = 512,
        **settings: Any,
    ) -> None:
        if settings.pop("allow_block_sharing", False):
            raise SteeringError("allow_block_sharing must be off: shared blocks mix steered and unsteered")
        self.injection = injection
        self._model = model
        self._attention = model.config._attn_implementation
        config = ContinuousBatchingConfig(
            allow_block_sharing=False, use_async_batching=False, max_batch_tokens=tokens, **settings
        )
        self._manager = model.init_continuous_batching(
            generation_config=generation_config, continuous_batching_config=config
        )
        self._rows: dict[tuple, int] = {}  # strengths -> row; row 0 stays unsteered
        self._users: dict[int, set[str]] = {}  # row -> requests that are still running
        self._row_of: dict[str, int] = {}
        self._tokens = tokens
        self._count = 0

    def __enter__(self) -> ContinuousSteering:
        self.injection.clear()
        self.injection.pack(self._tokens)
        make = self._manager._create_batch_processor

        def wrapped(*arguments: Any, **options: Any) -> Any:
            processor = make(*arguments, **options)
            self._watch(processor.inputs_and_outputs)
            return processor

        self._manager._create_batch_processor = wrapped
        self._manager.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._manager.stop(block=True)
        self._model.set_attn_implementation(self._attention)
        self.injection.unpack()
        self.injection.clear()

    def add(self, input_ids: Sequence[int], strengths: Strengths, **options: Any) -> str:
        """Queues one prompt; returns the request's name. Raises SteeringError when all rows are taken."""
        self._count += 1
        name = f"steered-{self._count}"
        row = self._row(strengths)
        if row:
            self._users[row].add(name)
        self._row_of[name] = row  # before the request can be scheduled
        self._manager.add_request(list(input_ids), request_id=name, **options)
        return name

    def result(self, name: str, timeout: float = 60.0) -> list[int]:
        """The tokens generated for a request: their numbers, without the prompt. `timeout` in seconds.

        Raises SteeringError for a name that was never given or whose result was taken, for a request that
        failed, and when it takes too long. A request that takes too long goes on as it was asked for and
        keeps its row: its result can be asked for again.
        """
        if name not in self._row_of:
            raise SteeringError(f"no request {name}: it was never added, or its result was taken")
        output = self._answer(name, timeout)
        if output is None:
            raise SteeringError("continuous batching gave no answer in time")
        self._users.get(self._row_of.pop(name), set()).discard(name)
        if output.error:
            raise SteeringError(f"continuous batching failed: {output.error}")
        return list(output.generated_tokens)

    def _answer(self, name: str, timeout: float) -> Any:
        """None when there is none in time, or none will come."""
        ends = time.monotonic() + timeout
        while True:
            alive = self._manager.is_running()
            left = max(0.0, ends - time.monotonic())
            found = self._manager.get_result(request_id=name, timeout=left)
            if found is not None or not alive or not left:
                return found
            time.sleep(PAUSE)  # the answer that came first was another's, and is back in the queue

    def _row(self, strengths: Strengths) -> int:
        key = tuple(sorted((name, float(value)) for name, value in strengths.items() if value))
        if not key:
            return 0
        if key in self._rows:
            return self._rows[key]
        free = set(range(1, self.injection.rows)) - {row for row, users in self._users.items() if users}
        if not free:
            raise SteeringError(f"more than {self.injection.rows - 1} different strengths at once")
        row = min(free)
        self._rows = {old: at for old, at in self._rows.items() if at != row}
        self.injection.set_row(row, strengths)
        self._rows[key] = row
        self._users[row] = set()
        return row

    def _watch(self, inputs: Any) -> None:
        lay_out = inputs.prepare_batch_tensors

        def wrapped(*arguments: Any, **options: Any) -> Any:
            done = lay_out(*arguments, **options)
            rows: list[int] = []
            for future in inputs.requests_in_batch:
                rows += [self._row_of.get(future.state.request_id, 0)] * future.query_length
            numbers = self.injection.token_rows
            if len(rows) > len(numbers):
                raise SteeringError(f"a step of {len(rows)} tokens, but room for {len(numbers)}")
            numbers[: len(rows)].copy_(torch.tensor(rows, dtype=numbers.dtype))
            return done

        inputs.prepare_batch_tensors = wrapped
