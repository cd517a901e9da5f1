"""The one owner of a loaded language model: it words drafts, and decides nothing.

Importing this module is light; torch and transformers load with the first batch, once per process.
A pasted transcript reaches the model as fenced data only, and every answer goes through the closed loop
of `feedback.coach.alternatives` before anyone reads it.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback.coach import dials
from feedback.coach.mini import prompting as mini
from feedback.coach.rewording import EngineError, RewordRequest, messages, plain_prompt, tidy

__all__ = ["Coach", "CoachConfig", "EngineError", "NoCoach", "get_coach"]

SHIPPED = Path(__file__).parent / "weights" / "coach-mini"  # what COACH_MODEL=coach-mini means


@dataclass(frozen=True)
class CoachConfig:
    """`model`: path or hub id; `dtype`: "auto" or a torch dtype's name; `device`: "auto", "cpu", "cuda"…;
    `seconds`: limit for one call of `reword`; `batch`: rows generated together."""

    model: str
    revision: str = ""
    dtype: str = "auto"
    device: str = "auto"
    seconds: float = 60.0
    batch: int = 8
    max_new_tokens: int = 72
    temperature: float = 0.7
    top_p: float = 0.9


class NoCoach:
    """Stands in where no model is configured: nothing is reworded, and reports say so."""

    name: str | None = None
    reword = None


class Coach:
    """A causal language model that rewords drafts. Safe to share between threads: one batch at a time."""

    def __init__(self, config: CoachConfig) -> None:
        self.config = config
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._dials: Any = None
        self._broken: str | None = None

    @property
    def name(self) -> str:
        """The model as shown to people: the folder's name for a path, else the hub id."""
        path = Path(self.config.model)
        name = path.name if path.is_absolute() or path.exists() else self.config.model
        return f"{name}@{self.config.revision}" if self.config.revision else name

    def reword(self, requests: Sequence[RewordRequest]) -> list[str]:
        """One text per request, in order; "" where the model had nothing to say.

        The same model, request and seed give the same draws whatever else is in the batch. Raises
        EngineError when the model cannot be loaded, runs out of memory or time, or gives no numbers.
        """
        if not requests:
            return []
        with self._lock:
            from feedback.coach.sampling import Deadline

            model, tokenizer = self._load()
            # Loading may take minutes on a slow disk and is not held against the first report.
            deadline = Deadline(self.config.seconds)
            texts: list[str] = []
            for start in range(0, len(requests), self.config.batch):
                batch = requests[start : start + self.config.batch]
                texts += self._generate(model, tokenizer, batch, deadline)
            return texts

    def warm_up(self) -> None:
        """Load the model now rather than with the first report. Raises EngineError."""
        with self._lock:
            self._load()

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is not None:
            return self._loaded
        if self._broken is not None:  # a wrong path stays wrong: say so at once instead of trying each time
            raise EngineError(self._broken)
        try:
            loaded = load_model(self.config)
            # Before anything is warmed up or compiled: a later hook would be ignored.
            self._dials = dials.install(loaded[0], Path(self.config.model), self.config.batch)
            self._loaded = loaded
        except EngineError as error:
            self._broken = str(error)
            raise
        return self._loaded

    def _generate(
        self, model: Any, tokenizer: Any, requests: Sequence[RewordRequest], deadline: Any
    ) -> list[str]:
        import torch

        from feedback.coach.sampling import SeededSampler

        # A chat template writes the special tokens itself.
        rows = tokenizer(
            [prompt(tokenizer, request) for request in requests],
            return_tensors="pt",
            padding=True,
            add_special_tokens=not tokenizer.chat_template,
        )
        rows = {name: rows[name].to(model.device) for name in ("input_ids", "attention_mask")}
        limit = _context(model) - self.config.max_new_tokens
        if rows["input_ids"].shape[1] > limit:
            raise EngineError(f"the prompt needs more than the {limit} tokens that the language model reads")
        sampler = SeededSampler(
            [request.seed for request in requests],
            temperature=mini.TEMPERATURE if is_mini(tokenizer) else self.config.temperature,
            top_p=self.config.top_p,
        )
        try:
            with torch.inference_mode(), self._steered(requests):
                output = model.generate(
                    **rows,
                    max_new_tokens=self.config.max_new_tokens,
                    do_sample=False,
                    num_beams=1,
                    logits_processor=[sampler],
                    stopping_criteria=[deadline],
                    pad_token_id=tokenizer.pad_token_id,
                )
        except (RuntimeError, MemoryError) as error:
            raise _generation_error(error) from error
        if deadline.passed:
            raise EngineError(f"the language model took longer than {self.config.seconds:g} seconds")
        new = output[:, rows["input_ids"].shape[1] :]
        if is_mini(tokenizer):
            texts = tokenizer.batch_decode(new, skip_special_tokens=False)
            return [
                tidy(mini.answer(text, request.seeker)) for text, request in zip(texts, requests, strict=True)
            ]
        return [tidy(text) for text in tokenizer.batch_decode(new, skip_special_tokens=True)]

    def _steered(self, requests: Sequence[RewordRequest]) -> AbstractContextManager[None]:
        if self._dials is None:
            return nullcontext()
        return self._dials.steered([dials.strengths(self._dials, request) for request in requests])


def load_model(config: CoachConfig) -> tuple[Any, Any]:
    """(model, tokenizer) of any causal language model of `transformers`, ready to generate from the left.

    Never runs code from the model's folder. Raises EngineError with what to mend.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

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
        model = AutoModelForCausalLM.from_pretrained(config.model, dtype=config.dtype, **options)
        model = model.to(device).eval()
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
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


def prompt(tokenizer: Any, request: RewordRequest) -> str:
    """The request in the form that the model was taught: coach-mini's own, the tokenizer's chat template, or
    plain text where it has none. Raises EngineError for a technique that coach-mini does not know."""
    if is_mini(tokenizer):
        try:
            return mini.request_prompt(request)
        except KeyError:
            raise EngineError(f"coach-mini was not taught the technique {request.technique}") from None
    if not tokenizer.chat_template:
        return plain_prompt(request)
    turns = messages(request)
    try:
        return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    except Exception:  # templates raise what they like; some know no system role
        merged = [{"role": "user", "content": "\n\n".join(turn["content"] for turn in turns)}]
        return tokenizer.apply_chat_template(merged, tokenize=False, add_generation_prompt=True)


def is_mini(tokenizer: Any) -> bool:
    """Whether the folder is one of `train_coach`: its tokenizer says so."""
    return tokenizer.init_kwargs.get("prompt_style") == mini.STYLE


def _generation_error(error: BaseException) -> EngineError:
    import torch

    # On the CPU running out of memory is a plain RuntimeError.
    short = isinstance(error, torch.OutOfMemoryError | MemoryError) or "allocate" in str(error)
    if not short:
        return EngineError(f"the language model failed while writing ({type(error).__name__})")
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return EngineError("the language model ran out of memory; try a smaller model")


def _context(model: Any) -> int:
    return int(getattr(model.config, "max_position_embeddings", None) or 2**31)


_coaches: dict[CoachConfig, Coach] = {}
_coaches_lock = threading.Lock()


def get_coach(config: CoachConfig | None = None) -> Coach | NoCoach:
    """The process's one coach for a configuration; without one, that of the Django settings.

    NoCoach when no model is configured. Loads nothing.
    """
    config = config or settings_config()
    if config is None:
        return NoCoach()
    with _coaches_lock:
        return _coaches.setdefault(config, Coach(config))


def settings_config() -> CoachConfig | None:
    """What the COACH_* settings say; None without a model."""
    from django.conf import settings

    if not settings.COACH_MODEL:
        return None
    return CoachConfig(
        model=str(SHIPPED) if SHIPPED.name == settings.COACH_MODEL else settings.COACH_MODEL,
        revision=settings.COACH_REVISION,
        dtype=settings.COACH_DTYPE,
        device=settings.COACH_DEVICE,
        seconds=float(settings.COACH_SECONDS),
    )
