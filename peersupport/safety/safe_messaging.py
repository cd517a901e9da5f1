"""What no line of a simulated seeker may say: a means of suicide or self-harm, or words of glory.

After safe messaging guidance (WHO, Preventing suicide: a resource for media professionals, 2023; Samaritans'
media guidelines, 2020): no method, no quantity, no place, no wound, no glory, no talk of success or failure.
Words only; a person still reads what an author wrote.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Said of nothing else.
METHOD = re.compile(
    r"overdos\w*|\bnoose\w*|\bhang(?:ing|ed)? my\w*|\bslit\w*|\bcut(?:ting|s)? (?:my|me\b|into)\w*"
    r"|jump(?:ed|ing)? (?:off|in front)|stockpil\w*|suicide note|\blighter fluid|\bwrists?\b",
    re.IGNORECASE,
)
# A means in one chat, an everyday thing in another.
EVERYDAY = re.compile(
    r"\bpills?\b|\brope\w*|\brazor\w*|\bblades?\b|\bkni(?:fe|ves)\b|\bbleed\w*|\bbridge\w*|\bcliff\w*|\bgun\b"
    r"|\bpoison\w*|\bdrown\w*|jump(?:ed|ing)? out|\bmethods?\b|\bexhaust\b",
    re.IGNORECASE,
)
WORDING = re.compile(
    r"commit(?:ted|ting)? suicide|success(?:ful|fully)? suicide|failed (?:suicide )?attempt|\bat peace\b"
    r"|better place",
    re.IGNORECASE,
)
KINDS = {"method": METHOD, "wording": WORDING, "everyday": EVERYDAY}


@dataclass(frozen=True)
class Unsafe:
    """`kind` is "method", "wording" or "everyday"; `words` are those found."""

    kind: str
    words: str


def unsafe_words(text: str) -> list[Unsafe]:
    """The first match of each kind, the gravest kind first."""
    matches = ((kind, pattern.search(text)) for kind, pattern in KINDS.items())
    return [Unsafe(kind, found[0]) for kind, found in matches if found]
