"""Tag chats and write their reports in one chosen way, and print every number (see promise 27).

python -m bench.again MESSAGES BATCH THREADS
"""

from __future__ import annotations

import hashlib
import json
import random
import sys

from feedback.coach.turns import Turn
from feedback.evidence.published import published_study
from feedback.reports.session import session_report
from skills.corpora import own
from skills.tagger import TagInput, load_tagger
from skills.tagger.card import read_card
from skills.taxonomy import CODES

CHAT = 20  # counselor messages
TOPICS = ("work", "family", "general", "grief")


def messages(count: int) -> list[TagInput]:
    """Always the same: our own examples in a shuffled order, each after a seeker's words from another one."""
    examples = list(own.read())
    chosen = random.Random(27)
    return [
        TagInput(text=chosen.choice(examples).text, previous=chosen.choice(examples).previous or "I see.")
        for _ in range(count)
    ]


def tag(inputs: list[TagInput], *, batch: int, threads: int) -> list:
    tagger = load_tagger()
    return [
        result
        for start in range(0, len(inputs), batch)
        for result in tagger.tag(inputs[start : start + batch], threads=threads)
    ]


def report(number: int, said: list[TagInput], results: list) -> str:
    """The sha256 of the whole report of one chat."""
    tagger = load_tagger()
    turns = []
    for place, (message, result) in enumerate(zip(said, results, strict=True)):
        turns.append(Turn(index=2 * place + 1, role="seeker", text=message.previous))
        turns.append(Turn(index=2 * place + 2, role="counselor", text=message.text, tags=result))
    body = session_report(
        turns, study=published_study(), card=read_card(), topic=TOPICS[number % len(TOPICS)],
        embed=tagger.embed, retag=tagger.tag, seed=number,
    )  # fmt: skip
    return hashlib.sha256(json.dumps(body).encode()).hexdigest()


def main(count: int, batch: int, threads: int) -> None:
    inputs = messages(count)
    results = tag(inputs, batch=batch, threads=threads)
    chats = range(0, count, CHAT)
    # Another order of the chats in each way: what a process did before must not matter either.
    order = random.Random(batch * 100 + threads).sample(chats, len(chats))
    reports = {
        start: report(start, inputs[start : start + CHAT], results[start : start + CHAT]) for start in order
    }
    found = {
        "messages": [
            {
                "present": result.present,
                "empathy": result.empathy,
                "spans": {code: list(span) for code, span in result.spans.items()},
                "probabilities": [result.probabilities[code] for code in CODES],
            }
            for result in results
        ],
        "reports": [reports[start] for start in chats],
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:4]))
