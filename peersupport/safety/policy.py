"""What a volunteer is asked to do when a crisis cue appears, and what a volunteer in need sees.

Fixed, human-written text: nothing here is ever generated. Untrained volunteers refer every mention,
passive ones too; an organisation whose volunteers are trained to assess may choose "assess_and_refer".
"""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_POLICY = "refer"


@dataclass(frozen=True)
class ChecklistItem:
    key: str
    title: str
    detail: str


@dataclass(frozen=True)
class HumanPanel:
    """Shown to a volunteer who may be speaking of themselves; the page adds the region's help lines."""

    title: str
    paragraphs: tuple[str, ...]
    leave_label: str
    stay_label: str


_NOTICE = ChecklistItem(
    "notice",
    "Notice it, in your own words",
    "It might help to say plainly that you heard it: that things hurt this much, and that you are glad they "
    "told you. Skills practice can wait; this comes first.",
)
_ASK = ChecklistItem(
    "ask",
    "Ask directly, and validate",
    "Asking about suicide does not put the idea there. A calm, direct question, such as “Are you thinking "
    "of ending your life?”, tells the person they may speak. Whatever they answer, take it seriously and do "
    "not argue, bargain or promise secrecy.",
)
_REFER = ChecklistItem(
    "refer",
    "Give the help line",
    "Name the line for their region, say that people there are trained for exactly this, and that they can "
    "call or write now. If somebody is in danger at this moment, the emergency number comes first. Giving "
    "this line is never counted as giving information too early.",
)
_CLOSE = ChecklistItem(
    "close",
    "Close kindly, and hand over",
    "It is all right that you are not the one who carries this on. Thank them for their trust, say what "
    "happens next by your organisation's rules, and tell your supervisor after the chat.",
)
_SAFETY = ChecklistItem(
    "safety",
    "Ask what would keep tonight safe",
    "If you were trained for it: ask about a plan, about means within reach, and about who could be with "
    "them. Hand over to your supervisor while the chat is still open.",
)

POLICIES: dict[str, tuple[str, tuple[ChecklistItem, ...]]] = {
    "refer": ("Refer every mention (default)", (_NOTICE, _ASK, _REFER, _CLOSE)),
    "assess_and_refer": ("Trained volunteers assess, then refer", (_NOTICE, _ASK, _SAFETY, _REFER, _CLOSE)),
}

_PANEL = HumanPanel(
    title="This is about you, for a moment",
    paragraphs=(
        "Something you wrote reads as if you might be going through this yourself. If so, you matter more "
        "than this exercise. You can stop here at any time; nothing is lost and nobody is marked down for "
        "it.",
        "The people below are real, they are trained, and they have time for you. If you are in danger "
        "right now, please call your emergency number.",
        "If it was part of the practice, simply write on: the person waits, and answers what you write next. "
        "This panel is a fixed text that some words opened, no judgement of you. It tells nobody: whoever "
        "may read this chat can read that message like every other, and no more.",
    ),
    leave_label="Stop the chat here",
    stay_label="I am all right, go on",
)


def policies() -> tuple[tuple[str, str], ...]:
    """(key, name) pairs, ready for a form's choices."""
    return tuple((key, name) for key, (name, _) in POLICIES.items())


def crisis_checklist(policy: str = DEFAULT_POLICY) -> tuple[ChecklistItem, ...]:
    """The steps in order. Raises ValueError for a policy that does not exist."""
    if policy not in POLICIES:
        raise ValueError(f"unknown crisis policy; choose one of {', '.join(POLICIES)}")
    return POLICIES[policy][1]


def human_panel() -> HumanPanel:
    return _PANEL
