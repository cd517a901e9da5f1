"""The real application with everything its processes print kept in a file, and looking for text in places
where none may be."""

from __future__ import annotations

import http.cookiejar
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import psycopg

from bench.app import PASSWORD, ROOT, App, Volunteer
from bench.promises.place import Place

PREFIX = "kwyxq"  # no word of any language, so that what starts so is ours
LENGTH = len(PREFIX) + 6
READY_SECONDS = 90
_CODES = ("utf-8", "utf-16-le", "utf-16-be")

PEOPLE = f"""
from peersupport.people.models import Cohort, Membership, User
cohort = Cohort.objects.create(name="Watched")
for name, role in {{names}}.items():
    user = User.objects.create_user(username=name, password={PASSWORD!r}, role=role)
    if role != "admin":
        Membership.objects.create(user=user, cohort=cohort)
"""


def canary(number: int) -> str:
    """A word that occurs once in the world: the prefix and the number in letters."""
    letters = ""
    for _ in range(6):
        number, digit = divmod(number, 20)
        letters += "bcdfghjklmnpqrstvwxz"[digit]
    return PREFIX + letters


class WatchedApp(App):
    """`manage.py up --no-demo` whose processes print into `log`."""

    def __init__(self, place: Place, **env: str) -> None:
        super().__init__(place.data_dir, **{**place.set, **env})
        place.keep(self)
        self.log = place.folder / "printed"

    def start(self) -> float:
        began = time.monotonic()
        command = [sys.executable, "manage.py", "up", "--no-demo", "--port", str(self.port)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**self.env, "PYTHONUNBUFFERED": "1"}, stdout=log, stderr=log
            )
        while b"is ready after" not in self.log.read_bytes():
            if self.process.poll() is not None or time.monotonic() - began > READY_SECONDS:
                raise RuntimeError("the application did not start: " + self.log.read_text()[-2000:])
            time.sleep(0.05)
        return time.monotonic() - began


def basis_in(page: str) -> str:
    """What the form of a correction says that it was made on."""
    return re.search(r'name="basis" value="([^"]+)"', page)[1]


class Visitor(Volunteer):
    """Somebody who signs in, or tries to, with a password of their own."""

    def __init__(self, app: App, username: str, password: str = PASSWORD) -> None:
        self.app = app
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.get("/login/")
        self.post("/login/", username=username, password=password)


def make_people(place: Place, **roles: str) -> None:
    """Accounts by sign-in name and role, all but admins in one cohort."""
    place.ask(PEOPLE.format(names=roles))


def canaries_in(data: bytes) -> set[str]:
    """The words found, in any of the encodings that text is stored in, whatever their case."""
    found: set[str] = set()
    for code in _CODES:
        size = len("a".encode(code))
        start = PREFIX.encode(code)
        data = data.lower()
        at = data.find(start)
        while at >= 0:
            found.add(data[at : at + LENGTH * size].decode(code, "replace"))
            at = data.find(start, at + 1)
    return found


def canaries_in_files(folders: Iterable[Path], *, but: str = "") -> dict[str, set[str]]:
    """{file: words found in it}; files that hold none are left out, and so are paths that contain `but`."""
    found = {}
    for folder in folders:
        for path in [folder] if folder.is_file() else sorted(folder.rglob("*")):
            if path.is_file() and not (but and but in str(path)):
                try:
                    words = canaries_in(path.read_bytes())
                except FileNotFoundError:  # went away meanwhile
                    continue
                if words:
                    found[str(path)] = words
    return found


def canaries_in_tables(place: Place) -> dict[str, set[str]]:
    """{table: words found in any of its columns}, by SQL over every table, catalogs with samples included."""
    if place.postgres is None:
        tables = [name for (name,) in place.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: place.rows(f'SELECT * FROM "{name}"') for name in tables}
        return {name: words for name, found in rows.items() if (words := canaries_in(repr(found).encode()))}
    found = {}
    with psycopg.connect(place.postgres.url) as connection:
        query = "SELECT oid::regclass::text FROM pg_class WHERE relkind = 'r' AND relnamespace <> 99"
        for (name,) in connection.execute(query).fetchall():
            if name.startswith("information_schema"):
                continue
            row = connection.execute(
                f"SELECT string_agg(t::text, ' ') FROM {name} AS t WHERE t::text ILIKE %s", [f"%{PREFIX}%"]
            ).fetchone()
            if row[0]:
                found[name] = canaries_in(row[0].encode())
    return found


def canaries_in_redis(place: Place) -> set[str]:
    """Words in the dumps of all keys and in the server's folder."""
    if place.redis is None:
        return set()
    client = place.redis.client()
    dumps = [client.dump(key) or b"" for key in client.scan_iter()]
    return canaries_in(b"".join(dumps)).union(*canaries_in_files([place.redis.folder]).values())


def count_of(found: dict[str, set[str]]) -> int:
    return len(set().union(*found.values()))


def wait_until(place: Place, query: str, *, seconds: float = 120) -> float:
    """Wait until the query's first value is 0; returns the seconds. Raises RuntimeError when it stays."""
    began = time.monotonic()
    while place.rows(query)[0][0]:
        if time.monotonic() - began > seconds:
            raise RuntimeError(f"after {seconds} s still not 0: {query}")
        time.sleep(0.05)
    return time.monotonic() - began
