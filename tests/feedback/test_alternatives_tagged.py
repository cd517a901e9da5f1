"""The authored lines under the shipped tagger: every topic has enough that the loop would take."""

from __future__ import annotations

import pytest

from feedback.coach.bank import TOPICS, lines, techniques
from skills.tagger import TagInput, load_tagger
from skills.taxonomy import MI_NON_ADHERENT, REFLECTIONS

SEEKER = "I don't know what to do any more."
LEAST = 4  # of a topic's lines for one technique, so that a report can choose


def accepted(technique: str, present) -> bool:
    """As `alternatives.choose` decides: the technique, or for a reflection the other kind; nothing
    discouraged."""
    wanted = REFLECTIONS if technique in REFLECTIONS else {technique}
    return bool(wanted & set(present)) and not MI_NON_ADHERENT & set(present)


@pytest.mark.parametrize("technique", techniques())
def test_the_loop_would_take_most_lines_of_every_topic(technique):
    found = [line for topic in TOPICS for line in lines(technique, topic)]
    results = load_tagger().tag([TagInput(text=line.text, previous=SEEKER) for line in found])
    taken = dict.fromkeys(TOPICS, 0)
    for line, result in zip(found, results, strict=True):
        taken[line.topic] += accepted(technique, result.present)
    assert {topic: n for topic, n in taken.items() if n < LEAST} == {}


def test_every_topic_of_a_scenario_has_lines_of_its_own():
    from peersupport.seeker import TOPICS as SCENARIOS

    assert set(SCENARIOS) <= set(TOPICS)
