"""Messages that are tagged first: which, with what before them, and that no text is kept."""

from __future__ import annotations

import csv
import json
from types import SimpleNamespace

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from feedback.evidence.study import messages, pipeline, simulate
from feedback.evidence.study.assessments import periods, read_assessments
from feedback.evidence.study.counted import read
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.spec import Spec, spec_from
from skills.tagger.card import WEIGHTS, read_card

SAID = [
    ("c1", "counselor", "Hello."),
    ("c1", "Seeker ", "I quit."),
    ("c1", "seeker", "Yesterday."),
    ("c1", "counselor", "What then?"),
    ("c2", "counselor", "Before any period?"),
    ("c3", "counselor", "Of nobody?"),
    ("c4", "helper", "Who?"),
    ("c4", "counselor", "  "),
    ("c4", "counselor", "What else?"),
]


@pytest.fixture
def tables(tmp_path):
    """One seeker with a period in March: c1 and c4 lie in it, c2 lies before, c3 is of somebody else."""

    def write(name, *rows):
        with (tmp_path / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
            csv.writer(handle).writerows(rows)
        return tmp_path / f"{name}.csv"

    scores = [("s1", "PHQ-2", f"2026-0{month}-01", 3) for month in (3, 4)]
    days = {"c1": "s1,2026-03-01", "c2": "s1,2026-02-28", "c3": "s9,2026-03-02", "c4": "s1,2026-03-31",
            "c5": "s1,2026-04-01", "c6": "s1,2026-03-09"}  # fmt: skip
    chats = [(chat, *where.split(",")) for chat, where in days.items()]
    return pipeline.Files(
        write("a", ("seeker_id", "instrument", "date", "score"), *scores),
        write("c", ("chat_id", "seeker_id", "start"), *chats),
        messages=write("m", ("chat_id", "role", "text"), *SAID),
    )


def tagging(asked):
    """A tagger that finds a question in each question mark, and keeps what it was asked."""

    def tag(batch):
        asked.extend(batch)
        return [{"open_question": 1} if "?" in text else {} for text, _ in batch]

    return tag


def test_only_chats_inside_a_period_are_tagged_with_the_seekers_last_message(tables):
    asked: list = []
    made, about, problems = pipeline.load(tables, Spec(), tag=tagging(asked))
    assert asked == [("Hello.", ""), ("What then?", "Yesterday."), ("What else?", "")]
    assert made["PHQ-2"]["question"].isna().tolist() == [True]  # c6 was not read: that is no chat without one
    assert made["PHQ-2"]["chats"].tolist() == [3]
    assert problems.counts == {
        "messages: role is not known": 1,
        "chats: what was said in this chat is not known": 1,
    }
    assert [row.line for row in problems.rows] == [8, 7]
    assert about["counted"]["question"] == ["open_question", "closed_question"]
    assert about["notices"] == []


def test_the_same_whatever_the_batches(tables, monkeypatch):
    monkeypatch.setattr(messages, "BATCH", 1)
    with tables.messages.open("a", encoding="utf-8") as handle:
        handle.write("c6,counselor,Good.\n")
    made, _, _ = pipeline.load(tables, Spec(), tag=tagging([]))
    assert made["PHQ-2"]["question"].tolist() == [2]


def counted(tables, tag=None, resume=messages.ANEW, problems=None):
    """{chat: how many questions} of the chats inside a period."""
    cut = periods(read_assessments(tables.assessments, Spec(), Problems(), []), Spec(), {})
    made = messages.count(
        tables.messages, tables.chats, cut, tag or tagging([]), Spec(), problems or Problems(), [],
        pipeline.silent, resume,
    )  # fmt: skip
    return made["technique:open_question"].to_dict()


def test_what_cannot_be_read_is_not_known_and_not_none(tables):
    with tables.messages.open("a", encoding="utf-8") as handle:
        handle.write("c6,listener,Good?\nc6,seeker,Yes.\n")

    def tag(batch):
        return [None if text == "Hello." else {"open_question": 1} for text, _ in batch]

    problems = Problems()
    found = counted(tables, tag, problems=problems)
    assert (pd.isna(found["c1"]), found["c4"], pd.isna(found["c6"])) == (True, 1, True)
    assert problems.counts["messages: text is not in English"] == 1
    assert [row.line for row in problems.rows if row.column == "text"] == [2]


def test_a_counsellor_is_a_counselor_and_a_seeker_alone_says_nothing(tables):
    tables.messages.write_text("chat_id,role,text\nc1,Counsellor,What?\nc4,seeker,What?\nc4,system,Ended.\n")
    found = counted(tables)
    assert (found["c1"], pd.isna(found["c4"]), pd.isna(found["c6"])) == (1, True, True)


def test_a_run_goes_on_where_it_was(tables, tmp_path, monkeypatch):
    monkeypatch.setattr(messages, "BATCH", 1)
    whole, kept = counted(tables), []

    def stop(so_far):
        so_far().write(tmp_path / "kept.npz", "a")
        kept.append(1)
        if len(kept) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        counted(tables, resume=messages.Resume(keep=stop))
    begun = read(tmp_path / "kept.npz", "a")
    assert begun.chats.tolist() == ["c1"] and read(tmp_path / "kept.npz", "b") is None
    asked: list = []
    again = counted(tables, tagging(asked), messages.Resume(begun))
    assert asked == [("What else?", "")] and pd.Series(again).equals(pd.Series(whole))
    (tmp_path / "kept.npz").write_bytes(b"PK\x03\x04half")
    assert read(tmp_path / "kept.npz", "a") is None
    assert read(tmp_path / "none.npz", "a") is None


def test_rows_of_a_chat_that_stand_apart_are_refused(tables):
    with tables.messages.open("a", encoding="utf-8") as handle:
        handle.write("c1,counselor,Again?\n")
    with pytest.raises(StudyError, match="messages of chat c1 do not stand together"):
        pipeline.load(tables, Spec(), tag=tagging([]))


def test_counts_and_messages_are_not_both_taken(tables):
    frame = pd.read_csv(tables.chats).assign(**{"technique:affirm": 1})
    frame.to_csv(tables.chats, index=False)
    with pytest.raises(StudyError, match="leave one of the two out"):
        pipeline.load(tables, Spec(), tag=tagging([]))


def test_no_message_of_a_period_is_said(tables):
    tables.messages.write_text("chat_id,role,text\nc2,counselor,Hm?\n")
    with pytest.raises(StudyError, match="no message of a chat that lies inside a period"):
        pipeline.load(tables, Spec(), tag=tagging([]))


def test_the_data_of_a_study_are_its_messages_too(tables):
    other = pipeline.Files(tables.assessments, tables.chats)
    before = tables.digest()
    assert before != other.digest()
    tables.messages.write_text("chat_id,role,text\n")
    assert tables.digest() != before


def test_the_command_has_them_tagged_and_takes_f1_from_the_card(tmp_path, monkeypatch):
    data, out = tmp_path / "data", tmp_path / "out"
    made = simulate.simulate(200, seed=3)
    techniques = [name for name in made["chats"] if name.startswith("technique:")]
    counted = made["chats"]["technique:open_question"]
    simulate.write({**made, "chats": made["chats"].drop(columns=techniques)}, data)
    rows = [
        (chat, "counselor", "SECRET?" if number < n else "SECRET.")
        for chat, n in zip(made["chats"]["chat_id"], counted, strict=True)
        for number in range(max(1, int(n)))
    ]
    pd.DataFrame(rows, columns=["chat_id", "role", "text"]).to_csv(data / "messages.csv", index=False)
    (data / "study.toml").write_text("bootstrap = 0\n")
    version = read_card(WEIGHTS)["version"]

    def tag(batch):
        return [
            SimpleNamespace(
                present=["open_question"] if "?" in one.text else ["support"], empathy={}, notice=""
            )
            for one in batch
        ]

    tagger = SimpleNamespace(version=version, tag=tag)
    monkeypatch.setattr("skills.tagger.load_tagger", lambda: tagger)
    given = {name: data / f"{name}.csv" for name in ("assessments", "chats", "messages")}
    call_command("run_study", **given, spec=data / "study.toml", output=out)
    text = (out / "result.json").read_text()
    result = json.loads(text)
    assert "question" in result["rq2"]["PHQ-2"]["mi"]["terms"]
    assert (result["tagger_version"], "SECRET" in text) == (version, False)
    assert result["spec"]["tagger_f1"]["open_question"] > 0.8
    (data / "study.toml").write_text('[tagger]\nversion = "another"\n')
    with pytest.raises(CommandError, match="names the tagger another"):
        call_command("run_study", **given, spec=data / "study.toml", output=out)


def test_a_table_of_messages_needs_its_columns(tables):
    tables.messages.write_text("chat_id,text\nc1,Hm?\n")
    with pytest.raises(StudyError, match="lacks the column role"):
        messages.count(
            tables.messages, tables.chats, pd.DataFrame(columns=["seeker_id", "instrument", "start", "end"]),
            tagging([]), spec_from({}), Problems(), [], pipeline.silent, messages.ANEW,
        )  # fmt: skip
