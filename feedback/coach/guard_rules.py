"""Forms that a short supportive reply has no use for, one pattern per reason of the guard."""

from __future__ import annotations

import re


def _any_of(*forms: str) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(forms) + r")\b", re.IGNORECASE)


_DIGIT = r"(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)"
_INSULT = r"(?:lazy|selfish|dramatic|overreacting|ungrateful|weak|ridiculous|sensitive|negative)"
_THINGS = r"(?:it|this|things|everything|all|you)(?:'ll| will)(?: definitely| surely| all| soon)?"
_FINE = r"(?:fine|ok|okay|alright|all right|better|good)"

RULES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "link",
        re.compile(
            r"\b(?:https?|hxxps?|ftps?|mailto|javascript|data|tel|sms)\s*:|:\s*/\s*/|\bwww\b|"
            # Whatever is joined by a dot, and the ways to write one so that it is not seen as one.
            r"\w[.\u3002]\w\w|(?:\bdot|\s\.|[\[(]\.[\])])\s*(?:com|org|net|info|io|co|uk|de|me|ly)\b|"
            r"\b(?:h\s+t\s+t\s+p|w\s+w\s+w)\b",
            re.IGNORECASE,
        ),
    ),
    ("email", re.compile(r"\S@\S|\b(?:at|\[at\]) \w+ dot \w+", re.IGNORECASE)),
    (
        "phone_number",
        re.compile(
            rf"\d(?:[\s().\u2010-\u2015-]*\d){{2,}}|\b{_DIGIT}(?:[\s,-]+{_DIGIT}){{2,}}\b", re.IGNORECASE
        ),
    ),
    ("markup", re.compile(r"[<>]|&[a-z#0-9]+;|[`{}\[\]|#*_\\]", re.IGNORECASE)),
    (
        "diagnosis",
        _any_of(
            r"diagnos\w*|disorders?|bipolar|borderline|schizo\w*|psycho(?:sis|tic|path\w*)|ptsd|adhd|ocd",
            r"autis\w*|narcissis\w*|clinical(?:ly)?|symptoms?|mental illness|mentally ill",
            r"(?:you (?:have|may have|might have|suffer from)|you'?re|you are) (?:a )?(?:depress\w+|anxiety)",
            r"medicat\w+|antidepressants?|dosage",
        ),
    ),
    (
        "blame",
        _any_of(
            r"(?<!not )(?<!n't )your (?:own )?fault|you brought (?:this|it)|you only have yourself",
            r"you (?:should|could) have|you shouldn'?t (?:have|feel)",
            rf"(?:you'?re|you are) (?:being |too |just )?{_INSULT}",
            r"stop (?:whining|complaining|feeling sorry)|get over it|snap out|grow up|man up|calm down",
            r"others have it worse|at least you",
        ),
    ),
    (
        "promise",
        _any_of(
            r"i (?:can |do )?(?:promise|guarantee|swear)",
            rf"{_THINGS} be {_FINE}|{_THINGS} (?:get better|work out|pass|feel better|heal)",
            rf"going to be {_FINE}|(?:will|'ll) never leave|always be here",
            r"keep (?:it|this) (?:a )?secret|won'?t tell anyone|nothing (?:bad )?will happen",
        ),
    ),
    (
        "crisis_wording",
        _any_of(
            r"suicid\w*|self[- ]?harm\w*|crisis|hot ?lines?|help ?lines?|life ?lines?|samaritans",
            r"emergency|ambulance|kill(?:ing)? (?:your|my|him|her)sel\w+|end(?:ing)? (?:your life|it all)",
            r"(?:hurt|harm)(?:ing)? yourself|(?:want|wish|wanting) to die|better off dead|no reason to live",
        ),
    ),
    (
        "method",
        _any_of(
            r"overdos\w*|pills?|tablets?|razors?|blades?|knife|knives|nooses?|hang(?:ing)? (?:your|my)self",
            r"guns?|bullets?|poison\w*|bleach|jump(?:ing)? (?:off|from)|cut(?:ting)? (?:your|my)self",
            r"wrists?|bridges?|carbon monoxide",
        ),
    ),
    (
        "less_warmth",
        _any_of(r"don'?t be (?:so )?(?:warm|kind|nice)", r"less (?:warm\w*|empath\w*|kind\w*)"),
    ),
    (
        "model_talk",
        re.compile(
            r"\bas an? (?:ai|assistant)\b|language model|system prompt|ignore (?:all|the|any|previous)\b|"
            r"\binstructions?\b|\b(?:counsell?or|seeker|volunteer|assistant|user|draft):|"
            r"\bhere(?:'s| is) (?:a|the|my) (?:reply|rewrite|reworded|version|message)",
            re.IGNORECASE,
        ),
    ),
)

_CAPITALISED = """
    i i'm i'd i've i'll english ok okay god christmas easter ramadan mum mom dad gp tv
    monday tuesday wednesday thursday friday saturday sunday
    january february march april may june july august september october november december
"""
# Words that may stand inside a sentence with a capital and are no names.
NOT_NAMES = frozenset(_CAPITALISED.split())

# Words that no sentence ends with.
_NEVER_LAST = """
    a an the your my his their our its and or but because than every very you're i'm he's she's
    they're we're you've i've we've they've into
"""
NO_END = frozenset(_NEVER_LAST.split())
# "Again and again and again", "over and over and over": stretches that may be said twice.
SAID_TWICE = frozenset(("again", "over", "on", "more", "round", "no"))
