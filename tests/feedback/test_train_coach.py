"""A coach-mini of a few thousand weights: trained in legs, loaded by the engine, measured."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command

from feedback.coach.engine import Coach, CoachConfig, EngineError
from feedback.coach.mini.training import OtherRecipeError, Recipe, Training, schedule, write_model
from feedback.coach.reply_prompt import RewordRequest

RECIPE = Recipe(seed=3, steps=6, rows=4, vocabulary=420, width=16, layers=1, heads=2, inner=24, warmup=2)
OPTIONS = {"steps": 6, "rows": 4, "vocabulary": 420, "width": 16, "layers": 1, "heads": 2, "inner": 24}


def training(folder, recipe=RECIPE):
    return Training(folder, recipe, lambda line: None, tokenizer_reads=60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A finished model folder."""
    place = tmp_path_factory.mktemp("coach") / "coach-mini"
    run = training(place)
    assert run.run(5.0)
    write_model(run)
    return place


def weights(run):
    return {name: value.clone() for name, value in run.model.state_dict().items()}


def test_legs_give_the_weights_of_one_run(folder, tmp_path):
    import torch

    whole = weights(training(folder))
    assert training(folder).step == RECIPE.steps
    parts = training(tmp_path)
    assert not parts.run(0.0)
    for stop in (2, 5, 6):
        parts = training(tmp_path)
        batches = parts.batches()
        while parts.step < stop:
            parts.learn(*batches.read(parts.step))
            parts.step += 1
        parts.save(0.0)
    assert all(torch.equal(value, whole[name]) for name, value in weights(parts).items())
    fresh = weights(training(tmp_path / "fresh"))
    assert not all(torch.equal(value, whole[name]) for name, value in fresh.items())


def test_a_checkpoint_of_another_recipe_or_corpus_is_refused(folder, monkeypatch):
    with pytest.raises(OtherRecipeError, match="another recipe"):
        training(folder, Recipe(**{**RECIPE.__dict__, "steps": 7}))
    monkeypatch.setattr("feedback.coach.mini.training.corpus_version", lambda: "corpus-0")
    with pytest.raises(OtherRecipeError):
        training(folder)


def test_the_rate_rises_and_falls():
    recipe = Recipe(steps=100, warmup=10)
    rates = [schedule(step, recipe) for step in range(100)]
    assert rates[0] == 0.1 and max(rates) == 1.0 and rates.index(max(rates)) in (9, 10)
    assert rates[99] == pytest.approx(0.1, abs=0.01)


def test_only_the_replys_tokens_are_learnt(folder):
    run = training(folder)
    ids, targets = run.batches().read(0)
    assert ids.shape == targets.shape == (RECIPE.rows, ids.shape[1])
    for row, wanted in zip(ids.tolist(), targets.tolist(), strict=True):
        reply = [token for token in wanted if token >= 0]
        start = next(i for i, token in enumerate(wanted) if token >= 0)
        assert row[start] == run.tokenizer.token_to_id("<|reply|>")
        assert row[start + 1 : start + 1 + len(reply)] == reply
        assert reply[-1] == run.tokenizer.token_to_id("</s>")


def test_the_engine_loads_the_folder_and_asks_in_its_form(folder):
    coach = Coach(CoachConfig(model=str(folder), max_new_tokens=8))
    request = RewordRequest("My boss left me alone", "ok", "affirm", "draft", seed=1)
    assert coach.name == "coach-mini"
    (text,) = coach.reword([request])
    assert coach.reword([request]) == [text]
    (text,) = coach.reword([RewordRequest("\U0001f600" * 5000, "\U0001f600" * 99, "affirm", "", seed=1)])
    model, _ = coach._load()
    assert str(model.dtype) == "torch.float32"
    with pytest.raises(EngineError, match="was not taught the technique confront"):
        coach.reword([RewordRequest("a", "b", "confront", "c", seed=1)])


def test_the_command_measures_and_writes_the_card(folder):
    out = io.StringIO()
    call_command("evaluate_coach", model=str(folder), limit=3, stdout=out)
    card = json.loads(out.getvalue())
    assert card["figures"]["frozen"]["accepted"]["n"] == 3
    assert "frozen, nearest authored line" in card["figures"]
    assert "accepted" in card["missed"]  # a few random weights pass no loop
    assert card["figures"]["frozen"]["copies_8_words"]["n"] == 3
    quick = io.StringIO()
    call_command("evaluate_coach", model=str(folder), limit=3, without_copies=True, stdout=quick)
    assert "copies_8_words" not in json.loads(quick.getvalue())["figures"]["frozen"]
    assert not (folder / "CARD.md").exists()


def test_without_a_model_the_authored_lines_are_measured():
    out = io.StringIO()
    call_command("evaluate_coach", limit=2, stdout=out)
    figures = json.loads(out.getvalue())["figures"]
    assert set(figures) == {
        "frozen, nearest authored line",
        "handwritten, nearest authored line",
        "the grammar's own exchanges",
    }
    assert figures["frozen, nearest authored line"]["names_content"]["n"] == 2


def test_the_card_prints_samples_as_they_come(folder, tmp_path):
    from feedback.coach.corpus.heldout import frozen
    from feedback.coach.mini import card, evaluation

    questions = frozen()[:70]
    judges = evaluation.Judges(retag=lambda inputs: [])
    figures, samples = evaluation.judged(questions, ["ok"] * 70, judges, set())
    note = json.loads((folder / "training.json").read_text())
    whole = {"training": note, "figures": {"frozen": figures}, "missed": card.missed_bars(figures)}
    card.write_card(tmp_path, whole, samples)
    page = (tmp_path / "CARD.md").read_text()
    assert "## 60 samples, unpicked" in page and page.count("(refused: too_short)") == 60
    assert all(question.seeker in page for question in questions[:60])
    assert json.loads((tmp_path / "card.json").read_text())["missed"] == ["accepted", "names_content"]


def test_a_fine_tune_is_told_and_its_replies_count_as_learnt(folder, tmp_path):
    from feedback.coach.experts.arms import arms
    from feedback.coach.mini import card, evaluation
    from feedback.coach.mini.measures import copied

    arm = next(one for one in arms(2, rows=3) if one.name == "equal-3x")
    base = json.loads((folder / "training.json").read_text())
    note = {"arm": arm.as_dict(), "minutes": 1.5, "base": base}
    (tmp_path / "training.json").write_text(json.dumps(note))
    grams = evaluation.learnt_grams(tmp_path)
    alone = evaluation.learnt_grams(folder)
    assert alone < grams
    long = [one.good for step in range(6) for one in arm.drawn(step) if len(one.good.split()) > 10]
    assert long and all(copied(reply, grams) for reply in long)
    merge = {"merge": {"method": "task_arithmetic", "parameters": {"lambda": 0.5}}, "of": [note, note]}
    page = card.card_page({"training": merge, "figures": {}, "missed": []}, [])
    assert "fine-tuned as `equal-3x`: 6 steps of 3 items (helpful, honest, harmless)" in page
    assert f"{base['weights']:,} weights" in page
    assert "merged with the base: `task_arithmetic`, lambda 0.5." in page
    (tmp_path / "training.json").write_text(json.dumps(merge))
    assert evaluation.learnt_grams(tmp_path) == grams


def test_commands_say_what_to_mend(folder, tmp_path):
    with pytest.raises(CommandError, match="train_coach writes it"):
        call_command("evaluate_coach", model=str(tmp_path), limit=1, stdout=io.StringIO())
    with pytest.raises(CommandError, match="another recipe"):
        call_command("train_coach", output=str(folder), seed=4, **OPTIONS)
