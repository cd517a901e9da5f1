"""The database as one file and back: SQLite's own copy, PostgreSQL's programs on our schema and no other."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connection

from peersupport import durable

# An archive drops what it names and no more: a newer version's tables would stand in its way, or stay.
DROP_TABLES = """
SET LOCAL client_min_messages = warning;
DO $$
DECLARE held text;
BEGIN
  FOR held IN
    SELECT oid::regclass::text FROM pg_class
    WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())
      AND relkind IN ('r', 'p')
      AND NOT EXISTS (
        SELECT FROM pg_depend
        WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e'  -- an extension's
      )
  LOOP
    EXECUTE 'DROP TABLE IF EXISTS ' || held || ' CASCADE';
  END LOOP;
END $$;
"""


class BackupError(Exception):
    """The archive cannot be written or must not be restored; the message says what to do."""


def write(target: Path) -> None:
    """Copy the database while it is used. Raises BackupError."""
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(target)])
    else:  # what others hold in this database is not ours to keep
        only = f'--schema="{schema()}"'  # a pattern, unless quoted
        _postgres("pg_dump", "--format=custom", "--no-owner", f"--file={target}", only)


def schema() -> str | None:
    """Where PostgreSQL finds our tables; None on SQLite, and where it is not made yet."""
    if connection.vendor == "sqlite":
        return None
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        return cursor.fetchone()[0]


def load(source: Path, schema: str | None) -> None:
    """Put the copy in the database's place, whole or not at all; `schema` as it was where it was written.
    Raises BackupError."""
    if connection.vendor == "sqlite":
        connection.close()
        replace_file(source, Path(connection.settings_dict["NAME"]))
    else:
        connection.close()
        _replace(source, schema or "public")


def replace_file(source: Path, name: Path) -> None:
    """Put one SQLite file in place of another, whose log must not be read into it: the old one keeps its own
    until the new one is there."""
    beside, logs = Path(f"{name}.restoring"), [Path(f"{name}-wal"), Path(f"{name}-shm")]
    try:
        shutil.move(source, beside)  # copies where that is another file system
        durable.flush(beside)
        for log in logs:
            if log.exists():
                os.replace(log, f"{log}.before")
        os.replace(beside, name)
    except BaseException:
        for log in logs:
            if Path(f"{log}.before").exists():
                os.replace(f"{log}.before", log)
        beside.unlink(missing_ok=True)
        raise
    durable.flush(name.parent)
    for log in logs:
        Path(f"{log}.before").unlink(missing_ok=True)


def _replace(source: Path, schema: str) -> None:
    """Drop our tables and load a dump, in one transaction: it is committed only once all of it came."""
    quoted = '"{}"'.format(schema.replace('"', '""'))
    literal = "'{}'".format(quoted.replace("'", "''"))
    statements = ["pg_restore", "--clean", "--if-exists", "--no-owner", f"--schema={schema}", "--file=-"]
    load = _command(
        "psql",
        "--no-psqlrc",
        "--quiet",
        "--set=ON_ERROR_STOP=1",
        "--set=VERBOSITY=terse",
        "--command=BEGIN",
        f"--command={DROP_TABLES}",
        # Who may use a schema may not always make one.
        f"--command=DO $$ BEGIN IF to_regnamespace({literal}) IS NULL "
        f"THEN EXECUTE 'CREATE SCHEMA ' || {literal}; END IF; END $$",
        "--file=-",
    )
    end = f"SELECT FROM {quoted}.django_migrations LIMIT 1;\nCOMMIT;\n".encode()  # fails where nothing came
    with tempfile.TemporaryFile() as said, _installed():
        with subprocess.Popen(  # noqa: S603
            load, env=_environment(), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=said
        ) as loading:
            read = subprocess.run(  # noqa: S603
                [*statements, str(source)], stdout=loading.stdin, stderr=subprocess.PIPE, check=False
            )
            loading.communicate(None if read.returncode else end)
        said.seek(0)
        _finish("psql", loading.returncode, said.read())
        _finish("pg_restore", read.returncode, read.stderr)


def _postgres(program: str, *arguments: str) -> None:
    with _installed():
        done = subprocess.run(  # noqa: S603
            _command(program, *arguments), env=_environment(), capture_output=True, check=False
        )
    _finish(program, done.returncode, done.stderr)


def _command(program: str, *arguments: str) -> list[str]:
    """With all that DATABASE_URL says of the connection, as whether to trust the server; no password."""
    from psycopg import conninfo, pq

    known = {option.keyword.decode() for option in pq.Conninfo.get_defaults()} - {"password", "sslpassword"}
    said = {name: value for name, value in connection.get_connection_params().items() if name in known}
    return [program, f"--dbname={conninfo.make_conninfo(**said)}", *arguments]


def _environment() -> dict[str, str]:
    return {**os.environ, "PGPASSWORD": connection.settings_dict["PASSWORD"]}


@contextmanager
def _installed() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise BackupError(
            f"{error.filename} is not installed. Install PostgreSQL's client programs."
        ) from None


def _finish(program: str, code: int, said: bytes) -> None:
    if code:
        *_, last = said.decode(errors="replace").strip().splitlines() or ["it says nothing"]
        raise BackupError(f"{program} failed: {last}.")
