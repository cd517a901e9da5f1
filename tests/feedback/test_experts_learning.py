"""Fine-tunes by example and by preference, in legs, by reward; and which reply a model prefers."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from feedback.coach.experts import ranking
from feedback.coach.experts.arms import Arm
from feedback.coach.experts.asking import IGNORED, Asker, logprobs, pair_means
from feedback.coach.experts.errors import ExpertsError
from feedback.coach.experts.items import AIMS, CONTRAST, item
from feedback.coach.experts.learning import Tuning, finished
from feedback.coach.experts.loading import load, load_tokenizer
from feedback.coach.experts.ranking import measured, preferred
from feedback.coach.merging.engine import merge
from feedback.coach.merging.recipe import Expert, Recipe
from feedback.coach.mini.prompting import answer
from tests.feedback.expert_models import save_mini
from tests.feedback.tiny_model import save_tiny_model

ARM = Arm("honest", {"honest": 1.0}, steps=20, rows=6, rate=5e-3, warmup=3)


@pytest.fixture
def base(tmp_path):
    return save_mini(tmp_path / "base")


def tuned(arm, base, folder, experts=()):
    tuning = Tuning(arm, base, folder, Asker(load_tokenizer(base)), load, experts)
    assert tuning.run(3600, lambda line: None)  # no limit: machines are busy
    return folder


@pytest.mark.parametrize(
    "arm", [ARM, replace(ARM, name="harmless-dpo", shares={"harmless": 1.0}, how="dpo")], ids=["sft", "dpo"]
)
def test_an_expert_gets_better_at_its_aim(tmp_path, base, arm):
    asker = Asker(load_tokenizer(base))
    aim = next(iter(arm.shares))
    before = preferred(load(base), asker, aim, "validation", 0, 60)[0].mean()
    folder = tuned(arm, base, tmp_path / "expert")
    after = preferred(load(folder), asker, aim, "validation", 0, 60)[0].mean()
    assert after > max(0.7, before + 0.15)
    assert finished(arm, folder, base)
    assert not finished(replace(arm, steps=21), folder, base)
    assert not finished(arm, base, base)
    assert not finished(arm, folder, folder)  # from other weights


def test_legs_give_the_same_weights(tmp_path, base):
    arm = replace(ARM, steps=4, rows=2)
    whole = tuned(arm, base, tmp_path / "whole")
    asker = Asker(load_tokenizer(base))
    first = Tuning(arm, base, tmp_path / "legs", asker, load, [])
    first.learn(first.chosen(0))
    first.step = 1
    assert not first.run(0, lambda line: None)
    again = Tuning(arm, base, tmp_path / "legs", asker, load, [])
    assert again.step == 1
    assert again.run(60, lambda line: None)
    one, two = (load_file(folder / "model.safetensors") for folder in (whole, tmp_path / "legs"))
    assert all(torch.equal(one[name], two[name]) for name in one)
    assert not (tmp_path / "legs" / "checkpoint.pt").exists()
    note = json.loads((tmp_path / "legs" / "training.json").read_text())
    assert note["arm"] == arm.as_dict()
    assert "base" not in note  # of one that tells nothing
    more = tuned(replace(arm, steps=1), whole, tmp_path / "more")
    assert json.loads((more / "training.json").read_text())["base"]["arm"] == arm.as_dict()


def test_a_checkpoint_of_another_arm_is_not_gone_on_with(tmp_path, base):
    asker = Asker(load_tokenizer(base))
    first = Tuning(ARM, base, tmp_path / "out", asker, load, [])
    first.step = 7
    assert not first.run(0, lambda line: None)
    assert Tuning(ARM, base, tmp_path / "out", asker, load, []).step == 7
    assert Tuning(replace(ARM, seed=1), base, tmp_path / "out", asker, load, []).step == 0


def test_a_reward_keeps_what_the_experts_gained_on(tmp_path, base):
    expert = tuned(replace(ARM, rows=4), base, tmp_path / "honest")
    arm = replace(ARM, name="reward", shares={"helpful": 1.0, "honest": 1.0}, reward=True)
    tuning = Tuning(arm, base, tmp_path / "out", Asker(load_tokenizer(base)), load, [expert])
    chosen, drawn = tuning.chosen(0), arm.drawn(0)
    assert len(chosen) == arm.rows
    assert [one for one in drawn if one in chosen] == chosen
    honest = [sum(one.aim == "honest" for one in found) / len(found) for found in (chosen, drawn)]
    assert honest[0] > honest[1]  # an honest expert gained on honest items


def test_an_expert_may_be_an_adapter(tmp_path, base):
    peft = pytest.importorskip("peft")
    asker = Asker(load_tokenizer(base))
    arm = replace(ARM, name="honest-lora", lora=4, rate=2e-2)
    folder = tuned(arm, base, tmp_path / "lora")
    assert not (folder / "model.safetensors").exists()
    model = load(folder)
    assert not isinstance(model, peft.PeftModel)
    before = preferred(load(base), asker, "honest", "validation", 0, 60)[0].mean()
    assert preferred(model, asker, "honest", "validation", 0, 60)[0].mean() > before + 0.1
    recipe = Recipe("task_arithmetic", base, (Expert(folder, adapter=True),), parameters={"lambda": 1.0})
    merged = load(merge(recipe, tmp_path / "merged").output)
    for name, value in merged.state_dict().items():
        torch.testing.assert_close(value, model.state_dict()[name], atol=1e-5, rtol=1e-4)


def test_only_the_reply_is_scored(base):
    asker = Asker(load_tokenizer(base))
    items = [item("helpful", "train", 0, place) for place in range(3)]
    rows = asker.rows(items, [one.good for one in items])
    total, count = logprobs(load(base), rows)
    assert torch.equal(count, (rows.targets != IGNORED).sum(1))
    for place, one in enumerate(items):  # alone and in a batch the same
        alone = logprobs(load(base), asker.rows([one], [one.good]))
        torch.testing.assert_close(alone[0], total[place : place + 1])
    said = asker.tokenizer.decode(rows.targets[0][rows.targets[0] != IGNORED])
    assert "<|" in said  # words of the message are pointed at, as the model was taught
    assert said.endswith("</s>")
    assert answer(said, items[0].seeker).lower() == items[0].good.lower()


@pytest.mark.parametrize("mini", [True, False])
def test_both_replies_behind_one_prompt_score_as_they_do_alone(tmp_path, base, mini):
    folder = base if mini else save_tiny_model(tmp_path / "other")
    asker, model = Asker(load_tokenizer(folder)), load(folder).eval()
    items = [item(aim, "validation", 0, place) for place in range(4) for aim in AIMS]
    with torch.no_grad():
        together = pair_means(model, asker.pairs(items))
        for column, replies in enumerate(([one.good for one in items], [one.bad for one in items])):
            total, count = logprobs(model, asker.rows(items, replies))
            torch.testing.assert_close(together[:, column], total / count, atol=1e-4, rtol=1e-4)
    assert together.shape == (12, 2)
    assert (together[:, 0] != together[:, 1]).all()


def test_a_model_that_refers_everybody_has_told_nothing_apart(base, monkeypatch):
    """The referral is preferred after any message, by more after some: only that decides."""
    asker = Asker(load_tokenizer(base))

    def margins(model, asker, items, *, batch):
        told = {"crisis": 2.0, CONTRAST: -3.0}
        return np.array([told.get(one.kind, 1.0) for one in items], dtype=np.float32)

    monkeypatch.setattr(ranking, "margins", margins)
    right, by, kinds = preferred(None, asker, "harmless", "test", 0, 80)
    items = [item("harmless", "test", 0, place) for place in range(80)]
    assert kinds == [one.kind for one in items]
    assert not any(answer for answer, one in zip(right, items, strict=True) if one.instead)
    assert (by[np.array(kinds) == CONTRAST] < 0).all()


@pytest.mark.parametrize("chat", [False, True])
def test_any_causal_model_can_be_asked(tmp_path, chat):
    folder = save_tiny_model(tmp_path / "other", chat=chat)
    asker = Asker(load_tokenizer(folder))
    prompt = asker._prompt(item("honest", "train", 0, 0))
    assert ("<|user|>" in prompt) == chat
    found = measured(load(folder), asker, split="test", seeds=[0, 1], count=12)
    assert {name: len(one) for name, one in found.items() if name != "over_refusal"} == {
        "helpful": 24,
        "honest": 24,
        "harmless": 24,
    }
    assert 0 < len(found["over_refusal"]) < 24


def test_a_prompt_that_is_too_long_loses_its_start(base):
    asker = Asker(load_tokenizer(base), longest=24)
    one = item("harmless", "train", 0, 3)
    rows = asker.rows([one], [one.good])
    assert rows.ids.shape[1] <= 24
    assert "<|reply|>" in asker.tokenizer.decode(rows.ids[0])


def test_trained_experts_merge(tmp_path, base):
    """Full fine-tunes by example and by preference, from data to a merged model that can be measured."""
    short = replace(ARM, steps=2, rows=2)
    experts = [
        tuned(short, base, tmp_path / "sft"),
        tuned(replace(short, how="dpo"), base, tmp_path / "dpo"),
    ]
    merge(Recipe("rtsvm", base, tuple(Expert(path) for path in experts)), tmp_path / "merged")
    found = preferred(
        load(tmp_path / "merged"), Asker(load_tokenizer(tmp_path / "merged")), "honest", "test", 0, 10
    )
    assert found[0].dtype == np.bool_


def test_folders_that_are_none(tmp_path, base):
    with pytest.raises(ExpertsError, match="no model folder"):
        load(tmp_path)
    (base / "model.safetensors").unlink()
    with pytest.raises(ExpertsError, match="could not be loaded"):
        load(base)
