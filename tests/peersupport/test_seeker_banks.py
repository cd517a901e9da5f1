"""The authored scenarios are whole, and a mistake in a file is named with file and key."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from peersupport.safety import LEVELS, assess
from peersupport.safety.safe_messaging import unsafe_words
from peersupport.seeker import BankError, load_scenarios, parse_scenario
from peersupport.seeker.banks import LONGEST_LINE
from peersupport.seeker.scenario import KINDS, STYLE_WORDS, TOP_LAYER, Line, Scenario

SCENARIOS = load_scenarios()
SOURCE = (
    Path(__file__).resolve().parents[2] / "peersupport" / "seeker" / "lines" / "plain-dispatch.toml"
).read_text(encoding="utf-8")


def own_lines(scenario: Scenario) -> list[Line]:
    """What was written for this person alone: the small talk of their style is not counted."""
    return [line for line in scenario.lines if not line.shared]


def test_the_set_as_a_whole():
    assert len(SCENARIOS) >= 12
    assert len({scenario.topic for scenario in SCENARIOS.values()}) >= 8
    styles = Counter(scenario.style for scenario in SCENARIOS.values())
    assert set(styles) == set(STYLE_WORDS)
    assert min(styles.values()) >= 2
    difficulties = Counter(scenario.difficulty for scenario in SCENARIOS.values())
    assert set(difficulties) == {1, 2, 3}
    assert min(difficulties.values()) >= 3
    assert {s.slug for s in SCENARIOS.values() if s.risk} == {
        "plain-grey", "rambling-tuner", "pleasing-sleeves",
    }  # fmt: skip
    for field in ("name", "title", "opening", "persona"):
        assert len({getattr(scenario, field) for scenario in SCENARIOS.values()}) == len(SCENARIOS)


def test_everybody_meets_the_same_moderate_person_before_and_after():
    [baseline] = [scenario for scenario in SCENARIOS.values() if scenario.baseline]
    assert (baseline.slug, baseline.style, baseline.difficulty) == ("plain-lunchbox", "plain", 2)
    assert not baseline.risk
    assert not baseline.content_warning


@pytest.mark.parametrize("slug", SCENARIOS)
def test_each_scenario(slug):
    scenario = SCENARIOS[slug]
    own = own_lines(scenario)
    assert len(own) >= 70
    assert len({line.id for line in scenario.lines}) == len(scenario.lines)
    assert {line.layer for line in own if line.kind == "tell"} == {0, 1, 2, 3}
    assert len(scenario.facts) >= 6
    assert {line.kind for line in scenario.lines} == set(KINDS)
    for layer in range(1, TOP_LAYER + 1):
        assert [line for line in own if line.kind == "disclose" and line.layer == layer]
    for line in own:
        assert not re.search(r"TODO|XXX|\{|\}|<|>", line.text), line.id
        assert 0 < len(line.text) <= LONGEST_LINE
        # A chat message, not a page: nobody types more at once.
        assert len(line.text.split()) <= 55, line.id
    assert scenario.content_warning or not scenario.risk
    # A word of who this is never hangs on another line having been said.
    opened = {line.layer for line in own if line.kind == "disclose" and not line.after}
    assert opened >= {1, 2}
    # Cues are what a counselor says: two lines of a layer and kind with the same cue would be a toss-up.
    cues = [(line.kind, line.layer, cue.casefold()) for line in own for cue in line.cues]
    assert len(set(cues)) == len(cues), [cue for cue in cues if cues.count(cue) > 1]


@pytest.mark.parametrize("slug", SCENARIOS)
def test_only_risk_scenarios_speak_of_suicide_or_self_harm(slug):
    scenario = SCENARIOS[slug]
    risky = [line.id for line in scenario.lines if assess(line.text, role="seeker").level != "none"]
    assert bool(risky) == scenario.risk, risky


HURT = re.compile(
    r"\b(?:scars?|blood|burn(?:s|t|ed|ing)?|scratch\w*|wounds?|bandages?|stitches|arms?|legs?)\b",
    re.IGNORECASE,
)
SOMEBODY = re.compile(
    r"\b(?:ring|call|tell\w*|say|text|doctor|gp|dr|sister|mo|denise|line|number)\b", re.IGNORECASE
)


@pytest.mark.parametrize("slug", SCENARIOS)
def test_no_line_names_a_means_or_makes_it_look_good(slug):
    scenario = SCENARIOS[slug]
    texts = [scenario.opening, scenario.persona, *(line.text for line in scenario.lines)]
    assert [(text, unsafe_words(text)) for text in texts if unsafe_words(text)] == []


@pytest.mark.parametrize("slug", [slug for slug, scenario in SCENARIOS.items() if scenario.risk])
def test_at_risk_they_answer_straight_stay_safe_and_would_turn_to_somebody(slug):
    scenario = SCENARIOS[slug]
    safety = [line for line in scenario.lines if line.kind == "safety"]
    assert len(safety) >= 6
    # All of it can be heard from the first message on: it only takes being asked.
    assert {line.layer for line in safety} == {0}
    assert assess(safety[0].text, role="seeker").level != "none" or "stop for a while" in safety[0].text
    assert any("safe tonight" in line.text for line in safety)
    assert sum(bool(SOMEBODY.search(line.text)) for line in safety) >= 2
    hopes = [line for line in own_lines(scenario) if line.layer == 3 and line.kind in ("choice", "closing")]
    assert hopes
    if scenario.topic == "self_harm":
        hurt = [line.id for line in own_lines(scenario) if HURT.search(line.text)]
        assert hurt == []


MISTAKES = [
    ('topic = "work"', 'topic = "space"', "topic"),
    ("difficulty = 1", "difficulty = 4", "difficulty"),
    ("difficulty = 1", 'difficulty = "easy"', "difficulty"),
    ('style = "plain"', 'style = "loud"', "style"),
    ("[start]", "[start]\nluck = 0.5", "start.luck"),
    ("[start]\nopenness = ", "[start]\nopenness = 7", "start.openness"),
    ('version = "1"', 'version = "1"\nmood = "blue"', "mood"),
    ("[lines.tell.0]", "[lines.shout.0]", "lines.shout"),
    ("[lines.tell.0]", "[lines.tell.9]", "lines.tell.9"),
    ("[lines.tell.0]", '[lines.tell.0]\nblank = " "', "lines.tell.0.blank"),
    ("[lines.tell.0]", f'[lines.tell.0]\nlong = "{"a" * 601}"', "lines.tell.0.long"),
    ("[lines.tell.0]", '[lines.tell.0]\nx = {text = "Hm.", after = ["nobody"]}', "lines.tell.0.x.after"),
    ("[lines.tell.0]", '[lines.tell.0]\nx = {text = "Hm.", cue = ["a"]}', "lines.tell.0.x.cue"),
    ("[lines.tell.0]", '[lines.tell.0]\nx = {text = "Hm.", cues = "a"}', "lines.tell.0.x.cues"),
    ("[lines.tell.0]", '[lines.tell.0]\nx = {text = "Hm.", tells = 3}', "lines.tell.0.x.tells"),
    ("[lines.tell.0]", '[lines.tell.0]\nx = {text = "Hm.", after = ["dad"]}', "lines.tell.0.x.after"),
    ("[lines.tell.0]", "[lines.tell.0]\nx = 3", "lines.tell.0.x"),
    ("[lines.tell.0]", '[lines.tell.0]\nhello = "Hm."', "lines.tell.0.hello"),
    ("[lines.tell.0]", '[lines.tell.0]\nx = "Yes. That\'s about the size of it."', "lines.reflect.0.r_yes"),
    ("[start]", "layers = [[0.5, 0.4], [0.4, 0.3], [0.9, 0.8]]\n[start]", "layers"),
    ("[start]", "layers = [[0.5, 0.4]]\n[start]", "layers"),
    ("[start]", 'typing = "sloppy"\n[start]', "typing"),
    ("[start]", "risk = 1\n[start]", "risk"),
    ("[start]", "risk = true\nbaseline = true\n[start]", "baseline"),
    ('name = "Deb"', 'name = " "', "name"),
    ("facts = [", "facts = [3,", "facts"),
    ("difficulty = 1", "difficulty = true", "difficulty"),
]


@pytest.mark.parametrize(("right", "wrong", "key"), MISTAKES)
def test_a_mistake_names_file_and_key(right, wrong, key):
    assert right in SOURCE
    with pytest.raises(BankError) as caught:
        parse_scenario(SOURCE.replace(right, wrong, 1), slug="mine")
    assert (caught.value.file, caught.value.key) == ("mine.toml", key)


def without(pattern: str) -> str:
    """The source with all sections of lines whose name matches taken out."""
    return re.sub(rf"^\[lines\.{pattern}\]\n(?:(?!\[).*\n)*", "", SOURCE, flags=re.M)


def test_lines_that_are_missing_are_named():
    with pytest.raises(BankError, match=r"lines\.disclose\.3: has no line"):
        parse_scenario(re.sub(r', after = \["dad"\]', "", without(r"disclose\.3")), slug="mine")
    with pytest.raises(BankError, match=r"lines\.advice: has no line"):
        parse_scenario(without(r"advice\.\d"), slug="mine")
    with pytest.raises(BankError, match=r"lines: needs at least 60 lines"):
        parse_scenario(without(r"(?!disclose)\w+\.\d"), slug="mine")


def test_a_missing_key_broken_toml_and_another_encoding():
    with pytest.raises(BankError, match="opening: is missing"):
        parse_scenario(re.sub(r"^opening = .*$", "", SOURCE, flags=re.M), slug="mine")
    with pytest.raises(BankError, match="not valid TOML"):
        parse_scenario("version = ", slug="mine")
    with pytest.raises(BankError, match="not UTF-8"):
        parse_scenario(b'name = "caf\xe9"', slug="mine")


def test_a_second_baseline_is_refused(tmp_path):
    for name in ("one", "two"):
        source = SOURCE.replace("[start]", "baseline = true\n[start]", 1)
        (tmp_path / f"{name}.toml").write_text(source, encoding="utf-8")
    with pytest.raises(BankError, match="baseline: another scenario is the baseline already"):
        load_scenarios(tmp_path)


def test_signs_of_risk_are_said_of_lines_that_exist_and_differ_from_what_programs_see():
    labelled = {slug: scenario for slug, scenario in SCENARIOS.items() if scenario.signs}
    assert labelled and all(scenario.risk for scenario in labelled.values())
    for scenario in labelled.values():
        texts = {"opening": scenario.opening, **{line.id: line.text for line in scenario.lines}}
        for line_id, level in scenario.signs.items():
            assert level in LEVELS
            assert assess(texts[line_id], role="seeker").level != level, line_id
