"""Readers of the dialogue corpora, on small files in the corpus' own format with our own sentences."""

from __future__ import annotations

import csv
import json
from pathlib import Path

from openpyxl import Workbook

from skills.corpora import annomi, esconv, physical_activity
from skills.corpora.maps import ANNOMI

COLUMNS = (
    "transcript_id",
    "utterance_id",
    "interlocutor",
    "utterance_text",
    "therapist_input_exists",
    "therapist_input_subtype",
    "reflection_exists",
    "reflection_subtype",
    "question_exists",
    "question_subtype",
    "main_therapist_behaviour",
)


def _annomi(folder: Path, *rows: tuple[str, ...]) -> list:
    (folder / "annomi").mkdir()
    with (folder / "annomi" / "annomi_train.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(rows)
    return list(annomi.read(folder))


NONE = ("False", "n/a", "False", "n/a")
CLIENT = ("n/a",) * 7


def test_annomi_flags_are_exact_and_the_client_line_is_the_context(tmp_path):
    question = ("False", "n/a", "False", "n/a", "True", "open", "question")
    [example] = _annomi(
        tmp_path,
        ("4", "0", "client", "It rained on my walk.", *CLIENT),
        ("4", "1", "therapist", "How was the walk otherwise?", *question),
    )
    assert example.positive == (frozenset({"open_question"}),)
    assert "closed_question" in example.negative
    assert "reflection_simple" in example.negative
    assert (example.previous, example.label, example.group) == ("It rained on my walk.", "question", "4")


def test_annomi_never_makes_affirm_support_or_disclosure_negative(tmp_path):
    other = ("False", "n/a", "False", "n/a", "False", "n/a", "other")
    reflection = ("False", "n/a", "True", "simple", "False", "n/a", "reflection")
    first, second = _annomi(
        tmp_path,
        ("4", "0", "therapist", "Good to see you.", *other),
        ("4", "1", "therapist", "You missed the bus.", *reflection),
    )
    assert frozenset(ANNOMI["other"]) in first.positive
    for example in (first, second):
        assert not {"affirm", "support", "self_disclosure"} & example.negative


def test_annomi_asks_the_majority_of_several_annotators(tmp_path):
    yes = ("False", "n/a", "False", "n/a", "True", "closed", "question")
    no = ("False", "n/a", "True", "simple", "False", "n/a", "reflection")
    rows = [("9", "0", "therapist", "You slept badly?", *row) for row in (yes, yes, no)]
    [example] = _annomi(tmp_path, *rows)
    assert example.positive == (frozenset({"closed_question"}),)
    assert "reflection_simple" not in example.negative  # one of three saw a reflection: not settled


def test_annomi_context_never_crosses_transcripts(tmp_path):
    question = ("False", "n/a", "False", "n/a", "True", "closed", "question")
    [example] = _annomi(
        tmp_path,
        ("1", "7", "client", "Bye then.", *CLIENT),
        ("2", "0", "therapist", "Shall we start?", *question),
    )
    assert example.previous == ""


def test_esconv_strategies_become_sets_and_both_reflections_one_label(tmp_path):
    (tmp_path / "esconv").mkdir()
    dialog = [
        {"text": "My cat is ill.", "speaker": "usr"},
        {"text": "You are worried about your cat.", "speaker": "sys", "strategy": "Reflection of feelings"},
        {"text": "I had a sick dog once.", "speaker": "sys", "strategy": "Self-disclosure"},
        {"text": "Unlabelled line.", "speaker": "sys"},
    ]
    (tmp_path / "esconv" / "train.jsonl").write_text(json.dumps({"dialog": dialog}) + "\n", encoding="utf-8")
    (tmp_path / "esconv" / "valid.jsonl").write_text("", encoding="utf-8")
    first, second = esconv.read(tmp_path)
    assert first.positive == (frozenset({"reflection_simple", "reflection_complex"}),)
    assert (first.label, first.previous) == ("Reflection", "My cat is ill.")
    assert second.positive == (frozenset({"self_disclosure"}),)
    assert first.group == second.group


def test_physical_activity_reads_the_coach_and_keeps_the_answer_as_context(tmp_path):
    (tmp_path / "physical_activity").mkdir()
    book = Workbook()
    header = (
        "Speaker",
        "ID",
        "Utterance",
        "Domain",
        "Strategy1",
        "Strategy2",
        "Social Exchange",
        "Task-Focused",
    )
    for row in (
        header,
        ("1", 0, "Hello there!", "x", "x", "x", "Greeting", "None"),
        ("2", 1, "Hi.", "x", "x", "x", "Greeting", "None"),
        (None, 2, "I am a bit late.", "x", "x", "x", "None", "Give-PerInfo"),
        ("1", 3, "No trouble at all.", "x", "x", "x", "Agree", "None"),
        (None, 4, "Which days suit you?", "x", "x", "x", "None", "Ask-PerInfo"),
    ):
        book.active.append(row)
    book.save(tmp_path / "physical_activity" / "goal9.xlsx")
    hello, agree, ask = physical_activity.read(tmp_path)
    assert hello.positive == (frozenset({"introduction_greeting"}),)
    assert agree.previous == ask.previous == "Hi. I am a bit late."
    assert ask.positive == (frozenset({"open_question", "closed_question"}),)
