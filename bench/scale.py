"""What a large organisation would need, worked out on paper from the measured load.

python -m bench.scale [--volunteers 100000] [--write]      reads docs/load.json, writes docs/scale.md
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import dataclass

from bench.app import ROOT

STORE = ROOT / "docs" / "load.json"
PAGE = ROOT / "docs" / "scale.md"
BAR = 1.0  # seconds: a load whose messages had tags later than this (p95) says nothing about capacity


@dataclass(frozen=True)
class Habits:
    """What is assumed about people; none of it is measured here."""

    volunteers: int = 100_000
    chats_a_week: float = 3
    messages: int = 20  # of the volunteer, a chat
    message_seconds: float = 45  # between two of them: reading, thinking, writing
    day_share: float = 0.20  # of a week's chats on the busiest day
    hour_share: float = 0.10  # of that day's chats in its busiest hour
    burst: float = 1.5  # the busiest minutes against the mean of that hour
    busy: float = 0.6  # how full a core may run before waits grow

    @property
    def chats_a_second(self) -> float:
        """In the busiest minutes."""
        chats = self.volunteers * self.chats_a_week * self.day_share * self.hour_share
        return chats / 3600 * self.burst

    @property
    def posts_a_second(self) -> float:
        return self.chats_a_second * self.messages

    @property
    def streams(self) -> float:
        """Open at once: chats that start each second times how long one lasts."""
        return self.chats_a_second * self.messages * self.message_seconds


@dataclass(frozen=True)
class Costs:
    """Measured per message (or report): CPU milliseconds, bytes in the database, bytes of bodies sent."""

    web: float
    live: float
    coach: float
    postgres: float
    redis: float
    stored: float
    bodies: float
    memory: dict[str, int]
    volunteers: int
    sent: int


def costs(rows: list[dict]) -> Costs:
    """Of the largest load on the servers that kept up. Raises ValueError when none did."""
    kept = [row for row in rows if row["runner"] == "services" and (row["tags"]["p95"] or math.inf) <= BAR]
    if not kept:
        raise ValueError(f"no load of docs/load.json had its tags within {BAR:g} s (p95): measure again")
    row = max(kept, key=lambda row: row["volunteers"])
    cpu, sent = row["cpu_seconds"], row["messages"]["accepted"]
    reports = sum(row["reports"].values())
    return Costs(
        web=cpu["web"] / sent * 1000,
        live=cpu["worker live"] / sent * 1000,
        coach=cpu["worker coach"] / max(1, reports) * 1000,
        postgres=cpu["postgres"] / sent * 1000,
        redis=cpu["redis"] / sent * 1000,
        stored=sum(table["bytes"] for table in row["growth"].values()) / sent,
        bodies=sum(row["received_bytes"].values()) / sent,
        memory=row["peak_mib"],
        volunteers=row["volunteers"],
        sent=sent,
    )


def cores(rate: float, milliseconds: float, busy: float) -> float:
    return rate * milliseconds / 1000 / busy


TEXT = """# What {volunteers:,} volunteers would need, on paper

Made by `python -m bench.scale --write` out of [load.json](load.json) (`make load`); do not edit.
It multiplies what was measured on one small machine; nothing here was tried at this size.

## Assumed

- {week:g} chats a week each, {messages} messages of the volunteer a chat, one every {gap:g} s:
  a chat lasts {minutes:.0f} minutes
- {day:.0%} of a week's chats on its busiest day, {hour:.0%} of those in its busiest hour,
  {burst:g} times that hour's mean in its busiest minutes
- a core may be {busy:.0%} busy; costs grow in proportion to messages; nothing is ever erased

## Measured

With {measured_with} volunteers at once on {machine}, the largest load whose tags came within
{bar:g} s (p95), over {sent:,} messages. Everything that belongs to a message is counted in: pages,
event streams, chats begun and ended.

| what | per | measured |
| --- | --- | --- |
| CPU of the web process | message | {c.web:.1f} ms |
| CPU of the live worker (tagger and seeker) | message | {c.live:.1f} ms |
| CPU of the coach worker, authored alternatives | report | {c.coach:.1f} ms |
| CPU of PostgreSQL | message | {c.postgres:.1f} ms |
| CPU of Redis | message | {c.redis:.2f} ms |
| database, indexes and all | message | {c.stored:,.0f} bytes |
| bodies to browsers, uncompressed, without static files | message | {c.bodies:,.0f} bytes |

## Worked out

| in the busiest minutes | |
| --- | --- |
| messages a second | {posts:.0f} |
| chats ending a second | {chats:.1f} |
| chats, and so event streams, open at once | {streams:,.0f} |
| bodies sent | {mbit:.0f} Mbit/s |

| role | cores | processes | memory |
| --- | --- | --- | --- |
| web, behind a proxy | {web:.1f} | {n_web}, {each:.0f} streams each | {web_gib:.1f} GiB |
| worker live | {live:.1f} | {n_live} | {live_gib:.1f} GiB |
| worker coach, authored alternatives | {coach:.1f} | {n_coach} | {coach_gib:.1f} GiB |
| worker coach, language model on a GPU | not measured | for {chats:.1f} reports a second | not measured |
| PostgreSQL | {postgres:.1f} | 1 | not worked out |
| Redis | {redis:.2f} | 1 | {c.memory[redis]} MiB |

Database in a year: {million:,.0f} million messages in {chats_million:.1f} million chats, {tera:.2f} TB
with indexes.

## What this leaves out

- One PostgreSQL server takes every write, and its figure above is CPU alone. Its disk has to keep
  up with about {commits:.0f} commits a second. The web processes may open {pool} connections (ten
  each, DATABASE_POOL), the workers one to three each: a smaller pool or a pooler in between.
- Chats of the load are shorter than those assumed: what a chat costs once (pages, report) weighs
  more on each message than it would, so that the sums err on the large side.
- Lists are measured with 100,000 chats (promise 23), not with millions.
- Backups, replicas, the proxy and its TLS, static files, exports while people practise.
"""


def page(habits: Habits, cost: Costs, machine: str) -> str:
    """docs/scale.md."""
    posts, chats, busy = habits.posts_a_second, habits.chats_a_second, habits.busy
    web, live = cores(posts, cost.web, busy), cores(posts, cost.live, busy)
    coach = cores(chats, cost.coach, busy)
    n_web, n_live, n_coach = math.ceil(web), math.ceil(live), math.ceil(coach)
    yearly = habits.volunteers * habits.chats_a_week * 52 * habits.messages
    return TEXT.format(
        c=cost, machine=machine, bar=BAR, measured_with=cost.volunteers, sent=cost.sent,
        volunteers=habits.volunteers, week=habits.chats_a_week, messages=habits.messages,
        gap=habits.message_seconds, minutes=habits.messages * habits.message_seconds / 60,
        day=habits.day_share, hour=habits.hour_share, burst=habits.burst, busy=busy,
        posts=posts, chats=chats, streams=habits.streams, mbit=posts * cost.bodies * 8 / 1e6,
        web=web, live=live, coach=coach, postgres=cores(posts, cost.postgres, busy),
        redis=cores(posts, cost.redis, busy), n_web=n_web, n_live=n_live, n_coach=n_coach,
        each=habits.streams / n_web, web_gib=n_web * cost.memory["web"] / 1024,
        live_gib=n_live * cost.memory["worker live"] / 1024,
        coach_gib=n_coach * cost.memory["worker coach"] / 1024,
        million=yearly / 1e6, chats_million=yearly / habits.messages / 1e6,
        tera=yearly * cost.stored / 1e12, commits=3 * posts + 4 * chats, pool=n_web * 10,
    )  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description="Work out what a large organisation would need.")
    parser.add_argument("--volunteers", type=int, default=Habits.volunteers)
    parser.add_argument("--chats-a-week", type=float, default=Habits.chats_a_week)
    parser.add_argument("--messages", type=int, default=Habits.messages)
    parser.add_argument("--write", action="store_true", help="write docs/scale.md instead of printing it")
    options = parser.parse_args()
    if not STORE.exists():
        parser.error("docs/load.json is not there: `make load` measures and writes it")
    found = json.loads(STORE.read_text())
    habits = Habits(options.volunteers, options.chats_a_week, options.messages)
    try:
        text = page(habits, costs(found["rows"]), found["machine"])
    except ValueError as error:
        parser.error(str(error))
    if options.write:
        PAGE.write_text(text)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
