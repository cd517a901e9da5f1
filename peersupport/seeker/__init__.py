"""The simulated support seeker: a small hidden state, authored lines, and the choice between them.

Pure standard library: no Django, no models. Techniques are plain strings and the similarity ranker is
injected, so the room can be lifted out and driven by any tagger, or by hand::

    scenario = load_scenarios()["plain-reorg"]
    state, said = initial_state(scenario), set()
    heard = hear("Sounds like you carry this alone.", techniques={"reflection_complex"})
    after, reasons = advance(state, heard, scenario)
    reply = choose_reply(scenario, after, before=state, heard=heard, counselor_text="…",
                         said=said, rank=lexical_rank, seed=7)
"""

from __future__ import annotations

from peersupport.seeker.banks import BankError, compose_scenario, load_scenarios, parse_scenario
from peersupport.seeker.chooser import NEUTRAL_LINES, Reply, choose_reply
from peersupport.seeker.effects import REASON_SOURCES
from peersupport.seeker.ranking import lexical_rank
from peersupport.seeker.safety_questions import asks_about_safety, names_harm
from peersupport.seeker.scenario import LAYER_WORDS, STYLE_WORDS, TOPICS, Line, Scenario
from peersupport.seeker.state import REASON_WORDS, Heard, SeekerState, advance, hear, initial_state

__all__ = [
    "LAYER_WORDS",
    "NEUTRAL_LINES",
    "REASON_SOURCES",
    "REASON_WORDS",
    "STYLE_WORDS",
    "TOPICS",
    "BankError",
    "Heard",
    "Line",
    "Reply",
    "Scenario",
    "SeekerState",
    "advance",
    "asks_about_safety",
    "choose_reply",
    "compose_scenario",
    "hear",
    "initial_state",
    "lexical_rank",
    "load_scenarios",
    "names_harm",
    "parse_scenario",
]
