"""Nothing that coach-mini is measured on may be in what it learns from."""

from __future__ import annotations

import re
from itertools import islice

from feedback.coach.corpus import heldout, library
from feedback.coach.corpus.pairs import exchanges


def grams(texts, size):
    found = set()
    for text in texts:
        words = re.findall(r"[a-z<>]+(?:'[a-z]+)?", text.lower())
        found |= {tuple(words[i : i + size]) for i in range(len(words) - size + 1)}
    return found


def clauses(*, held):
    return [line for t in library.topics(heldout=held) for lines in t.clauses.values() for line in lines]


def shapes(*, held):
    return [line for r in library.registers(heldout=held) for lines in r.parts.values() for line in lines]


def nouns(*, held):
    return {noun.text for t in library.topics(heldout=held) for noun in (*t.who, *t.what)}


def test_topics_share_no_people_things_or_events():
    assert {t.name for t in library.topics()}.isdisjoint(t.name for t in library.topics(heldout=True))
    spare = {noun.text for kind in library.spare_nouns() for noun in kind}
    assert nouns(held=True).isdisjoint(nouns(held=False) | spare)
    assert grams(clauses(held=True), 4).isdisjoint(grams(clauses(held=False), 4))


def test_messages_share_no_shapes_and_no_feelings():
    assert set(shapes(held=True)).isdisjoint(shapes(held=False))
    own = set(grams(shapes(held=True), 4) & grams(shapes(held=False), 4))
    assert own == set()
    # Leads of random words must not make up what stands before a frozen message's event.
    words = set(library.read(library.HERE / "loose.toml")["lead_words"])
    leads = [
        re.findall(r"[a-z']+", s.split("<event>")[0].lower()) for s in shapes(held=True) if "<event>" in s
    ]
    assert [lead for lead in leads if set(lead) <= words] == []
    assert set(library.feelings()).isdisjoint(library.feelings(heldout=True))


def test_training_messages_hold_no_frozen_message():
    learnt = {e.seeker.lower() for e in islice(exchanges(7), 2000)}
    written = {entry[1].lower() for entry in library.dialogues()}
    asked = {a.seeker.lower() for a in (*heldout.frozen(), *heldout.handwritten())}
    assert asked.isdisjoint(learnt | written)
    eights = grams((a.seeker for a in (*heldout.frozen(), *heldout.handwritten())), 8)
    assert eights.isdisjoint(grams(learnt | written, 8))
