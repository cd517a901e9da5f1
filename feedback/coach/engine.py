"""The one owner of a loaded language model: it words drafts, and decides nothing.

Importing this module is light; torch and transformers load with the first request or `warm_up`, once per
process. Requests of all threads are generated together (`feedback.coach.batching`). A pasted transcript
reaches the model as fenced data only, and every answer goes through the closed loop of
`feedback.coach.alternatives` before anyone reads it.
"""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from feedback.coach.dials import Dials, strengths
from feedback.coach.mini import prompting as mini
from feedback.coach.reply_prompt import EngineError
from feedback.coach.serving import SHIPPED, resolved

if TYPE_CHECKING:
    from feedback.coach.batching import Asked, Loop
    from feedback.coach.requests import Request

__all__ = ["SHIPPED", "Coach", "CoachConfig", "EngineError", "NoCoach", "get_coach"]


@dataclass(frozen=True)
class CoachConfig:
    """`model`: path or hub id; `dtype`: "auto" or a torch dtype's name; `device`: "auto", "cpu", "cuda"…;
    `seconds`: limit for one request, from when it stands in line; `batch`: rows generated together;
    `waiting`: requests that may stand in line before more are refused; `dials`: folder of admins' dials."""

    model: str
    revision: str = ""
    dtype: str = "auto"
    device: str = "auto"
    seconds: float = 60.0
    batch: int = 16
    waiting: int = 64
    max_new_tokens: int = 72
    temperature: float = 0.7
    top_p: float = 0.9
    dials: str = ""


class NoCoach:
    """Stands in where no model is configured: nothing is reworded, and reports say so."""

    name: str | None = None
    reword = None


class Coach:
    """A causal language model that rewords drafts of any kind (`feedback.coach.requests`). Safe to share
    between threads, whose requests then are generated together."""

    def __init__(self, config: CoachConfig) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._loop: Loop | None = None
        self._dials: Dials | None = None
        self._broken: str | None = None

    @property
    def name(self) -> str:
        """The model as shown to people: the folder's name for a path, else the hub id."""
        path = Path(self.config.model)
        name = path.name if path.is_absolute() or path.exists() else self.config.model
        return f"{name}@{self.config.revision}" if self.config.revision else name

    def reword(self, requests: Sequence[Request]) -> list[str]:
        """One text per request, in order; "" where the model had nothing to say.

        The same model, request and seed give the same draws whatever else is in the batch. Raises
        EngineError when the model cannot be loaded, is busy, runs out of memory or time, or gives no numbers.
        """
        if not requests:
            return []
        from feedback.coach.batching import BusyError

        loop, tokenizer = self._ready()
        asked = [self._asked(request) for request in requests]
        tickets: list[Any] = []
        try:
            for one in asked:
                while True:
                    try:
                        tickets.append(loop.submit(one))
                        break
                    except BusyError:
                        # A call may be longer than the line: it is refused only while others fill it.
                        if not (under_way := [ticket for ticket in tickets if not ticket.done]):
                            raise
                        loop.finish(under_way[:1])
            loop.finish(tickets)
        finally:
            for ticket in tickets:
                ticket.cancel()
        if failed := next((ticket.error for ticket in tickets if ticket.error), None):
            raise failed
        return [
            answer(tokenizer, ticket.tokens, request)
            for ticket, request in zip(tickets, requests, strict=True)
        ]

    def warm_up(self) -> None:
        """Load the model and let it write one token now, not with the first report. Raises EngineError."""
        from feedback.coach.batching import Asked
        from feedback.coach.sampling import Draw

        loop, tokenizer = self._ready()
        ids = tuple(tokenizer("So", add_special_tokens=True)["input_ids"]) or (tokenizer.pad_token_id,)
        ticket = loop.submit(Asked(ids, Draw(seed=0, temperature=0.0), 1, seconds=self.config.seconds))
        loop.finish([ticket])
        if ticket.error:
            raise ticket.error

    def about(self) -> dict[str, Any]:
        """What is loaded, for people: "model", "revision", "dtype", "device", "weights" (how many numbers),
        "together" (whether requests join a batch under way), "fingerprint" of the weights, "dials"
        {name: upper end stop}, "lows" {name: lower one, of dials that run both ways} and "refused" {name of a
        dial: why}. Loads it."""
        from feedback.coach.whole_batches import WholeBatches

        loop, _ = self._ready()
        dtype = str(loop.model.dtype).removeprefix("torch.")
        return {
            "model": self.name,
            "revision": self.config.revision or str(getattr(loop.model.config, "_commit_hash", "") or ""),
            "dtype": dtype,
            "device": str(loop.model.device),
            "weights": sum(weight.numel() for weight in loop.model.parameters()),
            "together": not isinstance(loop, WholeBatches),
            "fingerprint": self._dials.fingerprint,
            "dials": self._dials.ends(),
            "lows": self._dials.lows(),
            "refused": self._dials.refused,
        }

    def _ready(self) -> tuple[Loop, Any]:
        with self._lock:
            _, tokenizer = self._load()
            if self._dials.changed():
                self._loop.steer_with(self._dials.install)
            return self._loop, tokenizer

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is not None:
            return self._loaded
        if self._broken is not None:  # a wrong path stays wrong: say so at once instead of trying each time
            raise EngineError(self._broken)
        try:
            model, tokenizer = load_model(self.config)
            # Before anything is warmed up or compiled: a later hook would be ignored.
            home = Path(self.config.dials) if self.config.dials else None
            self._dials = Dials(model, Path(self.config.model), home, self.config.batch)
        except EngineError as error:
            self._broken = str(error)
            raise
        self._loop = make_loop(model, tokenizer, self.config, self._dials.injection)
        self._loaded = model, tokenizer
        return self._loaded

    def _asked(self, request: Request) -> Asked:
        from feedback.coach.batching import Asked
        from feedback.coach.sampling import Draw

        model, tokenizer = self._loaded
        # A chat template writes the special tokens itself.
        ids = tokenizer(prompt(tokenizer, request), add_special_tokens=not tokenizer.chat_template)[
            "input_ids"
        ]
        new_tokens = request.new_tokens or self.config.max_new_tokens
        limit = _context(model) - new_tokens
        if len(ids) > limit:
            raise EngineError(f"the prompt needs more than the {limit} tokens that the language model reads")
        temperature = mini.TEMPERATURE if is_mini(tokenizer) else self.config.temperature
        return Asked(
            tuple(ids),
            Draw(request.seed, temperature, self.config.top_p),
            new_tokens,
            min(self.config.seconds, request.seconds or self.config.seconds),
            strengths(self._dials.injection, request.turns()),
        )


def make_loop(model: Any, tokenizer: Any, config: CoachConfig, steering: Any = None) -> Loop:
    """The loop that fits the model: continuous batches where its layers allow it, whole ones elsewhere."""
    from feedback.coach.batching import Loop
    from feedback.coach.kv_cache import plain_attention
    from feedback.coach.whole_batches import WholeBatches

    ends = {tokenizer.eos_token_id}
    told = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    ends.update(told if isinstance(told, list) else [told])
    return (Loop if plain_attention(model) else WholeBatches)(
        model,
        rows=config.batch,
        waiting=config.waiting,
        ends=[end for end in ends if end is not None],
        pad=tokenizer.pad_token_id,
        steering=steering,
    )


def answer(tokenizer: Any, tokens: Sequence[int], request: Request) -> str:
    """The text that a model's tokens stand for."""
    if is_mini(tokenizer):
        seeker, _volunteer, _technique = request.for_mini()
        return request.tidy(mini.answer(tokenizer.decode(tokens, skip_special_tokens=False), seeker))
    return request.tidy(tokenizer.decode(tokens, skip_special_tokens=True))


def load_model(config: CoachConfig) -> tuple[Any, Any]:
    """(model, tokenizer) of any causal language model of `transformers`, ready to generate from the left.

    Never runs code from the model's folder. Raises EngineError with what to mend.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    from feedback.coach.batching import out_of_memory

    logging.disable_progress_bar()  # a worker's log is no terminal
    if Path(config.model).is_absolute() and not Path(config.model).is_dir():
        raise EngineError("COACH_MODEL names a folder that does not exist")
    if config.dtype != "auto" and not isinstance(getattr(torch, config.dtype, None), torch.dtype):
        raise EngineError("COACH_DTYPE is not a torch dtype: use auto, float32, float16 or bfloat16")
    device = config.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    options = {"revision": config.revision} if config.revision else {}
    try:
        tokenizer = AutoTokenizer.from_pretrained(config.model, **options)
        dtype = _dtype(config.dtype, device)
        model = AutoModelForCausalLM.from_pretrained(config.model, dtype=dtype, **options)
        model = model.to(device).eval()
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, MemoryError) as error:
        if out_of_memory(error):
            raise EngineError("COACH_MODEL needs more memory than there is; try a smaller model") from error
        raise EngineError(
            "COACH_MODEL could not be loaded: it has to be the folder or hub id of a causal language model "
            f"with its tokenizer ({type(error).__name__})"
        ) from error
    tokenizer.padding_side = "left"
    if tokenizer.pad_token_id is None:
        if tokenizer.eos_token_id is None:
            raise EngineError("the tokenizer of COACH_MODEL has neither a padding nor an end token")
        tokenizer.pad_token = tokenizer.eos_token
    return model, tokenizer


def prompt(tokenizer: Any, request: Request) -> str:
    """The request in the form that the model was taught: coach-mini's own, the tokenizer's chat template, or
    plain text where it has none. Raises EngineError for what coach-mini was not taught."""
    if is_mini(tokenizer):
        parts = request.for_mini()
        if parts is None:
            raise EngineError("coach-mini writes counselor replies and nothing else")
        try:
            return mini.mini_prompt(*parts)
        except KeyError:
            raise EngineError(f"coach-mini was not taught the technique {parts[2]}") from None
    if not tokenizer.chat_template:
        return request.plain()
    turns = request.messages()
    try:
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    except Exception:  # templates raise what they like; some know no system role
        merged = [{"role": "user", "content": "\n\n".join(turn["content"] for turn in turns)}]
        return tokenizer.apply_chat_template(merged, tokenize=False, add_generation_prompt=True)


def is_mini(tokenizer: Any) -> bool:
    """Whether the folder is one of `train_coach`: its tokenizer says so."""
    return tokenizer.init_kwargs.get("prompt_style") == mini.STYLE


def _dtype(asked: str, device: str) -> str:
    """ "auto" is bfloat16 on a GPU that has it, and what the weights are in elsewhere."""
    import torch

    fits = asked == "auto" and device.startswith("cuda") and torch.cuda.is_bf16_supported()
    return "bfloat16" if fits else asked


def _context(model: Any) -> int:
    return int(getattr(model.config, "max_position_embeddings", None) or 2**31)


_coaches: dict[CoachConfig, Coach] = {}
_served: list[CoachConfig] = []  # the one that get_coach last took from the settings
_coaches_lock = threading.Lock()


def get_coach(config: CoachConfig | None = None) -> Coach | NoCoach:
    """The process's one coach for a configuration; without one, what serves now (`feedback.coach.serving`).

    NoCoach when no model is configured. Loads nothing. After a switch the model that served before is let go:
    whoever still has it ends with it, then its memory is free.
    """
    if config is None:
        config = settings_config(trust=False)
        _let_go_of_others(config)
    if config is None:
        return NoCoach()
    with _coaches_lock:
        return _coaches.setdefault(config, Coach(config))


def _let_go_of_others(config: CoachConfig | None) -> None:
    with _coaches_lock:
        if not _served or _served[0] == config:
            _served[:] = [config] if config else []
            return
        gone = _coaches.pop(_served[0], None)
        _served[:] = [config] if config else []
    if gone is not None:
        del gone
        gc.collect()  # hooks make circles, which may hold gigabytes
        if (torch := sys.modules.get("torch")) is not None and torch.cuda.is_available():
            torch.cuda.empty_cache()


def settings_config(*, trust: bool = True) -> CoachConfig | None:
    """What the COACH_* settings say, with the merge that was switched on; None without a model."""
    from django.conf import settings

    now = resolved(trust=trust)
    if not now.model:
        return None
    return CoachConfig(
        model=now.model,
        revision="" if now.merge else settings.COACH_REVISION,
        dtype=settings.COACH_DTYPE,
        device=settings.COACH_DEVICE,
        seconds=float(settings.COACH_SECONDS),
        dials=str(settings.DATA_DIR / "models" / "dials"),
    )
