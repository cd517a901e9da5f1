"""The whole application on one machine: migrate, demo data, web, workers; ready in seconds."""

from __future__ import annotations

import errno
import json
import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.http.request import validate_host

from peersupport.demo.data import LOGINS, PASSWORD
from peersupport.jobs.models import Lane
from peersupport.people import demo
from peersupport.people.models import User
from peersupport.supervisor import Child, Supervisor

READY_SECONDS = 60
# Every address of the machine: none that a browser could open, so that we ask at one that it has for sure.
ALL_ADDRESSES = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


def allowed_name() -> str:
    """A name under which the site answers, whatever address is asked."""
    name = settings.ALLOWED_HOSTS[0].removeprefix(".")
    return "localhost" if name == "*" else name


def plain(host: str) -> str:
    """Without the brackets in which addresses of IPv6 stand in URLs."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def url(host: str, port: int) -> str:
    host = plain(host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class Command(BaseCommand):
    help = "Migrate, load demo data into an empty database, start web and workers, print the address."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--no-demo", action="store_true", help="do not load demo data into an empty database"
        )

    def handle(self, *, host: str, port: int, no_demo: bool, **options) -> None:
        began, host = time.monotonic(), plain(host)
        self._refuse_taken_port(host, port)
        call_command("migrate", interactive=False, verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        call_command("sync_content", verbosity=0)
        if not no_demo and self._wants_demo():
            # In a process of its own: the demo chats run through models that this one never loads.
            subprocess.run([*self._manage(), "load_demo"], check=True)  # noqa: S603
        shown = demo.is_shown()
        supervisor = Supervisor(self._children(host, port, shown))
        supervisor.run(on_started=lambda: self._announce(host, port, began, shown, supervisor.stopping))
        self.stdout.write("Stopped. Your data stays in " + str(settings.DATA_DIR))

    def _wants_demo(self) -> bool:
        """Demo people have a password that everybody knows: never where others are served."""
        return settings.IS_LOCAL and not User.objects.exists()

    def _refuse_taken_port(self, host: str, port: int) -> None:
        try:
            found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except OSError as error:
            raise CommandError(f"no address is known for the host {host!r}: {error.strerror}") from error
        family, kind, protocol, _, address = found[0]
        try:
            with socket.socket(family, kind, protocol) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                told = f"port {port} is taken: choose another, e.g. make run PORT={port + 1}"
            else:
                told = f"{url(host, port)} cannot be served: {error.strerror}"
            raise CommandError(told) from error

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

    def _announce(self, host: str, port: int, began: float, shown: bool, stopping: threading.Event) -> None:
        if not self._wait_ready(url(ALL_ADDRESSES.get(host, host), port), stopping):
            return
        name = f"[{host}]" if ":" in host else host  # as in the header Host
        address = url(host if validate_host(name, settings.ALLOWED_HOSTS) else allowed_name(), port)
        self.stdout.write(f"\nPeersupport is ready after {time.monotonic() - began:.1f} s:  {address}\n")
        if shown:
            self.stdout.write("Demo logins (password for all: " + PASSWORD + ")")
            for login, who in LOGINS:
                self.stdout.write(f"  {login:12} {who}")
        self.stdout.write("Ctrl-C stops everything.\n")
        self.stdout.flush()

    def _wait_ready(self, address: str, stopping: threading.Event) -> bool:
        """Poll /readyz; False when told to stop meanwhile. Raises CommandError with its last answer when it
        stays unready."""
        ends = time.monotonic() + READY_SECONDS
        answer: object = "no answer"
        asked = urllib.request.Request(address + "/readyz", headers={"Host": allowed_name()})  # noqa: S310
        while time.monotonic() < ends and not stopping.is_set():
            try:
                with urllib.request.urlopen(asked, timeout=2) as response:  # noqa: S310
                    json.load(response)
                    return True
            except urllib.error.HTTPError as error:
                answer = error.read().decode(errors="replace")
            except OSError:
                pass
            stopping.wait(0.1)
        if stopping.is_set():
            return False
        raise CommandError(f"not ready after {READY_SECONDS} s: {answer}")
