"""The figures in Prometheus' text format, version 0.0.4.

Ours and not the client library's: that one keeps counters in the process and brings an HTTP server (0.3 s
of import in the web process), and every figure here is read from the database when it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
JOB_FIGURES = {
    "waiting": ("jobs_waiting", "Jobs that wait to be claimed."),
    "running": ("jobs_running", "Jobs that a worker holds."),
    "retrying": ("jobs_retrying", "Open jobs that failed before and are tried again."),
    "quarantined": ("jobs_quarantined", "Jobs set aside after repeated failures."),
    "done_lately": ("jobs_done_5m", "Jobs done in the last 5 minutes."),
    "failed_lately": ("jobs_failed_5m", "Jobs set aside in the last 5 minutes."),
    "oldest_open_seconds": ("jobs_oldest_open_seconds", "Age of the oldest job that is not done; 0: none."),
}


def render(figures: Mapping[str, Any]) -> str:
    """`figures.collect()` as text; every sample is a gauge."""
    of = figures["canary_age_seconds"]
    blocks = [
        _gauge(
            "info",
            "Version and job runner.",
            [({"version": figures["version"], "runner": figures["runner"]}, 1)],
        ),
        _gauge(
            "web_uptime_seconds", "Since this web process started.", [({}, figures["web_uptime_seconds"])]
        ),
        _gauge("database_bytes", "Size of the database on disk.", [({}, figures["database_bytes"])]),
        _gauge(
            "canary_age_seconds",
            "Since a canary job last came through the lane; +Inf: never.",
            [({"lane": lane}, "+Inf" if age is None else age) for lane, age in of.items()],
        ),
        *(
            _gauge(
                name,
                text,
                [({"lane": row["lane"], "kind": row["kind"]}, row[key]) for row in figures["jobs"]],
            )
            for key, (name, text) in JOB_FIGURES.items()
        ),
        _gauge(
            "serving_info",
            "Versions that serve now.",
            [({"name": name, "version": version}, 1) for name, version in figures["serving"].items()],
        ),
    ]
    return "".join(blocks)


def _gauge(name: str, text: str, samples: Iterable[tuple[Mapping[str, str], Any]]) -> str:
    full = f"peersupport_{name}"
    lines = [f"# HELP {full} {text}", f"# TYPE {full} gauge"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(label)}"' for key, label in labels.items())
        lines.append(f"{full}{{{inside}}} {value}" if inside else f"{full} {value}")
    return "\n".join(lines) + "\n"


def _escaped(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
