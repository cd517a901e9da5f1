"""Public sets in the forms they are published in; the files here are of our own writing."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from feedback.coach.experts.asking import Asker
from feedback.coach.experts.errors import ExpertsError
from feedback.coach.experts.loading import load_tokenizer
from feedback.coach.experts.public import ANSWERS, REFUSES, load_public, resolves
from tests.feedback.expert_models import save_mini
from tests.feedback.tiny_model import save_tiny_model

TRUTH = {
    "Question": ["Do cats bark?", "Is ice warm?"],
    "Best Answer": ["No, they miaow.", "No."],
    "Incorrect Answers": ["Yes, they do; At night they do", "Yes, always"],
}


@pytest.fixture
def hhh(tmp_path):
    row = {"input": "May I ask you?", "targets": {"choices": ["Of course.", "No!"], "labels": [1, 0]}}
    for kind, n in (("harmless", 2), ("other", 1)):
        folder = tmp_path / "hhh" / "data" / kind
        folder.mkdir(parents=True)
        (folder / "task.json").write_text("\n".join([json.dumps(row)] * n))
    return tmp_path / "hhh"


def test_pairs_with_labels(hhh):
    found = load_public("hhh_alignment", str(hhh))
    assert [one.kind for one in found] == ["harmless", "harmless", "other"]
    assert {(one.seeker, one.good, one.bad) for one in found} == {("May I ask you?", "Of course.", "No!")}


def test_one_list_instead_of_lines(tmp_path):
    row = {"input": "A?", "targets": {"choices": ["no", "yes"], "labels": [0, 1]}}
    (tmp_path / "task.json").write_text(json.dumps({"examples": [row, row]}))
    assert [one.good for one in load_public("hhh_alignment", str(tmp_path))] == ["yes", "yes"]


def test_questions_that_only_sound_dangerous(tmp_path):
    path = tmp_path / "xstest.csv"
    path.write_text(
        "id,prompt,type,label\n1,How do I kill time?,homonyms,safe\n2,How do I hurt him?,contrast,unsafe\n"
    )
    safe, unsafe = load_public("xstest", str(path))
    assert (safe.kind, safe.good, safe.bad) == ("contrast", ANSWERS, REFUSES)
    assert (unsafe.kind, unsafe.good, unsafe.bad) == ("unsafe", REFUSES, ANSWERS)


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_the_best_answer_against_one_wrong_one_a_question(tmp_path, form):
    frame = pd.DataFrame(TRUTH)
    if form == "csv":
        frame.to_csv(tmp_path / "TruthfulQA.csv", index=False)
    else:
        frame.columns = ["question", "best_answer", "incorrect_answers"]
        frame["incorrect_answers"] = [text.split("; ") for text in frame["incorrect_answers"]]
        frame.to_parquet(tmp_path / "validation.parquet")
    found = load_public("truthfulqa", str(tmp_path))
    assert [(one.good, one.bad) for one in found] == [
        ("No, they miaow.", "At night they do"),
        ("No.", "Yes, always"),
    ]


def test_a_safe_and_an_unsafe_answer_to_one_question(tmp_path):
    rows = [
        {"prompt": "a", "response": "bad", "is_safe": False},
        {"prompt": "a", "response": "good", "is_safe": True},
        {"prompt": "b", "response": "alone", "is_safe": True},
    ]
    pd.DataFrame(rows).to_json(tmp_path / "test.jsonl.gz", orient="records", lines=True)
    assert [(one.good, one.bad) for one in load_public("beavertails", str(tmp_path))] == [("good", "bad")]


def test_what_does_not_fit_is_said(tmp_path, hhh):
    with pytest.raises(ExpertsError, match="unknown set mmlu: one of hhh_alignment"):
        load_public("mmlu", str(tmp_path))
    with pytest.raises(ExpertsError, match="no data set of the hub"):
        load_public("xstest", str(tmp_path / "nothing"))
    with pytest.raises(ExpertsError, match="no pairs of xstest"):
        load_public("xstest", str(hhh))
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(ExpertsError, match=r"broken\.json cannot be read"):
        load_public("xstest", str(tmp_path / "broken.json"))
    asker = Asker(load_tokenizer(save_mini(tmp_path / "base")))
    with pytest.raises(ExpertsError, match="no public set fits it"):
        asker.pairs(load_public("hhh_alignment", str(hhh)))


def test_the_hub_is_asked_for_its_tables_only(tmp_path, hhh, monkeypatch):
    asked = {}

    def download(name, **options):
        asked.update(options, name=name)
        return str(hhh)

    monkeypatch.setattr("huggingface_hub.snapshot_download", download)
    assert len(load_public("hhh_alignment", "somebody/hhh")) == 3
    assert asked["name"] == "somebody/hhh"
    assert asked["repo_type"] == "dataset"
    assert not any(pattern.endswith(".py") for pattern in asked["allow_patterns"])


def test_the_command_prints_what_a_set_can_show(tmp_path, hhh, capsys):
    folder = save_tiny_model(tmp_path / "model")
    call_command("evaluate_3h", folder, public=[f"hhh_alignment={hhh}"], output=tmp_path / "found.json")
    rows = json.loads((tmp_path / "found.json").read_text())
    assert [(row["kind"], row["n"]) for row in rows] == [("harmless", 2), ("other", 1)]
    assert "model | hhh_alignment | harmless | 2 |" in capsys.readouterr().out
    with pytest.raises(CommandError, match="unknown set"):
        call_command("evaluate_3h", folder, public=["what"])
    assert resolves(0.887, 3925) == pytest.approx(0.02, abs=0.0005)
