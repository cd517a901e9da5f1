"""Every method by the paper, against its formula written out once more in float64."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg

from feedback.coach.merging import stacks
from feedback.coach.merging.catalog import METHODS
from tests.feedback.merging_models import merged, recipe, result, trio

SCALARS = ("model.norm.weight",)


@pytest.fixture
def models(tmp_path):
    base, folders, base_state, states = trio(tmp_path)
    theta0 = {name: one.numpy() for name, one in base_state.items()}
    taus = {name: np.stack([state[name].numpy() - theta0[name] for state in states]) for name in theta0}
    count = iter(range(100))

    def run(method, **fields):
        wanted = recipe(method, base, folders, dtype="float64", **fields)
        state = merged(tmp_path / f"out-{next(count)}", wanted)
        return {name: one.numpy() for name, one in state.items()}

    return theta0, taus, run


def close(found, expected):
    assert found.keys() == expected.keys()
    for name, one in expected.items():
        np.testing.assert_allclose(found[name], one, rtol=0, atol=1e-12, err_msg=name)


def elect(taus, weights=(1, 1, 1), mean=True):
    taus = taus * np.reshape(weights, (-1,) + (1,) * (taus.ndim - 1))
    sign = np.where(taus.sum(0) >= 0, 1, -1)
    agree = np.sign(taus) == sign
    total = (taus * agree).sum(0)
    if not mean:
        return total
    parts = (np.reshape(weights, (-1,) + (1,) * (taus.ndim - 1)) * agree).sum(0)
    return total / np.where(parts == 0, 1, parts)


def rows(array):
    return array.reshape(1, -1) if array.ndim < 2 else array.reshape(len(array), -1)


def test_average_and_rewarded_soup(models):
    theta0, taus, run = models
    close(run("average"), {name: theta0[name] + taus[name].mean(0) for name in theta0})
    soup = run("rewarded_soup", weights=[1.0, 3.0, 4.0])
    parts = np.array([1, 3, 4]) / 8
    close(soup, {name: theta0[name] + np.tensordot(parts, taus[name], 1) for name in theta0})


def test_task_arithmetic(models):
    theta0, taus, run = models
    close(run("task_arithmetic"), {name: theta0[name] + 0.3 * taus[name].sum(0) for name in theta0})
    found = run("task_arithmetic", weights=[1.0, -2.0, 0.5], parameters={"lambda": 0.7})
    parts = 0.7 * np.array([1, -2, 0.5])
    close(found, {name: theta0[name] + np.tensordot(parts, taus[name], 1) for name in theta0})


@pytest.mark.parametrize("cosine", ["mean", "angle"])
def test_model_stock(models, cosine):
    theta0, taus, run = models
    expected = {}
    for name, tau in taus.items():
        flat = tau.reshape(3, -1)
        pairs = [
            float(flat[i] @ flat[j] / np.linalg.norm(flat[i]) / np.linalg.norm(flat[j]))
            for i, j in ((0, 1), (0, 2), (1, 2))
        ]
        cos = np.mean(pairs) if cosine == "mean" else math.cos(np.mean([math.acos(pair) for pair in pairs]))
        t = 3 * cos / (1 + 2 * cos)
        expected[name] = t * (theta0[name] + tau.mean(0)) + (1 - t) * theta0[name]
    close(run("model_stock", parameters={"cosine": cosine}), expected)


def trimmed(taus, share):
    """By expert the entries of at least the k-th largest magnitude of all tensors together."""
    kept = {name: tau.copy() for name, tau in taus.items()}
    for expert in range(3):
        sizes = np.sort(np.concatenate([np.abs(tau[expert]).ravel() for tau in taus.values()]))[::-1]
        least = sizes[max(1, int(share * len(sizes))) - 1]
        for tau in kept.values():
            tau[expert][np.abs(tau[expert]) < least] = 0
    return kept


def test_ties_trims_the_whole_vector(models):
    theta0, taus, run = models
    kept = trimmed(taus, 0.2)
    close(run("ties"), {name: theta0[name] + elect(kept[name]) for name in theta0})
    weights = [1.0, 2.0, 0.5]
    found = run("ties", weights=weights, parameters={"density": 0.5, "lambda": 0.8})
    kept = trimmed(taus, 0.5)
    close(found, {name: theta0[name] + 0.8 * elect(kept[name], weights) for name in theta0})


def test_a_group_with_its_own_density_is_a_vector_of_its_own(models):
    theta0, taus, run = models
    found = run("ties", groups={"*.mlp.*": {"density": 0.6}, "lm_head*": {"lambda": 0.0}})
    inside = {name: tau for name, tau in taus.items() if ".mlp." in name}
    outside = {name: tau for name, tau in taus.items() if ".mlp." not in name}
    kept = trimmed(inside, 0.6) | trimmed(outside, 0.2)
    expected = {name: theta0[name] + elect(kept[name]) for name in theta0}
    close(found, expected | {"lm_head.weight": theta0["lm_head.weight"]})


def alone(run, method, name, **fields):
    """Each expert's thinned task vector, as the sum shows it when the others weigh nothing."""
    found = []
    for place in range(3):
        weights = [float(place == other) for other in range(3)]
        found.append(run(method, weights=weights, **fields)[name])
    return np.stack(found)


def test_dare_drops_at_random_and_scales_up(models):
    theta0, taus, run = models
    kept = {}
    for name, tau in taus.items():
        kept[name] = alone(run, "dare", name, parameters={"drop": 0.75}) - theta0[name]
        dropped = np.abs(kept[name]) < 1e-14
        np.testing.assert_allclose(kept[name], np.where(dropped, 0, tau / 0.25), atol=1e-12)
        chance = 5 * math.sqrt(0.25 * 0.75 / tau.size)
        assert abs(1 - dropped.mean() - 0.25) < chance
        assert len({mask.tobytes() for mask in dropped}) == 3  # every expert has its own draw
    close(run("dare", parameters={"drop": 0.75}), {name: theta0[name] + kept[name].sum(0) for name in theta0})


def test_dare_ties_elects_among_what_dare_kept(models):
    theta0, _, run = models
    kept = {name: alone(run, "dare", name, parameters={"drop": 0.5}) - theta0[name] for name in theta0}
    for one in kept.values():
        one[np.abs(one) < 1e-14] = 0
    close(run("dare_ties"), {name: theta0[name] + 0.5 * elect(kept[name]) for name in theta0})


def test_della_keeps_large_entries_of_a_row_more_often(models):
    theta0, taus, run = models
    settings = {"density": 0.6, "window": 0.3, "lambda": 1.0}
    kept = {}
    for name, tau in taus.items():
        chances = np.stack(
            [
                np.stack(
                    [0.3 + 0.6 * np.argsort(np.argsort(np.abs(row))) / (len(row) - 1) for row in rows(one)]
                ).reshape(one.shape)
                for one in tau
            ]
        )
        kept[name] = alone(run, "della_linear", name, parameters=settings) - theta0[name]
        dropped = np.abs(kept[name]) < 1e-14
        kept[name][dropped] = 0
        np.testing.assert_allclose(kept[name], np.where(dropped, 0, tau / chances), atol=1e-12)
        if tau.size > 500:
            large = chances > 0.6
            assert dropped[large].mean() < 0.35 < 0.45 < dropped[~large].mean()
    found = run("della_linear", parameters=settings)
    close(found, {name: theta0[name] + kept[name].sum(0) for name in theta0})
    found = run("della", parameters=settings | {"lambda": 1.1})
    close(found, {name: theta0[name] + 1.1 * elect(kept[name]) for name in theta0})


def crumbs(tau, gamma, beta):
    out = np.zeros_like(tau)
    for expert in range(3):
        for row, target in zip(rows(tau[expert]), rows(out[expert]), strict=True):
            order = np.argsort(-np.abs(row))
            top = int(gamma * len(row))
            chosen = order[top : top + max(1, int(beta * (len(row) - top)))]
            target[chosen] = row[chosen]
    return out


@pytest.mark.parametrize(("gamma", "beta"), [(0.01, 0.2), (0.2, 0.5)])
def test_breadcrumbs_leaves_out_both_ends_of_a_row(models, gamma, beta):
    theta0, taus, run = models
    kept = {name: crumbs(tau, gamma, beta) for name, tau in taus.items()}
    settings = {"gamma": gamma, "beta": beta}
    found = run("breadcrumbs", parameters=settings)
    close(found, {name: theta0[name] + 0.4 * kept[name].sum(0) for name in theta0})
    found = run("breadcrumbs_ties", parameters=settings)
    close(found, {name: theta0[name] + 0.4 * elect(kept[name], mean=False) for name in theta0})


def singular(tau, ranks):
    parts = [np.linalg.svd(one, full_matrices=False) for one in tau]
    u = np.concatenate([part[0][:, :rank] for part, rank in zip(parts, ranks, strict=True)], axis=1)
    s = np.concatenate([part[1][:rank] for part, rank in zip(parts, ranks, strict=True)])
    v = np.concatenate([part[2][:rank] for part, rank in zip(parts, ranks, strict=True)])
    left, right = scipy.linalg.polar(u)[0], scipy.linalg.polar(v.T)[0].T
    return left @ np.diag(s) @ right


def test_tsvm(models):
    theta0, taus, run = models
    expected = {}
    for name, tau in taus.items():
        rank = min(tau.shape[1:]) // 3
        change = tau.mean(0) if name in SCALARS else singular(tau, [rank] * 3)
        expected[name] = theta0[name] + 1.5 * change
    close(run("tsvm", parameters={"alpha": 1.5}), expected)


def test_our_rtsvm(models):
    theta0, taus, run = models
    damped, dense = {}, {}
    for name, tau in taus.items():
        if name in SCALARS:
            continue
        spread = np.median(np.abs(tau - np.median(tau, axis=2, keepdims=True)), axis=2, keepdims=True)
        z = np.abs(tau) / (1.4826 * spread + 1e-12)
        damped[name] = tau * np.minimum(1, 1.5 / np.maximum(z, 1e-300))
        level = np.sqrt((damped[name] ** 2).mean(axis=(1, 2), keepdims=True))
        dense[name] = (np.abs(damped[name]) >= level).sum(axis=(1, 2))
    share = {name: Fraction(int(each.sum()), 3 * taus[name][0].size) for name, each in dense.items()}
    middle = sorted(share.values())[1:3]
    middle = sum(middle) / 2
    expected = {}
    for name, tau in taus.items():
        if name in SCALARS:
            expected[name] = theta0[name] + tau.mean(0)
            continue
        scale = min(Fraction(1), share[name] / middle) * min(tau.shape[1:])
        ranks = [max(1, int(scale * Fraction(int(one), int(dense[name].sum())))) for one in dense[name]]
        expected[name] = theta0[name] + singular(damped[name], ranks)
    close(run("rtsvm", parameters={"cutoff": 1.5}), expected)


def test_a_lambda_of_nothing_gives_the_base(models):
    theta0, _, run = models
    for name, method in METHODS.items():
        scale = next((key for key in ("lambda", "alpha") if key in method.defaults), None)
        if scale:
            close(run(name, parameters={scale: 0.0}), theta0)


def test_only_what_is_written_is_rounded(models):
    theta0, taus, run = models
    found = run("task_arithmetic", out_dtype="float32")
    for name, one in found.items():
        assert one.dtype == np.float32
        np.testing.assert_array_equal(one, (theta0[name] + 0.3 * taus[name].sum(0)).astype(np.float32))


@pytest.mark.parametrize(("method", "entries"), [("ties", "all"), ("average", "some")])
def test_lengths_and_cosines_of_the_task_vectors(tmp_path, monkeypatch, method, entries):
    """Of a mean they are estimated from the first piece of each tensor, and the card says so."""
    monkeypatch.setattr(stacks, "PIECE", 64)
    base, folders, start, states = trio(tmp_path)
    found = result(tmp_path / "out", recipe(method, base, folders, dtype="float64")).manifest
    taus = np.stack([np.concatenate([(s[n] - start[n]).ravel() for n in start]) for s in states])
    norms = np.linalg.norm(taus, axis=1)
    cosines = taus @ taus.T / np.outer(norms, norms)
    told = found["task_vectors"]
    assert (told["entries"] == found["parameters"] == taus.shape[1]) == (entries == "all")
    loose = 1e-9 if entries == "all" else 0.3
    np.testing.assert_allclose(told["norms"], norms, rtol=loose)
    np.testing.assert_allclose(told["cosines"], cosines, atol=loose)
    assert ("estimated" in (tmp_path / "out" / "README.md").read_text()) == (entries == "some")
