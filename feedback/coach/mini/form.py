"""How a steering calibration asks coach-mini: by its control tokens, since it reads no instructions."""

from __future__ import annotations

from dataclasses import dataclass

from feedback.coach.mini.prompting import mini_prompt, target

# The technique that everything is asked with, and per behaviour the one that asks for it outright: what the
# prompt-only control arm is for a model of this kind.
NEUTRAL = "support"
ASKING = {
    "autonomy": "emphasize_autonomy",
    "reflection": "reflection_simple",
    "warmth": "affirm",
    "brevity": "open_question",
}


@dataclass(frozen=True)
class MiniForm:
    """A `Form` of `feedback.coach.steering.exchange`. `behaviour` is one of ASKING, else the control arm is
    the neutral prompt again."""

    behaviour: str

    def prompt(self, instruction: str, message: str) -> str:
        return mini_prompt(message, "", ASKING.get(self.behaviour, NEUTRAL) if instruction else NEUTRAL)

    def reply(self, text: str, message: str) -> str:
        return target(text[:1].lower() + text[1:], message)
