"""Take somebody's second factor away: for the last admin, who has nobody to ask."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from peersupport.people import second_factor
from peersupport.people.models import User


class Command(BaseCommand):
    help = "Remove the second factor and recovery codes of one person, who then sets it up again."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name", help="the sign-in name")

    def handle(self, *, name: str, **options) -> None:
        user = User.objects.filter(username=name).first()
        if user is None:
            raise CommandError(f"Nobody signs in as {name!r}. Check the name.", returncode=2)
        if not second_factor.remove(user, actor=None, verb="second_factor_reset"):
            raise CommandError(f"{name} has no second factor. Nothing was changed.", returncode=2)
        self.stdout.write(f"{name} can sign in with the password and set the second factor up again.")
