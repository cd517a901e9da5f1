"""Merges against mixtures: equal tries, finalists by rule, and sentences that follow the figures."""

from __future__ import annotations

import copy
import re
import shutil
from functools import cache, partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.three_h import claims, page, shipping, stages
from bench.three_h.found import Measuring
from bench.three_h.tries import MERGES, OF_ADAPTERS, SIX, TRIES, TUNED_MIXTURES
from feedback.bases import arms
from feedback.coach.experts.items import AIMS
from feedback.coach.merging.catalog import METHODS
from tests.feedback.expert_models import save_mini

UNTUNED = {"average": 1, "model_stock": 2}


def found(helpful, honest, harmless, n=300, seed=0):
    rng = np.random.default_rng(seed)
    shares = dict(zip(AIMS, (helpful, honest, harmless), strict=True))
    return {aim: rng.random(n) < share for aim, share in shares.items()} | {"over_refusal": np.zeros(9, bool)}


def a_report(mixture=0.9, merge=0.8):
    return copy.deepcopy(_made(mixture, merge))


@cache
def _made(mixture, merge):
    tuning = {
        arm: {"scores": [0.5] * len(tries), "settings": [one.setting for one in tries], "best": 0}
        for arm, tries in TRIES.items()
    }
    screen = {name: found(0.9, merge, 0.9, seed=place) for place, name in enumerate(MERGES)}
    screen |= {"base": found(0.9, 0.5, 0.8)} | {aim: found(0.9, 0.7, 0.8) for aim in AIMS}
    screen |= {name: found(0.95, mixture, 0.95) for name in TUNED_MIXTURES}
    names = stages.finalists(screen, tuning)
    final = {name: [screen[name], screen[name]] for name in names}
    return {
        "base": "coach-mini",
        "sizes": vars(stages.Sizes(seeds=2, final=300)),
        "training": {"arm": {"steps": 180, "rows": 16, "rate": 1e-3}},
        "tuning": tuning,
        "screening": {name: stages.summary(one) for name, one in screen.items()},
        "finalists": names,
        "final": stages.told(final, "equal-3x"),
        "conflicts": stages.conflicts(final),
        "rtsvm": stages.rtsvm_gap(final),
    }


def test_every_arm_has_as_many_tries_and_the_published_default_first():
    assert set(MERGES) | set(TUNED_MIXTURES) == set(TRIES)
    for arm, tries in TRIES.items():
        assert len(tries) == UNTUNED.get(arm, SIX)
        assert len({one.setting for one in tries}) == len(tries)
        if arm in METHODS:
            assert tries[0].parameters.items() <= METHODS[arm].defaults.items()


@pytest.mark.parametrize("arm", TRIES)
def test_every_try_is_a_recipe_that_the_library_takes(tmp_path, arm):
    for one in TRIES[arm]:
        recipe = one.recipe(tmp_path, tmp_path / "seed-0")
        assert len(recipe.experts) == (3 if arm in MERGES else 1)


@pytest.mark.parametrize("one", OF_ADAPTERS, ids=lambda one: one.name)
def test_merges_of_adapters_read_adapters(tmp_path, one):
    experts = one.recipe(tmp_path, tmp_path / "seed-0").experts
    assert [expert.path.name for expert in experts] == [f"{aim}-lora" for aim in AIMS]
    assert all(expert.adapter for expert in experts)
    assert one.name not in {other.name for tries in TRIES.values() for other in tries}


def test_finalists_hold_both_sides():
    names = a_report()["finalists"]
    assert names[:4] == ["base", *AIMS]
    assert {*TUNED_MIXTURES, "tsvm", "rtsvm"} <= set(names)
    assert len(names) == len(set(names)) == 9


@pytest.mark.parametrize(
    ("mixture", "merge", "held"), [(0.95, 0.6, "did not hold here"), (0.6, 0.95, "held here")]
)
def test_the_sentences_follow_the_figures(mixture, merge, held):
    report = a_report(mixture, merge)
    said = " ".join(claims.sentences(report))
    assert f'"Merging beats mixing" {held}' in said
    first = claims.winner(report)
    assert (first in TUNED_MIXTURES) == (mixture > merge)
    assert f"{report['final']['models'][first]['minimum']:.3f}" in said
    assert first not in AIMS


def test_equal_sides_are_not_decided():
    report = a_report(0.8, 0.8)
    near = {"difference": 0.001, "ci": [-0.02, 0.02], "mean_difference": 0.0, "mean_ci": [-0.01, 0.01]}
    gap = {**near, "p": 0.9, "p_holm": 1.0}
    report["final"]["differences"] = dict.fromkeys(report["final"]["differences"], gap)
    said = " ".join(claims.sentences(report))
    assert "is not decided here" in said
    assert "not apart from the mixture" in said


def test_the_pages_hold_every_arm():
    report = a_report()
    text, drawn = page.markdown(report), page.html(report)
    for name in report["screening"]:
        assert f"| {name} (" in text
    assert drawn.count("<svg") == 3
    assert "style=" not in drawn
    assert not re.search(r"<script", drawn)
    assert max(len(line) for line in text.split("\n") if not line.startswith("|")) < 2000
    shown = page.for_the_product(report)
    table = arms.table(shown)  # as the page of coach bases reads it
    assert {row["label"] for row in table.rows} == set(report["finalists"])
    assert claims.winner(report) in table.why


def test_what_ships_is_said_out_of_the_figures():
    kept = page.for_the_product(a_report())
    told = {"base": {"minimum": 0.5, "n": dict.fromkeys(AIMS, 40)}}
    told["half"] = {"minimum": 0.625, "n": dict.fromkeys(AIMS, 40)}
    gaps = {"half": {"difference": 0.125, "ci": [0.1, 0.15]}}
    kept["shipped"] = shipping.named({"models": told, "compared_with": "base", "differences": gaps})
    merge = {"method": "task_arithmetic", "parameters": {"lambda": 0.5}}
    card = {"training": {"merge": merge}, "figures": {"frozen": {"accepted": {"share": 0.81}}}}
    words = shipping.why(kept, card)
    assert claims.winner(a_report()) in words and "lambda 0.5" in words
    assert "On 40 test items for each aim the merge's minimum is 0.625, the base's 0.500 (+0.125" in words
    assert "81.0% of its replies" in words


@pytest.fixture
def measuring(tmp_path):
    base = save_mini(tmp_path / "base")
    made = Measuring(base, tmp_path / "runs")
    for place, aim in enumerate(AIMS):
        expert = shutil.copytree(base, made.trained(0) / aim)
        weights = load_file(expert / "model.safetensors")
        torch.manual_seed(place)
        moved = {name: one + 0.001 * torch.randn_like(one) for name, one in weights.items()}
        save_file(moved, expert / "model.safetensors", metadata={"format": "pt"})
    return made


def test_what_was_measured_is_kept(measuring, monkeypatch):
    one = TRIES["task_arithmetic"][1]
    first = measuring.of_try(one, 0, "validation", 0, 6)
    assert [len(first[aim]) for aim in AIMS] == [6, 6, 6]
    monkeypatch.setattr(Measuring, "_measured", None)  # a second look measures nothing
    again = measuring.of_try(one, 0, "validation", 0, 6)
    assert all((first[key] == again[key]).all() for key in first)
    assert [path.suffix for path in (measuring.folder / "found").iterdir()] == [".npz"]


@pytest.mark.slow
def test_several_processes_find_what_one_finds(measuring):
    measuring.jobs = 2
    args = ("validation", 0, 4)
    calls = {
        one.name: partial(measuring.of_try, one, 0, *args) for one in (TRIES["tsvm"][0], TRIES["ties"][3])
    }
    calls["base"] = partial(measuring.of_folder, "base", measuring.base, *args)
    found = measuring.all(calls)
    assert list(found) == list(calls)
    shutil.rmtree(measuring.folder / "found")
    measuring.jobs = 1
    for name, alone in measuring.all(calls).items():
        assert all((found[name][key] == alone[key]).all() for key in alone)
