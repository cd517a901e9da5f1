"""`python -m bench.tagger`: the tagger against its peers; `--write` for docs/tagger_speed.md.

Exit code 1 when a bar is missed. Run it on an idle machine.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from bench.tagger import report
from bench.tagger.contestant import ROOT
from bench.tagger.measure import run
from bench.tagger.page import page

BATCHES = [1, 8, 16, 32, 64]
PAGE = ROOT / "docs" / "tagger_speed.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.tagger", description=__doc__)
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--alone", type=int, default=300, help="messages that are also tagged one by one")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batches", type=int, nargs="+", default=BATCHES)
    parser.add_argument("--quick", action="store_true", help="one thread, two batch sizes, one round")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--write", action="store_true", help="write docs/tagger_speed.md and .json")
    options = parser.parse_args()
    if options.quick:
        options.threads, options.batches, options.rounds = [1], [8, 32], 1
    if 1 not in options.threads:
        parser.error("--threads must include 1")
    with tempfile.TemporaryDirectory() as folder:
        found = run(options, Path(folder))
    written = json.dumps(found, indent=1) + "\n"
    if options.json:
        options.json.write_text(written, encoding="utf-8")
    if options.write:
        PAGE.write_text(page(found), encoding="utf-8")
        PAGE.with_suffix(".json").write_text(written, encoding="utf-8")
    print(report.text(found))
    return 1 if any(row.kept is False for row in report.rows(found)) else 0


if __name__ == "__main__":
    sys.exit(main())
