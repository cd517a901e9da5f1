"""`python -m bench.merging`: time and peak memory of merges, ours beside mergekit's in one run.

The default is a small model, for a trial; `--size 0.5b --rounds 3 --write` makes docs/merging_speed.md.
mergekit may live in an environment of its own (`--mergekit PYTHON`, or MERGEKIT_PYTHON). Exit code 1 when a
limit is missed. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from pathlib import Path

from bench.app import ROOT
from bench.merging.checkpoints import SIZES
from bench.merging.measure import CASES, run
from bench.merging.page import page, verdict

PAGE = ROOT / "docs" / "merging_speed.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.merging", description=__doc__)
    parser.add_argument("--size", choices=SIZES, default="small")
    parser.add_argument("--experts", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--mergekit", default=os.environ.get("MERGEKIT_PYTHON"), help="its python")
    parser.add_argument("--folder", type=Path, help="keeps the checkpoints; default: a temporary one")
    parser.add_argument("--write", action="store_true", help="write docs/merging_speed.md and .json")
    options = parser.parse_args()
    if options.mergekit is None and importlib.util.find_spec("mergekit"):
        options.mergekit = sys.executable
    if options.mergekit is None:
        print("mergekit is not here (--mergekit PYTHON): not measured", file=sys.stderr)
    with tempfile.TemporaryDirectory() as made:
        found = run(options, options.folder or Path(made))
    text = page(found)
    print(text)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
        PAGE.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return int(any(verdict(row).startswith("MISSED") for row in found["rows"]))


if __name__ == "__main__":
    sys.exit(main())
