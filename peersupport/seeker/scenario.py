"""What a scenario is: a person, a starting state, and lines in layers of disclosure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TOPICS: dict[str, str] = {
    "work": "Work and burnout",
    "study": "Study and exams",
    "family": "Family",
    "relationships": "Love and relationships",
    "loneliness": "Loneliness",
    "grief": "Grief and loss",
    "health": "Illness and caring",
    "low_mood": "Low mood",
    "money": "Money and lost work",
    "alcohol": "Drinking",
    "parenthood": "New parenthood",
    "ageing": "Growing old",
    "self_harm": "Self-harm",
    "identity": "Coming out",
}
STYLE_WORDS: dict[str, str] = {
    "plain": "says what is going on, in few words",
    "guarded": "careful, gives little away at first",
    "rambling": "talks a lot, around the point",
    "upset": "overwhelmed, feelings come first",
    "pleasing": "agrees easily and hides what hurts",
}
LAYER_WORDS: tuple[str, ...] = ("on the surface", "the problem", "the feelings", "what it means")
TOP_LAYER = len(LAYER_WORDS) - 1

# Every kind a line may have, and when the seeker says it.
KINDS: dict[str, str] = {
    "greeting": "answers a first hello",
    "tell": "goes on of their own accord",
    "answer": "answers a question; worded to stand alone",
    "short": "answers a closed question, briefly",
    "again": "answers a closed question that was answered before",
    "reflect": "answers a reflection",
    "disclose": "says the thing that a newly opened layer is about",
    "advice": "answers advice nobody asked for",
    "permission": "answers being asked whether something may be offered",
    "permitted": "answers a suggestion offered with permission, or information",
    "pushback": "answers being confronted, ordered, warned or hurt",
    "tired": "answers one closed question too many",
    "silence": "notices an empty message",
    "minimal": "notices a message of a word or two",
    "thanks": "answers praise or support",
    "choice": "answers being given the choice or asked to work it out together",
    "aside": "answers small talk or something the counselor tells of themselves",
    "safety": "answers being asked about suicide or harm",
    "quiet": "has drawn back",
    "dodge": "puts off a question that nothing answers, or not yet; fits yes-or-no questions and others",
    "closing": "answers the counselor bringing the chat to an end",
    "parting": "answers the end of a chat that has not helped",
    "winding": "has said most of it and is winding down",
}


@dataclass(frozen=True)
class Line:
    """One authored line.

    `cues` are things a counselor might say that this line answers (ranked beside the text itself);
    `after` names lines that must have been said before; lines with the same `tells` say the same
    thing, so one chat uses one of them.
    """

    id: str
    kind: str
    layer: int
    text: str
    cues: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    tells: str = ""
    shared: bool = False


@dataclass(frozen=True)
class Scenario:
    """One version of one authored person. `sha256` covers the scenario's file and its style's file.

    `start` holds openness, distress, trust and resistance (0-1) before the first message;
    `layers` holds, for layers 1 to 3, the (openness, trust) at which each one opens.
    `risk` scenarios are chosen, never offered; everybody meets the one `baseline`, under the same seed.
    `signs` says by line id which sign of risk it is labelled with, where it is (`risk.toml`).
    """

    slug: str
    version: str
    title: str
    topic: str
    difficulty: int
    style: str
    content_warning: str
    persona: str
    name: str
    opening: str
    risk: bool
    baseline: bool
    sha256: str
    start: Mapping[str, float]
    layers: tuple[tuple[float, float], ...]
    facts: tuple[str, ...]
    lines: tuple[Line, ...] = field(repr=False)
    signs: Mapping[str, str] = field(default_factory=dict, repr=False)

    def line(self, line_id: str) -> Line:
        """The line with this id; KeyError for an id of another scenario or version."""
        for line in self.lines:
            if line.id == line_id:
                return line
        raise KeyError(line_id)

    def texts(self) -> list[str]:
        """Every string that may be handed to a ranker: a worker can embed them once, ahead of time."""
        return [text for line in self.lines for text in (line.text, *line.cues)]
