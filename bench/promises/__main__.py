"""Measure the promises: `python -m bench.promises [NUMBER …] [--on embedded|services] [--small]`."""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType

import bench.promises
from bench.promises import sheet
from bench.promises.place import BOTH, place
from bench.servers import missing_programs


def modules() -> list[ModuleType]:
    """The promises in order of their number."""
    names = [found.name for found in pkgutil.iter_modules(bench.promises.__path__)]
    return [
        importlib.import_module(f"bench.promises.{name}") for name in sorted(names) if name[1:3].isdigit()
    ]


def measure(module: ModuleType, runner: str, *, small: bool) -> bool:
    """Measure one promise, print and keep what was found. True when it is kept."""
    count = module.SMALL if small else module.FULL
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, place(runner, Path(folder)) as where:
        figures = module.measure(where, count)
    seconds = time.monotonic() - began
    title = getattr(module, "TITLES", {}).get(runner, module.TITLE)
    print(f"\n{module.NUMBER}. {title} · {runner}, size {count:,}, {seconds:.0f} s")
    for figure in figures:
        name, value, limit, verdict = figure.cells()
        print(f"   {name:58} {value:>14} {limit:>14}  {verdict}", flush=True)
    if not small:
        part = getattr(module, "PART", "")
        sheet.keep(module.NUMBER, title, runner, count, seconds, figures, part=part)
    return all(figure.kept for figure in figures)


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the promises and write docs/promises.md.")
    parser.add_argument("numbers", nargs="*", type=int, help="which; all when none is named")
    parser.add_argument("--part", help="only this part of a promise that is measured in parts")
    parser.add_argument("--on", choices=BOTH, help="only on this runner")
    parser.add_argument("--small", action="store_true", help="small samples; docs/promises.md stays as it is")
    options = parser.parse_args()
    missing = missing_programs()
    if missing and options.on != "embedded":
        parser.error(f"not installed: {', '.join(missing)}. Install them, or say --on embedded")
    kept = [
        measure(module, runner, small=options.small)
        for module in modules()
        if not options.numbers or module.NUMBER in options.numbers
        if options.part in (None, getattr(module, "PART", ""))
        for runner in module.RUNNERS
        if options.on in (None, runner)
    ]
    print(f"\n{sum(kept)} of {len(kept)} measurements kept their promise")
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
