"""The closed set of counselor techniques and empathy scales.

21 leaf codes, several may apply to one counselor message. They roll up to the 17 codes of
Shah et al. 2022 (doi 10.1145/3555640) and the 7 codes of Yang et al. 2024 (doi 10.1145/3641029);
the buckets follow the MITI 4 manual. Empathy scales follow the three mechanisms of EPITOME
(Sharma et al. 2020), each at level 0 (absent), 1 (weak) or 2 (strong).
Definitions and examples are our own. Standard library only: the web process imports this.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Technique:
    """One leaf code; `evidence_key` names its row in the published evidence table, None if it has none."""

    code: str
    name: str
    definition: str
    examples: tuple[str, str]
    family: str
    miti: str
    shah17: str | None
    yang7: str | None
    evidence_key: str | None


@dataclass(frozen=True)
class EmpathyHead:
    """One empathy scale; `levels` describes level 0, 1 and 2 in that order."""

    code: str
    name: str
    definition: str
    levels: tuple[str, str, str]
    examples: tuple[str, str]
    evidence_key: str


_MI_CONSISTENT = (
    Technique(
        code="open_question",
        name="Open question",
        definition="A question that leaves room for the person to answer in their own words and at length.",
        examples=(
            "What has this week been like for you?",
            "How did things change between you two after the move?",
        ),
        family="mi_consistent",
        miti="question",
        shah17="Open Question",
        yang7="Question",
        evidence_key="Question",
    ),
    Technique(
        code="closed_question",
        name="Closed question",
        definition="A question that a yes, a no, a number or one short fact would answer.",
        examples=(
            "Did you manage to sleep last night?",
            "Is it the first time your manager has said that?",
        ),
        family="mi_consistent",
        miti="question",
        shah17="Closed Question",
        yang7="Question",
        evidence_key="Question",
    ),
    Technique(
        code="reflection_simple",
        name="Simple reflection",
        definition="Says back what the person has said in nearly the same words, without adding meaning.",
        examples=(
            "You've been handing out applications for months and heard nothing.",
            "So your sister stopped answering after the funeral.",
        ),
        family="mi_consistent",
        miti="reflection_simple",
        shah17="Reflection",
        yang7="Reflection",
        evidence_key="Reflection",
    ),
    Technique(
        code="reflection_complex",
        name="Complex reflection",
        definition=(
            "Gives back the feeling, meaning or two-sidedness behind the words, "
            "adding something the person has not said outright."
        ),
        examples=(
            "Part of you wants to call him, and part of you is tired of always being the one who calls.",
            "It sounds as though that grade shook your belief that you belong there at all.",
        ),
        family="mi_consistent",
        miti="reflection_complex",
        shah17="Reflection",
        yang7="Reflection",
        evidence_key="Reflection",
    ),
    Technique(
        code="affirm",
        name="Affirm",
        definition="Names a strength, an effort or a good intention that the counselor sees in the person.",
        examples=(
            "You kept showing up for your kids through all of this, and that says a lot about you.",
            "It took courage to write that down and send it.",
        ),
        family="mi_consistent",
        miti="adherent",
        shah17="Affirm",
        yang7="Affirm",
        evidence_key="Affirm",
    ),
    Technique(
        code="emphasize_autonomy",
        name="Emphasize autonomy",
        definition="Makes clear that the choice and the control belong to the person.",
        examples=(
            "Whether you tell them now, later or never is yours to decide.",
            "You know your life best, so take from this only what fits.",
        ),
        family="mi_consistent",
        miti="adherent",
        shah17="Emphasizing Autonomy",
        yang7="Emphasizing Autonomy",
        evidence_key="Emphasizing Autonomy",
    ),
    Technique(
        code="seek_collaboration",
        name="Seek collaboration",
        definition=(
            "Asks permission, agrees on what to talk about, or asks what the person makes of an idea, "
            "so that the two work as partners."
        ),
        examples=(
            "Would it be okay if we stayed with the part about your dad for a moment?",
            "You mentioned the job and the sleep; which of the two shall we look at together first?",
        ),
        family="mi_consistent",
        miti="adherent",
        shah17="Seeking Collaboration/Permission",
        yang7="Seeking Collaboration",
        evidence_key="Seeking Collaboration",
    ),
    Technique(
        code="persuade_with_permission",
        name="Persuade with permission",
        definition=(
            "Offers a suggestion or an opinion after the person asked for it or agreed to hear it, "
            "or while leaving them plainly free to turn it down."
        ),
        examples=(
            "Since you asked: some people find it easier to write the letter now and decide later.",
            "If you're open to an idea, a short walk before the call could help; feel free to leave it.",
        ),
        family="mi_consistent",
        miti="neither",
        shah17="Persuade",
        yang7="Persuade with Permission",
        evidence_key="Persuade with Permission",
    ),
)

_NEUTRAL = (
    Technique(
        code="support",
        name="Support",
        definition="Offers sympathy, compassion or the assurance of being there.",
        examples=(
            "I'm so sorry you had to go through that alone.",
            "That sounds really painful, and I'm here with you.",
        ),
        family="neutral",
        miti="neither",
        shah17="Support",
        yang7=None,
        evidence_key="Support",
    ),
    Technique(
        code="give_information",
        name="Give information",
        definition="States facts, explains something or says how the service works, without urging anything.",
        examples=(
            "Most universities have a hardship fund that students can apply to at any time of year.",
            "These chats last up to an hour and they are not shown to your employer.",
        ),
        family="neutral",
        miti="neither",
        shah17="Giving Information",
        yang7="Giving Information",
        evidence_key="Giving Information",
    ),
    Technique(
        code="self_disclosure",
        name="Self-disclosure",
        definition="The counselor shares something of their own life, experience or feelings.",
        examples=(
            "I lost my mum young too, and birthdays still catch me off guard.",
            "When I moved abroad I didn't speak to anyone for weeks either.",
        ),
        family="neutral",
        miti="neither",
        shah17="Personal Disclosure",
        yang7=None,
        evidence_key="Personal Disclosure",
    ),
    Technique(
        code="grounding",
        name="Grounding",
        definition="A short sign that the message has arrived and that the counselor is following.",
        examples=(
            "Mm, I'm with you.",
            "Okay, got it. Take your time.",
        ),
        family="neutral",
        miti="neither",
        shah17="Grounding",
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="introduction_greeting",
        name="Introduction and greeting",
        definition="Opens the chat: a hello, a name, a welcome or an invitation to begin.",
        examples=(
            "Hi, I'm Noor, one of the volunteers here tonight. Welcome.",
            "Hey there, good to meet you :)",
        ),
        family="neutral",
        miti="neither",
        shah17="Introduction/Greeting",
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="conclusion",
        name="Conclusion",
        definition="Brings the chat to a close: a farewell, thanks, a wish or an invitation to come back.",
        examples=(
            "We have a few minutes left, so let me thank you for trusting me with this.",
            "Take good care of yourself, and our door is open any evening. Bye for now.",
        ),
        family="neutral",
        miti="neither",
        shah17="Conclusion",
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="chit_chat",
        name="Chit-chat",
        definition="Light small talk that does not touch on what the person came to talk about.",
        examples=(
            "Haha, my cat also walks over the keyboard.",
            "It's been raining here all day too, typical November.",
        ),
        family="neutral",
        miti="neither",
        shah17="Chit-Chat",
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="other",
        name="Other",
        definition="Anything that no other code describes, such as a technical remark or a cut-off message.",
        examples=(
            "Sorry, my connection dropped for a second.",
            "*the second part, I meant",
        ),
        family="neutral",
        miti="neither",
        shah17="Other",
        yang7=None,
        evidence_key=None,
    ),
)

_MI_INCONSISTENT = (
    Technique(
        code="advise_without_permission",
        name="Advise without permission",
        definition=(
            "Gives advice, a suggestion or a solution that the person neither asked for nor agreed to hear."
        ),
        examples=(
            "You should try going to bed an hour earlier.",
            "I think it would be better to look for another flat.",
        ),
        family="mi_inconsistent",
        miti="non_adherent",
        shah17=None,
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="direct",
        name="Direct",
        definition="Tells the person what to do in the form of an order or an instruction.",
        examples=(
            "Call your landlord today and tell him no.",
            "Stop checking her profile.",
        ),
        family="mi_inconsistent",
        miti="non_adherent",
        shah17="Direct",
        yang7=None,
        evidence_key="Direct",
    ),
    Technique(
        code="confront",
        name="Confront",
        definition="Disagrees, argues, blames, shames or questions the honesty of what the person says.",
        examples=(
            "You say you want friends, but you turn down every invitation.",
            "Come on, that's just an excuse.",
        ),
        family="mi_inconsistent",
        miti="non_adherent",
        shah17=None,
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="warn",
        name="Warn",
        definition="Points at bad consequences, as a threat or a dark forecast, to make the person change.",
        examples=(
            "If you keep skipping class like this, they will throw you out.",
            "Carry on drinking every night and you'll lose her for good.",
        ),
        family="mi_inconsistent",
        miti="non_adherent",
        shah17=None,
        yang7=None,
        evidence_key=None,
    ),
    Technique(
        code="inappropriate",
        name="Inappropriate",
        definition=(
            "Steps out of the counselor's role: rude, mocking, judging, flirting, "
            "or asking for private contact or favours."
        ),
        examples=(
            "You sound cute, what's your number?",
            "Honestly this is boring, can you get to the point?",
        ),
        family="mi_inconsistent",
        miti="non_adherent",
        shah17="Inappropriate",
        yang7=None,
        evidence_key="Inappropriate",
    ),
)

TECHNIQUES: dict[str, Technique] = {t.code: t for t in (*_MI_CONSISTENT, *_NEUTRAL, *_MI_INCONSISTENT)}
CODES: tuple[str, ...] = tuple(TECHNIQUES)

EMPATHY: dict[str, EmpathyHead] = {
    head.code: head
    for head in (
        EmpathyHead(
            code="emotional_reactions",
            name="Emotional reactions",
            definition="Lets warmth, concern or compassion for the person be felt.",
            levels=(
                "No warmth or concern is expressed.",
                "Warmth is hinted at or general, without naming a feeling of the counselor's own.",
                "Warmth is explicit: the counselor says what they feel for or with the person.",
            ),
            examples=(
                "I hope things get lighter soon.",
                "Reading this makes me sad with you; I'm really sorry.",
            ),
            evidence_key="Emotional Reactions",
        ),
        EmpathyHead(
            code="interpretations",
            name="Interpretations",
            definition="Shows an understanding of what the person feels or lives through.",
            levels=(
                "No understanding is communicated.",
                "Understanding is claimed but not spelled out.",
                "The understanding is spelled out: the inferred feeling or experience is put into words.",
            ),
            examples=(
                "I understand what you mean.",
                "It must feel as if the ground went away when he told you.",
            ),
            evidence_key="Interpretations",
        ),
        EmpathyHead(
            code="explorations",
            name="Explorations",
            definition="Shows an active interest in learning more about what the person has not yet said.",
            levels=(
                "Nothing more is asked.",
                "A general question invites more.",
                "A specific question asks about a named feeling or experience.",
            ),
            examples=(
                "What happened?",
                "Is it the silence at home that hurts most right now?",
            ),
            evidence_key="Exploration",
        ),
    )
}


def _with_miti(*buckets: str) -> frozenset[str]:
    return frozenset(t.code for t in TECHNIQUES.values() if t.miti in buckets)


QUESTIONS: frozenset[str] = _with_miti("question")
REFLECTIONS: frozenset[str] = _with_miti("reflection_simple", "reflection_complex")
MI_ADHERENT: frozenset[str] = _with_miti("adherent")
MI_NON_ADHERENT: frozenset[str] = _with_miti("non_adherent")

CODE_CHOICES = [(technique.code, technique.name) for technique in TECHNIQUES.values()]  # for a field
