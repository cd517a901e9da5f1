"""Redis stopped or killed and started again, half of the times idle, half while volunteers post."""

from __future__ import annotations

import random
import signal
import time

from bench.promises.place import SERVICES, Place
from bench.promises.sheet import Figure, percentile
from bench.promises.talking import Talkers, kept_keys, wait_for_turns

NUMBER = 5
TITLE = "a restart of Redis heals"
RUNNERS = (SERVICES,)
SMALL, FULL = 4, 50
STALL_SECONDS = 15


def tags_of(place: Place, key: str, began: float) -> float | None:
    """Seconds from `began` until the message was seen to have its tags, or None when it took too long."""
    query = f"SELECT 1 FROM peersupport_message WHERE idempotency_key = '{key}' AND turn = 'done'"
    while True:
        tagged, waited = place.rows(query), time.monotonic() - began
        if tagged or waited > STALL_SECONDS:
            return waited if tagged else None
        time.sleep(0.02)


def run_id(place: Place) -> str:
    """Of the server that answers now: each start has its own."""
    return place.redis.client().info("server")["run_id"]


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    place.start_worker("live")
    place.start_sweeper()
    prober, *_ = Talkers(place, port, 1).talkers
    prober.say()
    tags_of(place, next(iter(prober.sent)), time.monotonic())
    crowd = Talkers(place, port, 4, pause=0.4)
    rng = random.Random(5)
    after: list[float | None] = []  # of a message posted as soon as Redis was back, from then on
    during: list[float | None] = []  # of one posted while it was away, from its own post on
    servers = {run_id(place)}
    for number in range(count):
        if number == count // 2:
            crowd.start()
        place.redis.stop(rng.choice([signal.SIGTERM, signal.SIGKILL]))
        time.sleep(rng.random())
        posted, early = time.monotonic(), prober.say()  # no broker: kept, and tagged all the same
        place.redis.start()
        back = time.monotonic()
        after.append(tags_of(place, prober.say(), back))
        during.append(tags_of(place, early, posted))
        servers.add(run_id(place))
        time.sleep(0.3)
    crowd.stop()
    left = wait_for_turns(place, 30)
    sent = {**crowd.sent, **prober.sent}
    healed = [wait for wait in after if wait is not None]
    early = [wait for wait in during if wait is not None]
    stalls = sum(wait is None for wait in [*after, *during])
    return [
        Figure("restarts", len(servers) - 1, "", count, at_least=True),
        Figure("stalls (no tags within 15 s)", stalls, "", 0),
        Figure("messages lost", len(set(sent) - set(kept_keys(place))), "", 0),
        Figure("messages without tags at the end", left, "", 0),
        Figure("posts refused while Redis was away", len(prober.refused) + len(crowd.refused), "", 0),
        Figure("slowest post while Redis was away", prober.slowest, "s", 5),
        Figure("first job after a restart, p50", percentile(healed, 0.5), "s"),
        Figure("first job after a restart, p95", percentile(healed, 0.95), "s", 5),
        Figure("posted while Redis was away: at most until its tags, p95", percentile(early, 0.95), "s"),
    ]
