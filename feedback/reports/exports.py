"""The tags of all chats as a CSV that a spreadsheet opens safely.

People and chats appear under pseudonyms: the same person has the same one in every export of this
installation, and nobody without its secret key can turn it back. Message text is not exported. Only those
are in it who agree to research now.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.crypto import salted_hmac

from peersupport.people.consents import consenting
from peersupport.people.models import Consent, Role, User
from peersupport.practice.models import PracticeChat
from skills.models import Correction, SkillTag

COLUMNS = (
    "chat", "volunteer", "scenario", "message", "technique", "source", "probability", "start", "end",
    "tagger_version", "corrected", "recorded_at",
)  # fmt: skip
BLOCK = 500  # rows between two looks at whether the download may go on
WORDS = {
    Correction.Action.ADD: "confirmed",
    Correction.Action.MOVE: "moved",
    Correction.Action.REMOVE: "removed",
}
_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


def pseudonym(kind: str, key: object) -> str:
    """Twelve characters that stand for one object of this installation."""
    return salted_hmac(
        f"export.{kind}", str(key), secret=settings.SECRET_KEY, algorithm="sha256"
    ).hexdigest()[:12]


def safe_cell(value: object) -> str:
    """The cell's text; one that a spreadsheet would run as a formula gets a leading apostrophe.

    So does one that would look as if it had got one, so that `plain_cell` always gives back what was there.
    """
    text = str(value)
    return f"'{text}" if text.lstrip("'").startswith(_ACTIVE) else text


def plain_cell(text: str) -> str:
    """What `safe_cell` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_ACTIVE) else text


def tag_rows() -> QuerySet[SkillTag]:
    """The tags that serve now, of people who agree to research; of imported chats only those they share."""
    agreeing = consenting(Consent.Purpose.RESEARCH)
    tags = SkillTag.objects.filter(tagging__current=True, tagging__message__chat__volunteer__in=agreeing)
    return tags.filter(_shared("tagging__message__chat")).order_by("id")


def _shared(chat: str) -> Q:
    return Q(**{f"{chat}__kind": PracticeChat.Kind.PRACTICE}) | Q(**{f"{chat}__shared": True})


def agreed() -> tuple[int, int]:
    """(volunteers who agree to research, volunteers)."""
    volunteers = User.objects.filter(role=Role.VOLUNTEER, is_active=True)
    agreeing = consenting(Consent.Purpose.RESEARCH)
    return volunteers.filter(pk__in=agreeing.values("pk")).count(), volunteers.count()


def _latest() -> QuerySet[Correction]:
    """The correction that holds, per message and technique."""
    later = Correction.objects.filter(
        message=OuterRef("message"), code=OuterRef("code"), id__gt=OuterRef("id")
    )
    return Correction.objects.filter(~Exists(later)).order_by("id")


def added_by_trainers() -> QuerySet[Correction]:
    """Techniques that hold and that only a trainer found: rows of their own, oldest first."""
    found = SkillTag.objects.filter(
        tagging__message=OuterRef("message"), tagging__current=True, code=OuterRef("code")
    )
    return _latest().filter(~Exists(found)).exclude(action=Correction.Action.REMOVE)


def _added() -> QuerySet[Correction]:
    agreeing = consenting(Consent.Purpose.RESEARCH)
    return added_by_trainers().filter(_shared("message__chat"), message__chat__volunteer__in=agreeing)


class ExportStopped(Exception):
    """The right to export ended while the file was being sent."""


def tags_csv(allowed: Callable[[], bool] = lambda: True) -> Iterator[str]:
    """The file in blocks: a byte-order mark for spreadsheets, the header, then tags in order of id.

    `allowed` is asked before each block is read; once it says no, ExportStopped is raised.
    """
    yield "\ufeff" + _lines([COLUMNS])
    for read in (_tag_block, _added_block):
        last = 0
        while True:
            if not allowed():
                raise ExportStopped
            last, rows = read(last)
            if not rows:
                break
            yield _lines(rows)


def _tag_block(last: int) -> tuple[int, list[list[str]]]:
    """Up to BLOCK tags with an id above `last`, and the id of the last of them."""
    tags = list(tag_rows().filter(id__gt=last).select_related("tagging__message__chat__scenario")[:BLOCK])
    messages = {tag.tagging.message_id for tag in tags}
    said = {(c.message_id, c.code): c.action for c in _latest().filter(message__in=messages)}
    rows = []
    for tag in tags:
        message = tag.tagging.message
        corrected = WORDS.get(said.get((message.pk, tag.code)), "")
        rows.append(
            _row(message, tag.code, "tagger", f"{tag.probability:.4f}", tag.start, tag.end,
                 tag.tagging.version, corrected, tag.tagging.created_at)
        )  # fmt: skip
    return (tags[-1].pk if tags else last), rows


def _added_block(last: int) -> tuple[int, list[list[str]]]:
    found = list(_added().filter(id__gt=last).select_related("message__chat__scenario")[:BLOCK])
    rows = [_row(c.message, c.code, "trainer", "", "", "", "", "added", c.created_at) for c in found]
    return (found[-1].pk if found else last), rows


def _lines(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue()


def _scenario(chat) -> str:
    return chat.scenario.slug if chat.scenario else chat.kind


def _row(message, code, source, probability, start, end, version, corrected, at) -> list[str]:
    chat = message.chat
    cells = (
        pseudonym("chat", chat.pk), pseudonym("person", chat.volunteer_id), _scenario(chat), message.index,
        code, source, probability, start, end, version, corrected, at.isoformat(timespec="seconds"),
    )  # fmt: skip
    return [safe_cell(cell) for cell in cells]
