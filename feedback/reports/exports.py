"""The tags of all chats as a CSV that a spreadsheet opens safely.

People and chats appear under pseudonyms: the same person has the same one in every export of this
installation, and nobody without its secret key can turn it back. Message text is not exported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.crypto import salted_hmac

from skills.models import Correction, SkillTag

COLUMNS = (
    "chat", "volunteer", "scenario", "message", "technique", "source", "probability", "start", "end",
    "tagger_version", "corrected", "recorded_at",
)  # fmt: skip
_WORDS = {Correction.Action.ADD: "confirmed", Correction.Action.REMOVE: "removed"}
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


def pseudonym(kind: str, key: object) -> str:
    """Twelve characters that stand for one object of this installation."""
    return salted_hmac(
        f"export.{kind}", str(key), secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()[:12]


def safe_cell(value: object) -> str:
    """The cell's text; one that a spreadsheet would run as a formula gets a leading apostrophe."""
    text = str(value)
    return f"'{text}" if text.startswith(_ACTIVE) else text


def tag_rows() -> QuerySet[SkillTag]:
    """The tags that serve now."""
    return SkillTag.objects.filter(tagging__current=True).order_by("id")


def _latest() -> QuerySet[Correction]:
    """The correction that holds, per message and technique."""
    later = Correction.objects.filter(
        message=OuterRef("message"), code=OuterRef("code"), id__gt=OuterRef("id")
    )
    return Correction.objects.filter(~Exists(later)).order_by("id")


def _added() -> QuerySet[Correction]:
    """Techniques that only a trainer found: rows of their own, oldest first."""
    found = SkillTag.objects.filter(
        tagging__message=OuterRef("message"), tagging__current=True, code=OuterRef("code")
    )
    return _latest().filter(~Exists(found), action=Correction.Action.ADD)


class _Echo:
    def write(self, value: str) -> str:
        return value


def tags_csv() -> Iterator[str]:
    """The file line by line: a byte-order mark for spreadsheets, the header, then tags in order of id."""
    writer = csv.writer(_Echo())
    yield "\ufeff" + writer.writerow(COLUMNS)
    said = {(c.message_id, c.code): c.action for c in _latest().only("message_id", "code", "action")}
    tags = tag_rows().select_related("tagging__message__chat__scenario")
    for tag in tags.iterator(chunk_size=2000):
        message = tag.tagging.message
        corrected = _WORDS.get(said.get((message.pk, tag.code)), "")
        yield writer.writerow(
            _row(message, tag.code, "tagger", f"{tag.probability:.4f}", tag.start, tag.end,
                 tag.tagging.version, corrected, tag.tagging.created_at)
        )  # fmt: skip
    for correction in _added().select_related("message__chat__scenario").iterator(chunk_size=2000):
        yield writer.writerow(
            _row(
                correction.message, correction.code, "trainer", "", "", "", "", "added", correction.created_at
            )
        )


def _row(message, code, source, probability, start, end, version, corrected, at) -> list[str]:
    chat = message.chat
    cells = (
        pseudonym("chat", chat.pk), pseudonym("person", chat.volunteer_id), chat.scenario.slug, message.index,
        code, source, probability, start, end, version, corrected, at.isoformat(timespec="seconds"),
    )  # fmt: skip
    return [safe_cell(cell) for cell in cells]
