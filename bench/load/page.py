"""The figures of a load as a table."""

from __future__ import annotations

HEAD = """# Many volunteers at once, measured

Made by `make load` with the arguments that each table names ({machine}); do not edit. *services*:
PostgreSQL (commits reach the disk), Redis, one web process, one Celery worker a lane. *embedded*: SQLite,
one web process, polling workers. The volunteers chat from a process of their own on the same cores, which
their own CPU time takes a share of. Each picks a scenario, keeps one event stream open, and writes after a
pause (log-normal; each table gives its mean) for a time; then all end their chats and wait for their
reports. They are signed in ahead of time, so that the chat is measured and not password hashing.
"""


def cells(row: dict) -> list[tuple[str, str]]:
    """(figure, value) of one load, in the order they are read."""
    waits, queue, kept = row["lock_waits"], row["queue"], row["messages"]
    found = [
        ("made by", f'`make load ARGS="{arguments(row)}"`'),
        ("a message after, mean; chatting for, s", f"{row['think']:g}; {row['seconds']:g}"),
        ("event streams open at once", f"{row['most_streams']}"),
        ("messages accepted", f"{kept['accepted']}"),
        ("post: p50 / p95 / p99, s", _three(row["posts"])),
        ("sent -> tags in the stream: p50 / p95 / p99, s", _three(row["tags"])),
        ("pages: p50 / p95 / p99, s", _three(row["pages"])),
        ("ended -> report on the page: p50 / p95 / p99, s", _three(row["reports_shown"])),
        ("messages lost / doubled", f"{kept['lost']} / {kept['doubled']}"),
        ("messages without feedback / failed", f"{kept['without_feedback']} / {kept['feedback_failed']}"),
        ("sends given up after several tries", f"{row['given_up']}"),
        ("errors the volunteers saw", _counts(row["errors"])),
        ("stream reconnects", f"{row['reconnects']}"),
        ("trouble in the logs", _counts(row["log"])),
        ("reports", _counts(row["reports"])),
    ]
    for kind, ages in sorted(queue.items()):
        found.append(
            (f"{kind} jobs waited: p50 / p95 / max, s",
             f"{ages['waited_p50']:.2f} / {ages['waited_p95']:.2f} / {ages['waited_max']:.2f}")
        )  # fmt: skip
    if row["runner"] == "services":
        found += [
            ("lock waits seen / samples; deadlocks",
             f"{waits['waiting']} / {waits['samples']}; {waits['deadlocks']}"),
            ("database connections, most", f"{row['most_connections']}"),
            ("connections by what they do, mean",
             ", ".join(f"{what} {mean:g}" for what, mean in row["backends"].items())),
        ]  # fmt: skip
    cpu, memory = row["cpu_seconds"], row["peak_mib"]
    found.append(("CPU seconds", ", ".join(f"{name} {value:.1f}" for name, value in sorted(cpu.items()))))
    found.append(("peak memory, MiB", ", ".join(f"{name} {value}" for name, value in sorted(memory.items()))))
    return found


def arguments(row: dict) -> str:
    """Of `python -m bench.load`, for this one load. Earlier rows keep no seed and no settings."""
    found = f"--on {row['runner']} --volunteers {row['volunteers']}"
    found += f" --seconds {row['seconds']:g} --think {row['think']:g}"
    if "seed" in row:
        found += f" --seed {row['seed']}"
    return found + "".join(f" --set {name}={value}" for name, value in row.get("set", []))


def _three(values: dict) -> str:
    if not values["n"]:
        return "none"
    return " / ".join(f"{values[name]:.3f}" for name in ("p50", "p95", "p99")) + f" (n {values['n']})"


def _counts(found: dict[str, int]) -> str:
    return ", ".join(f"{name} × {count}" for name, count in sorted(found.items())) or "none"


def table(rows: list[dict]) -> str:
    """For a terminal."""
    lines = []
    for row in rows:
        lines.append(f"\n{row['volunteers']} volunteers · {row['runner']}")
        lines += [f"   {name:52} {value}" for name, value in cells(row)]
    return "\n".join(lines)


def page(machine: str, rows: list[dict]) -> str:
    """docs/load.md."""
    lines = [HEAD.format(machine=machine)]
    for row in rows:
        lines += [
            f"## {row['volunteers']} volunteers, {row['runner']}",
            "",
            "| figure | value |",
            "| --- | --- |",
        ]
        lines += [f"| {name} | {value} |" for name, value in cells(row)] + [""]
    return "\n".join(lines)
