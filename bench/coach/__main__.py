"""`python -m bench.coach`: tokens per second of the coach's engine against one-by-one `generate`.

The same model, prompts and samples' settings, in one process with one thread, round by round in turn; the
median of the rounds is shown. Seconds are CPU time, which other processes disturb less than the clock;
`--wall` takes the clock. `--write` makes docs/coach_speed.md. Exit code 1 below the bar. Run it on an idle
machine.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from bench.coach import ways
from bench.coach.page import page
from feedback.coach.engine import SHIPPED
from feedback.coach.reply_prompt import EngineError

BAR, BAR_AT = 4.0, 16
PAGE = Path(__file__).resolve().parents[2] / "docs" / "coach_speed.md"


def measured(
    subject: ways.Subject, at_once: list[int], rounds: int, clock: Callable[[], float]
) -> list[dict]:
    """One row per way and number at once: {"way", "at_once", "per_second" (median), "all", "tokens"}."""
    tried = [("one by one", ways.one_by_one(subject), 1)]
    tried += [("ours", ways.ours(subject), many) for many in at_once]
    tried += [("manager", ways.manager(subject), max(at_once))]
    rows = [{"way": name, "at_once": many, "all": [], "tokens": 0} for name, _, many in tried]
    for number in range(rounds + 1):
        for row, (_, way, many) in zip(rows, tried, strict=True):
            asked = subject.asked if number else subject.asked[: max(2, many)]
            began = clock()
            answers = way(asked, many)
            seconds = clock() - began
            if number:  # the first round warms all of them
                row["tokens"] = sum(map(len, answers))
                row["all"].append(row["tokens"] / seconds)
    for row in rows:
        row["per_second"] = statistics.median(row["all"])
    return rows


def same(subject: ways.Subject, at_once: int) -> int:
    """How many answers of ours are the same tokens alone and among others."""
    way = ways.ours(subject)
    together = way(subject.asked, at_once)
    return sum(way([one], 1)[0] == tokens for one, tokens in zip(subject.asked, together, strict=True))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.coach", description=__doc__)
    parser.add_argument("--model", default=str(SHIPPED), help="folder or hub id; the shipped coach-mini")
    parser.add_argument("--requests", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--at-once", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--wall", action="store_true", help="the clock instead of CPU time")
    parser.add_argument("--write", action="store_true", help="write docs/coach_speed.md")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    clock = time.perf_counter if options.wall or options.threads > 1 else time.process_time
    found: dict = {
        "model": Path(options.model).name,
        "requests": options.requests,
        "tokens": options.tokens,
        "rounds": options.rounds,
        "threads": options.threads,
        "clock": "wall" if clock is time.perf_counter else "cpu",
    }
    try:
        for kind, to_the_end in (("fixed", False), ("ended", True)):
            subject = ways.subject(options.model, options.requests, options.tokens, to_the_end=to_the_end)
            found[kind] = measured(subject, options.at_once, options.rounds, clock)
        found["prompt"] = round(statistics.mean(len(one.ids) for one in subject.asked))
        found["same"] = same(subject, max(options.at_once))
    except EngineError as error:
        parser.error(str(error))
    print(page(found))
    if options.write:
        PAGE.write_text(page(found), encoding="utf-8")
    return 0 if gain(found["fixed"], BAR_AT) >= BAR or BAR_AT not in options.at_once else 1


def gain(rows: list[dict], at_once: int) -> float:
    """Our tokens per second at `at_once` over one-by-one's; 0.0 where that was not measured."""
    base = next(row["per_second"] for row in rows if row["way"] == "one by one")
    ours = (row for row in rows if row["way"] == "ours" and row["at_once"] == at_once)
    return next((row["per_second"] / base for row in ours), 0.0)


if __name__ == "__main__":
    sys.exit(main())
