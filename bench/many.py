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


def main(count: int) -> None:
    import django

    django.setup()
    from peersupport.people.models import User
    from peersupport.practice.models import Scenario

    scenario = Scenario.objects.filter(active=True, risk=False).first()
    people = [User.objects.get(username=name) for name in ("vera", "paul")]
    people += _people(max(2, count // CHATS_EACH) - 2)
    for start in range(0, count, BLOCK):
        _chats(range(start, min(count, start + BLOCK)), people, scenario)
    print(_long_chat(people[0], scenario))


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
    from peersupport.jobs.models import Job
    from peersupport.practice.models import Message, PracticeChat

    now = timezone.now()
    chats = PracticeChat.objects.bulk_create(
        PracticeChat(
            volunteer=people[number % len(people)],
            scenario=scenario,
            seed=number,
            status="ended",
            last_index=2,
        )
        for number in numbers
    )
    for chat, number in zip(chats, numbers, strict=True):
        chat.created_at = now - timedelta(minutes=number)
    PracticeChat.objects.bulk_update(chats, ["created_at"])
    Message.objects.bulk_create(
        Message(chat=chat, index=index, role=role, text=LINES[index], idempotency_key=str(index), turn=turn)
        for chat in chats
        for index, role, turn in ((1, "seeker", "none"), (2, "counselor", "done"))
    )
    SessionReport.objects.bulk_create(SessionReport(chat=chat, status="ready") for chat in chats)
    Job.objects.bulk_create(
        Job(kind=kind, subject=str(chat.pk), lane=lane, ordering_key=chat.ordering_key, status="done",
            attempts=1, started_at=now, finished_at=now, progress=1)
        for chat in chats
        for kind, lane in (("turn", "live"), ("report", "coach"))
    )  # fmt: skip


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
