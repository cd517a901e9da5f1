"""Fill the database with ended chats of many people, for lists to be slow on. See promise 23.

python -m bench.many CHATS
"""

from __future__ import annotations

import os
import sys
from datetime import timedelta

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
CHATS_EACH = 100
COHORT = 20
BLOCK = 2_000
LONG = 200  # messages of the long chat, the seeker's included
RATED = 500  # chats of the measured cohort that two trainers rated as mock chats
OWN, FILES = 60, 60  # own scenarios, and exports of an admin


def main(count: int) -> None:
    import django

    django.setup()
    from django.db import connection

    from peersupport.people.models import User
    from peersupport.practice.models import Scenario

    scenario = Scenario.objects.filter(active=True, risk=False).first()
    people = [User.objects.get(username=name) for name in ("vera", "paul")]
    people += _people(max(2, count // CHATS_EACH) - 2)
    for start in range(0, count, BLOCK):
        _chats(range(start, min(count, start + BLOCK)), people, scenario)
    _staff(people)
    chat = _long_chat(people[0], scenario)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # PostgreSQL does so itself within minutes of so many rows
    print(chat)


def _people(count: int) -> list:
    from django.utils import timezone

    from peersupport.people.models import Cohort, Membership, User

    people = User.objects.bulk_create(
        User(
            username=f"many{number}", first_name="Many", last_name=str(number), password="!", role="volunteer"
        )
        for number in range(count)
    )
    cohorts = Cohort.objects.bulk_create(
        Cohort(name=f"Many {number}") for number in range(count // COHORT + 1)
    )
    # The first cohort is that of the trainer whose list is measured: as full as any other.
    now, north = timezone.now(), Cohort.objects.get(name="North")
    Membership.objects.bulk_create(
        Membership(user=user, since=now, cohort=north if number < COHORT else cohorts[number // COHORT])
        for number, user in enumerate(people)
    )
    return people


def _chats(numbers: range, people: list, scenario) -> None:
    """Ended chats with two messages, a report and the two jobs each."""
    from django.utils import timezone

    from bench.lines import LINES
    from feedback.models import SessionReport
    from peersupport.audit.models import AuditEvent
    from peersupport.jobs.models import Job
    from peersupport.practice.models import Message, PracticeChat
    from skills import packing
    from skills.models import SkillTag, Tagging
    from skills.taxonomy import CODES

    packed = packing.pack(dict.fromkeys(CODES, 0.5))
    now = timezone.now()
    chats = PracticeChat.objects.bulk_create(
        PracticeChat(
            volunteer=people[number % len(people)],
            scenario=scenario,
            seed=number,
            status="ended",
            ended_at=now - timedelta(minutes=number),
            last_index=2,
        )
        for number in numbers
    )
    for chat, number in zip(chats, numbers, strict=True):
        chat.created_at = now - timedelta(minutes=number)
    PracticeChat.objects.bulk_update(chats, ["created_at"])
    messages = Message.objects.bulk_create(
        Message(chat=chat, index=index, role=role, text=LINES[index], idempotency_key=str(index), turn=turn)
        for chat in chats
        for index, role, turn in ((1, "seeker", "none"), (2, "counselor", "done"))
    )
    taggings = Tagging.objects.bulk_create(
        Tagging(message=message, version="many", probabilities=packed)
        for message in messages
        if message.role == "counselor"
    )
    SkillTag.objects.bulk_create(
        SkillTag(tagging=tagging, code=code, probability=0.51, start=0, end=4)
        for tagging in taggings
        for code in CODES[:2]
    )
    AuditEvent.objects.bulk_create(
        # Sealed, as lines of other days are; below the chain, which these are no part of.
        AuditEvent(
            actor_id=chat.volunteer_id, verb="read", object_kind="practicechat", object_id=str(chat.pk),
            position=-number - 1, hash="many",
        )
        for chat, number in zip(chats, numbers, strict=True)
    )  # fmt: skip
    SessionReport.objects.bulk_create(SessionReport(chat=chat, status="ready") for chat in chats)
    Job.objects.bulk_create(
        Job(kind=kind, subject=str(chat.pk), lane=lane, ordering_key=chat.ordering_key, status="done",
            attempts=1, started_at=now, finished_at=now, progress=1)
        for chat in chats
        for kind, lane in (("turn", "live"), ("report", "coach"))
    )  # fmt: skip


def _staff(people: list) -> None:
    """Ratings of mock chats, disputes, own scenarios and exports, for the lists of trainers and admins."""
    from feedback.models import Export, MockRating
    from feedback.signoff.scales import KEYS
    from peersupport.authoring.models import ScenarioDraft
    from peersupport.people.models import Cohort, Consent, User
    from peersupport.practice.models import PracticeChat

    tara, ada = (User.objects.get(username=name) for name in ("tara", "ada"))
    Consent.objects.bulk_create(
        Consent(person=person, purpose="research", version="1") for person in people[2::2]
    )
    rated = PracticeChat.objects.filter(volunteer__in=people[:COHORT], status="ended")[:RATED]
    MockRating.objects.bulk_create(
        MockRating(chat=chat, trainer=trainer, **dict.fromkeys(KEYS, 3), decision="signed_off")
        for chat in rated
        for trainer in (tara, ada)
    )
    north = Cohort.objects.get(name="North")
    ScenarioDraft.objects.bulk_create(
        ScenarioDraft(cohort=north, by=tara, title=f"Own {number}") for number in range(OWN)
    )
    Export.objects.bulk_create(Export(by=ada, table="tags", status="gone") for _ in range(FILES))


def _long_chat(volunteer, scenario) -> str:
    """A chat of 200 messages through the real turn and report jobs; returns its id."""
    from bench.lines import LINES
    from peersupport.jobs import running
    from peersupport.practice import chats

    chat = chats.start_chat(volunteer, scenario)
    for number in range(LONG // 2):
        chats.post_message(chat, text=f"{LINES[number % len(LINES)]} ({number})", key=str(number))
        running.drain_lane("live", worker="many")
    chats.end_chat(chat)
    running.drain_lane("coach", worker="many")
    return str(chat.pk)


if __name__ == "__main__":
    main(int(sys.argv[1]))
