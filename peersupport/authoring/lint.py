"""What is wrong with an own scenario, in words for its author. Errors keep it from being published."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from peersupport import seeker
from peersupport.authoring import rehearsal
from peersupport.authoring.body import (
    CHOICES,
    GATES,
    LAYERS,
    MOST_ROWS,
    PASSING,
    ROWS,
    STATES,
    Rows,
    lines_of,
    number,
    table_of,
)
from peersupport.safety import assess
from peersupport.safety.safe_messaging import unsafe_words
from peersupport.seeker.banks import LONGEST_LINE, shared_texts
from peersupport.seeker.scenario import LAYER_WORDS, TOP_LAYER

ERROR, WARNING = "error", "warning"
# Lines of a kind by layer 0 to 3: fewer are an error; twice as many are a good number.
LEAST = {"disclose": (0, 1, 1, 1), "tell": (3, 3, 3, 2), "reflect": (2, 2, 2, 1), "answer": (3, 2, 1, 1)}
LONG = 55  # words: nobody types more at once
LATE = 16  # messages of a good listener after which a layer comes too late for most chats
MOST = {"title": 120, "name": 40, "content_warning": 300, "persona": 800, "opening": 600}
HEAVY = ("grief", "alcohol", "low_mood", "health")  # topics that people may want a warning of
CHAT = 20  # messages that a chat must be good for


@dataclass(frozen=True)
class Problem:
    """`field` is the form's, for the link beside it; `line` is the row it is about, "" for the field."""

    level: str
    field: str
    words: str
    line: str = ""

    @property
    def is_error(self) -> bool:
        return self.level == ERROR


def lint(body: Mapping[str, str]) -> list[Problem]:
    """Errors first, each in the order of the form. About 50 ms: it plays a chat."""
    found = [*_fields(body), *_numbers(body), *_rows(body), *_doubled(body), *_safe(body), *_passing(body)]
    if not any(problem.is_error for problem in found):
        found += _rehearsed(body)
    return sorted(found, key=lambda problem: not problem.is_error)


def errors(problems: list[Problem]) -> list[Problem]:
    return [problem for problem in problems if problem.is_error]


def _fields(body: Mapping[str, str]) -> Iterator[Problem]:
    for name, words in (
        ("title", _("Give it a title.")),
        ("name", _("Give the seeker a name.")),
        ("persona", _("Say who the seeker is: volunteers read it before they choose.")),
        ("opening", _("Write the message that the chat begins with.")),
    ):
        if not body.get(name):
            yield Problem(ERROR, name, words)
    for name, most in MOST.items():
        if len(body.get(name, "")) > most:
            yield Problem(ERROR, name, _("Please keep this under %(n)d characters.") % {"n": most})
    for name, choices in CHOICES.items():
        if body.get(name) not in choices:
            yield Problem(ERROR, name, _("Choose one from the list."))
    if not body.get("content_warning"):
        if body.get("risk") == "1":
            words = _("With a sign of risk it needs a content warning.")
            yield Problem(ERROR, "content_warning", words)
        elif body.get("topic") in HEAVY:
            words = _("This topic is hard for some: a content warning lets them choose.")
            yield Problem(WARNING, "content_warning", words)
    if not body.get("facts"):
        words = _(
            "Note what every line must agree with (age, family, what happened when): it keeps lines true."
        )
        yield Problem(WARNING, "facts", words)


def _numbers(body: Mapping[str, str]) -> Iterator[Problem]:
    for name in (*STATES, *GATES):
        if number(body, name) is None:
            yield Problem(ERROR, name, _("Give a whole number from 0 to 100."))
    gates = [number(body, name) for name in GATES]
    for name, before, gate in zip(GATES[1:], gates, gates[1:], strict=False):
        if before is not None and gate is not None and gate <= before:
            words = _("A deeper layer must need more openness than the one before it.")
            yield Problem(ERROR, name, words)


def _rows(body: Mapping[str, str]) -> Iterator[Problem]:
    for layer, name, group in LAYERS:
        thin = []
        for rows in group:
            n, least = len(lines_of(body, rows)), LEAST[rows.kind][layer]
            if n < least:
                words = _(
                    "Too few lines in the layer “%(layer)s”, “%(kind)s”: %(n)d, and it needs %(least)d."
                )
                what = {"layer": name, "kind": rows.name, "n": n, "least": least}
                yield Problem(ERROR, rows.field, words % what)
            elif n < 2 * least:
                thin.append((rows, f"{rows.name} {n}/{2 * least}"))
        if thin:
            words = _("The layer “%(layer)s” is thin; more lines make a livelier chat (%(kinds)s).")
            kinds = ", ".join(counted for _rows, counted in thin)
            yield Problem(WARNING, thin[0][0].field, words % {"layer": name, "kinds": kinds})
    for rows in ROWS:
        found = lines_of(body, rows)
        if len(found) > MOST_ROWS:
            yield Problem(ERROR, rows.field, _("More than %(n)d lines in one field.") % {"n": MOST_ROWS})
        for questions, text in found:
            if len(text) > LONGEST_LINE:
                words = _("This line is longer than %(n)d characters.") % {"n": LONGEST_LINE}
                yield Problem(ERROR, rows.field, words, text[:80])
            elif len(text.split()) > LONG:
                words = _("A long message: over %(n)d words. Two lines may be better.") % {"n": LONG}
                yield Problem(WARNING, rows.field, words, text[:80])
            if rows.asked and not questions:
                words = _("No question stands before a bar ( | ): it may be said to any question.")
                yield Problem(WARNING, rows.field, words, text)


def _key(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _every_line(body: Mapping[str, str]) -> Iterator[tuple[Rows, tuple[str, ...], str]]:
    for rows in ROWS:
        for questions, text in lines_of(body, rows):
            yield rows, questions, text


def _doubled(body: Mapping[str, str]) -> Iterator[Problem]:
    """The same words are the same line, whatever their signs and capitals."""
    seen: dict[str, Rows] = {}
    asked: dict[tuple[str, int, str], str] = {}
    ready = body.get("style") in CHOICES["style"] and body.get("typing") in CHOICES["typing"]
    shared = {_key(text) for text in shared_texts(body["style"], body["typing"])} if ready else set()
    for rows, questions, text in _every_line(body):
        if _key(text) in shared:
            yield Problem(ERROR, rows.field, _("The style or the general lines say this already."), text)
        before = seen.setdefault(_key(text), rows)
        if before is not rows:
            words = _("The same line stands under “%(other)s” (layer %(layer)d) as well.")
            yield Problem(ERROR, rows.field, words % {"other": before.name, "layer": before.layer}, text)
        for question in questions:
            other = asked.setdefault((rows.kind, rows.layer, _key(question)), text)
            if other != text:
                words = _("Two answers of this layer have the question “%(question)s”: either may come.")
                yield Problem(WARNING, rows.field, words % {"question": question}, text)
    for rows in ROWS:
        keys = [_key(text) for _questions, text in lines_of(body, rows)]
        for key in dict.fromkeys(key for key in keys if keys.count(key) > 1):
            line = next(text for _questions, text in lines_of(body, rows) if _key(text) == key)
            yield Problem(ERROR, rows.field, _("This line stands here twice."), line)


def _safe(body: Mapping[str, str]) -> Iterator[Problem]:
    risk = body.get("risk") == "1"
    told = [(name, body.get(name, "")) for name in ("title", "persona", "opening", "content_warning")]
    told += [(rows.field, text) for rows, _questions, text in _every_line(body)]
    for field, text in told:
        for found in unsafe_words(text):
            yield _unsafe(field, text, found.kind, found.words, risk=risk)
        is_line = field not in ("title", "persona", "content_warning")
        if not is_line or risk or assess(text, role="seeker").level == "none":
            continue
        if assess(text, role="seeker", eyes="rules").level == "none":
            words = _(
                "To a program this sounds like a sign of risk, and the crisis checklist would come up in the "
                "chat. Word it otherwise if it is none."
            )
            yield Problem(WARNING, field, words, text)
        else:
            words = _(
                "This speaks of suicide, self-harm, violence or danger. Word it otherwise, or mark the "
                "scenario as one with a sign of risk."
            )
            yield Problem(ERROR, field, words, text)
    if risk and not body.get("safety-0"):
        words = _(
            "With a sign of risk, write what the seeker answers when asked about suicide, straight and safe."
        )
        yield Problem(ERROR, "safety-0", words)


def _unsafe(field: str, text: str, kind: str, words: str, *, risk: bool) -> Problem:
    if kind == "wording":
        said = _(
            "“%(words)s” is not safe wording: no success, failure or glory. Say it plainly, or leave it out."
        )
    elif kind == "method" or risk:
        said = _("“%(words)s” names a means or a wound. No line may: leave it out.")
    else:
        said = _("“%(words)s” can be a means of harm. Keep it only if it is an everyday thing here.")
    level = WARNING if kind == "everyday" and not risk else ERROR
    return Problem(level, field, said % {"words": words}, text[:120])


def _passing(body: Mapping[str, str]) -> Iterator[Problem]:
    none = [str(rows.name) for rows in PASSING if not lines_of(body, rows)]
    if none:
        words = ngettext(
            "%(n)d passing moment has no line of its own and takes a general one: %(names)s.",
            "%(n)d passing moments have no line of their own and take general ones: %(names)s.",
            len(none),
        )
        yield Problem(WARNING, PASSING[0].field, words % {"n": len(none), "names": ", ".join(none)})


def _rehearsed(body: Mapping[str, str]) -> Iterator[Problem]:
    """What only a played chat shows: layers that never open, and a seeker who runs out of words."""
    try:
        scenario = seeker.compose_scenario(table_of(body, version="1"), slug="draft", sha256="")
    except seeker.BankError as error:
        yield Problem(ERROR, "title", _("The seeker cannot use it: %(why)s.") % {"why": str(error)})
        return
    turns = rehearsal.attentive(scenario, CHAT)
    opened = rehearsal.opened_at(turns)
    for layer in range(1, TOP_LAYER + 1):
        what = {"layer": LAYER_WORDS[layer], "n": opened.get(layer, CHAT)}
        if layer not in opened:
            words = _(
                "The layer “%(layer)s” is never reached, not even in %(n)d messages of good listening: let "
                "it open earlier, or the seeker begin more open and trusting."
            )
            yield Problem(ERROR, GATES[layer - 1], words % what)
        elif opened[layer] > LATE:
            words = _("The layer “%(layer)s” opens at message %(n)d of good listening: few chats get there.")
            yield Problem(WARNING, GATES[layer - 1], words % what)
    if opened.get(TOP_LAYER, CHAT) < TOP_LAYER + 2:
        words = _("Everything opens within %(n)d messages: there is little to practise.")
        yield Problem(WARNING, "gate3", words % {"n": opened[TOP_LAYER]})
    last = next(
        (place for place, turn in enumerate(turns, 1) if turn.reply.kind in ("left", "winding")), None
    )
    if last is not None:
        words = _("The seeker has nothing new to say from message %(n)d on: write more lines.")
        yield Problem(ERROR if last < 12 else WARNING, "tell-0", words % {"n": last})
