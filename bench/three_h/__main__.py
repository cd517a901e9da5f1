"""`python -m bench.three_h RUNS`: merges of the experts against mixtures of their data, on helpful, honest
and harmless items. Goes on where it was; --write makes docs/three_h.md, docs/three_h.html and the coach's
three_h.json.

RUNS holds `seed-0` … `seed-N`, each made by `manage.py train_experts --seed N --output RUNS/seed-N`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from bench.app import ROOT

PAGE, HTML = ROOT / "docs" / "three_h.md", ROOT / "docs" / "three_h.html"
SHIPPED = ROOT / "feedback" / "coach" / "weights" / "coach-mini"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.three_h", description=__doc__)
    parser.add_argument("runs", type=Path)
    parser.add_argument("--base", type=Path, default=SHIPPED)
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
    sizes = Sizes(options.tune, options.screen, options.final, options.seeds)
    report = _measured(Measuring(options.base, options.runs, options.jobs), sizes, options.until)
    (options.runs / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    if options.until == "final":
        _write(report, options)
    return 0


def _lacking(runs: Path, seeds: int) -> list[str]:
    from bench.three_h.tries import TUNED_MIXTURES
    from feedback.coach.experts.items import AIMS

    names = [f"seed-{seed}/{arm}" for seed in range(seeds) for arm in (*AIMS, *TUNED_MIXTURES)]
    return [name for name in names if not (runs / name / "training.json").is_file()]


def _measured(measuring: Any, sizes: Any, until: str) -> dict[str, Any]:
    from bench.three_h import stages

    tuning = stages.tuned(measuring, sizes)
    report: dict[str, Any] = {"base": measuring.base.name, "sizes": vars(sizes), "tuning": tuning}
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
    mixtures = [name for name in names if name.startswith("equal")]
    reference = max(mixtures, key=lambda name: stages.least(screen[name]))
    report["final"] = stages.told(found, reference)
    report["conflicts"] = stages.conflicts(found)
    report["rtsvm"] = stages.rtsvm_gap(found)
    return report


def _write(report: dict[str, Any], options: argparse.Namespace) -> None:
    from bench.three_h import page

    text = page.markdown(report)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
        HTML.write_text(page.html(report), encoding="utf-8")
        shown = json.dumps(page.for_the_product(report), indent=1)
        (SHIPPED / "three_h.json").write_text(shown + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
