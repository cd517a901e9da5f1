"""Watches every log record of the whole run for what tests write, whatever its logger, level or handler.

Each test's canaries are what it writes to a column of text, in whatever way: the columns of which PostgreSQL
keeps no samples, since migrations name those. And one word for text that becomes no row. What a formatter
drops is not looked at: an exception's own words are kept out by `peersupport.logs`, which has its tests.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

CANARY = "zebrafinch lantern quorum"
SHORTEST = 12  # characters; a shorter text may stand in a line by chance
# Of words inside JSON, which also holds names of techniques, versions and fields: sentences alone.
SENTENCE = re.compile(r"\S+\s+\S+\s+\S")
# Columns that may stand in a line, and why.
NOT_OF_PEOPLE = {
    ("peersupport_job", "error"): "class and place of an error, for the log as well",
    ("axes_accessattempt", "path_info"): "the address of the sign-in page",
    ("axes_accessfailurelog", "path_info"): "the address of the sign-in page",
    ("axes_accesslog", "path_info"): "the address of the sign-in page",
}


@dataclass
class Watch:
    texts: set[str] = field(default_factory=lambda: {CANARY})
    leaks: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.texts, self.leaks = {CANARY}, []

    def heard(self, value: Any) -> None:
        """A column's value; of a longer text each line by itself."""
        if isinstance(value, str):
            self.texts.update(line.strip() for line in value.splitlines() if len(line.strip()) >= SHORTEST)
        elif isinstance(value, dict | list | tuple):
            for sentence in _sentences(value):
                self.heard(sentence)

    def look(self, record: logging.LogRecord, about: dict) -> None:
        line = f"{record.getMessage()} {[*about.values()]}"
        if any(text in line for text in tuple(self.texts)):  # other threads add to it
            self.leaks.append(f"{record.name} {record.levelname} ({record.pathname}:{record.lineno})")


watch = Watch()


def _sentences(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if SENTENCE.search(value):
            yield value
    elif isinstance(value, dict | list | tuple):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _sentences(inner)


def migrations() -> dict[str, Any]:
    """Those that keep text out of PostgreSQL's statistics, by their file."""
    found = {}
    for package in ("peersupport", "skills", "feedback"):
        for path in sorted(Path(import_module(f"{package}.migrations").__file__).parent.glob("0*.py")):
            if "SET STATISTICS" in path.read_text(encoding="utf-8"):
                found[f"{package}/{path.name}"] = import_module(f"{package}.migrations.{path.stem}")
    return found


def columns_of(migration: Any) -> set[tuple[str, str]]:
    named = getattr(migration, "COLUMNS", None) or getattr(migration, "TEXT", None)
    if named is None:  # in the statement itself
        source = Path(migration.__file__).read_text(encoding="utf-8")
        return set(re.findall(r"ALTER TABLE (\w+) ALTER COLUMN (\w+) SET STATISTICS", source))
    if isinstance(named, dict):
        return {(table, column) for table, columns in named.items() for column in columns}
    return set(named)


def columns() -> set[tuple[str, str]]:
    named = {pair for migration in migrations().values() for pair in columns_of(migration)}
    return named - set(NOT_OF_PEOPLE)


def install() -> None:
    """Look at each record as it is made, with its fields; hear each text as it is saved, singly or many at
    once."""
    from django.apps import apps
    from django.db.models import QuerySet
    from django.db.models.signals import post_save

    from peersupport import logs

    make = logging.Logger.makeRecord

    def looked_at(*args, **kwargs) -> logging.LogRecord:
        record = make(*args, **kwargs)
        watch.look(record, {**logs._about.get(), **getattr(record, "fields", {})})
        return record

    logging.Logger.makeRecord = looked_at
    listened, fields = columns(), {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        fields[model] = [f.name for f in model._meta.local_concrete_fields if (table, f.column) in listened]

    def hear(rows: Any, model: type) -> None:
        for row in rows:
            for name in fields.get(model, ()):
                watch.heard(row.__dict__.get(name))

    def saved(sender, instance, **kwargs) -> None:
        hear([instance], sender)

    post_save.connect(saved, weak=False, dispatch_uid="leaks")
    creating, changing, updating = QuerySet.bulk_create, QuerySet.bulk_update, QuerySet.update

    def bulk_create(self, objs, *args, **kwargs):
        objs = list(objs)
        hear(objs, self.model)
        return creating(self, objs, *args, **kwargs)

    def bulk_update(self, objs, *args, **kwargs):
        objs = tuple(objs)
        hear(objs, self.model)
        return changing(self, objs, *args, **kwargs)

    def update(self, **values):
        for name in fields.get(self.model, ()):
            watch.heard(values.get(name))
        return updating(self, **values)

    bulk_create.alters_data = bulk_update.alters_data = update.alters_data = True
    QuerySet.bulk_create, QuerySet.bulk_update, QuerySet.update = bulk_create, bulk_update, update
