"""Demo people, two cohorts and a few finished chats that went through the real pipeline."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from peersupport.jobs import running
from peersupport.jobs.models import Lane
from peersupport.people import consents, demo, erasure
from peersupport.people.models import Cohort, Membership, Role, User
from peersupport.practice import chats
from peersupport.practice.models import PracticeChat, Scenario

PASSWORD = "practice-room"  # noqa: S105 - printed on purpose, demo data only
LOGINS = [
    ("vera", "volunteer in cohort North, with chats to look at"),
    ("paul", "volunteer in cohort North"),
    ("tara", "trainer of cohort North"),
    ("ada", "admin"),
    ("olga", "volunteer in cohort South: sees nothing of North"),
]
_PEOPLE = {
    "vera": ("Vera", Role.VOLUNTEER, "North"),
    "paul": ("Paul", Role.VOLUNTEER, "North"),
    "tara": ("Tara", Role.TRAINER, "North"),
    "ada": ("Ada", Role.ADMIN, None),
    "olga": ("Olga", Role.VOLUNTEER, "South"),
}
# Whose chat, with whom, and what is said.
_SCRIPTS: list[tuple[str, str, list[str]]] = [
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


class Command(BaseCommand):
    help = "Load demo people and chats (or take them away again with --remove)."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--remove", action="store_true", help="erase the demo people and all they did")

    def handle(self, *, remove: bool, **options) -> None:
        if remove:
            self._remove()
            return
        if demo.people().exists():
            raise CommandError(
                "the demo people are there already; `manage.py load_demo --remove` takes them away"
            )
        if taken := User.objects.filter(username__in=_PEOPLE).values_list("username", flat=True):
            raise CommandError(f"somebody else signs in as {', '.join(taken)}: load the demo elsewhere")
        scenarios = {scenario.slug: scenario for scenario in Scenario.objects.filter(active=True)}
        if not {slug for _, slug, _ in _SCRIPTS} <= set(scenarios):
            raise CommandError("no scenarios yet: run `manage.py sync_content` first")
        self._people()
        consents.choose(User.objects.get(username="vera"), agreed=["research"])
        # Nobody waits for a model here, and a line on its way to it would be overtaken by the next message.
        worded, settings.SEEKER_WORDING = settings.SEEKER_WORDING, False
        try:
            for username, slug, lines in _SCRIPTS:
                self._chat(User.objects.get(username=username), scenarios[slug], lines)
        finally:
            settings.SEEKER_WORDING = worded
        self.stdout.write(f"loaded {len(_PEOPLE)} people and {len(_SCRIPTS)} chats")

    def _remove(self) -> None:
        removed, kept = demo.remove({cohort for _, _, cohort in _PEOPLE.values() if cohort})
        self.stdout.write(f"removed {removed} demo people with their chats")
        if kept:
            self.stdout.write(f"kept, since something of others is in it: cohort {', '.join(kept)}")
        try:
            erasure.tidy()
        except erasure.UnfinishedError as error:
            raise CommandError(
                "a long read keeps old pages of the database in use: run it again when it is over"
            ) from error
        if not User.objects.filter(role=Role.ADMIN, is_active=True).exists():
            self.stdout.write("There is no admin: `manage.py first_admin NAME` makes one.")

    @transaction.atomic
    def _people(self) -> None:
        for username, (name, role, cohort) in _PEOPLE.items():
            user = User.objects.create_user(
                username, password=PASSWORD, first_name=name, role=role, is_demo=True
            )
            if cohort:
                row, _ = Cohort.objects.get_or_create(name=cohort)
                Membership.objects.create(user=user, cohort=row)

    def _chat(self, volunteer: User, scenario: Scenario, lines: list[str]) -> PracticeChat:
        chat = chats.start_chat(volunteer, scenario)
        for line in lines:
            chats.post_message(chat, text=line, key=uuid.uuid4().hex)
            running.drain_lane(Lane.LIVE, worker="load_demo")
        chats.end_chat(chat)
        running.drain_lane(Lane.COACH, worker="load_demo")
        return chat
