"""The same chats through tagger and report in other batches, threads and processes: nothing differs."""

from __future__ import annotations

import json
import subprocess
import sys

from bench.app import ROOT
from bench.promises.place import EMBEDDED, Place
from bench.promises.sheet import Figure

NUMBER = 27
TITLE = "The same chat and versions give the same feedback"
RUNNERS = (EMBEDDED,)
SMALL, FULL = 120, 2000

# (messages tagged together, threads); each in a process of its own, two at a time.
WAYS = [(1, 1), (1, 1), (2, 2), (7, 3), (16, 4), (64, 1), (64, 4), (33, 2)]


def measure(place: Place, count: int) -> list[Figure]:
    found = []
    for start in range(0, len(WAYS), 2):
        pair = [_start(place, count, *way) for way in WAYS[start : start + 2]]
        found += [_result(process) for process in pair]
    first, others = found[0], found[1:]
    pairs = [
        (one, two) for other in others for one, two in zip(first["messages"], other["messages"], strict=True)
    ]
    labels = sum(one["present"] != two["present"] for one, two in pairs)
    levels = sum(one["empathy"] != two["empathy"] for one, two in pairs)
    spans = sum(one["spans"] != two["spans"] for one, two in pairs)
    difference = max(
        abs(a - b)
        for one, two in pairs
        for a, b in zip(one["probabilities"], two["probabilities"], strict=True)
    )
    reports = [
        (one, two) for other in others for one, two in zip(first["reports"], other["reports"], strict=True)
    ]
    return [
        Figure("messages compared", len(pairs)),
        Figure("techniques in them", sum(len(row["present"]) for row in first["messages"])),
        Figure("label changes", labels, "", 0),
        Figure("empathy levels and spans that changed", levels + spans, "", 0),
        Figure("largest difference of a probability", difference, "", 0),
        Figure("reports compared", len(reports)),
        Figure("reports that are not the same bytes", sum(one != two for one, two in reports), "", 0),
    ]


def _start(place: Place, count: int, batch: int, threads: int) -> subprocess.Popen:
    command = [sys.executable, "-m", "bench.again", str(count), str(batch), str(threads)]
    return subprocess.Popen(command, cwd=ROOT, env=place.env, stdout=subprocess.PIPE, text=True)


def _result(process: subprocess.Popen) -> dict:
    output, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"bench.again ended with {process.returncode}")
    return json.loads(output)
