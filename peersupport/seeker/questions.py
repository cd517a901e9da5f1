"""What a counselor's message asks for, beyond what the techniques say of it."""

from __future__ import annotations

import re

# Said before something is offered, and asked about what comes next: both want one kind of answer,
# and the techniques alone do not tell them from other questions.
_PERMISSION = re.compile(
    r"(?:would|is|will) it (?:be )?(?:ok|okay|alright|all right|fine|useful|helpful) if (?:i|we)\b"
    r"|(?:can|could|may|might) i (?:share|suggest|offer|tell you (?:about|something)|make a suggestion)"
    r"|(?<!what )(?<!how )would you (?:like|want) (?:to hear|me to)"
    r"|would you be (?:open|willing) to hear|mind if i\b",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"(?:next|small|first|one) (?:little |small )?step|what (?:could|might|can|will) you (?:do|try)"
    r"|what (?:would|do) you (?:want|like) to (?:do|try)"
    r"|what you(?:['’]d| would| could| might)(?: like| want)?(?: to)? (?:do|try)"
    r"|(?:feels?|seems?|be) (?:doable|possible)"
    r"|taking away|take away",
    re.IGNORECASE,
)
# Open or closed to the tagger, they ask for a fact; without one a person hedges, and does not confide.
_FACT = re.compile(
    r"(?:^|[.!?,;:]\s*|\b(?:and|so|but|or) )"
    r"(?:how (?:old|long|many|much|often)|when(?! (?:you|i|we|he|she|they|it)\b)|where|who|whose|which"
    r"|what (?:time|day|date|year|age|marks?|grades?|jobs?|illness|subject|course)"
    r"|what(?:'s|’s| is| was| are| were| did| does| do) (?:your|his|her|their|the|its) (?:[\w'’]+ )?"
    r"(?:names?|jobs?|age|marks?|work|address|called|do(?! (?:when|if|about|with|after|at)\b))"
    r")\b[^?]*\?\s*$",
    re.IGNORECASE,
)
_DOING = re.compile(r"\b(?:do|step|next|decide|decision|choose|choice|pick)\b", re.IGNORECASE)
_MORE = re.compile(
    r"(?:tell|say|share)(?: me)?(?: a (?:bit|little))? more|(?:want|like) to (?:talk|tell me)",
    re.IGNORECASE,
)
# Advice in the shape of a question; "have you thought about what …" is none.
_SUGGESTION = re.compile(
    r"\b(?:why (?:don['’]?t|not|haven['’]?t) you"
    r"|have(?:n['’]?t)? you (?:tried|considered|thought (?:of|about))"
    r"|(?:what|how) about (?:\w+ing|a|an|some)\b)(?! (?:what|how|why|who|when|where|anything|something))",
    re.IGNORECASE,
)
# How advice begins. Only trusted for a message that is also like advice this person knows well.
_ADVISING = re.compile(
    r"^(?:\W*\b(?:hi|hey|hello|ok|okay|well|so|right|honestly|maybe|perhaps|then|and|but|i think)\b)*\W*"
    r"(?:you (?:should|must|need to|have to|ought to|could|can always|just)|try|just|go|get|join|take|talk"
    r"|tell|ask|keep|stop|don['’]?t|do|set|make|look|see|spend|consider|calm|think|find|give|clear)\b",
    re.IGNORECASE,
)
# Belittling said straight out; to a tagger it may look like a reflection or like comfort. What the rules of
# conduct find (`Heard.hurts`) is not said here again.
_DISMISSAL = re.compile(
    r"(?:^|[.!]\s+)(?:oh,? |well,? |honestly,? |come on,? )*(?:"
    r"you(?:['’]re| are) (?:just |only )?(?:overthinking"
    r"|being (?:so |too |a bit )?(?:silly|stubborn|difficult|negative|weak))"
    r"|don['’]?t (?:be (?:so )?(?:silly|shy|sad|negative|daft)|dwell)"
    r"|(?:it['’]s |that['’]s )?(?:only|just) an? \w+,? (?:don['’]t|get|come)"
    r"|it can['’]?t be that bad|smile more)",
    re.IGNORECASE,
)
# What a reflection and a goodbye look like where the tagger was not sure of either.
_REFLECTING = re.compile(
    r"^(?:so |and |but |then )?(?:(?:that|it|this) (?:must|sounds?|seems?|looks?)\b|sounds |seems "
    r"|(?:that|it)(?:['’]s| is) (?:(?:a|so|such|really|very) )*(?:lot|heavy|hard|tough|sad|lonely|painful)\b"
    r"|there(?:['’]s| is) (?:something|so much|a part)|i (?:can )?(?:hear|see|sense) |no wonder |part of you "
    r"|you(?:['’](?:re|ve|d)\b"
    r"| (?:are|were|feel|felt|seem|sound|miss|wish|want|keep|carry|hold|get|give)\b))",
    re.IGNORECASE,
)
_GOODBYE = re.compile(
    r"(?<!say )(?<!said )(?<!saying )\b(?:bye|goodbye|good ?night)\b"
    r"|\bi(?:['’]ve got| have| need) to (?:go|stop|finish|leave)\b"
    r"|\bhave a (?:good|nice) (?:evening|night|day)"
    r"|\b(?:good|nice|lovely) (?:to (?:meet|have met|talk to|talk with)|meeting|talking (?:to|with)) you\b",
    re.IGNORECASE,
)
_SAFE_NOW = re.compile(r"\bsafe\b", re.IGNORECASE)
_HELLO = re.compile(
    r"^\W*(?:hi+|hey+|hello|(?:good )?(?:morning|afternoon|evening)|welcome)\b", re.IGNORECASE
)


def asks_permission(text: str) -> bool:
    return _PERMISSION.search(text) is not None


def asks_step(text: str) -> bool:
    return _STEP.search(text) is not None


def leaves_doing(text: str) -> bool:
    """Whether the freedom that a message gives is about doing something."""
    return _DOING.search(text) is not None


def asks_fact(text: str) -> bool:
    return _FACT.search(text) is not None


def asks_more(text: str) -> bool:
    return _MORE.search(text) is not None


def suggests(text: str) -> bool:
    """Whether a question is a piece of advice ("have you tried …")."""
    return _SUGGESTION.search(text) is not None


def sounds_like_advice(text: str) -> bool:
    return _ADVISING.match(text) is not None


def dismisses(text: str) -> bool:
    """Whether a message waves the other's trouble aside."""
    return _DISMISSAL.search(text) is not None


def asks_if_safe(text: str) -> bool:
    """Of the questions about safety those that a safe person answers with yes."""
    return _SAFE_NOW.search(text) is not None


def question_in(text: str) -> str:
    """The last question of a message, or "" where there is none: what came before only leads up to it."""
    found = re.findall(r"[^.!?…]*\?", text)
    return found[-1].strip() if found else ""


def sounds_like_reflection(text: str) -> bool:
    return _REFLECTING.match(text) is not None


def says_goodbye(text: str) -> bool:
    return _GOODBYE.search(text) is not None


def says_hello(text: str) -> bool:
    return _HELLO.match(text) is not None
