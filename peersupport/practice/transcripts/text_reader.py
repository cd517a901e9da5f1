"""Pasted chats with speaker labels: "Name: …", "[12:03] Name: …", "Name (12:03): …", messenger exports.

A line that starts with no label goes on with the message before. A colon after a few words is not yet a
label ("And then he said: leave"): a label must come twice, carry a time, or be a usual role name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

from peersupport.practice.transcripts.builder import Builder
from peersupport.practice.transcripts.names import COUNSELOR_NAMES, SEEKER_NAMES
from peersupport.practice.transcripts.types import MAX_TURNS, TooMuchError, TranscriptError

_TIME = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},? +)?\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?[ap]\.?m\.?)?"
_NAME = r"(?P<name>[^\W\d_][\w.'’#@&()-]{0,39}(?: [\w.'’#@&()-]{1,30}){0,3}?)"
_BOLD = r"\*{0,2}"
_END = r"\*{0,2}(?: |$)"
_LABELS = (
    re.compile(
        rf"^[\[(]?(?P<time>{_TIME})[\])]?(?: ?[-–—|])? *{_BOLD}{_NAME} ?{_BOLD}(?P<colon>:){_END}", re.I
    ),
    re.compile(rf"^{_BOLD}{_NAME} ?{_BOLD} ?[\[(](?P<time>{_TIME})[\])] ?{_BOLD}(?P<colon>:?){_END}", re.I),
    re.compile(rf"^{_BOLD}(?P<time>){_NAME} ?{_BOLD}(?P<colon>:){_END}", re.I),
)
_ROLES = COUNSELOR_NAMES | SEEKER_NAMES
MEND = "Start each message with its speaker, like “Anna: hello”."


def read_text(lines: Iterable[tuple[int, str]], builder: Builder) -> None:
    parsed = [(number, line, *_label(line)) for number, line in _kept(lines)]
    labels = _labels(parsed)
    skipped, lonely = [], []
    for number, line, name, _timed, said in parsed:
        if name and name.casefold() in labels:
            with builder.line():
                builder.add(number, name, said, empty_goes_on=True)
            continue
        if name:
            lonely.append(number)
        if not builder.go_on(line):
            skipped.append(number)
    if not builder.started:
        line = parsed[0][0] if parsed else 1
        raise TranscriptError(line, "No line starts with a speaker.", MEND)
    if skipped:
        builder.notice(f"Lines before the first speaker were left out: {_some(skipped)}.")
    if lonely:
        builder.notice(
            f"Labels that come only once were read as message text: lines {_some(lonely)}. Where that is a "
            "third person, leave these lines out of the text and bring it again; where it is one of the two, "
            "write the name as in the other lines."
        )


def _kept(lines: Iterable[tuple[int, str]]) -> Iterable[tuple[int, str]]:
    kept = 0
    for number, line in lines:
        stripped = line.strip()
        if not stripped:
            continue
        kept += 1
        if kept > 4 * MAX_TURNS:
            message = "The transcript has too many lines."
            raise TooMuchError(number, message, "Split it and read the parts.")
        yield number, stripped


def _label(line: str) -> tuple[str, bool, str]:
    """(name or "", whether a time and a colon make it sure, what follows)."""
    for pattern in _LABELS:
        found = pattern.match(line[:160])
        if found:
            return found["name"].strip(), bool(found["time"] and found["colon"]), line[found.end() :].strip()
    return "", False, line


def _labels(parsed: list[tuple[int, str, str, bool, str]]) -> set[str]:
    seen = Counter(name.casefold() for _, _, name, _, _ in parsed if name)
    timed = {name.casefold() for _, _, name, has_time, _ in parsed if name and has_time}
    sure = {name for name, times in seen.items() if times > 1 or name in timed or name in _ROLES}
    if len(sure) > 1:
        return sure
    return sure | {name for name in seen if len(name.split()) <= 2}


def _some(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:8])
    return f"{shown} and {len(numbers) - 8} more" if len(numbers) > 8 else shown
