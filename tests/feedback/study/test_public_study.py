"""Public conversations into study files: who is counted, and that no text goes along."""

from __future__ import annotations

import csv
import json

import pytest

from feedback.evidence.study.pipeline import Files, run
from feedback.management.commands.study_public import PAGE, _tables
from feedback.studies.public import SOURCES, write
from skills.tagger import load_tagger

MIBOT, ESCONV = SOURCES
TALK = [
    ("counsellor", "What would you like to talk about today?"),
    ("client", "Mostly the evenings, that is when I smoke."),
    ("counsellor", "The evenings are when it pulls hardest."),
]


@pytest.fixture
def corpora(tmp_path):
    """Two made-up people in each corpus' own format; one in MIBot has no row of ratings."""
    (tmp_path / "mibot" / "transcripts").mkdir(parents=True)
    (tmp_path / "esconv").mkdir()
    turns = [{"speaker": who, "text": text} for who, text in TALK]
    for name in ("aa", "bb"):
        (tmp_path / "mibot" / "transcripts" / f"{name}.json").write_text(json.dumps({"utterances": turns}))
    rulers = {
        f"{when}Ruler{name}": i
        for i, (when, name) in enumerate(
            (when, name) for when in ("Pre", "Post") for name in ("Importance", "Confidence", "Readiness")
        )
    }
    with (tmp_path / "mibot" / "data.csv").open("w", newline="") as handle:
        rows = csv.DictWriter(handle, ["ParticipantID", *rulers])
        rows.writeheader()
        rows.writerow({"ParticipantID": "aa", **rulers})
    dialog = [{"speaker": "usr", "text": TALK[1][1]}, {"speaker": "sys", "text": TALK[2][1]}]
    rated = {"seeker": {"initial_emotion_intensity": "5", "final_emotion_intensity": "2"}}
    row = {"survey_score": rated, "dialog": dialog}
    (tmp_path / "esconv" / "train.jsonl").write_text(json.dumps(row) + "\n")
    (tmp_path / "esconv" / "valid.jsonl").write_text("")
    unrated = {**row, "survey_score": {"seeker": {"initial_emotion_intensity": "4"}}}
    (tmp_path / "esconv" / "FailedESConv.json").write_text(json.dumps([unrated]))
    return tmp_path


def rows_of(path) -> list[dict]:
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def test_scores_and_techniques_without_text(corpora, tmp_path):
    assert write(MIBOT.read(corpora), load_tagger(), tmp_path / "out") == 2
    assessed = rows_of(tmp_path / "out" / "assessments.csv")
    assert [(r["instrument"], r["score"]) for r in assessed if r["instrument"] == "Confidence"] == [
        ("Confidence", "1.0"), ("Confidence", "4.0"),
    ]  # fmt: skip
    [chat] = rows_of(tmp_path / "out" / "chats.csv")
    assert (chat["seeker_id"], chat["turns"]) == ("maa", "3")
    assert int(chat["technique:open_question"]) == 1
    whole = (tmp_path / "out" / "assessments.csv").read_text() + (tmp_path / "out" / "chats.csv").read_text()
    assert "evenings" not in whole


def test_who_rated_once_only_is_no_period(corpora, tmp_path):
    assert write(ESCONV.read(corpora), load_tagger(), tmp_path / "out") == 2
    files = Files(tmp_path / "out" / "assessments.csv", tmp_path / "out" / "chats.csv")
    result, problems = run(files, ESCONV.spec("t", {}))
    assert problems.total == 0
    assert result["flow"]["Distress"]["seekers with one assessment only, left out"] == "<10"
    assert "Below 10 nothing is shown" in result["rq2"]["Distress"]["mi"]["error"]


def test_no_p_of_the_page_is_zero():
    term = {"beta": -0.319, "ci": [-0.396, -0.242], "p": 1e-15, "survives_bh": True}
    part = {"terms": {"question": term, "affirm": {**term, "p": 0.0014}}, "n_seekers": 1116}
    lines = list(_tables("ESConv", 2, {"rq2": {"Distress": {"mi": part}}, "partial": []}))
    assert "| Question | -0.319 | -0.396 to -0.242 | <0.001 | holds | 1116 |" in lines
    assert "| Affirm | -0.319 | -0.396 to -0.242 | 0.001 | holds | 1116 |" in lines
    assert "| 0.000 |" not in PAGE.read_text(encoding="utf-8")
