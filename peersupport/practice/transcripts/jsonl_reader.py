"""JSON lines: one object with a speaker and a text on each line."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from peersupport.practice.transcripts.builder import Builder
from peersupport.practice.transcripts.columns import SPEAKER_NAMES, TEXT_NAMES, pick
from peersupport.practice.transcripts.types import TranscriptError

MEND = 'Write one object like {"speaker": "…", "text": "…"} on each line.'


def read_jsonl(lines: Iterable[tuple[int, str]], builder: Builder) -> None:
    for number, line in lines:
        if not line.strip():
            continue
        with builder.line():
            entry = _object(number, line)
            builder.add(number, _value(number, entry, "speaker"), _value(number, entry, "text"))


def _object(number: int, line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        raise TranscriptError(number, "The line is not valid JSON.", MEND) from None
    if not isinstance(entry, dict):
        raise TranscriptError(number, "The line is JSON, but not one object.", MEND)
    return entry


def _value(number: int, entry: dict[str, Any], wanted: str) -> str:
    keys = list(entry)
    at = pick(keys, SPEAKER_NAMES if wanted == "speaker" else TEXT_NAMES)
    if at is None:
        raise TranscriptError(number, f"The object has no “{wanted}”.", MEND)
    value = entry[keys[at]]
    if not isinstance(value, str):
        raise TranscriptError(number, f"The value of “{wanted}” is not a text.", "Put it in double quotes.")
    return value
