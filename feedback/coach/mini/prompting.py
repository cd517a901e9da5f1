"""How a request is put to coach-mini and how its answer becomes a reply.

The prompt is short, and the seeker's words stand last and already in the second person: a small model then
has to choose, and to point at what it chose (`pointing`). Control tokens cannot come out of a pasted text,
which loses its brackets first.
"""

from __future__ import annotations

import re
import unicodedata

from feedback.coach.corpus.library import TECHNIQUES
from feedback.coach.corpus.person import capped, turned, uncapped
from feedback.coach.mini.pointing import MARKS, marked, pointed, resolved

STYLE = "coach-mini-2"  # `prompt_style` in the tokenizer's configuration
SEEKER_CHARS = 400  # the end is kept: it is what the reply answers
VOLUNTEER_CHARS = 60
VOLUNTEER, SEEKER, REPLY, REPEAT = "<|volunteer|>", "<|seeker|>", "<|reply|>", "<|repeat|>"
END, PAD = "</s>", "<pad>"
TEMPERATURE = 0.3  # of its draws: a small model's unlikely words are seldom good ones
CONTROLS = (PAD, END, VOLUNTEER, SEEKER, REPLY, REPEAT, *(f"<|{code}|>" for code in TECHNIQUES), *MARKS)


def mini_prompt(seeker: str, volunteer: str, technique: str) -> str:
    """The text before the reply. Raises KeyError for a technique that the model was not taught."""
    if technique not in TECHNIQUES:
        raise KeyError(technique)
    return _prompt(f"<|{technique}|>", seeker, volunteer)


def repeat_prompt(seeker: str) -> str:
    """Asks for the message itself, in the second person: an exercise in copying."""
    return _prompt(REPEAT, seeker, "")


def said_back(seeker: str) -> str:
    """The seeker's words as the prompt holds them."""
    return turned(uncapped(plain(seeker, SEEKER_CHARS)))


def target(reply: str, seeker: str) -> str:
    """A reply as the model learns to write it after the seeker's message."""
    return pointed(reply, marked(said_back(seeker))[1])


def answer(text: str, seeker: str) -> str:
    """A finished reply out of what the model wrote after the seeker's message, control tokens included."""
    text = resolved(text, marked(said_back(seeker))[1])
    for token in CONTROLS:
        text = text.replace(token, " ")
    return shown(text)


def shown(text: str) -> str:
    """A reply with capitals and a full stop."""
    text = capped(" ".join(text.split()))
    return text if not text or text[-1] in ".?!" else text + "."


def plain(text: str, limit: int) -> str:
    """The last `limit` characters on one line, from a word's start, without brackets or invisible signs."""
    text = "".join(" " if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in text)
    text = re.sub(r"[<>|\[\]{}]", " ", text.replace("’", "'"))
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    cut = text[-limit:]
    return cut.split(" ", 1)[-1]


def _prompt(task: str, seeker: str, volunteer: str) -> str:
    weak = uncapped(plain(volunteer, VOLUNTEER_CHARS))
    return f"{task}{VOLUNTEER}{weak}{SEEKER}{marked(said_back(seeker))[0]}{REPLY}"
