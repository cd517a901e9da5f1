"""Erase a person, or once more all people and chats that a restored backup brought back."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from peersupport.people import erasure, erasure_list
from peersupport.people.models import User


class Command(BaseCommand):
    help = "Erase a person with everything in their account; see docs/erasure.md."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name", nargs="?", help="the sign-in name")
        parser.add_argument("--yes", action="store_true", help="do not ask")
        parser.add_argument(
            "--again",
            action="store_true",
            help="after a restore: all people and chats that were erased",
        )

    def handle(self, *, name: str | None, yes: bool, again: bool, **options) -> None:
        if bool(name) == again:
            raise CommandError("give one sign-in name, or --again", returncode=2)
        done = self._again() if again else self._one(name, yes)
        try:
            erasure.tidy()
        except erasure.UnfinishedError as error:
            raise CommandError(
                f"{done}, but a long read keeps old pages of the database in use: "
                "run `manage.py erase_person --again` when it is over"
            ) from error
        self.stdout.write(f"{done}. Backups made before now still hold it: docs/erasure.md says what to do.")

    def _again(self) -> str:
        done = f"{erasure.again()} of {len(erasure_list.listed())} on the list were there and are erased"
        if left := erasure.undecided():
            done += f"; begun and perhaps never finished, so look at them yourself: {', '.join(left)}"
        return done

    def _one(self, name: str, yes: bool) -> str:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"nobody signs in as {name!r}", returncode=2)
        holds = erasure.holds(user)
        what = f"{holds['chats']} chats with {holds['messages_held']} messages"
        if not yes and input(f"{name} has {what}. Type the name again to erase all of it: ") != name:
            raise CommandError("the names differ; nothing was changed", returncode=2)
        erasure.erase_now(user, by=None)
        return f"{name} is erased, with {what}"
