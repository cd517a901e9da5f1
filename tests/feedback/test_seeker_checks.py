"""What a wording of the seeker's line may and may not do, on own examples of faithful and unfaithful ones."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from feedback.coach import seeker_checks
from feedback.coach.seeker_checks import LEAST_LIKE, Asked, deeper_stems, refusals
from peersupport import seeker
from skills.tagger import load_tagger

EXAMPLES = tomllib.loads((Path(__file__).parent / "seeker_wordings.toml").read_text(encoding="utf-8"))["case"]
SCENARIOS = seeker.load_scenarios()


def like(first: str, second: str) -> float:
    rows = load_tagger().embed([first, second])
    return float(rows[0] @ rows[1])


def asked_of(case) -> Asked:
    scenario = SCENARIOS[case["scenario"]]
    line = scenario.line(case["line"])
    chat = (("seeker", scenario.opening), ("counselor", case["counselor"]))
    return Asked(line.text, chat, deeper_stems(scenario, line.layer))


def test_faithful_wordings_pass_and_unfaithful_ones_do_not():
    """The threshold was chosen on these very examples: the figures say that it can be, not how it does."""
    kept = passed = refused = by_likeness = of_faithful = of_unfaithful = 0
    for case in EXAMPLES:
        asked = asked_of(case)
        for text in case["faithful"]:
            of_faithful += 1
            kept += like(asked.line, text) >= LEAST_LIKE
            passed += not refusals(text, asked, like=like)
        for text in case["unfaithful"]:
            of_unfaithful += 1
            by_likeness += like(asked.line, text) < LEAST_LIKE
            refused += bool(refusals(text, asked, like=like))
    assert (of_faithful, of_unfaithful) == (32, 37)
    assert (kept, passed) == (32, 30)
    assert refused == 37 and by_likeness == 29


LINE = "I wake up at four and I lie there. My sister Ana says it's the job."
CHAT = (
    ("seeker", "Hello. I don't know if this is the right place for me to write."),
    ("counselor", "It sounds as if the nights are long for you at the moment."),
)


def reasons(text, *, line=LINE, chat=CHAT, deeper=frozenset()):
    return refusals(text, Asked(line, chat, deeper), like=lambda first, second: 1.0)


def test_another_way_to_say_it_has_nothing_against_it():
    for text in (
        LINE,
        "At four I wake up, and then I just lie there. Ana, my sister, says it's the job.",
        "I'm awake at four and lie there. It's the job, says my sister Ana.",
    ):
        assert reasons(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("?!", "empty"),
        ("x" * 3000, "too_long"),
        ("I wake up at four. " + "I lie there and I think of this and of that and of more. " * 3, "too_long"),
        ("I wake up at four, see www.sleep.example for it.", "link"),
        ("I wake up at four. **Ana** says it's the job.", "markup"),
        ("I wake up at four and <b>lie there</b>.", "markup"),
        ("As an AI, I don't wake up at four.", "model_talk"),
        ("The seeker says: I wake up at four and lie there.", "model_talk"),
        ("Here is a reworded version: I wake up at four.", "model_talk"),
        ("It sounds like you wake up at four and I hear you.", "counselor_voice"),
        ("I wake up at four. Have you tried getting up then?", "counselor_voice"),
        ("I wake up at four. What about you, do you sleep?", "counselor_voice"),
        ("Waking up at four. Ana says job.", "not_first_person"),
        ("I wake up at four and lie there. Ana and Tomas say it's the job.", "unknown_name"),
        ("I wake up at four and lie there. My brother says it's the job.", "names_what_nobody_named"),
        ("I wake up at four, for nine weeks now, and I lie there.", "new_number"),
        ("I wake up at 4 and 5 and I lie there.", "new_number"),
        ("I don't wake up at four and I lie there. Ana says it's the job.", "says_the_opposite"),
        ("I wake up at four and wish I was dead. Ana says it's the job.", "risk_cue"),
        ("I wake up at four with bipolar disorder and lie there.", "diagnosis"),
        ("I wake up at four at four at four at four and lie there.", "repetition"),
        ("I wake up at four and I lie there and the", "unfinished"),
        ("I wake up at four zxcvb qwrtp and mnbvc lkjhg.", "gibberish"),
        ("I wake up at four. I don't know if this is the right place for me to write.", "said_before"),
        ("I think it sounds as if the nights are long for me at the moment.", "repeats_counselor"),
        ("I wake up at four and I lie there because of the bottles.", "deeper_layer"),
    ],
)
def test_each_fault_has_its_name(text, reason):
    assert reason in reasons(text, deeper=frozenset({"bottl"}))


def test_what_the_line_itself_does_is_no_fault():
    assert reasons("Are you there? I'm so tired.", line="Are you there? I am so tired.") == []
    assert reasons("The bottles, I know.", line="I know. The bottles.", deeper=frozenset({"bottl"})) == []
    assert reasons("no. they'd only give me pills", line="no. theyd only give me pills") == []


def test_what_differs_in_meaning_is_refused_by_likeness_alone():
    asked = Asked(LINE, CHAT)
    text = "I wake up at four and I sing."
    assert refusals(text, asked, like=lambda first, second: LEAST_LIKE) == []
    assert refusals(text, asked, like=lambda first, second: LEAST_LIKE - 0.01) == ["other_meaning"]


def test_a_layer_knows_what_only_lies_below_it():
    scenario = SCENARIOS["guarded-bottlebank"]
    below = deeper_stems(scenario, 1)
    assert {"alfi", "badger"} <= below and not {"wine", "inspector", "mint"} & below
    assert deeper_stems(scenario, 3) == frozenset()
    assert deeper_stems(scenario, 2) < below | deeper_stems(scenario, 2)


def test_no_authored_line_of_a_scenario_is_refused_as_it_stands():
    found = []
    for name in ("plain-dispatch", "pleasing-newcity", "rambling-weekends"):
        scenario = SCENARIOS[name]
        for line in scenario.lines:
            if line.kind != "safety" and len(line.text.split()) <= seeker_checks.MAX_WORDS:
                chat = (("seeker", scenario.opening), ("counselor", "What was that like?"))
                asked = Asked(line.text, chat, deeper_stems(scenario, line.layer))
                found += [(line.id, one) for one in reasons_of(line.text, asked) if one != "risk_cue"]
    assert found == []


def reasons_of(text, asked):
    return refusals(text, asked, like=lambda first, second: 1.0)
