"""Give an admin the right to full exports, or take it away."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from peersupport.audit.log import record
from peersupport.people.models import Role, User


class Command(BaseCommand):
    help = "Let an admin export names and words of people (--end takes the right away)."

    def add_arguments(self, parser) -> None:
        parser.add_argument("username")
        parser.add_argument("--end", action="store_true", help="take the right away")

    @transaction.atomic
    def handle(self, *, username: str, end: bool, **options) -> None:
        user = User.objects.filter(username=username, role=Role.ADMIN, is_active=True).first()
        if user is None:
            raise CommandError("there is no active admin of this name")
        if User.objects.filter(pk=user.pk).exclude(may_export_full=not end).update(may_export_full=not end):
            record(None, "full_export_ended" if end else "full_export_given", user)
        self.stdout.write("the right has ended" if end else "the right is given")
