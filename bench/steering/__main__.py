"""`python -m bench.steering`: tokens per second with and without steering, at every layer of a small model.

Prints the ratio steered/unsteered for batches of 1, 8 and 64, one and many different strengths, eager and
with a static cache (`--compile`: with its decoding step compiled as well, which takes minutes). All
are measured in turn, round by round; the median of the rounds' ratios is shown with its quartiles, and beside
it the same ratio of a second unsteered copy, which differs from 1 by what the machine's noise does. Seconds
are CPU time of one thread, which other processes disturb less than the clock; `--wall` takes the clock.
`--write` keeps the figures in bench/steering/speed.json and makes docs/steering_speed.md of them; `--render`
makes the page of the figures that are kept, without measuring. Exit code 1 when a ratio of ours is below the
bar. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

import torch

from bench.app import ROOT
from bench.steering import peers
from bench.steering.page import MODELS, STEERED, Row, store, stored

PAGE = ROOT / "docs" / "steering_speed.md"
FIGURES = ROOT / "bench" / "steering" / "speed.json"


def speed(model: Any, ids: torch.Tensor, tokens: int, static: bool, wall: bool) -> float:
    """Generated tokens per second of one call."""
    clock = time.perf_counter if wall else time.process_time
    extra = {"cache_implementation": "static"} if static else {}
    started = clock()
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=tokens,
            do_sample=False,
            **extra,
        )
    return ids.shape[0] * tokens / (clock() - started)


def rounds(
    models: dict[str, Any], prepare: peers.Prepare, batch: int, different: int, static: bool, options: Any
) -> dict[str, list[float]]:
    """Tokens per second of each model in every round."""
    ids = torch.randint(1, 2048, (batch, 16), generator=torch.Generator().manual_seed(batch))
    prepare(batch, different)
    for model in models.values():  # warm all
        speed(model, ids, 4, static, options.wall)
    found: dict[str, list[float]] = {name: [] for name in models}
    names = list(models)
    for number in range(options.rounds):
        # The order changes, so that a machine that slows down favours nobody.
        first = number % len(names)
        for name in names[first:] + names[:first]:
            found[name].append(speed(models[name], ids, options.tokens, static, options.wall))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.steering", description=__doc__)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=31)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--compile", action="store_true", help="also static with a compiled step")
    parser.add_argument("--wall", action="store_true", help="the clock instead of CPU time")
    parser.add_argument("--write", action="store_true", help="write docs/steering_speed.md")
    parser.add_argument("--render", action="store_true", help="write it of the figures kept")
    options = parser.parse_args()
    if options.render:
        PAGE.write_text(stored(FIGURES), encoding="utf-8")
        return 0
    torch.set_num_threads(1)
    print(
        f"{'':8}{'cache':>10}{'batch':>7}{'strengths':>11}{'tok/s':>13}{'ratio':>8}{'twin':>8}  middle half"
    )
    rows = []
    for name, build in (("ours", peers.ours), ("repeng", peers.repeng)):
        for cache in ("eager", "static", "compiled") if options.compile else ("eager", "static"):
            if cache == "compiled" and name != "ours":
                continue  # it wraps modules with Python of its own: not made to be compiled
            models = {each: peers.make_model(options.width, options.layers) for each in MODELS}
            prepare = build(models[STEERED], max(options.batches))
            if prepare is None:
                print("repeng is not here (REPENG_PATH): not measured")
                break
            if cache == "compiled":
                for model in models.values():
                    model.forward = torch.compile(model.forward)
            for batch in options.batches:
                for different in (1, 64) if batch > 1 and name == "ours" else (1,):
                    found = rounds(models, prepare, batch, different, cache != "eager", options)
                    rows.append(Row.of(name, cache, batch, min(batch, different), found))
                    print(line(rows[-1]), flush=True)
    if options.write:
        clock = "seconds of the clock" if options.wall else "seconds are CPU time of one thread"
        kept = {name: getattr(options, name) for name in ("width", "layers", "tokens", "rounds")}
        store(FIGURES, rows, clock=clock, **kept)
        PAGE.write_text(stored(FIGURES), encoding="utf-8")
    return 1 if any(row.missed for row in rows) else 0


def line(row: Row) -> str:
    low, middle, high = row.quartiles
    return (
        f"{row.name:8}{row.cache:>10}{row.batch:>7}{row.strengths:>11}{row.base:>13.0f}"
        f"{middle:>8.3f}{row.twin:>8.3f}  {low:.3f} to {high:.3f}{'  MISSED' if row.missed else ''}"
    )


if __name__ == "__main__":
    sys.exit(main())
