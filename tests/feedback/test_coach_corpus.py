from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterable
from itertools import islice

import pytest

from feedback.coach.corpus import grammar, heldout, library
from feedback.coach.corpus.grammar import Noun, choose_words, filled, slots
from feedback.coach.corpus.pairs import exchanges
from feedback.coach.corpus.person import capped, turned, uncapped
from feedback.coach.guard import guard
from feedback.coach.mini.measures import invented, names_content

SAMPLE = 1500


@pytest.fixture(scope="module")
def sample():
    return list(islice(exchanges(11), SAMPLE))


@pytest.fixture(scope="module")
def plain_sample():
    """Exchanges of English words alone."""
    return list(islice(exchanges(11, strange=False), SAMPLE))


@pytest.mark.parametrize(
    ("said", "back"),
    [
        ("my boss shouted at me", "your boss shouted at you"),
        ("i was late and i'm sorry", "you were late and you're sorry"),
        ("I just was not myself", "you just were not yourself"),
        ("I wasn't asked, am I wrong?", "you weren't asked, are you wrong?"),
        ("ive lost what was mine", "you've lost what was yours"),
        ("she told us that we were late for our bus", "she told you that you were late for your bus"),
        ("an image of mime in my summer", "an image of mime in your summer"),
        ("he said I am his and I’d stay", "he said you are his and you'd stay"),
    ],
)
def test_the_first_person_becomes_the_second(said, back):
    assert turned(said) == back


def test_capitals_that_mark_a_name_survive():
    assert (
        uncapped("My GP laughed. Then Paul left me. WHY NOT?") == "my GP laughed. then Paul left me. why not?"
    )
    assert uncapped("I'm sorry. I cried.") == "I'm sorry. I cried."
    assert capped("i'm sorry. so paul left? it hurts") == "I'm sorry. So paul left? It hurts"


@pytest.mark.parametrize(
    ("entry", "plural"),
    [
        ("my boss", False),
        ("my parents*", True),
        ("the stairs", True),
        ("the news", False),
        ("the bus", False),
    ],
)
def test_a_noun_knows_its_number(entry, plural):
    assert Noun.read(entry).plural is plural


def test_verbs_agree_with_the_nearest_noun():
    values = {"who": Noun("my parents", True), "what": Noun("the rent"), "np": Noun("my twin")}
    assert filled("<who> [is|are] late with <what>", values) == "my parents are late with the rent"
    assert filled("<who> [says|say] <what> [is|are] due", values) == "my parents say the rent is due"
    assert filled("What [does|do] <np> want?", values) == "What does my twin want?"
    with pytest.raises(KeyError):
        filled("<nobody>", values)


def test_choices_are_all_drawn():
    drawn = {choose_words("{a|b} c{| d}", random.Random(i)) for i in range(40)}
    assert drawn == {"a c", "b c", "a c d", "b c d"}


def runs_between_slots(template: str) -> Iterable[int]:
    """Lengths, in words, of the stretches between slots; the longest choice counts."""
    plain = grammar._CHOICE.sub(
        lambda m: max(m.group(1).split("|"), key=lambda part: len(part.split())), template
    )
    plain = grammar._AGREE.sub(r"\1", plain)
    for stretch in grammar.SLOT.split(plain)[::2]:
        yield len(re.findall(r"[\w'’]+", stretch))


def test_every_technique_has_forty_replies_with_short_frames():
    for technique in library.TECHNIQUES:
        lines = library.replies(technique)
        assert len(set(lines)) == len(lines) >= 40
        # Longer frames would let eight words in a row be learnt by heart.
        assert [line for line in lines if max(runs_between_slots(line)) > 6 or not slots(line)] == []


def test_there_are_topics_and_people_enough():
    assert len(library.topics()) >= 20 and len(library.registers()) >= 5
    assert len(library.dialogues()) >= 40
    assert {entry[0] for entry in library.dialogues()} == set(library.TECHNIQUES)


def test_exchanges_are_many_clean_and_the_same_for_a_seed(sample):
    assert len({(e.seeker, e.reply) for e in sample}) > 0.97 * SAMPLE
    for e in sample:
        for text in (e.seeker, e.volunteer, e.reply):
            assert text and not re.search(r"[<>{}\[\]|]| {2}", text), text
    assert list(islice(exchanges(11), 5)) == sample[:5]
    assert list(islice(exchanges(11, 3), 2)) == sample[3:5]
    assert list(islice(exchanges(12), 5)) != sample[:5]


def test_replies_speak_to_the_seeker_in_agreement(plain_sample):
    wrong = re.compile(
        r"\byou (?:was|am|is|has)\b|\b(?:my|me|mine|myself)\b|\ba [aeio]\w|\ban [bcdfgklmnpqrst]\w"
        r"|\b(?!you)(\w{3,}) \1\b",
        re.IGNORECASE,
    )
    generated = [e.reply for e in plain_sample if e.topic]
    # "I told me" has no place, but "with me" and "tell me" are the helper's own words.
    own = re.compile(r"\b(?:telling|tell|with|let) me\b|\bmy heart goes\b", re.IGNORECASE)
    assert [reply for reply in generated if wrong.search(own.sub("", reply))] == []


def test_a_reply_names_only_what_the_message_names(sample):
    new = [e for e in sample if invented(e.reply, e.seeker)]
    assert len(new) < 0.03 * SAMPLE
    assert sum(names_content(e.reply, e.seeker) for e in sample) > 0.85 * SAMPLE


def test_training_replies_pass_the_guard(sample):
    refused = [e for e in sample if guard(capped(e.reply), chat=(e.seeker,), volunteer=e.volunteer)]
    assert len(refused) < 0.03 * SAMPLE


def test_the_frozen_messages_are_those_of_the_seed():
    frozen = heldout.frozen()
    assert len(frozen) == heldout.COUNT == len({asked.seeker.lower() for asked in frozen})
    assert frozen == list(heldout.generated())
    assert len(heldout.handwritten()) >= 60
    assert {asked.technique for asked in frozen} == set(library.TECHNIQUES)


def test_the_shipped_weights_learnt_from_these_examples():
    """The first of them, as they were on the day of training: who changes them trains anew."""
    learnt = list(islice(exchanges(7), 2000))
    told = hashlib.sha256(repr([(e.seeker, e.volunteer, e.technique, e.reply) for e in learnt]).encode())
    assert told.hexdigest()[:16] == "7a154f46118c7f70"
