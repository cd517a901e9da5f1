"""Which kinds of job exist. Upper packages register theirs in `AppConfig.ready`, by dotted name.

A handler is named, not imported: the web process enqueues kinds whose code loads models it
must never import.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.module_loading import import_string

if TYPE_CHECKING:
    from peersupport.jobs.models import Job
    from peersupport.jobs.running import Context

    # Called inside the closing transaction; writes the job's results.
    Apply = Callable[[], None]
    # run(jobs, context) -> for each job id its Apply, or the exception that it failed with.
    Run = Callable[[Sequence[Job], Context], dict[int, "Apply | Exception"]]


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are run.

    `run`: dotted name of a `Run`, called outside any transaction with jobs claimed together.
    `on_quarantine`: dotted name of a `(job) -> None`, called in the transaction that gives up; what it
    writes is dropped where it raises, and the row is set aside all the same.
    `on_requeue`: dotted name of a `(job) -> bool | None`, called in the transaction in which a person has a
    row that was set aside tried again: puts its subject back to where `run` finds it. False: another job
    has done it since, or will, and the row closes. Where it raises, nothing is done.
    `batch`: the most rows claimed at once. `seconds`: time limit of one run.
    """

    name: str
    lane: str
    run: str
    on_quarantine: str = ""
    on_requeue: str = ""
    batch: int = 1
    seconds: int = 120
    attempts: int = 3

    def load_run(self) -> Run:
        return import_string(self.run)

    def quarantine(self, job: Job) -> None:
        if self.on_quarantine:
            import_string(self.on_quarantine)(job)

    def requeue(self, job: Job) -> bool:
        """Whether the job is to be run again."""
        return not self.on_requeue or import_string(self.on_requeue)(job) is not False


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    known = _kinds.setdefault(kind.name, kind)
    if known != kind:
        raise ValueError(f"job kind {kind.name!r} is registered twice with different settings")


def find(name: str) -> Kind | None:
    """The kind, or None when no package of this version registers it."""
    return _kinds.get(name)


def get(name: str) -> Kind:
    """The registered kind. Raises KeyError with the known names."""
    try:
        return _kinds[name]
    except KeyError:
        raise KeyError(f"no job kind {name!r}; known: {', '.join(sorted(_kinds))}") from None


def kinds() -> list[Kind]:
    return list(_kinds.values())


_warm_ups: dict[str, list[str]] = {}


def register_warm_up(lane: str, run: str) -> None:
    """`run`: dotted name of a `(worker) -> None` that a worker of the lane calls before its jobs."""
    if run not in _warm_ups.setdefault(lane, []):
        _warm_ups[lane].append(run)


def warm_ups(lane: str) -> list[str]:
    return list(_warm_ups.get(lane, ()))


def names() -> list[str]:
    return sorted(_kinds)
