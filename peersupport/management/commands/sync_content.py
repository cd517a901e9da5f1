"""Authored content as rows: scenario files, and what upper packages ship."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from peersupport.practice import scenarios, slots


class Command(BaseCommand):
    help = "Write rows for new versions of shipped scenarios, models and studies. Safe to repeat."

    def handle(self, **options) -> None:
        self.stdout.write(f"scenarios: {scenarios.sync()} new")
        for name, added in slots.sync_shipped():
            self.stdout.write(f"{name}: {added} new")
