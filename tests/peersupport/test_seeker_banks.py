"""The authored scenarios are whole, and a mistake in a file is named with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from peersupport.safety import assess
from peersupport.seeker import BankError, load_scenarios, parse_scenario
from peersupport.seeker.banks import LONGEST_LINE
from peersupport.seeker.scenario import KINDS, TOP_LAYER

SCENARIOS = load_scenarios()
SOURCE = (
    Path(__file__).resolve().parents[2] / "peersupport" / "seeker" / "lines" / "plain-dispatch.toml"
).read_text(encoding="utf-8")


def test_the_set_as_a_whole():
    assert len(SCENARIOS) >= 6
    assert len({scenario.topic for scenario in SCENARIOS.values()}) >= 6
    assert {scenario.difficulty for scenario in SCENARIOS.values()} == {1, 2, 3}
    assert [s.slug for s in SCENARIOS.values() if s.baseline] == ["plain-dispatch"]
    assert [s.slug for s in SCENARIOS.values() if s.risk] == ["plain-grey"]
    assert len({scenario.name for scenario in SCENARIOS.values()}) == len(SCENARIOS)


@pytest.mark.parametrize("slug", SCENARIOS)
def test_each_scenario(slug):
    scenario = SCENARIOS[slug]
    own = [line for line in scenario.lines if not line.shared]
    assert len(own) >= 60
    assert {line.kind for line in scenario.lines} == set(KINDS)
    for layer in range(1, TOP_LAYER + 1):
        assert [line for line in own if line.kind == "disclose" and line.layer == layer]
    for line in own:
        assert not re.search(r"TODO|XXX|\{|\}|<|>", line.text), line.id
        assert 0 < len(line.text) <= LONGEST_LINE
    assert scenario.content_warning or not scenario.risk
    # Cues are what a counselor says: two lines of a layer and kind with the same cue would be a toss-up.
    cues = [(line.kind, line.layer, cue.casefold()) for line in own for cue in line.cues]
    assert len(set(cues)) == len(cues), [cue for cue in cues if cues.count(cue) > 1]


@pytest.mark.parametrize("slug", SCENARIOS)
def test_only_the_risk_scenario_speaks_of_not_wanting_to_live(slug):
    scenario = SCENARIOS[slug]
    risky = [line.id for line in scenario.lines if assess(line.text, role="seeker").level != "none"]
    assert bool(risky) == scenario.risk, risky


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
