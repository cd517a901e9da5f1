"""The first admin of an installation: an account, and a link with which its person chooses a password."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from peersupport.people import invitations


class Command(BaseCommand):
    help = "Make the first admin and print a link, good once, with which they choose a password."

    def add_arguments(self, parser) -> None:
        parser.add_argument("name", help="the sign-in name")
        parser.add_argument("--address", default=_address(), help="where the site is served (%(default)s)")

    def handle(self, *, name: str, address: str, **options) -> None:
        try:
            user = invitations.first_admin(name)
        except ValidationError as error:
            raise CommandError(error.messages[0], returncode=2) from error
        self.stdout.write(f"{name} is an admin and chooses a password here, once, within")
        self.stdout.write(f"{settings.INVITE_DAYS} days:\n{address.rstrip('/')}{invitations.link_for(user)}")


def _address() -> str:
    if settings.IS_LOCAL:
        return "http://localhost:8000"
    host = next((host.lstrip(".") for host in settings.ALLOWED_HOSTS if host != "*"), "localhost")
    return f"http{'s' if settings.HTTPS else ''}://{host}"
