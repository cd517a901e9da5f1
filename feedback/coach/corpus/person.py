"""A seeker's words as a listener says them back: "my boss shouted at me" -> "your boss shouted at you".

The prompt of coach-mini holds the seeker's message in this form, so that what the model has to learn is to
choose and copy, and not to conjugate as well.
"""

from __future__ import annotations

import re

_ADVERBS = r"(?:just|still|always|never|also|only|really|already|often|simply|even|probably|sometimes)"
# In order: the longer forms first, so that "I was" is not caught by "I".
_FORMS: tuple[tuple[str, str], ...] = (
    (rf"i (?P<adverb>{_ADVERBS} )?was(?P<neg>n[’']?t)?", "you {adverb}were{neg}"),
    (rf"i (?P<adverb>{_ADVERBS} )am", "you {adverb}are"),
    (r"i am", "you are"),
    (r"am i", "are you"),
    (r"was i", "were you"),
    (r"i[’']?m", "you're"),
    (r"i[’']?ve", "you've"),
    (r"i[’']d", "you'd"),
    (r"i[’']ll", "you'll"),
    (r"ain[’']?t i", "aren't you"),
    (r"myself|ourselves", "yourself"),
    (r"mine|ours", "yours"),
    (r"my|our", "your"),
    (r"me|us", "you"),
    (r"we[’']re", "you're"),
    (r"we[’']ve", "you've"),
    (r"we[’']d", "you'd"),
    (r"we[’']ll", "you'll"),
    (r"i|we", "you"),
)


def _pattern(index: int, form: str) -> str:
    # Group names have to be unique within one pattern.
    own = form.replace("adverb>", f"adverb{index}>").replace("neg>", f"neg{index}>")
    return rf"(?P<f{index}>(?<![\w'’])(?:{own})(?![\w'’]))"


_TURN = re.compile("|".join(_pattern(i, form) for i, (form, _) in enumerate(_FORMS)), re.IGNORECASE)


def turned(text: str) -> str:
    """`text` with its first person made second. Lower case where a form changed; "you" stays as it is."""
    return _TURN.sub(_replace, text)


def _replace(match: re.Match[str]) -> str:
    index = next(i for i in range(len(_FORMS)) if match.group(f"f{i}") is not None)
    groups = match.groupdict()
    adverb, negative = groups.get(f"adverb{index}") or "", groups.get(f"neg{index}") or ""
    return _FORMS[index][1].format(adverb=adverb.lower(), neg=negative.lower())


_I_WORD = re.compile(r"I(?:['’]\w+)?\b")
_STARTS = re.compile(r"(?:^|(?<=[.!?…]\s)|(?<=[.!?…]))\s*[\"“(]?(?P<word>[^\W\d_][\w'’]*)")


def uncapped(text: str) -> str:
    """Without the capitals that only mark a sentence's start or a raised voice: what is left is a name."""

    def start(match: re.Match[str]) -> str:
        word = match.group("word")
        if _I_WORD.fullmatch(word):
            return match.group(0)
        return match.group(0)[: -len(word)] + word[0].lower() + word[1:]

    text = re.sub(r"\b[A-Z]{3,}\b", lambda match: match.group(0).lower(), text)
    return _STARTS.sub(start, text)


def capped(text: str) -> str:
    """A reply as it is shown: its sentences start with a capital, and "I" is one."""
    text = re.sub(r"(?<![\w'’])i(?=['’](?:m|ve|d|ll)\b|\s|[,.?!]|$)", "I", text)
    return re.sub(r"(?:^|(?<=[.!?]\s))([^\W\d_])", lambda match: match.group(1).upper(), text)
