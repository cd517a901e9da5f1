"""Promises of the product, measured on real processes and real servers.

One module a promise, `pNN_name.py`, with: `NUMBER`, `TITLE` (what is promised), `RUNNERS` (where it is
measured: "embedded" is SQLite and polling workers, "services" a PostgreSQL and a Redis of its own with
Celery workers), `SMALL` and `FULL` (how many), and `measure(place, count) -> list[Figure]`.

`make promises` measures all of them at FULL and writes docs/promises.md; tests/promises runs SMALL.
"""
