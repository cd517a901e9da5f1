"""One merge in a process of its own: `python one.py ours|mergekit JOB.json`; prints the seconds it took.

Runs under the interpreter that has mergekit, which need not be ours.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any


def ours(job: dict[str, Any]) -> float:
    import torch

    from feedback.coach.merging.engine import merge
    from feedback.coach.merging.recipe import Expert, Recipe

    torch.set_num_threads(job["threads"])
    recipe = Recipe(
        method=job["method"],
        base=Path(job["base"]),
        experts=tuple(Expert(Path(path)) for path in job["experts"]),
        rule=job["rule"],
        parameters=job["parameters"],
    )
    started = time.perf_counter()
    merge(recipe, Path(job["output"]))
    return time.perf_counter() - started


def mergekit(job: dict[str, Any]) -> float:
    import torch
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    torch.set_num_threads(job["threads"])
    own = {key: value for key, value in job["parameters"].items() if key == "density"}
    said = {
        "merge_method": {"average": "linear"}.get(job["method"], job["method"]),
        # Its linear merge computes in float32 whatever this says.
        "dtype": "bfloat16" if job["method"] == "average" else "float32",
        "out_dtype": "bfloat16",
        "models": [{"model": path, "parameters": {**own, "weight": 1.0}} for path in job["experts"]],
        "parameters": {key: value for key, value in job["parameters"].items() if key == "lambda"},
    }
    if job["method"] != "average":
        said["base_model"] = job["base"]
    config = MergeConfiguration.model_validate(said)
    options = MergeOptions(copy_tokenizer=False, quiet=True, write_model_card=False)
    started = time.perf_counter()
    run_merge(config, job["output"], options)
    return time.perf_counter() - started


if __name__ == "__main__":
    contestant = {"ours": ours, "mergekit": mergekit}[sys.argv[1]]
    print(json.dumps({"seconds": contestant(json.loads(Path(sys.argv[2]).read_text()))}))
