"""`manage.py merge_models`: from a recipe to a folder, the plan, the list, and errors."""

from __future__ import annotations

import json
import signal
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from feedback.coach.experts.origin import FROM, weights_of
from feedback.coach.merging import engine, plan
from tests.feedback.merging_models import family, recipe, threads
from tests.feedback.tiny_model import save_tiny_model


@pytest.fixture
def written(tmp_path):
    save_tiny_model(tmp_path / "base", chat=True)
    save_tiny_model(tmp_path / "helpful", chat=True)
    path = tmp_path / "recipe.toml"
    path.write_text(
        'method = "ties"\nbase = "base"\n[[experts]]\npath = "helpful"\n[[groups]]\nmatch = "*norm*"\n'
    )
    return path


def test_a_recipe_becomes_a_model(tmp_path, written, capsys):
    before = signal.getsignal(signal.SIGTERM)
    call_command("merge_models", str(written), output=tmp_path / "out")
    assert not (tmp_path / "out" / "training.json").exists()  # nobody knows how its experts were trained
    assert signal.getsignal(signal.SIGTERM) is before
    assert (tmp_path / "out" / "model.safetensors").is_file()
    printed = capsys.readouterr().out
    assert "threshold, pass 1" in printed
    assert "21/21" in printed


def test_it_tells_how_its_experts_were_trained(tmp_path, written):
    told = {"arm": {"name": "helpful"}, "minutes": 1.0}
    (tmp_path / "helpful" / "training.json").write_text(json.dumps(told))
    call_command("merge_models", str(written), output=tmp_path / "out")
    note = json.loads((tmp_path / "out" / "training.json").read_text())
    how = {"method": "ties", "rule": "paper", "parameters": {"density": 0.2, "lambda": 1.0}, "seed": 0}
    assert note == {"merge": how, "of": [told]}


def test_the_output_appears_with_its_note(tmp_path, written, monkeypatch):
    (tmp_path / "helpful" / "training.json").write_text(json.dumps({"arm": {"name": "helpful"}}))
    seen = []
    real = Path.rename

    def renamed(self, target):
        seen.append(sorted(path.name for path in self.iterdir()))
        return real(self, target)

    monkeypatch.setattr(Path, "rename", renamed)
    call_command("merge_models", str(written), output=tmp_path / "out")
    assert len(seen) == 1 and "training.json" in seen[0]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == seen[0]


@pytest.mark.parametrize("dry", [False, True])
def test_what_was_learnt_from_other_weights_is_refused(tmp_path, written, dry):
    note = tmp_path / "helpful" / "training.json"
    note.write_text(json.dumps({"arm": {}, FROM: "0123456789abcdef"}))
    options = {"dry_run": True} if dry else {"output": tmp_path / "out"}
    with pytest.raises(CommandError, match="helpful was trained from other weights than base has") as ended:
        call_command("merge_models", str(written), **options)
    assert ended.value.returncode == 2
    assert not list(tmp_path.glob("out*"))
    note.write_text(json.dumps({"arm": {}, FROM: weights_of(tmp_path / "base")}))
    call_command("merge_models", str(written), **options)


def test_a_base_that_is_not_there_is_what_is_said(tmp_path, written):
    (tmp_path / "helpful" / "training.json").write_text(json.dumps({FROM: "0123456789abcdef"}))
    (tmp_path / "base").rename(tmp_path / "moved")
    with pytest.raises(CommandError, match="there is no folder"):
        call_command("merge_models", str(written), dry_run=True)


def test_the_dry_run_writes_nothing(tmp_path, written, capsys):
    call_command("merge_models", str(written), dry_run=True)
    printed = capsys.readouterr().out
    for words in (
        "parameters in 21 tensors",
        "5 tensors in the group *norm*",
        "3 passes",
        "memory about",
        "time about",
    ):
        assert words in printed
    assert not list(tmp_path.glob("out*"))


def test_the_list(capsys):
    call_command("merge_models", "--list")
    assert "our formulation" in capsys.readouterr().out.lower()


def test_ctrl_c_ends_it_and_the_next_call_goes_on(tmp_path, written, monkeypatch):
    real = engine.Staging.commit

    def interrupted(self, name, facts):
        real(self, name, facts)
        if len(self.done) == 4:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(engine.Staging, "commit", interrupted)
    with pytest.raises(CommandError, match="stopped after 4 of 21") as ended, threads(1):
        call_command("merge_models", str(written), output=tmp_path / "out")
    assert ended.value.returncode == 130
    call_command("merge_models", str(written), output=tmp_path / "out")
    assert (tmp_path / "out" / "manifest.json").is_file()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "say a recipe and --output"),
        ({"recipe": "none.toml", "dry_run": True}, "cannot be read"),
        ({"recipe": "recipe.toml", "output": Path("helpful")}, "exists already"),
        ({"recipe": "recipe.toml", "output": Path("out"), "device": "warp"}, "unknown device"),
    ],
)
def test_errors_say_what_to_mend(tmp_path, written, monkeypatch, options, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CommandError, match=words) as ended:
        call_command("merge_models", *([options.pop("recipe")] if "recipe" in options else []), **options)
    assert ended.value.returncode == 2


@pytest.mark.parametrize(
    ("method", "rule", "passes"),
    [
        ("average", "paper", 1),
        ("model_stock", "paper", 2),
        ("ties", "mergekit", 3),
        ("dare", "mergekit", 2),
        ("della", "paper", 1),
        ("rtsvm", "paper", 4),
    ],
)
def test_the_plan_counts_the_passes(tmp_path, method, rule, passes, monkeypatch):
    # By this clock the trial on a piece of one tensor takes a second, so a pass over all takes longer.
    monkeypatch.setattr(plan, "time", SimpleNamespace(perf_counter=count().__next__))
    base, experts = family(tmp_path, "llama", experts=2)
    found = plan.plan(recipe(method, base, experts, rule=rule))
    assert found.passes == passes
    assert found.parameters == 5456
    assert found.spectral == (16 if method == "rtsvm" else 0)
    assert found.warnings == ["the base has no tokenizer files: the output will have none"]
    assert found.seconds > passes
