"""Which column or key holds the speaker and which the text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from peersupport.practice.transcripts.types import TranscriptError

SPEAKER_NAMES = (
    "speaker", "role", "author", "sender", "from", "name", "participant", "interlocutor", "who", "user",
    "username", "speakername", "displayname", "sendername", "authorname", "speakerrole", "person",
)  # fmt: skip
TEXT_NAMES = (
    "text", "message", "utterance", "content", "body", "utterancetext", "messagetext", "msg", "says",
    "transcript", "line", "chat",
)  # fmt: skip
MEND = "Name the columns “speaker” and “text” in the first line."


def plain_name(name: str) -> str:
    return "".join(char for char in name.casefold() if char.isalnum())


def pick(names: Iterable[str], wanted: Sequence[str]) -> int | None:
    """The position of the best-known name, or None."""
    plain = [plain_name(name) for name in names]
    return next((plain.index(name) for name in wanted if name in plain), None)


def find_columns(names: Sequence[str], line: int) -> tuple[int, int]:
    """Positions of (speaker, text). TranscriptError names the missing one, never what stands there."""
    speaker, text = pick(names, SPEAKER_NAMES), pick(names, TEXT_NAMES)
    if speaker is not None and text is not None:
        return speaker, text
    missing = [label for label, found in (("speaker", speaker), ("text", text)) if found is None]
    known = {"speaker": "role, author, sender, name …", "text": "message, utterance, content …"}
    what = " and no ".join(f"“{label}” (or {known[label]})" for label in missing)
    raise TranscriptError(line, f"There is no column {what} in the header.", MEND)
