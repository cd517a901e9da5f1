"""Runs the contestants and collects their figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np

from bench.tagger import messages
from bench.tagger.contestant import ROOT, Contestant, environment
from bench.tagger.ours import products
from skills.tagger.card import read_card, weights_folder
from skills.taxonomy import CODES


def measure(folder: Path, threads: int, options: argparse.Namespace) -> dict[str, dict]:
    """Figures of each contestant with so many threads."""
    kinds = ["ours", "pipeline", "sentence"] + ["float", "limit"] * (threads == 1)
    contestants = [Contestant(kind, folder, threads, options.batches) for kind in kinds]
    found: dict[str, dict] = {}
    for one in contestants:
        tried = [one.ask("rate", way=way) for way in range(len(one.about["ways"]))]
        seconds = [taken["seconds"] for taken in tried]
        best = 0 if one.kind == "limit" else seconds.index(min(seconds))
        ways = [
            {"way": way, "per_second": round(options.messages / taken["seconds"], 1), **taken}
            for way, taken in zip(one.about["ways"], tried, strict=True)
        ]
        found[one.kind] = {
            "name": one.about["name"],
            "ways": ways,
            "best": one.about["ways"][best],
            "rounds": [],
        }
    for _ in range(options.rounds):
        for one in contestants:
            place = one.about["ways"].index(found[one.kind]["best"])
            found[one.kind]["rounds"].append(one.ask("rate", way=place))
    for one in contestants:
        finish(found[one.kind], one, options)
        one.close()
    return found


def finish(found: dict, one: Contestant, options: argparse.Namespace) -> None:
    """Adds the rate, single messages, memory and probabilities."""
    for name, unit in (("per_second", "seconds"), ("per_cpu_second", "cpu")):
        taken = statistics.median(one_round[unit] for one_round in found["rounds"])
        found[name] = round(options.messages / taken, 1)
    if one.kind == "limit":
        return
    alone = one.ask("alone", count=options.alone)
    waits = [1000 * wait for wait in alone["waits"]]
    found["alone_ms_p50"], found["alone_ms_p95"] = (
        round(float(np.percentile(waits, p)), 2) for p in (50, 95)
    )
    found["largest_difference"] = alone["largest"]
    told = one.ask("tell")
    found["memory_mb"], found["table"] = round(told["memory_mb"]), np.array(told["probabilities"])


def times(ours: dict, peer: dict, unit: str) -> float:
    """How many times the peer's rate ours is: the median of the rounds, each compared within itself, since
    a machine is not equally quick in all of them."""
    rounds = zip(peer["rounds"], ours["rounds"], strict=True)
    return round(statistics.median(theirs[unit] / own[unit] for theirs, own in rounds), 2)


def agreement(ours: np.ndarray, peer: np.ndarray) -> dict[str, float]:
    """Labels (message and code) decided alike at the card's thresholds, and of those given, given by both."""
    thresholds = np.array([read_card()["codes"][code]["threshold"] for code in CODES])
    a, b = ours >= thresholds, peer >= thresholds
    return {
        "labels": float((a == b).mean()),
        "given_tags": float((a & b).sum() / max((a | b).sum(), 1)),
        "largest_probability_difference": round(float(np.abs(ours - peer).max()), 4),
    }


def limit(found: dict, ours: dict, about: dict) -> dict[str, float]:
    """What the bare multiplications say about our CPU time with one thread."""
    bare, alone = found["per_cpu_second"], round(about["messages"] / found["ways"][1]["cpu"], 1)
    work = about["tokens_mean"] * sum(a * b for a, b in products())
    return {
        "multiply_adds_per_message": round(work),
        "in_blocks_per_second": bare,
        "in_blocks_gmacs": round(work * bare / 1e9, 1),
        "one_by_one_per_second": alone,
        "one_by_one_gmacs": round(work * alone / 1e9, 1),
        "share_of_our_time": round(ours["per_cpu_second"] / bare, 3),
    }


def runtimes(folder: Path, part: dict) -> list[dict]:
    """What was weighed against each other with one thread: size of the file, speed, memory."""
    sizes = {
        "ours": ("static int8, ONNX (kept)", weights_folder() / "tagger.onnx"),
        "float": ("float32, ONNX", folder / "float" / "tagger.onnx"),
        "pipeline": ("float32, torch", folder / "bert" / "model.safetensors"),
    }
    return [
        {
            "runtime": title,
            "file_mb": round(path.stat().st_size / 1e6, 1),
            "per_second": part[kind]["per_second"],
            "memory_mb": part[kind]["memory_mb"],
        }
        for kind, (title, path) in sizes.items()
    ]


def machine() -> dict:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        processor = platform.machine()
    packages = ("onnxruntime", "torch", "transformers", "sentence-transformers", "scikit-learn")
    return {
        "cores": os.cpu_count(),
        "processor": processor,
        "versions": ", ".join(f"{package} {version(package)}" for package in packages),
    }


def run(options: argparse.Namespace, folder: Path) -> dict:
    items = messages.gather(options.messages)
    messages.write(items, folder / "messages.json")
    quiet = {"cwd": ROOT, "env": environment(2), "check": True}
    subprocess.run([sys.executable, "-m", "bench.tagger.prepare", str(folder)], stdout=sys.stderr, **quiet)
    threads: dict[str, dict] = {}
    bare: dict = {}
    for count in options.threads:
        part = measure(folder, count, options)
        if count == 1:
            bare = part.pop("limit")
        tables = {kind: one.pop("table") for kind, one in part.items()}
        for name, unit in (("ratio", "seconds"), ("ratio_by_cpu", "cpu")):
            part[name] = {kind: times(part["ours"], part[kind], unit) for kind in ("pipeline", "sentence")}
        part["agreement"] = agreement(tables["ours"], tables["pipeline"])
        threads[str(count)] = part
    about = messages.description(items)
    gpu = subprocess.run(
        [sys.executable, "-m", "bench.tagger.gpu", str(folder)], capture_output=True, text=True, **quiet
    )
    return {
        "tagger": read_card()["version"],
        "machine": machine(),
        "messages": about,
        "rounds": options.rounds,
        "threads": threads,
        "runtimes": runtimes(folder, threads["1"]),
        "limit": limit(bare, threads["1"]["ours"], about),
        "gpu": json.loads(gpu.stdout.splitlines()[-1]),
    }
