"""Against mergekit 0.1.5 where it is installed: the same numbers to 1e-6 in float32 by its rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from feedback.coach.merging.catalog import METHODS
from tests.feedback.merging_models import family, loaded, merged, recipe

pytest.importorskip("mergekit")

NAMES = {"average": "linear", "rewarded_soup": "linear"}
CASES = {
    "average": {},
    "rewarded_soup": {"weights": [1.0, 2.0, 5.0]},
    "model_stock": {},
    "task_arithmetic": {"weights": [1.0, -0.5, 2.0], "lambda": 0.3},
    "ties": {"weights": [1.0, 0.5, 2.0], "lambda": 0.9, "density": 0.37},
    "breadcrumbs": {"lambda": 0.4, "density": 0.3, "gamma": 0.05},
    "breadcrumbs_ties": {"weights": [1.0, 0.5, 2.0], "lambda": 0.4, "density": 0.3, "gamma": 0.05},
}
OURS = {
    "breadcrumbs": {"lambda": "alpha", "density": "beta"},
    "breadcrumbs_ties": {"lambda": "alpha", "density": "beta"},
}


def theirs(output, method, base, experts, weights, parameters):
    from mergekit.config import MergeConfiguration
    from mergekit.merge import run_merge
    from mergekit.options import MergeOptions

    own = {key: value for key, value in parameters.items() if key in ("density", "gamma")}
    shared = {key: value for key, value in parameters.items() if key == "lambda"}
    weigh = {} if method == "model_stock" else {"weight": 1.0}
    said = {
        "merge_method": NAMES.get(method, method),
        "dtype": "float32",
        "models": [
            {"model": str(path), "parameters": {**own, **({"weight": weight} if weigh else {})}}
            for path, weight in zip(experts, weights, strict=True)
        ],
        "parameters": shared,
    }
    if method not in NAMES:
        said["base_model"] = str(base)
    options = MergeOptions(copy_tokenizer=False, quiet=True, write_model_card=False)
    run_merge(MergeConfiguration.model_validate(said), str(output), options)
    return loaded(output)


@pytest.mark.parametrize("method", CASES)
def test_whole_merges_are_the_same(tmp_path, method):
    base, experts = family(tmp_path, "llama")
    case = dict(CASES[method])
    weights = case.pop("weights", [1.0] * 3)
    parameters = {OURS.get(method, {}).get(key, key): value for key, value in case.items()}
    wanted = recipe(method, base, experts, weights, rule="mergekit", parameters=parameters)
    ours = merged(tmp_path / "ours", wanted)
    other = theirs(tmp_path / "theirs", method, base, experts, weights, case)
    assert ours.keys() == other.keys()
    for name, one in other.items():
        torch.testing.assert_close(ours[name], one, rtol=0, atol=1e-6, msg=name)


@pytest.mark.parametrize("method", ["dare", "della_linear"])
def test_random_drops_with_the_same_draws_are_the_same(tmp_path, monkeypatch, method):
    """mergekit draws in an order of its own, so that it is given the entries that we kept."""
    from mergekit import sparsify

    base, experts = family(tmp_path, "llama", experts=1)
    start, end = loaded(base), loaded(experts[0])
    settings = {"dare": {"drop": 0.6}, "della_linear": {"density": 0.4, "window": 0.1}}[method]
    wanted = recipe(method, base, experts, rule="mergekit", parameters={**settings, "lambda": 1.0})
    ours = merged(tmp_path / "ours", wanted)
    for name, one in ours.items():
        delta = end[name] - start[name]
        kept = ((one - start[name]).abs() > 1e-8).float()
        chances = []
        monkeypatch.setattr(
            sparsify.torch,
            "bernoulli",
            lambda p, kept=kept, seen=chances: (seen.append(p), kept.reshape(p.shape))[1],
        )
        kind = "random" if method == "dare" else "della_magprune"
        other = sparsify.sparsify(delta, 0.4, kind, epsilon=0.1, rescale_norm="l1")
        torch.testing.assert_close(one, start[name] + other.reshape(delta.shape), rtol=0, atol=1e-6, msg=name)
        assert abs(float(chances[0].mean()) - 0.4) < 1e-3


def test_the_paper_and_mergekit_differ_where_the_documents_say_so(tmp_path):
    base, experts = family(tmp_path, "llama")
    for name, method in METHODS.items():
        if not method.in_mergekit:
            continue
        one = merged(tmp_path / f"{name}-paper", recipe(name, base, experts))
        two = merged(tmp_path / f"{name}-mergekit", recipe(name, base, experts, rule="mergekit"))
        same = all(np.allclose(one[key], two[key], atol=1e-7) for key in one)
        assert same == (name in ("average", "rewarded_soup", "model_stock", "task_arithmetic")), name
