"""Demo people, two cohorts and a few finished chats that went through the real pipeline."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from peersupport.demo import data
from peersupport.jobs import running
from peersupport.jobs.models import Lane
from peersupport.people import demo, erasure
from peersupport.people.models import Role, User


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
        if taken := data.taken():
            raise CommandError(f"somebody else signs in as {', '.join(taken)}: load the demo elsewhere")
        if not data.has_scenarios():
            raise CommandError("no scenarios yet: run `manage.py sync_content` first")
        # Nobody waits for a model here, and a line on its way to it would be overtaken by the next message.
        worded, settings.SEEKER_WORDING = settings.SEEKER_WORDING, False
        try:
            for _ in data.load(
                said=lambda message: self._drain(Lane.LIVE), ended=lambda: self._drain(Lane.COACH)
            ):
                pass
        finally:
            settings.SEEKER_WORDING = worded
        self.stdout.write(f"loaded {len(data.PEOPLE)} people and {len(data.SCRIPTS)} chats")

    def _drain(self, lane: Lane) -> None:
        running.drain_lane(lane, worker="load_demo")

    def _remove(self) -> None:
        removed, kept = demo.remove(demo.cohorts_of(data.COHORTS))
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
