"""Whether a counselor asks about suicide, self-harm or safety: one reading for the seeker and the report.

A word of it is no question yet: "don't kill yourself over an exam" and "the world would be better off without
you" ask nothing. So a sentence must name the matter and ask, with a question mark, by the order of its words,
or by saying that it asks. What hurts is left to the rules of conduct, which this room does not know.
"""

from __future__ import annotations

import re

_SELF = r"(?:yourself|urself|your self)"
_SOMEWHERE = r"(?! (?:with|in|at|there|alone|near|together|here)\b)"
# The matter, said of the one who is spoken to.
_MATTER = re.compile(
    "|".join(
        (
            r"(?<!'s )(?<!his )(?<!her )(?<!their )(?<!my )\bsuicid\w*\b"
            r"(?! (?:hot ?line|line|prevention|squad))",
            r"self[- ]?harm",
            rf"\b(?:kill|hurt|harm|injure|injuring|hang)(?:ing)? {_SELF}",
            rf"\bcut(?:ting)? {_SELF}\b(?! (?:off|some|a|out|loose|short)\b)",
            rf"\bburn(?:ing)? {_SELF}\b(?! out)",
            rf"\b(?:do|doing|did|done|try|trying) (?:something|anything|harm)(?: \w+)? to {_SELF}",
            r"\b(?:end|ending|take|taking) (?:your|ur) (?:own )?life",
            r"\bend(?:ing)? it all",
            r"\b(?:about|of|to|like|with) end(?:ing)? (?:things|it|everything)\b"
            r"(?! (?:with|between|there|at|on|well|here)\b)",
            r"(?:\b(?:not|never)|n't)(?: even| really| ever)? "
            r"(?:(?:want(?:ing|ed)?|wish(?:ing)?|like|feel like) )?(?:to )?"
            r"(?:be(?:ing)? (?:here|alive|around)|wak(?:e|ing) up|exist(?:ing)?"
            rf"|liv(?:e|ing)\b{_SOMEWHERE})",
            r"\bwant(?:s|ing|ed)? to (?:die|be dead|disappear|be alive|stay alive"
            rf"|live\b{_SOMEWHERE})",
            r"\b(?:rather|better off) (?:be )?dead",
            r"\bfeel(?:ing)? like dying",
            r"\bwish(?:ing|ed)?(?: that)? you(?: (?:were|was|could|would))(?: just)? "
            r"(?:dead|gone|die|disappear|vanish)",
            r"\bwish(?:ing|ed)?(?: that)? you"
            r"(?: (?:were|was|had|did|could|would)(?:n't| not)|(?: had|'d)? never)"
            r"(?: ever)? (?:been )?(?:here|alive|around|born|exist|wake)",
            r"\bthoughts? (?:of|about) (?:death|dying|ending)",
            r"\bth(?:ink|inking|ought) (?:\w+ )?(?:about|of) (?:death|dying)",
            r"\bbetter off without you|\bworth living|\b(?:stop|not) living|\breasons? to live",
            r"\b(?:are you|do you|you) (?:\w+ )?"
            r"(?:feel(?:ing)? |be |stay(?:ing)? |keep(?:ing)? (?:yourself )?)?"
            r"(?:safe|unsafe)\b(?! (?:enough )?to (?:talk|say|share|tell|open|speak))",
            r"\b(?:keep|keeping|kept) (?:yourself|you) safe|\b(?:stay|staying) safe|\byour safety",
            r"\b(?:taken|swallowed) (?:(?:anything|something)(?! (?:for|from|out|off|away|to)\b)"
            r"|any (?:pills|tablets)|too many|pills|tablets|an overdose)",
        )
    ),
    re.IGNORECASE,
)
# Figures of speech, and mishaps.
_NOT_MEANT = re.compile(
    rf"{_SELF} (?:by \w+ing|over (?:an?|the|this|that|it|him|her|them)\b|with (?:work|worry|guilt)|working"
    r"|laughing|(?:at|in) (?:work|the gym|training)|for (?:him|her|them|that|this|an?|the)\b"
    r"|to (?:please|finish|get|keep|make|meet)|when you (?:fell|tripped)|falling|trying)",
    re.IGNORECASE,
)
# A question in form, and no question.
_URGES = re.compile(
    r"\bwhy (?:don'?t|not|won'?t|haven'?t)(?: you)?(?: \w+){0,2} (?:kill|end|hang|hurt|die|cut)\b",
    re.IGNORECASE,
)
_LEAD = r"^\W*(?:(?:so|and|but|ok|okay|well|hey|then|now|sorry|honestly|because)\b\W*){0,3}"
_ASKING = re.compile(
    rf"{_LEAD}(?:are|do|did|have|has|is|was|were|would|will|can|could)(?:n't)? "
    r"(?:(?:some|a) )?(?:you|u|there|that|this|it|thoughts?|part)\b"
    r"|\bi(?:'d| would)?(?: \w+)? (?:want|need|have|like|ought) to (?:ask|check|know|find out"
    r"|(?:be|make) sure (?:if|whether))\b|\bi(?:'ll| will| must| should| do)? ask\b"
    r"|\bi(?:'m| am) (?:going to ask|asking|wondering|curious)|\bi wonder\b"
    r"|\b(?:can|could|may|might) i (?:\w+ )?(?:ask|check)|\blet me ask"
    r"|\btell me (?:if|whether|honestly|plainly)"
    r"|\b(?:my|one|a|another) (?:\w+ )?question\b",
    re.IGNORECASE,
)
# "You said that you want to die. Is that so?"
_CHECKS = re.compile(
    rf"{_LEAD}(?:is|was|are|am|do|does|did|have|has|would) (?:that|it|this|those|they|i|you)\b[^?]{{0,40}}\?",
    re.IGNORECASE,
)
# Asked once a sign is there, these are about it.
_PLAN = re.compile(
    r"\b(?:have|made|got|is there|there'?s|with) (?:you )?(?:already )?(?:an?|any|some) (?:kind of )?plan\b"
    r"(?! (?:for (?!how|it|that)|b\b|to (?!do it|die|end|kill|hurt)))"
    r"|\bhow (?:would|did|will) you do it|\b(?:thought|think) about how\b|\bhow you(?:'d| would) do it"
    r"|\b(?:have|got) (?:\w+ )?(?:the means|access to (?:anything|something|the|any)"
    r"|(?:pills|tablets) at home)"
    r"|\b(?:acted|acting|act) on (?:it|them|these|those)\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.!?…\n]+[.!?…]*")


def asks_about_safety(text: str, *, after_cue: bool = False) -> bool:
    """Whether a counselor asks about suicide, self-harm or safety. After a sign of risk, asking for a plan
    is asking about it as well."""
    named = False
    for sentence in _SENTENCE.findall(_straight(text)):
        if _URGES.search(sentence):
            continue
        asked = "?" in sentence or _ASKING.search(sentence) is not None
        if named and _CHECKS.search(sentence):
            return True
        named = _names(sentence)
        if asked and (named or (after_cue and _PLAN.search(sentence))):
            return True
    return False


def names_harm(text: str) -> bool:
    """Whether a message names suicide, self-harm or safety at all, and means it."""
    return any(_names(sentence) for sentence in _SENTENCE.findall(_straight(text)))


def _names(sentence: str) -> bool:
    return _MATTER.search(_NOT_MEANT.sub(" ", sentence)) is not None


def _straight(text: str) -> str:
    return text.replace("\u2019", "'").replace("\u2018", "'")
