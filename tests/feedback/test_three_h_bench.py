"""Merges against mixtures: equal tries, finalists by rule, and sentences that follow the figures."""

from __future__ import annotations

import copy
import json
import re
import shutil
import sys
from dataclasses import replace
from functools import cache, partial

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bench.three_h import __main__ as command
from bench.three_h import claims, page, shipping, stages, writing
from bench.three_h.found import Measuring
from bench.three_h.tries import LORA_MERGES, LORA_MIXTURE, MERGES, SIX, TRIES, TUNED_MIXTURES
from feedback.bases import arms
from feedback.coach.experts import compared
from feedback.coach.experts.items import AIMS
from feedback.coach.experts.origin import FROM, weights_of
from feedback.coach.merging.catalog import METHODS
from tests.feedback.expert_models import save_mini

UNTUNED = {"average": 1, "model_stock": 2}


def found(helpful, honest, harmless, n=300, seed=0):
    rng = np.random.default_rng(seed)
    shares = dict(zip(AIMS, (helpful, honest, harmless), strict=True))
    return {aim: rng.random(n) < share for aim, share in shares.items()} | {"over_refusal": np.zeros(9, bool)}


def a_report(mixture=0.9, merge=0.8):
    with pytest.MonkeyPatch.context() as quick:
        quick.setattr(compared, "DRAWS", 200)
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
    screen |= {name: found(0.9, merge - 0.1, 0.9, seed=place) for place, name in enumerate(LORA_MERGES)}
    names = stages.finalists(screen, tuning)
    final = {name: [screen[name]] * 5 for name in names}
    return {
        "base": "coach-mini",
        "base_weights": "0123456789abcdef",
        "ships": {},
        "sizes": vars(stages.Sizes(seeds=5, final=300)),
        "training": {"arm": {"steps": 180, "rows": 16, "rate": 1e-3}},
        "tuning": tuning,
        "screening": {name: stages.summary(one) for name, one in screen.items()},
        "finalists": names,
        "final": stages.told(final, "equal-3x"),
        "conflicts": stages.conflicts(final),
        "rtsvm": stages.gap(final, ("rtsvm",), ("tsvm",)),
        "adapters": stages.gap(final, LORA_MERGES, (LORA_MIXTURE,)),
    }


def test_every_arm_has_as_many_tries_and_the_published_default_first():
    assert {*MERGES, *LORA_MERGES, *TUNED_MIXTURES} == set(TRIES)
    for arm, tries in TRIES.items():
        method = arm.removesuffix("-lora")
        assert len(tries) == UNTUNED.get(method, SIX)
        assert len({one.setting for one in tries}) == len(tries)
        assert [stages.arm_of(one.name) for one in tries] == [arm] * len(tries)
        if method in METHODS:
            assert tries[0].parameters.items() <= METHODS[method].defaults.items()


@pytest.mark.parametrize("arm", TRIES)
def test_every_try_is_a_recipe_that_the_library_takes(tmp_path, arm):
    for one in TRIES[arm]:
        recipe = one.recipe(tmp_path, tmp_path / "seed-0")
        assert len(recipe.experts) == (1 if arm in TUNED_MIXTURES else 3)
        assert {expert.adapter for expert in recipe.experts} == {arm.endswith("-lora")}


@pytest.mark.parametrize("arm", LORA_MERGES)
def test_merges_of_adapters_read_adapters(tmp_path, arm):
    full, ours = (TRIES[name] for name in (arm.removesuffix("-lora"), arm))
    assert [one.setting for one in ours] == [one.setting for one in full]
    for one in ours:
        experts = one.recipe(tmp_path, tmp_path / "seed-0").experts
        assert [expert.path.name for expert in experts] == [f"{aim}-lora" for aim in AIMS]
    assert [expert.path.name for expert in full[0].recipe(tmp_path, tmp_path).experts] == list(AIMS)


def test_finalists_hold_both_sides():
    names = a_report()["finalists"]
    assert names[:4] == ["base", *AIMS]
    assert {*TUNED_MIXTURES, "tsvm", "rtsvm"} <= set(names)
    assert len(names) == len(set(names)) == 11
    assert len(set(LORA_MERGES) & set(names)) == 1


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


def test_merges_of_adapters_are_measured_against_their_own_mixture():
    report = a_report()
    name = next(one for one in report["finalists"] if one in LORA_MERGES)
    assert (report["adapters"]["ours"], report["adapters"]["plain"]) == (name, LORA_MIXTURE)
    assert report["final"]["compared_with"] != LORA_MIXTURE
    for difference, p, held in (
        (-0.1, 0.01, "did not hold"),
        (0.1, 0.01, "held"),
        (0.1, 0.3, "is not decided"),
    ):
        report["adapters"] |= {"difference": difference, "p": p}
        (said,) = [line for line in claims.sentences(report) if line.startswith("Of LoRA experts")]
        assert f"it {held} here: {name} less equal-3x-lora, {difference:+.3f} [" in said
        assert f"less {report['final']['compared_with']}, which learnt all weights, " in said


def test_costs_of_one_aim_are_corrected_for_six_pairs():
    report = a_report()
    pairs = [gap for one in AIMS for aim, gap in report["conflicts"][one].items() if aim != one]
    assert all("p_holm" in gap for gap in pairs) and len(pairs) == 6
    assert not any("p_holm" in report["conflicts"][aim][aim] for aim in AIMS)
    cost = {"difference": -0.02, "ci": [-0.039, -0.001], "p": 0.04}
    none = {"difference": 0.0, "ci": [-0.01, 0.01], "p": 1.0}
    told = {one: {aim: dict(none) for aim in AIMS} for one in AIMS}
    told["honest"]["harmless"] = dict(cost)
    report["conflicts"] = stages.corrected(told)
    assert told["honest"]["harmless"]["p_holm"] == pytest.approx(0.24)
    said = " ".join(claims.sentences(report))
    assert "is not shown once p is corrected for the six pairs: the nearest to it is honest for harm" in said
    told["honest"]["harmless"]["p"] = 0.004
    report["conflicts"] = stages.corrected(told)
    said = " ".join(claims.sentences(report))
    assert (
        "costs another, p corrected for the six pairs: honest for harmless (-0.020 [-0.039, -0.001]" in said
    )
    told["honest"]["harmless"]["difference"] = 0.02
    assert "No expert has less of another aim than the base." in claims.sentences(report)


def test_the_base_is_told_from_what_ships():
    report = a_report()
    assert "Base: coach-mini (weights 0123456789abcdef). Experts" in page.markdown(report)
    report["ships"] = {"name": "coach-mini", "minimum": 0.638, "merged": True}
    told = page.markdown(report)
    assert "before the merge that ships now: coach-mini as it ships has a minimum of 0.638" in told
    assert "bench.three_h RUNS --base BASE " in told
    report["ships"]["merged"] = False
    assert "which are not those that ship now" in page.markdown(report)


def test_what_is_kept_of_the_experts_is_shown():
    report = a_report()
    report["final"]["models"]["base"]["retention"] = {"helpful": 0.987, "harmless": 1.014}
    for text in (page.markdown(report), page.html(report)):
        assert "0.99 / – / 1.01" in text and "Kept: the part of each expert" in text


def test_the_committed_pages_are_of_the_committed_figures(tmp_path, monkeypatch):
    """Words and tables by the code of today; what ships and why stays."""
    before = {path: path.read_bytes() for path in (writing.REPORT, writing.PAGE, writing.HTML, shipping.FILE)}
    for name in ("REPORT", "PAGE", "HTML"):
        place = tmp_path / getattr(writing, name).name
        place.write_bytes(getattr(writing, name).read_bytes())
        monkeypatch.setattr(writing, name, place)
    file = tmp_path / "product.json"
    file.write_bytes(shipping.FILE.read_bytes())
    committed = list(before.values())
    monkeypatch.setattr(shipping, "FILE", file)
    writing.main()
    made = [path.read_bytes() for path in (writing.REPORT, writing.PAGE, writing.HTML, file)]
    assert made == committed
    assert all(path.read_bytes() == content for path, content in before.items())


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


def test_a_base_has_to_be_named(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "argv", ["three_h", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2


def test_runs_of_another_base_are_refused(measuring, monkeypatch, capsys):
    runs = measuring.folder
    for name in (*AIMS, *stages.LORA_EXPERTS, *TUNED_MIXTURES):
        folder = measuring.trained(0) / name
        if not folder.is_dir():
            shutil.copytree(measuring.base, folder)
        (folder / "training.json").write_text(json.dumps({FROM: weights_of(measuring.base)}))
    shutil.copytree(measuring.base, measuring.trained(0) / "reward-3x")  # nobody says what it is
    args = ["three_h", str(runs), "--base", str(measuring.base), "--until", "tune", "--write"]
    monkeypatch.setattr(sys, "argv", args)
    measured = []
    monkeypatch.setattr(command, "_measured", lambda *given: measured.append(given) or {})
    assert command.main() == 2
    said = capsys.readouterr().err
    assert "seed-0/reward-3x. Name the base that RUNS were trained from; nothing was measured." in said
    shutil.rmtree(measuring.trained(0) / "reward-3x")
    (measuring.trained(0) / "honest" / "training.json").write_text(json.dumps({FROM: "0123456789abcdef"}))
    assert command.main() == 2
    assert "training.json: seed-0/honest. Name" in capsys.readouterr().err
    assert measured == [] and not (runs / "report.json").exists()
    shutil.copy(measuring.trained(0) / "helpful" / "training.json", measuring.trained(0) / "honest")
    assert command.main() == 0 and len(measured) == 1


def test_what_was_measured_on_other_weights_is_measured_anew(measuring):
    one, other = TRIES["task_arithmetic"][:2]
    args = (0, "validation", 0, 2)
    folder = measuring.folder / "found"

    def kept():
        measuring.of_try(one, *args)
        measuring.of_folder("helpful@0", measuring.trained(0) / "helpful", "validation", 0, 2)
        return len(list(folder.iterdir()))

    assert (kept(), kept()) == (2, 2)
    moved = replace(one, parameters=other.parameters)  # of the same name
    measuring.of_try(moved, *args)
    assert len(list(folder.iterdir())) == 3
    for model, more in ((measuring.trained(0) / "helpful", 2), (measuring.base, 2)):
        weights = load_file(model / "model.safetensors")
        weights = {name: one + 0.001 for name, one in weights.items()}
        before = len(list(folder.iterdir()))
        save_file(weights, model / "model.safetensors", metadata={"format": "pt"})
        assert kept() == before  # a run reads weights once
        measuring.digests.clear()
        assert kept() == before + more


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
