"""Playing a whole chat with the seeker, without a database or a model."""

from __future__ import annotations

from collections.abc import Iterable

from peersupport.seeker import (
    Reply,
    SeekerState,
    advance,
    choose_reply,
    hear,
    initial_state,
    lexical_rank,
    load_scenarios,
)

SCENARIOS = load_scenarios()


def play(
    slug: str, messages: Iterable[tuple[str, set[str]]], *, seed: int = 5, start: SeekerState | None = None
) -> list[tuple[Reply, SeekerState]]:
    """The reply and the state after each (text, techniques) of a chat."""
    scenario = SCENARIOS[slug]
    state, said, replies = start or initial_state(scenario), set(), []
    for text, codes in messages:
        heard = hear(text, techniques=codes)
        before, (state, _) = state, advance(state, heard, scenario)
        reply = choose_reply(
            scenario,
            state,
            before=before,
            heard=heard,
            counselor_text=text,
            said=said,
            rank=lexical_rank,
            seed=seed,
        )
        said.add(reply.line_id)
        replies.append((reply, state))
    return replies
