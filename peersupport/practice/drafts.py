"""A transcript between reading and confirming: who is who, what is left out, what is masked.

All of it lies in `TranscriptDraft.body` (the text unmasked, so that the preview can show what was masked), is
shown to its owner alone, and is erased when confirmed, discarded or a day old.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from peersupport.people.models import User
from peersupport.practice.models import TranscriptDraft
from peersupport.practice.transcripts import Transcript, TranscriptError, guess_counselor, read_transcript
from peersupport.practice.transcripts.masking import Piece, names_from, pieces
from peersupport.practice.transcripts.names import COUNSELOR_NAMES, SEEKER_NAMES
from peersupport.practice.transcripts.types import TooMuchError

# A form has at most 1,000 fields, and a page that shows each line must stay readable.
MAX_LINES = 500
MAX_DRAFTS = 5
COUNSELOR, SEEKER, OUT = "counselor", "seeker", "out"
ROLES = {COUNSELOR: _("Counselor"), SEEKER: _("Seeker"), OUT: _("Leave out")}
# Labels that are no names; masking them would take words out of every message.
_NO_NAMES = {"me", "you", "i", "we", "us", "he", "she", "they", "them", "unknown", "anonymous", "anon"}
_NO_NAMES |= {"will", "may", "hope", "speaker", "counselee", "other"}


@dataclass(frozen=True)
class Line:
    """One message as the preview shows it. `own_role` is empty where the speaker's role holds."""

    position: int
    number: int
    speaker: str
    role: str
    own_role: str
    pieces: list[Piece]

    @property
    def role_word(self) -> str:
        return ROLES[self.role]

    @property
    def text(self) -> str:
        """As it will be kept."""
        return "".join(piece.shown for piece in self.pieces)


def make(owner: User, content: bytes, *, suffix: str = "") -> TranscriptDraft:
    """Read what was brought and keep it as a draft. Raises TranscriptError where there is nothing to keep."""
    transcript = read_transcript(content, filename=f"file{suffix}", go_on_after_errors=True)
    body = _body(transcript)
    with transaction.atomic():
        draft = TranscriptDraft.objects.create(owner=owner, body=body)
        kept = TranscriptDraft.objects.filter(owner=owner).values_list("pk", flat=True)[:MAX_DRAFTS]
        TranscriptDraft.objects.filter(owner=owner).exclude(pk__in=list(kept)).delete()
    return draft


def _body(transcript: Transcript) -> dict:
    most = settings.MESSAGE_MAX_CHARACTERS
    errors = [[error.line, error.message, error.mend] for error in transcript.errors]
    turns = []
    for turn in transcript.turns:
        if len(turn.text) <= most:
            turns.append(turn)
        else:
            message = f"The message is longer than {most:,} characters."
            errors.append([turn.line, message, "Split it into several messages."])
    if not turns:
        raise TranscriptError(*errors[0])
    if len(turns) > MAX_LINES:
        message = f"The transcript has {len(turns):,} messages; a chat here has at most {MAX_LINES}."
        raise TooMuchError(0, message, "Split it and bring the parts one by one.")
    guess = guess_counselor(transcript)
    speakers = list(transcript.speakers)
    plain = [name for name in speakers if name.casefold() not in COUNSELOR_NAMES | SEEKER_NAMES | _NO_NAMES]
    return {
        "format": transcript.format,
        "notices": [*transcript.notices, *([guess.notice] if guess.notice else [])],
        "errors": sorted(errors),
        "speakers": speakers,
        "roles": [COUNSELOR if name == guess.speaker else SEEKER for name in speakers],
        "lines": [[turn.line, speakers.index(turn.speaker), turn.text] for turn in turns],
        "line_roles": {},
        "contacts": True,
        "names": ", ".join(name for name in plain if len(name) > 2),
    }


def repair(draft: TranscriptDraft, fields: Mapping[str, str]) -> None:
    """Take what the preview's form says of roles, of masking and of the chat to be made. Unknown roles and
    positions change nothing."""
    body = draft.body
    for at in range(len(body["speakers"])):
        if (role := fields.get(f"speaker-{at}")) in ROLES:
            body["roles"][at] = role
    for at in range(len(body["lines"])):
        role = fields.get(f"line-{at}")
        if role in ROLES:
            body["line_roles"][str(at)] = role
        elif role == "":
            body["line_roles"].pop(str(at), None)
    if "names" in fields:  # the whole form was sent: a box that is not ticked is not in it
        body["names"] = fields["names"].replace("\0", "")[:2000]
        body["contacts"] = "contacts" in fields
        body["name"], body["shared"] = fields.get("name", "").replace("\0", "")[:80], "shared" in fields
    # Not `save`: a draft that was confirmed or discarded meanwhile stays away.
    TranscriptDraft.objects.filter(pk=draft.pk).update(body=body)


def lines(draft: TranscriptDraft) -> list[Line]:
    body = draft.body
    names = names_from(body["names"])
    found = []
    for at, (number, speaker, text) in enumerate(body["lines"]):
        own = body["line_roles"].get(str(at), "")
        split = pieces(text, names=names, contacts=body["contacts"])
        found.append(Line(at, number, body["speakers"][speaker], own or body["roles"][speaker], own, split))
    return found


def forget() -> int:
    """Erase drafts that are too old. Returns how many."""
    before = timezone.now() - timedelta(hours=settings.TRANSCRIPT_DRAFT_HOURS)
    return TranscriptDraft.objects.filter(created_at__lt=before).delete()[0]
