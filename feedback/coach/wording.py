"""The words of each point: tentative, about the message, with its goal. Own writing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wording:
    title: str
    goal: str
    reason: str


_RULES = {
    "crisis_refer": Wording(
        "Referring after a sign of risk",
        "The goal is to connect the seeker with people who are trained for this.",
        "The seeker said something that may point to suicide or self-harm, and no referral was seen in the "
        "messages that followed. It might be better to offer the organisation's crisis contacts right away.",
    ),
    "crisis_notice": Wording(
        "Naming a sign of risk",
        "The goal is to show that the seeker's words were heard and can be talked about.",
        "After the sign of risk, no message was seen that takes it up openly. It might help to name it "
        "calmly, as the checklist words it.",
    ),
    "crisis_ask": Wording(
        "Asking openly about a sign of risk",
        "The goal is to let the seeker know that this may be spoken about.",
        "After the sign of risk, no open question about it was seen. It might help to ask calmly and "
        "directly, as the checklist words it.",
    ),
    "persuading": Wording(
        "Persuading",
        "The goal is to let the seeker weigh their own reasons.",
        "This message leans towards a suggestion, and it is hard to tell whether permission was asked. "
        "It might be better to hear what the seeker has in mind first.",
    ),
    "linked_to_worse": Wording(
        "Suggesting a way forward",
        "The goal is to leave room for the seeker's own way.",
        "Suggestions are often welcome, and yet more of them is associated with {size}worse symptom "
        "scores. It might be better to leave the choice with the seeker in plain words.",
    ),
    "closed_questions": Wording(
        "Several closed questions in a row",
        "The goal is to give the seeker room to tell the story in their own order.",
        "A row of short-answer questions can feel like a form to fill in. It might help to pause on one "
        "answer and say back what was heard, or to ask something wider.",
    ),
    "feeling_passed_over": Wording(
        "A feeling that could be picked up",
        "The goal is to let the seeker know that the feeling arrived.",
        "The seeker had just shared a feeling, and this message moved on without it. "
        "It might be better to give the feeling back in a few words first.",
    ),
    "no_reflection": Wording(
        "Saying back what was heard",
        "The goal is to show the seeker what was understood.",
        "No reflection was seen in this session. It might help to say back the heart of a message "
        "now and then, before anything else.",
    ),
    "effort_unnoticed": Wording(
        "An effort that could be noticed",
        "The goal is to let the seeker see their own strength.",
        "The seeker told of something they had tried. It might be worth a word, so that they know "
        "it was noticed.",
    ),
}

_DISCOURAGED = {
    "inappropriate": Wording(
        "A remark that may not land well",
        "The goal is to keep the seeker feeling safe and taken seriously.",
        "This message could be read as dismissive or beside the point. A warmer sentence that stays with the "
        "seeker might fit better here.",
    ),
    "confront": Wording(
        "Arguing the point",
        "The goal is to stay on the seeker's side while they think.",
        "This message could be heard as disagreement with the seeker. It might be better to give back what "
        "lies behind the words.",
    ),
    "warn": Wording(
        "Warning of what could happen",
        "The goal is to let the seeker find their own reasons for a change.",
        "A warning, even a caring one, can feel like pressure. It might be better to say that the choice is "
        "the seeker's.",
    ),
    "direct": Wording(
        "Telling the seeker what to do",
        "The goal is to keep the seeker in charge of the next step.",
        "This message sounds like an instruction. It might be better to ask, or to leave the choice "
        "with the seeker.",
    ),
    "advise_without_permission": Wording(
        "Advice before it was asked for",
        "The goal is to understand first and to offer ideas only when they are wanted.",
        "This message gives advice that the seeker had not asked for, or not yet. It might be better to show "
        "what was heard, or to ask whether an idea is welcome.",
    ),
}


def wording_for(rule: str, code: str | None = None) -> Wording:
    """The words of a rule; the rule "discouraged" has its own for each code. KeyError when there are none."""
    return _DISCOURAGED[code] if rule == "discouraged" else _RULES[rule]
