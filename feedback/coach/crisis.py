"""What the counselor did after a risk cue, beside the steps of the organisation's policy.

Read by plain rules from the counselor's own words. A rule can only find what was said, so an item
that was not found reads "not seen", never "not done".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feedback.coach.cues import straight
from feedback.coach.turns import Turn
from peersupport.safety import crisis_checklist
from peersupport.safety.conduct import hurts, spared
from peersupport.safety.policy import DEFAULT_POLICY, ChecklistItem
from peersupport.seeker import asks_about_safety, names_harm

RISK_LEVELS = ("passive", "explicit")

_STAYED = re.compile(
    r"\b(?:thank you for (?:telling|trusting|sharing|saying)|glad you (?:told|said|shared|trusted)|"
    r"(?:i'?m|i am) (?:so |really |very )?(?:sorry|glad you)|i hear you|that sounds|it sounds|"
    r"you'?re not alone|you are not alone|i'?m here|takes courage|took courage|brave)\b",
    re.IGNORECASE,
)
_CONTACT = (
    r"crisis (?:line|team|service|text|chat|centre|center)s?|help ?lines?|hot ?lines?|life ?lines?|"
    r"samaritans|emergency (?:number|services?|room|line|department)|ambulance"
)
_PEOPLE = (
    r"(?:trained|qualified) (?:person|people|counsell?ors?|listeners?|staff)|professionals?|"
    r"therapists?|psychologists?|psychiatrists?|doctor|gp|988|911|999|112|116 ?123"
)
_REACH = (
    r"(?:call|text|ring|contact|reach(?:ing)?|talk(?:ing)? (?:to|with)|speak(?:ing)? (?:to|with)|see|go to|"
    r"connect(?:ing)?|put you|there are)"
)
_REFERRED = re.compile(rf"\b(?:(?:{_CONTACT})|{_REACH}\b[^.!?]{{0,60}}\b(?:{_PEOPLE}))\b", re.IGNORECASE)
_CLOSED = re.compile(
    r"\b(?:thank you for|thanks for|take care|goodbye|bye|glad you (?:came|talked|reached)|"
    r"(?:have to|will|i'?ll) (?:close|end|finish)|supervisor)\b",
    re.IGNORECASE,
)
_STAYING_CODES = ("reflection_simple", "reflection_complex", "affirm", "support")


@dataclass(frozen=True)
class CrisisItem:
    """One step of the policy. `status` is "seen" (in message `index`), "not_seen", or "not_checked" for
    steps that no rule can read off the words."""

    key: str
    title: str
    detail: str
    status: str
    index: int | None
    message_id: str = ""


@dataclass(frozen=True)
class CrisisView:
    """`cues` are (message index, level) pairs; `level` is the highest of them; `anchor` is the first
    message of the counselor after the first cue, or the cue itself when none followed; `gravest` is the same
    of the first cue of that level, and `anchor` where nothing followed that one."""

    level: str
    policy: str
    cues: tuple[tuple[int, str], ...]
    items: tuple[CrisisItem, ...]
    answered: bool
    anchor: Turn
    gravest: Turn

    def not_seen(self, key: str) -> bool:
        return any(item.key == key and item.status == "not_seen" for item in self.items)


def crisis_view(turns: Sequence[Turn], *, policy: str = DEFAULT_POLICY) -> CrisisView | None:
    """What followed the first risk cue of the seeker; None when there was no cue.

    Raises ValueError for a policy that does not exist.
    """
    cues = [turn for turn in turns if not turn.by_counselor and turn.risk_level in RISK_LEVELS]
    if not cues:
        return None
    first = cues[0]
    after = [turn for turn in turns if turn.by_counselor and turn.index > first.index]
    # A plain question that brought the sign out was asked, though before it.
    brought_out = [turn for turn in turns if turn.by_counselor and turn.index < first.index][-1:]
    referral = _first(after, _refers)
    seen = {
        "notice": _first(
            after, lambda turn: not hurts(turn.text) and (names_harm(turn.text) or _stays(turn))
        ),
        "ask": _first(brought_out, _asks) or _first(after, lambda turn: _asks(turn, after_cue=True)),
        "refer": referral,
        "close": _first([t for t in after if referral and t.index >= referral.index], _closes),
    }
    items = tuple(_item(step, seen) for step in crisis_checklist(policy))
    level = max((turn.risk_level for turn in cues), key=RISK_LEVELS.index)
    anchor = after[0] if after else first
    worst = next(turn for turn in cues if turn.risk_level == level)
    return CrisisView(
        level=level,
        policy=policy,
        cues=tuple((turn.index, turn.risk_level) for turn in cues),
        items=items,
        answered=bool(after),
        anchor=anchor,
        gravest=next((turn for turn in after if turn.index > worst.index), anchor),
    )


def _item(step: ChecklistItem, seen: dict[str, Turn | None]) -> CrisisItem:
    if step.key not in seen:
        return CrisisItem(step.key, step.title, step.detail, "not_checked", None)
    turn = seen[step.key]
    if turn is None:
        return CrisisItem(step.key, step.title, step.detail, "not_seen", None)
    return CrisisItem(step.key, step.title, step.detail, "seen", turn.index, turn.message_id)


def _first(turns: Sequence[Turn], holds: Callable[[Turn], bool]) -> Turn | None:
    return next((turn for turn in turns if holds(turn)), None)


def _asks(turn: Turn, *, after_cue: bool = False) -> bool:
    """As the seeker reads it; a sentence that hurts asks nothing, and none does beside cruel words."""
    return asks_about_safety(spared(turn.text), after_cue=after_cue)


def _refers(turn: Turn) -> bool:
    return _REFERRED.search(straight(turn.text)) is not None


def _stays(turn: Turn) -> bool:
    warm = turn.has(*_STAYING_CODES) or turn.empathy("emotional_reactions") > 0
    return warm or _STAYED.search(straight(turn.text)) is not None


def _closes(turn: Turn) -> bool:
    return turn.has("conclusion") or _CLOSED.search(straight(turn.text)) is not None
