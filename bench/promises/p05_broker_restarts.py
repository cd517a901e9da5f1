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


def tags_of(place: Place, key: str) -> float | None:
    """Seconds until the message has its tags, or None when it took too long."""
    began = time.monotonic()
    while time.monotonic() - began < STALL_SECONDS:
        if place.rows(f"SELECT 1 FROM peersupport_message WHERE idempotency_key = '{key}' AND turn = 'done'"):
            return time.monotonic() - began
        time.sleep(0.02)
    return None


def measure(place: Place, count: int) -> list[Figure]:
    place.migrate()
    port = place.start_web()
    place.start_worker("live")
    place.start_sweeper()
    prober, *_ = Talkers(place, port, 1).talkers
    prober.say()
    tags_of(place, next(iter(prober.sent)))
    crowd = Talkers(place, port, 4, pause=0.4)
    rng = random.Random(5)
    waits: list[float | None] = []
    for number in range(count):
        if number == count // 2:
            crowd.start()
        place.redis.stop(rng.choice([signal.SIGTERM, signal.SIGKILL]))
        time.sleep(rng.random())
        during = prober.say()  # while there is no broker: kept, and tagged all the same
        place.redis.start()
        waits += [tags_of(place, prober.say()), tags_of(place, during)]
        time.sleep(0.3)
    crowd.stop()
    left = wait_for_turns(place, 30)
    sent = {**crowd.sent, **prober.sent}
    healed = [wait for wait in waits if wait is not None]
    return [
        Figure("restarts", count, "", count, at_least=True),
        Figure("stalls (no tags within 15 s)", sum(wait is None for wait in waits), "", 0),
        Figure("messages lost", len(set(sent) - set(kept_keys(place))), "", 0),
        Figure("messages without tags at the end", left, "", 0),
        Figure("posts refused while Redis was away", len(prober.refused) + len(crowd.refused), "", 0),
        Figure("slowest post while Redis was away", prober.slowest, "s", 5),
        Figure("first job after a restart, p50", percentile(healed, 0.5), "s"),
        Figure("first job after a restart, p95", percentile(healed, 0.95), "s", 5),
    ]
