"""How the seeker is moved: what opens, what closes, and that nothing leaves its bounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peersupport.seeker import REASON_WORDS, SeekerState, advance, hear, initial_state, load_scenarios
from peersupport.seeker.effects import EFFECTS
from peersupport.seeker.scenario import TOP_LAYER

SCENARIOS = load_scenarios()
OPENING = [
    "reflection_simple",
    "reflection_complex",
    "affirm",
    "emphasize_autonomy",
    "open_question",
    "support",
]
CLOSING = ["advise_without_permission", "direct", "confront", "warn", "inappropriate"]
MIDDLE = SeekerState(openness=0.5, distress=0.5, trust=0.5, resistance=0.5, layer=1)

any_scenario = st.sampled_from(sorted(SCENARIOS))
any_codes = st.sets(st.sampled_from([*EFFECTS, "not_a_code"]), max_size=5)
share = st.floats(0, 1)
any_state = st.builds(
    SeekerState,
    openness=share,
    distress=share,
    trust=share,
    resistance=share,
    layer=st.integers(0, TOP_LAYER),
)


def after(code: str, slug: str, state: SeekerState = MIDDLE) -> SeekerState:
    return advance(state, hear("some words about it all", techniques={code}), SCENARIOS[slug])[0]


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize("code", OPENING)
def test_good_listening_opens(code, slug):
    moved = after(code, slug)
    assert moved.openness > MIDDLE.openness
    assert moved.trust >= MIDDLE.trust
    assert moved.resistance <= MIDDLE.resistance


@pytest.mark.parametrize("slug", SCENARIOS)
@pytest.mark.parametrize("code", CLOSING)
def test_pushing_closes(code, slug):
    moved = after(code, slug)
    assert moved.openness < MIDDLE.openness
    assert moved.trust <= MIDDLE.trust
    assert moved.resistance > MIDDLE.resistance


@given(
    any_scenario,
    any_state,
    any_codes,
    st.text(max_size=80),
    st.dictionaries(
        st.sampled_from(["emotional_reactions", "interpretations", "explorations"]), st.integers(0, 2)
    ),
)
def test_any_message_keeps_the_state_within_its_bounds(slug, state, codes, text, empathy):
    moved, reasons = advance(state, hear(text, techniques=codes, empathy=empathy), SCENARIOS[slug])
    for name in ("openness", "distress", "trust", "resistance"):
        assert 0 <= getattr(moved, name) <= 1
        assert abs(getattr(moved, name) - getattr(state, name)) <= 0.25
    assert 0 <= moved.layer - state.layer <= 1
    assert set(reasons) <= set(REASON_WORDS)
    assert SeekerState.from_dict(moved.to_dict()) == moved


@given(any_scenario, any_state, any_codes, st.sampled_from(OPENING), st.sampled_from(CLOSING))
def test_more_of_a_good_thing_never_closes_and_of_a_bad_one_never_opens(slug, state, codes, good, bad):
    def moved(with_codes):
        return advance(state, hear("some words about it all", techniques=with_codes), SCENARIOS[slug])[0]

    plain = moved(codes)
    assert moved(codes | {good}).openness >= plain.openness
    assert moved(codes | {bad}).openness <= plain.openness


@pytest.mark.parametrize("slug", SCENARIOS)
def test_attentive_listening_reaches_the_deepest_layer_and_pushing_none(slug):
    scenario = SCENARIOS[slug]
    listened = pushed = initial_state(scenario)
    for turn in range(18):
        kind = ("reflection_complex", "open_question", "reflection_simple", "affirm")[turn % 4]
        heard = hear("you carry this alone", techniques={kind}, empathy={"interpretations": 1})
        listened, _ = advance(listened, heard, scenario)
        pushed, _ = advance(pushed, hear("you should just do it", techniques={"direct"}), scenario)
    assert listened.layer == TOP_LAYER
    assert pushed.layer == 0
    assert pushed.resistance > initial_state(scenario).resistance


def test_silence_and_one_word_are_noticed_and_asking_about_safety_builds_trust():
    scenario = SCENARIOS["plain-grey"]
    start = initial_state(scenario)
    silent, reasons = advance(start, hear(""), scenario)
    assert silent.openness < start.openness
    assert "silence_noticed" in reasons
    assert "short_noticed" in advance(start, hear("ok"), scenario)[1]
    asked, reasons = advance(start, hear("Are you thinking of killing yourself?"), scenario)
    assert asked.trust > start.trust
    assert "safety_asked" in reasons


@given(any_scenario, any_state, st.text(alphabet="abcde ", min_size=30, max_size=80))
def test_words_that_carry_no_technique_move_little(slug, state, text):
    heard = hear(f"three whole words {text}")
    moved, reasons = advance(state, heard, SCENARIOS[slug])
    assert moved.to_dict() == pytest.approx(state.to_dict(), abs=0.001)
    assert reasons == []


@pytest.mark.parametrize("slug", SCENARIOS)
def test_a_goodbye_of_two_words_is_no_nod_and_opens_no_layer(slug):
    start = initial_state(SCENARIOS[slug])
    moved, reasons = advance(start, hear("bye then", techniques={"conclusion"}), SCENARIOS[slug])
    assert "short_noticed" not in reasons
    assert moved.trust >= start.trust
    ready = SeekerState(openness=0.95, distress=0.3, trust=0.95, resistance=0.05)
    assert advance(ready, hear("tell me", techniques={"open_question"}), SCENARIOS[slug])[0].layer == 1
    both = hear("thanks, take care", techniques={"support", "conclusion"})
    assert advance(ready, both, SCENARIOS[slug])[0].layer == 0


@given(any_scenario, st.lists(st.tuples(st.text(max_size=20), any_codes), max_size=40))
def test_whole_chats_of_anything_stay_within_bounds_and_layers_never_close(slug, messages):
    state = initial_state(SCENARIOS[slug])
    for text, codes in messages:
        layer = state.layer
        state, _ = advance(state, hear(text, techniques=codes), SCENARIOS[slug])
        assert all(0 <= getattr(state, name) <= 1 for name in ("openness", "distress", "trust", "resistance"))
        assert state.layer in (layer, layer + 1)


@pytest.mark.parametrize("values", [{"openness": 1.2}, {"trust": -0.1}, {"layer": 4}])
def test_an_impossible_state_is_refused(values):
    good = {"openness": 0.5, "distress": 0.5, "trust": 0.5, "resistance": 0.5, "layer": 0}
    with pytest.raises(ValueError, match="must lie between"):
        SeekerState(**{**good, **values})
