"""Starting a training, and how far it is. For the web process: nothing heavy is imported."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from peersupport.audit.log import record
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.people.models import User
from skills.gold import reading
from skills.models import TaggerTraining
from skills.tagger.card import card_or_nothing

TRAIN = "tagger_training"
LEAST = 30  # messages to learn from; the same as in skills.tagger.successor, which a test holds


class TrainingRefusedError(Exception):
    """Nothing can be trained now; the message says what to do."""


@dataclass(frozen=True)
class Standing:
    """A training with its newest job."""

    training: TaggerTraining
    job: Job | None

    @property
    def is_open(self) -> bool:
        return self.job is not None and self.job.is_open


def newest() -> Standing | None:
    """1 query, 2 where something was trained."""
    training = TaggerTraining.objects.first()
    if training is None:
        return None
    job = Job.objects.filter(kind=TRAIN, subject=str(training.pk)).order_by("-id").first()
    return Standing(training, job)


def may_learn() -> reading.Counts:
    """What there is to learn from now. 4 queries."""
    return reading.counts(reading.settled(timezone.now()))


def too_little(counts: reading.Counts) -> str:
    """What to do about it; empty where there is enough."""
    if counts.learnt >= LEAST:
        return ""
    words = _(
        "Trainers have settled %(n)d messages that may be learnt from; %(least)d are needed. Trainers settle "
        "more on the page Review; only messages of volunteers who agree to improving the tagger (on their "
        "page Your data) count, and of these about half are kept apart to measure."
    )
    return words % {"n": counts.learnt, "least": LEAST}


@transaction.atomic
def start(person: User | None) -> tuple[TaggerTraining, bool]:
    """The open training, or a new one; and whether it is new. Raises TrainingRefusedError."""
    found = newest()
    if found is not None and found.is_open:
        return found.training, False
    serving = card_or_nothing().get("version", "")
    if not serving:
        raise TrainingRefusedError(_("The card of the version that serves cannot be read: mend that first."))
    if words := too_little(may_learn()):
        raise TrainingRefusedError(words)
    training = TaggerTraining.objects.create(asked_by=person, parent=serving)
    queue.enqueue(TRAIN, training.pk, ordering_key=TRAIN)
    if person is not None:
        record(person, "tagger_train", training)
    return training, True
