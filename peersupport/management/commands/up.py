"""The whole application on one machine: migrate, demo data, web, workers; ready in seconds."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from peersupport.jobs.models import Lane
from peersupport.management.commands.load_demo import LOGINS, PASSWORD
from peersupport.people import demo
from peersupport.people.models import User
from peersupport.supervisor import Child, Supervisor

READY_SECONDS = 60


class Command(BaseCommand):
    help = "Migrate, load demo data into an empty database, start web and workers, print the address."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--no-demo", action="store_true", help="do not load demo data into an empty database"
        )

    def handle(self, *, host: str, port: int, no_demo: bool, **options) -> None:
        began = time.monotonic()
        self._refuse_taken_port(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("sync_content", verbosity=0)
        if not no_demo and self._wants_demo():
            # In a process of its own: the demo chats run through models that this one never loads.
            subprocess.run([*self._manage(), "load_demo"], check=True)  # noqa: S603
        shown = demo.is_shown()
        Supervisor(self._children(host, port, shown)).run(
            on_started=lambda: self._announce(f"http://{host}:{port}", began, shown)
        )
        self.stdout.write("Stopped. Your data stays in " + str(settings.DATA_DIR))

    def _wants_demo(self) -> bool:
        """Demo people have a password that everybody knows: never where others are served."""
        return settings.IS_LOCAL and not User.objects.exists()

    def _refuse_taken_port(self, host: str, port: int) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"port {port} is taken: choose another, e.g. make run PORT={port + 1}"
                ) from error

    def _manage(self) -> list[str]:
        return [sys.executable, str(settings.BASE_DIR / "manage.py")]

    def _children(self, host: str, port: int, shown: bool) -> list[Child]:
        env = {**os.environ, "OMP_NUM_THREADS": "1"}
        if shown:  # a line for each request would bury the address and the logins printed here
            env.setdefault("LOG_LEVEL", "WARNING")
        web = [sys.executable, "-m", "peersupport.serve", "--host", host, "--port", str(port)]
        web += ["--processes", str(settings.WEB_PROCESSES)]
        workers = self._celery_workers() if settings.CELERY_BROKER_URL else self._embedded_workers()
        return [
            Child("web", web, env),
            *(Child(name, command, env) for name, command in workers),
        ]

    def _embedded_workers(self) -> list[tuple[str, list[str]]]:
        manage = self._manage()
        return [
            ("worker live+coach", [*manage, "worker", "--lanes", "live,coach", "--sweeper"]),
            ("worker batch", [*manage, "worker", "--lanes", "batch"]),
        ]

    def _celery_workers(self) -> list[tuple[str, list[str]]]:
        """One solo worker per lane, as docker-compose.yml has them; the sweeper is its own process."""
        celery = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "peersupport",
            "--quiet",
            "worker",
            "--pool=solo",
            "-c",
            "1",
        ]
        return [
            *(
                (
                    f"worker {lane}",
                    [
                        *(["nice", "-n", "10"] if lane == Lane.BATCH else []),
                        *celery,
                        *("-Q", lane, "-n", f"{lane}@%h", "-l", "warning", "--without-gossip"),
                    ],
                )
                for lane in Lane.values
            ),
            ("sweeper", [*self._manage(), "sweeper"]),
        ]

    def _announce(self, address: str, began: float, shown: bool) -> None:
        self._wait_ready(address)
        self.stdout.write(f"\nPeersupport is ready after {time.monotonic() - began:.1f} s:  {address}\n")
        if shown:
            self.stdout.write("Demo logins (password for all: " + PASSWORD + ")")
            for login, who in LOGINS:
                self.stdout.write(f"  {login:12} {who}")
        self.stdout.write("Ctrl-C stops everything.\n")
        self.stdout.flush()

    def _wait_ready(self, address: str) -> None:
        """Poll /readyz. Raises CommandError with its last answer when it stays unready."""
        ends = time.monotonic() + READY_SECONDS
        answer: object = "no answer"
        while time.monotonic() < ends:
            try:
                with urllib.request.urlopen(address + "/readyz", timeout=2) as response:  # noqa: S310
                    json.load(response)
                    return
            except urllib.error.HTTPError as error:
                answer = error.read().decode(errors="replace")
            except OSError:
                pass
            time.sleep(0.1)
        raise CommandError(f"not ready after {READY_SECONDS} s: {answer}")
