"""Runs the merges, each in a fresh process on the same cores, and watches their memory."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.app import ROOT
from bench.merging.checkpoints import SIZES, make

# Method, rule, parameters, whether mergekit does the same, and the limits: share of mergekit's time, and how
# many times the largest tensor may be held beside 200 MB (None: T + 4). `rounds`: the most of this case.
CASES: dict[str, dict[str, Any]] = {
    "linear": {"method": "average", "rule": "paper", "parameters": {}, "time": 0.7, "tensors": 4},
    "task arithmetic": {
        "method": "task_arithmetic",
        "rule": "paper",
        "parameters": {"lambda": 0.3},
        "time": 0.7,
        "tensors": 4,
    },
    "ties, mergekit's rule": {
        "method": "ties",
        "rule": "mergekit",
        "parameters": {"density": 0.2, "lambda": 1.0},
        "time": 0.3,
        "tensors": None,
    },
    "ties": {"method": "ties", "rule": "paper", "parameters": {}, "tensors": None},
    "dare": {"method": "dare", "rule": "paper", "parameters": {}, "tensors": None},
    "dare_ties": {"method": "dare_ties", "rule": "paper", "parameters": {}, "tensors": None},
    "della": {"method": "della", "rule": "paper", "parameters": {}, "tensors": None},
    "breadcrumbs": {"method": "breadcrumbs", "rule": "paper", "parameters": {}, "tensors": None},
    "model_stock": {"method": "model_stock", "rule": "paper", "parameters": {}, "tensors": None},
    # Minutes each, and nothing to compare with: once.
    "tsvm": {"method": "tsvm", "rule": "paper", "parameters": {}, "rounds": 1},
    "rtsvm": {"method": "rtsvm", "rule": "paper", "parameters": {}, "rounds": 1},
}
ALLOWANCE_MB = 200


def run(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    size = SIZES[options.size]
    base, experts = make(folder / options.size, size, options.experts)
    print(
        f"{size.parameters():,} parameters, {options.experts} experts, {options.threads} threads",
        file=sys.stderr,
    )
    rows = []
    for name in options.cases:
        case = CASES[name]
        contestants = ["ours"] + ["mergekit"] * ("time" in case and options.mergekit is not None)
        taken: dict[str, list[dict[str, float]]] = {who: [] for who in contestants}
        for number in range(min(options.rounds, case.get("rounds", options.rounds))):
            # The order changes, so that a machine that slows down favours nobody.
            for who in contestants if number % 2 == 0 else contestants[::-1]:
                _warm(base, experts)
                taken[who].append(_one(who, case, base, experts, folder, options))
                print(name, who, taken[who][-1], file=sys.stderr)
        rows.append(_row(name, case, taken, size.largest() / 1e6, options.experts))
    return {
        "size": options.size,
        "parameters": size.parameters(),
        "largest_mb": round(size.largest() / 1e6, 1),
        "experts": options.experts,
        "threads": options.threads,
        "rounds": options.rounds,
        "machine": _machine(options.mergekit),
        "rows": rows,
    }


def _one(
    who: str, case: dict[str, Any], base: Path, experts: list[Path], folder: Path, options: argparse.Namespace
) -> dict[str, float]:
    output = folder / "out"
    job = {
        **{key: case[key] for key in ("method", "rule", "parameters")},
        "base": str(base),
        "experts": [str(path) for path in experts],
        "output": str(output),
        "threads": options.threads,
    }
    said = folder / "job.json"
    said.write_text(json.dumps(job))
    python = options.mergekit if who == "mergekit" else sys.executable
    cores = sorted(os.sched_getaffinity(0))[: options.threads]
    process = subprocess.Popen(
        [python, str(Path(__file__).with_name("one.py")), who, str(said)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(options.threads)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),  # helper threads count, too
    )
    peak = 0
    while process.poll() is None:
        peak = max(peak, _anonymous_kb(process.pid))
        time.sleep(0.01)
    printed, errors = process.communicate()
    shutil.rmtree(output, ignore_errors=True)
    shutil.rmtree(output.with_name("out.partial"), ignore_errors=True)
    if process.returncode:
        raise SystemExit(f"{who} failed:\n{errors[-2000:]}")
    return {"seconds": json.loads(printed.splitlines()[-1])["seconds"], "memory_mb": peak / 1024 * 1.048576}


def _anonymous_kb(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1])
    except OSError:
        pass
    return 0


def _warm(base: Path, experts: list[Path]) -> None:
    """The inputs into the page cache, so that the disk decides for nobody."""
    for folder in (base, *experts):
        with (folder / "model.safetensors").open("rb", buffering=0) as file:
            while file.read(1 << 24):
                pass


def _row(
    name: str, case: dict[str, Any], taken: dict[str, Any], largest_mb: float, experts: int
) -> dict[str, Any]:
    found: dict[str, Any] = {"case": name}
    for who, rounds in taken.items():
        found[who] = {
            "seconds": round(statistics.median(one["seconds"] for one in rounds), 2),
            "memory_mb": round(max(one["memory_mb"] for one in rounds)),
            "rounds": [round(one["seconds"], 2) for one in rounds],
        }
    if "tensors" in case:
        found["memory_limit_mb"] = round(ALLOWANCE_MB + (case["tensors"] or experts + 4) * largest_mb)
        found["memory_kept"] = found["ours"]["memory_mb"] <= found["memory_limit_mb"]
    if "mergekit" in found:
        ratios = [a["seconds"] / b["seconds"] for a, b in zip(taken["ours"], taken["mergekit"], strict=True)]
        found["ratio"] = round(statistics.median(ratios), 3)
        found["ratio_limit"] = case["time"]
        found["ratio_kept"] = found["ratio"] <= case["time"]
    return found


def _machine(mergekit: str | None) -> dict[str, Any]:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.machine()
    versions = [f"{package} {version(package)}" for package in ("torch", "safetensors")]
    if mergekit:
        asked = "from importlib.metadata import version; print(version('mergekit'), version('torch'))"
        told = subprocess.run(
            [mergekit, "-c", asked], capture_output=True, text=True, check=True
        ).stdout.split()
        versions.append(f"mergekit {told[0]} on torch {told[1]}")
    return {
        "cores": os.cpu_count(),
        "processor": processor,
        "versions": ", ".join(versions),
        "load": round(os.getloadavg()[2], 1),
    }
