"""Made-up people, two cohorts and a few finished chats that go through the real pipeline."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator

from django.db import transaction

from peersupport.people import consents
from peersupport.people.models import Cohort, Membership, Role, User
from peersupport.practice import chats
from peersupport.practice.models import Message, PracticeChat, Scenario

PASSWORD = "practice-room"  # noqa: S105 - printed on purpose, demo data only
LOGINS = [
    ("vera", "volunteer in cohort North, with chats to look at"),
    ("paul", "volunteer in cohort North"),
    ("tara", "trainer of cohort North"),
    ("ada", "admin"),
    ("olga", "volunteer in cohort South: sees nothing of North"),
]
PEOPLE = {
    "vera": ("Vera", Role.VOLUNTEER, "North"),
    "paul": ("Paul", Role.VOLUNTEER, "North"),
    "tara": ("Tara", Role.TRAINER, "North"),
    "ada": ("Ada", Role.ADMIN, None),
    "olga": ("Olga", Role.VOLUNTEER, "South"),
}
COHORTS = frozenset(cohort for _, _, cohort in PEOPLE.values() if cohort)
# Whose chat, with whom, and what is said.
SCRIPTS: list[tuple[str, str, list[str]]] = [
    (
        "vera",
        "plain-chair",
        [
            "Hi, I'm glad you wrote in today. What would you like to talk about?",
            "That sounds exhausting, like you have been carrying this for a long time without much rest.",
            "You should really just talk to them about it and get more sleep.",
            "Part of you wants things to change, and another part is worn out from trying.",
            "It took courage to say that. You kept going even when nobody noticed.",
            "What would feel like a small step in the right direction, if any? It is entirely up to you.",
        ],
    ),
    (
        "vera",
        "plain-dispatch",
        [
            "hello, how are you?",
            "did you sleep ok? are you eating? do you have friends nearby?",
            "You need to stop thinking about it so much.",
            "I'm sorry, that came out too fast. You feel that nobody is really listening.",
        ],
    ),
    (
        "paul",
        "guarded-resit",
        [
            "Hey there, thanks for reaching out. I'm here with you.",
            "It sounds like you feel stuck between two things that both matter to you.",
            "Would it be okay if I shared something that some people find helpful?",
        ],
    ),
]


def taken() -> list[str]:
    """Sign-in names of theirs that somebody real has."""
    return sorted(User.objects.filter(username__in=PEOPLE).values_list("username", flat=True))


def has_scenarios() -> bool:
    """Whether there is somebody to talk to for each of the chats."""
    slugs = {slug for _, slug, _ in SCRIPTS}
    return Scenario.objects.filter(active=True, slug__in=slugs).values("slug").distinct().count() == len(
        slugs
    )


def load(*, said: Callable[[Message], None], ended: Callable[[], None] = lambda: None) -> Iterator[float]:
    """Make the people and their chats; yields how much is done, after each message. `said` is called with a
    message and returns once it was answered, `ended` after a chat has ended."""
    _people()
    vera = User.objects.get(username="vera")
    consents.choose(vera, agreed=["research"])
    done, total = 0, sum(len(lines) for _, _, lines in SCRIPTS)
    for username, slug, lines in SCRIPTS:
        chat = chats.start_chat(
            User.objects.get(username=username), Scenario.objects.get(active=True, slug=slug)
        )
        for line in lines:
            said(chats.post_message(chat, text=line, key=uuid.uuid4().hex).message)
            done += 1
            yield done / total
        chats.end_chat(chat)
        ended()


@transaction.atomic
def _people() -> None:
    for username, (name, role, cohort) in PEOPLE.items():
        user = User.objects.create_user(username, password=PASSWORD, first_name=name, role=role, is_demo=True)
        if cohort:
            row, _ = Cohort.objects.get_or_create(name=cohort)
            Membership.objects.create(user=user, cohort=row)


def chats_held() -> int:
    """Chats of demo people."""
    return PracticeChat.objects.filter(volunteer__is_demo=True).count()
