"""Which authored line the seeker says next: deterministic under a seed, never the same line twice."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass

from peersupport.seeker.moments import ADVICE, CERTAIN, HURTS, Moment, Wave, moment_of
from peersupport.seeker.questions import question_in
from peersupport.seeker.scenario import TOP_LAYER, Line, Scenario
from peersupport.seeker.state import Heard, SeekerState, safety_asked

Rank = Callable[[str, list[str]], list[float]]

# Said in place of a reply when a turn could not be worked out; they fit any moment and any person.
NEUTRAL_LINES: tuple[str, ...] = (
    "Sorry, give me a second.",
    "Mm. I'm still here, just thinking.",
    "Sorry, my connection dropped for a second.",
    "I'm here. I'm just a bit slow right now.",
    "One sec, I lost my train of thought.",
)
FIT_OF_LAYER = (0.3, 0.14, 0.06, 0.0)  # by how many layers the line lies above the current one
NOISE = 0.1
# The question a said line answered must fit by this much better than anything left to say.
ASKED_BEFORE = 0.08
# A line with cues is about something in particular: unless it is called for, general lines go first.
CUED = 0.25


@dataclass(frozen=True)
class Reply:
    """What the seeker says. `kind` "left" means that nothing is left to say: the person has gone. `sign` is
    the level of risk that this very text is labelled with; "" where it has no label."""

    line_id: str
    text: str
    layer: int
    kind: str
    sign: str = ""


def choose_reply(
    scenario: Scenario,
    state: SeekerState,
    *,
    before: SeekerState,
    heard: Heard,
    counselor_text: str,
    said: Set[str],
    rank: Rank,
    seed: int,
) -> Reply:
    """The reply to one counselor message.

    `state` and `before` are the states after and before it; `said` holds the ids of all lines said in
    this chat. `rank(text, candidates)` gives one similarity per candidate, cosine-like (about 0 to 1),
    and must itself be deterministic; it is asked once for the message and once for the question in it,
    each time with all of `scenario.texts()`, so the embeddings of these can be kept. The same arguments
    give the same line. When the moment's own lines are used up the person goes on of their own accord,
    then winds down, and at the very end leaves.
    """
    moment = moment_of(scenario, state, before=before, heard=heard, text=counselor_text, said=said)
    told = {line.tells for line in scenario.lines if line.id in said and line.tells}
    free = [
        line
        for line in scenario.lines
        if line.id not in said
        and line.layer <= state.layer
        and line.tells not in told
        and set(line.after) <= said
    ]
    like = _likeness(scenario, counselor_text, rank)
    kept = max((like[line.id] for line in _kept_back(scenario, moment, said=said, told=told)), default=0.0)
    turn = len(said)
    again = (Wave({"again": 1.0}),) if _asked_before(scenario, heard, free, like, said=said) else ()
    for wave in (*again, *moment.waves):
        if wave.if_kept_back > kept:
            continue
        line = _best(_pool(free, wave, moment), wave, moment=moment, like=like, salt=f"{seed}:{turn}")
        if line is not None:
            return Reply(line.id, line.text, line.layer, line.kind, scenario.signs.get(line.id, ""))
    return Reply("left", f"{scenario.name} has left the chat.", state.layer, "left")


def _asked_before(
    scenario: Scenario, heard: Heard, free: list[Line], like: Mapping[str, float], *, said: Set[str]
) -> bool:
    """Whether this narrow question got its answer earlier on; an open one may well be asked twice."""
    if not heard.has_question or safety_asked(heard, scenario):
        return False
    if heard.hurts or heard.techniques & (ADVICE | HURTS | {"open_question"}):
        return False
    answered = [line for line in scenario.lines if line.kind == "short" and line.id in said]
    past = max((like[line.id] for line in answered), default=0.0)
    left = max((like[line.id] for line in free if line.kind in ("short", "answer")), default=0.0)
    return past >= CERTAIN and past >= left + ASKED_BEFORE


def _kept_back(scenario: Scenario, moment: Moment, *, said: Set[str], told: Set[str]) -> list[Line]:
    """Answers that this person has but would not give yet."""
    return [
        line
        for line in scenario.lines
        if line.kind in ("answer", "short")
        and line.id not in said
        and line.tells not in told
        and (line.layer > moment.layer or not set(line.after) <= said)
    ]


def _pool(free: list[Line], wave: Wave, moment: Moment) -> list[Line]:
    ceiling = TOP_LAYER if wave.deep else moment.layer
    return [
        line
        for line in free
        if wave.weights.get(line.kind, 0) > 0
        and (line.cues or not wave.called_for)
        and (line.layer <= ceiling if wave.layer is None else line.layer == wave.layer)
    ]


def _best(
    pool: list[Line], wave: Wave, *, moment: Moment, like: Mapping[str, float], salt: str
) -> Line | None:
    if not pool or wave.in_order:
        return pool[0] if pool else None

    def fit(line: Line) -> float:
        digest = hashlib.blake2b(f"{salt}:{line.id}".encode(), digest_size=4).digest()
        above = min(TOP_LAYER, max(0, moment.layer - line.layer))
        chance = NOISE * int.from_bytes(digest, "big") / 2**32
        return wave.weights[line.kind] + FIT_OF_LAYER[above] + chance - (CUED if line.cues else 0.0)

    fitting = [line for line in pool if not line.cues or like[line.id] >= wave.at_least]
    return max(fitting, key=lambda line: (fit(line) + wave.pull * like[line.id], line.id), default=None)


def _likeness(scenario: Scenario, text: str, rank: Rank) -> dict[str, float]:
    """Per line id the best similarity of its cues and its text, to the message or to the question in it.

    The text counts less: a line answers, it does not echo.
    """
    if not re.search(r"\w", text):
        return dict.fromkeys((line.id for line in scenario.lines), 0.0)
    asked = question_in(text)
    candidates = scenario.texts()
    scores = rank(text, candidates)
    if asked and asked != text.strip():
        scores = map(max, scores, rank(asked, candidates))
    per_text = iter(scores)
    return {
        line.id: max([0.8 * float(next(per_text)), *(float(next(per_text)) for _ in line.cues)])
        for line in scenario.lines
    }
