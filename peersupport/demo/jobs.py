"""Loading and removing the demo from the admins' page, as jobs: both take longer than a page may.

Everybody knows the password of demo people, and one of them is an admin: they are loaded on one machine only,
and only where nobody real is in the house. Removing is what the command does (`people.demo.remove`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from threading import Event

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from peersupport.demo import data
from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.queue import StoppedError
from peersupport.people import demo, erasure
from peersupport.people.models import Role, User
from peersupport.practice.models import Message, PracticeChat

LOAD, REMOVE = "demo_load", "demo_remove"
ANSWER_SECONDS = 180  # for one message; a worker that starts loads its models first
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Panel:
    """What the page says: how many there are, the newest job, and why nothing can be loaded or removed."""

    people: int
    chats: int
    job: Job | None
    refused: str


def register() -> None:
    for name in (LOAD, REMOVE):
        run = f"{__name__}.{'load' if name == LOAD else 'remove'}"
        registry.register(registry.Kind(name=name, lane=Lane.BATCH, run=run, seconds=3600, attempts=3))


def newest() -> Job | None:
    return Job.objects.filter(kind__in=(LOAD, REMOVE)).order_by("-id").first()


def panel(viewer: User) -> Panel:
    """3 queries, and where none is here up to four more."""
    people = demo.people().count()
    refused = not_removed(viewer) if people else not_loaded()
    return Panel(people, data.chats_held() if people else 0, newest(), refused)


def not_loaded() -> str:
    """Why demo people may not come, in words; "" where they may."""
    if not settings.IS_LOCAL:
        return _(
            "They cannot be loaded here: others are served from this machine, and everybody knows the "
            "password of demo people."
        )
    real = User.objects.filter(is_demo=False)
    if real.exclude(role=Role.ADMIN).exists() or (
        PracticeChat.objects.exclude(volunteer__is_demo=True).exists()
    ):
        return _(
            "They cannot be loaded here: there are real people or chats, and everybody knows the password of "
            "demo people, one of whom is an admin."
        )
    if names := data.taken():
        words = _("They cannot be loaded here: somebody real signs in as %(names)s.")
        return words % {"names": ", ".join(names)}
    if not data.has_scenarios():
        return _("They cannot be loaded yet: there are no scenarios.")
    return ""


def not_removed(viewer: User) -> str:
    """Why this person may not remove them, in words; "" where they may."""
    if viewer.is_demo:
        return _(
            "You are a demo person yourself, and would go with them. Invite an admin of your own, sign in as "
            "them and remove the demo there."
        )
    return ""


@transaction.atomic
def start(kind: str) -> Job | None:
    """A job, or None where one of either kind is open."""
    found = newest()
    if found is not None and found.is_open:
        return None
    return queue.enqueue_once(kind, ordering_key="demo")


def load(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _load(job, context) for job in jobs}


def _load(job: Job, context) -> Callable[[], None] | Exception:
    """An earlier try that did not come to its end is taken away first; what was there before it is left."""
    if job.checkpoint.get("begun"):
        demo.remove(demo.cohorts_of(data.COHORTS))
    if demo.people().exists() or not_loaded():
        return lambda: None
    context.checkpoint(job, progress=0, state={"begun": True})
    try:
        for share in data.load(said=partial(_answered, stopping=context.stopping)):
            context.checkpoint(job, progress=min(0.99, share))
    except StoppedError as stopped:
        return stopped
    return lambda: None


def _answered(message: Message, *, stopping: Event) -> None:
    """Wait until a live worker has answered: this one has no models and takes nobody's turn. Raises
    StoppedError where this worker is to stop: the live one stops with it, and no answer would come."""
    ends = time.monotonic() + ANSWER_SECONDS
    later = Message.objects.filter(chat=message.chat_id, role=Message.Role.SEEKER, index__gt=message.index)
    while not later.exists():
        if stopping.is_set():
            raise StoppedError
        if time.monotonic() > ends:
            raise TimeoutError("no live worker answered a message of the demo")
        time.sleep(LOOK_SECONDS)


def remove(jobs: Sequence[Job], context) -> dict:
    return {job.pk: _remove(job, context) for job in jobs}


def _remove(job: Job, context) -> Callable[[], None] | Exception:
    """What is gone is gone: another try goes on with who is left."""
    cohorts = job.checkpoint.get("cohorts")
    if cohorts is None:  # later nobody is left in them to find them by
        cohorts = demo.cohorts_of(data.COHORTS)
        context.checkpoint(job, progress=0.05, state={"cohorts": cohorts})
    demo.remove(cohorts)
    context.checkpoint(job, progress=0.9)
    erasure.tidy()
    return lambda: None
