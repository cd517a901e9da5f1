"""What the judge finds and what it wrongly refuses, on sentences that nothing was learnt or tuned on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from feedback.coach.fluency.judge import Judge, Reader
from feedback.coach.fluency.sets import Half, learnt
from feedback.coach.fluency.vocabulary import Vocabulary, tokens
from feedback.coach.guard import guard
from feedback.intervals import wilson

LEAST, OWN_CLASS, SHARED = 4, 150, 60  # as `Vocabulary.learn` takes them
RULES = {"gibberish", "repetition", "unfinished"}
ALARMS = 0.05  # of good sentences that may be refused, where the limit is set


@dataclass(frozen=True)
class Row:
    """Of `n` sentences of a kind: how many the language model refuses, the rules, either of them."""

    kind: str
    n: int
    model: int
    rules: int
    either: int

    def share(self, count: int) -> str:
        low, high = wilson(count, self.n) or (0.0, 1.0)
        return f"{count / self.n:.1%} [{100 * low:.1f}, {100 * high:.1f}]"


def trained(half: Half) -> Judge:
    lines = [tokens(text) for text in learnt()]
    reader = Reader.learn(lines, Vocabulary.learn(lines, least=LEAST, own=OWN_CLASS, shared=SHARED))
    good, broken = ([text for _, text in side] for side in (half.good, half.broken))
    return Judge.fit(reader, good, broken, alarms=ALARMS)


def measured(judge: Judge, sentences: Sequence[tuple[str, str]], whole: str) -> list[Row]:
    """A row for each kind and one for all, called `whole`. Of the guard's rules those of RULES count."""
    kinds: dict[str, list[tuple[bool, bool]]] = {}
    for kind, text in sentences:
        found = judge.rough(text), bool(RULES & set(guard(text)))
        for name in (kind, whole):
            kinds.setdefault(name, []).append(found)
    order = [*(name for name in kinds if name != whole), whole]
    return [
        Row(name, len(of), sum(m for m, _ in of), sum(r for _, r in of), sum(m or r for m, r in of))
        for name, of in ((name, kinds[name]) for name in order)
    ]
