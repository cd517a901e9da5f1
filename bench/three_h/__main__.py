"""`python -m bench.three_h RUNS --base BASE`: merges of the experts against mixtures of their data, on
helpful, honest and harmless items. Goes on where it was; --write makes docs/three_h.md, .html and .json and
the coach's three_h.json.

RUNS holds `seed-0` … `seed-N`, each made by `manage.py train_experts --base BASE --seed N --output
RUNS/seed-N`. The coach-mini that ships is no such BASE once it is a merge itself.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.three_h", description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--base", type=Path, required=True, help="what RUNS were trained from")
    parser.add_argument("--tune", type=int, default=120, help="validation items for each aim and try")
    parser.add_argument("--screen", type=int, default=1000, help="test items for each aim and arm")
    parser.add_argument("--final", type=int, default=800, help="test items for each aim, finalist and seed")
    parser.add_argument("--seeds", type=int, default=5, help="training seeds of the finalists")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="processes that measure")
    parser.add_argument("--until", choices=("tune", "screen", "final"), default="final")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    import torch

    torch.set_num_threads(1)
    from bench.three_h.found import Measuring
    from bench.three_h.stages import Sizes

    seeds = options.seeds if options.until == "final" else 1
    if lacking := _lacking(options.runs, seeds):
        print(
            f"not there yet: {', '.join(lacking)}. Make them with manage.py train_experts.", file=sys.stderr
        )
        return 2
    if others := _strangers(options.runs, options.base, seeds):
        print(
            f"not trained from the weights that {options.base} has now, or without a word of it in their "
            f"training.json: {', '.join(others)}. Name the base that RUNS were trained from; nothing was "
            "measured.",
            file=sys.stderr,
        )
        return 2
    sizes = Sizes(options.tune, options.screen, options.final, options.seeds)
    report = _measured(Measuring(options.base, options.runs, options.jobs), sizes, options.until)
    (options.runs / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.until == "final":
        _write(report, options)
    return 0


def _lacking(runs: Path, seeds: int) -> list[str]:
    from bench.three_h.stages import LORA_EXPERTS
    from bench.three_h.tries import TUNED_MIXTURES
    from feedback.coach.experts.items import AIMS

    arms = (*AIMS, *LORA_EXPERTS, *TUNED_MIXTURES)
    names = [f"seed-{seed}/{arm}" for seed in range(seeds) for arm in arms]
    return [name for name in names if not (runs / name / "training.json").is_file()]


def _strangers(runs: Path, base: Path, seeds: int) -> list[str]:
    """Every model of the runs counts, as the screening asks all that are there."""
    from feedback.coach.experts.origin import strangers, weights_of

    models = sorted(
        {path.parent for seed in range(seeds) for path in runs.glob(f"seed-{seed}/*/*.safetensors")}
    )
    found = strangers(models, lambda: weights_of(base), strict=True)
    return [str(path.relative_to(runs)) for path in found]


def _measured(measuring: Any, sizes: Any, until: str) -> dict[str, Any]:
    from bench.three_h import stages
    from bench.three_h.shipping import beside
    from bench.three_h.tries import FULL_MIXTURES, LORA_MERGES, LORA_MIXTURE, arm_of

    tuning = stages.tuned(measuring, sizes)
    report: dict[str, Any] = {"base": measuring.base.name, "base_weights": measuring.weights(measuring.base)}
    report |= {"ships": beside(report["base_weights"]), "sizes": vars(sizes), "tuning": tuning}
    report["training"] = json.loads((measuring.trained(0) / "equal-3x" / "training.json").read_text())
    if until == "tune":
        return report
    screen = stages.screened(measuring, sizes, tuning)
    report["screening"] = {name: stages.summary(found) for name, found in screen.items()}
    names = stages.finalists(screen, tuning)
    report["finalists"] = names
    if until == "screen":
        return report
    found = stages.final(measuring, sizes, names)
    mixtures = [name for name in names if arm_of(name) in FULL_MIXTURES]
    reference = max(mixtures, key=lambda name: stages.least(screen[name]))
    report["final"] = stages.told(found, reference)
    report["conflicts"] = stages.conflicts(found)
    report["rtsvm"] = stages.gap(found, ("rtsvm",), ("tsvm",))
    report["adapters"] = stages.gap(found, LORA_MERGES, (LORA_MIXTURE,))
    return report


def _write(report: dict[str, Any], options: argparse.Namespace) -> None:
    from bench.three_h import page, writing

    print(page.markdown(report))
    if options.write:
        writing.write(report)


if __name__ == "__main__":
    sys.exit(main())
