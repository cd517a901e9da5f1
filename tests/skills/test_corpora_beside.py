"""Text without labels, the corpus that only measures, licences, and the second labelling."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from skills.corpora import mibot, own, second_labels, unlabelled
from skills.corpora.library import CORPORA, learnt_from, permissive, read_all, strictest_licence
from skills.taxonomy import CODES

LONG = "I wonder what your evenings look like."


def sessions(folder, *rows: tuple[str, str, str]):
    (folder / "mibot" / "transcripts").mkdir(parents=True)
    rows = [{"speaker": who, "text": text, "auto_misc_label": label} for who, text, label in rows]
    path = folder / "mibot" / "transcripts" / "one.json"
    path.write_text(json.dumps({"utterances": rows}), encoding="utf-8")


def test_a_session_of_mibot_measures_and_never_trains(tmp_path):
    sessions(
        tmp_path,
        ("counsellor", "Hello!", "Other"),
        ("client", "I smoke ten a day.", "N"),
        ("counsellor", "Ten a day.", "R"),
        ("counsellor", "Hm?", "unheard of"),
    )
    hello, ten = mibot.read(tmp_path)
    assert (hello.split, hello.label, hello.previous) == ("test", "Other", "")
    assert (ten.label, ten.previous, ten.positive, ten.weight) == ("R", "I smoke ten a day.", (), 0.0)
    assert learnt_from(read_all(tmp_path)) == []


def test_unlabelled_text_leaves_out_what_is_kept_apart(tmp_path):
    (tmp_path / "counsel_chat").mkdir()
    with (tmp_path / "counsel_chat" / "a.csv").open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerows([["answerText"], [f"{LONG} You could write to her tonight. Short."], [LONG]])
    found = list(unlabelled.read(tmp_path, ["you could write to her, tonight!"]))
    assert [example.text for example in found] == [LONG]
    assert (found[0].split, found[0].weight, found[0].positive) == ("train", 0.0, ())


def test_failed_chats_give_the_helpers_turns(tmp_path):
    (tmp_path / "esconv").mkdir()
    turns = [("speaker", "my dog died\n"), ("listener", "Losing her leaves the house so quiet.\n")]
    chat = {"dialog": [{"speaker": who, "content": text} for who, text in turns]}
    (tmp_path / "esconv" / "FailedESConv.json").write_text(json.dumps([chat]), encoding="utf-8")
    [found] = unlabelled.read(tmp_path)
    assert (found.text, found.previous) == ("Losing her leaves the house so quiet.", "my dog died")


def test_without_corpora_only_our_own_examples_are_there():
    assert {example.corpus for example in read_all(None)} == {own.NAME}


def test_the_permissive_part_holds_no_corpus_with_conditions(tmp_path):
    sessions(tmp_path, ("counsellor", "Hello!", "Other"))
    assert {example.corpus for example in permissive(read_all(tmp_path))} == {own.NAME}
    assert strictest_licence([]).startswith("permissive")
    free = [corpus for corpus in CORPORA if corpus.name == "physical_activity"]
    assert "Apache-2.0" in strictest_licence(free)


def test_the_strictest_licence_wins():
    said = strictest_licence([corpus for corpus in CORPORA if corpus.learnt])
    assert "EPITOME" in said
    assert "AnnoMI" in said
    assert "ESConv" not in said
    assert "non-commercial" in strictest_licence([c for c in CORPORA if c.name == "epitome"])


@pytest.mark.parametrize(
    ("one", "other", "kappa"),
    [([1, 1, 0, 0], [1, 1, 0, 0], 1.0), ([1, 1, 0, 0], [1, 0, 1, 0], 0.0), ([0, 0], [0, 0], 1.0)],
)
def test_kappa(one, other, kappa):
    assert second_labels.kappa(np.array(one, bool), np.array(other, bool)) == pytest.approx(kappa)


def test_the_second_labelling_is_of_our_own_examples_and_large_enough():
    found = second_labels.agreement(list(own.read()))
    assert found["messages"] >= 190
    assert set(found["codes"]) == set(CODES)
    assert 0 < found["overlap"] <= 1
