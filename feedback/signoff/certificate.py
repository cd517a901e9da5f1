"""The certificate of a signed-off mock chat: what stands on it, and its PDF in the web process's eyes.

The PDF is made by a worker (`feedback.signoff.pdf`) and lies beside the person's reports, named by the chat
and by the ratings that stand: after a withdrawal or a second rating an old file has another name and is not
shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction

from feedback.models import MockRating
from feedback.reports.files import folder_of, state_of
from feedback.signoff import ratings
from feedback.signoff.scales import SCALES
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.practice.models import PracticeChat

CERTIFICATE = "certificate"  # the kind of job


def standing_of(chat: PracticeChat) -> list[MockRating]:
    """The ratings that sign the chat off, oldest first; none where it is not signed off. 1 query."""
    found = ratings.standing(ratings.ratings_of(chat))
    return found if ratings.state(found) == ratings.SIGNED_OFF else []


def context(chat: PracticeChat, found: list[MockRating]) -> dict[str, Any]:
    """For the page and the PDF. The ratios are those that the newest rating rests on."""
    return {
        "chat": chat,
        "ratings": found,
        "table": [(scale, [(getattr(row, scale.key), row) for row in found]) for scale in SCALES],
        "figures": found[-1].figures,
        "signed_at": found[0].created_at,
    }


def path_of(chat: PracticeChat, found: list[MockRating]) -> Path:
    stamp = "-".join(str(row.pk) for row in found)
    return folder_of(chat.volunteer_id) / f"certificate-{chat.pk}-{stamp}.pdf"


def state(chat: PracticeChat, found: list[MockRating]) -> str:
    """As `state_of` of the reports' files."""
    return state_of(path_of(chat, found), CERTIFICATE, chat.pk)


@transaction.atomic
def request_file(chat: PracticeChat) -> Job:
    """The job that makes the file; asked for twice, there is one."""
    PracticeChat.objects.select_for_update().get(pk=chat.pk)
    return queue.enqueue_once(CERTIFICATE, chat.pk)


def forget_chat(chat_id, user_id: int) -> None:
    """Take the files of one chat away; those of a person go with their reports."""
    for path in folder_of(user_id).glob(f"certificate-{chat_id}-*"):
        path.unlink(missing_ok=True)
