"""Playing an own scenario without a tagger: for the preview, and to find out whether a chat in it works.

What a tagger would hear is guessed by a few rules of form, or chosen by the author. The choice of lines is
the real one, with the ranker that compares words (`seeker.lexical_rank`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from peersupport import seeker
from peersupport.seeker.questions import (
    asks_fact,
    asks_more,
    says_goodbye,
    says_hello,
    sounds_like_advice,
    sounds_like_reflection,
    suggests,
)

GUESS = "guess"
SEED = 1
MOST = 30  # messages of one preview
# What an author can say they meant, in the words of the taxonomy.
CODES = {
    "reflection_simple": "Simple reflection", "reflection_complex": "Complex reflection",
    "open_question": "Open question", "closed_question": "Closed question", "affirm": "Affirm",
    "support": "Support", "emphasize_autonomy": "Emphasize autonomy",
    "persuade_with_permission": "Persuade with permission",
    "advise_without_permission": "Advise without permission", "direct": "Direct", "confront": "Confront",
    "introduction_greeting": "Introduction and greeting", "conclusion": "Conclusion",
}  # fmt: skip
ATTENTIVE = (
    ("It sounds like that has been weighing on you for a long while.", "reflection_complex"),
    ("What is that like for you?", "open_question"),
    ("You kept going through all of it, and that took strength.", "affirm"),
)


@dataclass(frozen=True)
class Turn:
    text: str
    code: str  # as chosen: a technique or GUESS
    heard: tuple[str, ...]
    reply: seeker.Reply
    state: seeker.SeekerState
    reasons: tuple[str, ...]

    @property
    def why(self) -> list[str]:
        return [seeker.REASON_WORDS[reason] for reason in self.reasons]

    @property
    def names(self) -> list[str]:
        return [CODES.get(code, code) for code in self.heard]


def guess(text: str) -> tuple[str, ...]:
    """Techniques by the form of a message alone: a stand-in for the tagger, and often wrong."""
    found = []
    if says_hello(text):
        found.append("introduction_greeting")
    if says_goodbye(text):
        found.append("conclusion")
    if sounds_like_reflection(text):
        found.append("reflection_complex")
    elif suggests(text) or (sounds_like_advice(text) and "?" not in text):
        found.append("advise_without_permission")
    if "?" in text and not suggests(text):
        first = text.casefold()
        opens = any(word in first for word in ("what ", "how ", "in what way", "tell me")) or asks_more(text)
        found.append("open_question" if opens and not asks_fact(text) else "closed_question")
    return tuple(found)


def play(scenario: seeker.Scenario, messages: Iterable[tuple[str, str]]) -> list[Turn]:
    """The reply to each (text, code or GUESS), from the beginning. The same messages give the same chat."""
    state, said, turns = seeker.initial_state(scenario), {"opening"}, []
    for text, code in messages:
        heard_codes = guess(text) if code == GUESS else (code,)
        heard = seeker.hear(text, techniques=heard_codes)
        before, (state, reasons) = state, seeker.advance(state, heard, scenario)
        reply = seeker.choose_reply(
            scenario, state, before=before, heard=heard, counselor_text=text, said=said,
            rank=seeker.lexical_rank, seed=SEED + len(turns),
        )  # fmt: skip
        said.add(reply.line_id)
        turns.append(Turn(text, code, heard_codes, reply, state, tuple(reasons)))
    return turns


def attentive(scenario: seeker.Scenario, number: int = 20) -> list[Turn]:
    """A chat with somebody who listens well all the time."""
    return play(scenario, [ATTENTIVE[place % len(ATTENTIVE)] for place in range(number)])


def opened_at(turns: list[Turn]) -> dict[int, int]:
    """{layer: the message that opened it, from 1}."""
    found: dict[int, int] = {}
    for place, turn in enumerate(turns, start=1):
        for layer in range(1, turn.state.layer + 1):
            found.setdefault(layer, place)
    return found
