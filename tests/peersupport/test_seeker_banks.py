"""The authored scenarios are whole, and a mistake in a file is named with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from peersupport.safety import assess
from peersupport.seeker import BankError, load_scenarios, parse_scenario
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
    assert scenario.content_warning or not scenario.risk


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
]


@pytest.mark.parametrize(("right", "wrong", "key"), MISTAKES)
def test_a_mistake_names_file_and_key(right, wrong, key):
    assert right in SOURCE
    with pytest.raises(BankError) as caught:
        parse_scenario(SOURCE.replace(right, wrong, 1), slug="mine")
    assert (caught.value.file, caught.value.key) == ("mine.toml", key)


def test_a_missing_key_broken_toml_and_another_encoding():
    with pytest.raises(BankError, match="opening: is missing"):
        parse_scenario(re.sub(r"^opening = .*$", "", SOURCE, flags=re.M), slug="mine")
    with pytest.raises(BankError, match="not valid TOML"):
        parse_scenario("version = ", slug="mine")
    with pytest.raises(BankError, match="not UTF-8"):
        parse_scenario(b'name = "caf\xe9"', slug="mine")
