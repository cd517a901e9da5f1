"""The command on simulated files: the truth comes back, and bad data are answered with what to do."""

from __future__ import annotations

import csv
import json
import re

import pandas as pd
import pytest
from django.core.management import CommandError, call_command

from feedback.evidence.grades import grade
from feedback.evidence.study import coverage, simulate
from feedback.evidence.study.as_evidence import study_from
from feedback.evidence.study.coverage import one_study, summary

TABLES = ("assessments", "chats", "seekers", "providers")


@pytest.fixture(scope="module")
def tables():
    return simulate.simulate(900, seed=13)


@pytest.fixture
def study(tables, tmp_path, capsys):
    """Runs the command on the simulated files, with some tables changed; returns (result, folder, said)."""

    def study(**changed):
        data = tmp_path / "data"
        simulate.write({**tables, **{k: v for k, v in changed.items() if v is not None}}, data)
        given = {
            name: data / f"{name}.csv" for name in TABLES if name not in changed or changed[name] is not None
        }
        out = tmp_path / "out"
        call_command("run_study", **given, spec=data / "study.toml", output=out)
        said = capsys.readouterr()
        return json.loads((out / "result.json").read_text()), out, said.out + said.err

    return study


def test_the_whole_study(study):
    result, out, said = study()
    part = result["rq1"]["PHQ-2"]
    terms = part["terms"]
    assert set(terms) == {"const", "treated", "pre", "treated:pre", "log_prior_chats"}
    truth = simulate.RQ1["treated"] + simulate.RQ1["treated:pre"] * (part["means"]["pre"] - simulate.CENTRE)
    low, high = terms["treated"]["ci"]
    assert low < truth < high < 0
    assert part["naive"]["beta"] > 0  # who feels worse chats more: unmatched it looks harmful
    assert abs(part["balance"]["pre"]["before"]) > 30 > 10 > abs(part["balance"]["pre"]["after"])
    assert set(result["rq2"]["PHQ-2"]) == {"mi", "empathy"}
    assert result["rq2"]["PHQ-2"]["mi"]["vif"]["reflection"] > 1.3
    assert result["partial"] == []
    names = {path.name for path in out.iterdir()}
    assert {"report.html", "rq1-phq-2.csv", "flow.csv", "love-phq-2.svg", "forest-rq2-phq-2.svg"} <= names
    assert "matched pairs" in said
    page = (out / "report.html").read_text()
    assert "Associations, not causes" in page and "<script" not in page
    assert "2. How are techniques associated with later scores?" in page
    regions = re.findall(r'role="region" tabindex="0" aria-label="([^"]+)"', page)
    assert len(regions) == len(set(regions)) >= 5 and "Figures" not in regions


def test_the_result_becomes_evidence_with_grades(study):
    found = study_from(study()[0], version="1")
    assert len(found.effects) == 10
    assert found.kind == "own"
    assert grade("reflection_simple", found).key in {"helpful", "no_link", "uncertain"}
    assert grade("warn", found).key == "discouraged"


def test_without_the_optional_tables(study, tables):
    chats = tables["chats"].drop(columns=["provider_id", "turns", "seeker_negative", "seeker_positive"])
    result, _, _ = study(seekers=None, providers=None, chats=chats)
    assert "age" not in result["rq1"]["PHQ-2"]["covariates"]
    assert result["rq2"]["PHQ-2"]["mi"]["notes"][0] == (
        "Not controlled for, because the data do not hold it: length of the chats, provider's age, "
        "provider's training modules, provider's earlier chats, same provider again, "
        "seekers' negative words, seekers' positive words."
    )


def test_bad_rows_are_named_and_the_rest_is_used(study, tables):
    rows = tables["assessments"].head(4).copy()
    rows["score"] = rows["score"].astype(str)
    rows.loc[0, "score"], rows.loc[1, "date"], rows.loc[2, "instrument"] = "99", "31.3.2026", "XYZ"
    rows.loc[3, "seeker_id"] = ""
    doubled = tables["chats"].tail(2)
    result, out, said = study(
        assessments=pd.concat([rows, tables["assessments"].tail(-4)]),
        chats=pd.concat([tables["chats"], doubled]),
    )
    with (out / "errors.csv").open(encoding="utf-8") as handle:
        found = {(row["file"], row["line"], row["column"]) for row in csv.DictReader(handle)}
    wanted = {("assessments", "2", "score"), ("assessments", "3", "date"), ("assessments", "4", "instrument")}
    assert wanted | {("assessments", "5", "seeker_id")} <= found
    assert sum(file == "chats" for file, _, _ in found) == 2
    assert result["problems"]["total"] == 6
    assert "outside the range" in said and "errors.csv" in said


def test_one_part_that_fails_leaves_the_others(study, tables):
    chats = tables["chats"].drop(columns=[c for c in tables["chats"] if c.startswith("technique:")])
    result, out, _ = study(chats=chats)
    assert "terms" in result["rq1"]["PHQ-2"]
    assert "technique:open_question" in result["rq2"]["PHQ-2"]["mi"]["error"]
    assert {row["part"] for row in result["partial"]} == {"mi", "empathy"}
    assert "Partly done" in (out / "report.html").read_text()


def test_nobody_chatted(study, tables):
    result, _, _ = study(chats=tables["chats"].head(1).assign(seeker_id="nobody"))
    assert "no seekers have a period with a chat" in result["rq1"]["PHQ-2"]["error"]


def test_one_assessment_each_is_no_study(study, tables):
    with pytest.raises(CommandError, match="two assessments"):
        study(assessments=tables["assessments"].drop_duplicates("seeker_id"))


def test_a_missing_column_names_what_is_needed(study, tables):
    with pytest.raises(CommandError, match="lacks the column date"):
        study(assessments=tables["assessments"].drop(columns="date"))


def test_parquet_says_the_same(study, tables, tmp_path):
    result, _, _ = study()
    files = {}
    for name, table in tables.items():
        files[name] = tmp_path / f"{name}.parquet"
        table.to_parquet(files[name])
    call_command("run_study", **files, spec=tmp_path / "data" / "study.toml", output=tmp_path / "again")
    again = json.loads((tmp_path / "again" / "result.json").read_text())
    assert again["rq1"] == result["rq1"]


def test_items_make_the_score(study, tables):
    whole = tables["assessments"]
    items = whole.assign(instrument="GAD-2", item_1=1, item_2=whole.index % 3, score=None)
    clash = whole.head(1).assign(instrument="GAD-2", item_1=1, item_2=1, score=5, date="2020-01-01")
    result, out, _ = study(assessments=pd.concat([items, clash]))
    assert result["flow"]["GAD-2"]["assessments"] == len(whole)
    assert "not the sum of its items" in (out / "errors.csv").read_text()


def test_intervals_hold_the_truth_about_as_often_as_they_say(tmp_path):
    found = summary([one_study(seed, 300, tmp_path) for seed in range(101, 113)], 300)
    held = [row["coverage"] for name, row in found["terms"].items() if name != "naive"]
    assert sum(held) / len(held) > 0.85
    assert found["terms"]["naive"]["coverage"] < 0.3


def test_coverage_of_several_sizes_says_where_data_are_not_enough(tmp_path, capsys):
    call_command("simulate_outcomes", coverage=2, seekers=[30, 120], output=tmp_path)
    page = (tmp_path / "coverage.md").read_text()
    assert "--coverage 2 --seekers 30 120`" in page
    small, large = page.split("## 120 seekers")
    assert "Every study answers that its data are not enough." in small
    assert "| treated | 2 of 2 | too few to say | | |" in large
    assert "studies of 120 seekers" in capsys.readouterr().out
    with pytest.raises(CommandError, match="several sizes are for --coverage"):
        call_command("simulate_outcomes", seekers=[30, 120], output=tmp_path)


def test_studies_of_other_estimators_and_torn_lines_are_made_anew(tmp_path, monkeypatch):
    kept, made = tmp_path / "coverage.jsonl", []
    monkeypatch.setattr(
        coverage, "one_study", lambda seed, *_: made.append(seed) or {"affirm": [0, 0, -1, 1]}
    )
    coverage.many(3, 30, tmp_path, kept, lambda _: None)
    coverage.many(3, 30, tmp_path, kept, lambda _: None)
    assert made == [1, 2, 3]
    kept.write_text(kept.read_text()[:-9])
    coverage.many(3, 30, tmp_path, kept, lambda _: None)
    coverage.many(3, 30, tmp_path, kept, lambda _: None)
    assert made == [1, 2, 3, 3]
    monkeypatch.setattr(coverage, "made_by", lambda: "other estimators")
    found = coverage.many(3, 30, tmp_path, kept, lambda _: None)
    assert made == [1, 2, 3, 3, 1, 2, 3] and found["studies"] == 3


def test_the_report_says_what_was_left_out_and_by_which_distribution(study, tables):
    chats = tables["chats"].copy()
    chats["technique:affirm"] = 0
    chats.loc[chats.index[-3:], "technique:affirm"] = 2  # inside periods, which come last
    result, out, _ = study(chats=chats.assign(turns=""), seekers=None)
    page = (out / "report.html").read_text()
    assert "affirm" not in result["rq2"]["PHQ-2"]["mi"]["terms"]
    assert "Affirm was left out: not enough data, fewer than 10 seekers differ in it." in page
    assert "t (Satterthwaite)" in page and "a model needs 30 seekers" in page
    assert "tenure_days" not in page
    with (out / "rq2-phq-2-mi.csv").open(encoding="utf-8") as handle:
        rows = {row["term"]: row for row in csv.DictReader(handle)}
    assert float(rows["question"]["df"]) > 30 and "affirm" not in rows


def test_periods_of_few_that_lack_a_value_are_not_counted_and_not_told_by_subtracting(study, tables):
    chats, seekers = tables["chats"].copy(), tables["seekers"].copy()
    mine = chats["seeker_id"].isin(chats["seeker_id"].unique()[:3])
    chats["seeker_negative"] = chats["seeker_negative"].where(~mine)
    seekers["age"] = seekers["age"].where(~seekers["seeker_id"].isin(chats["seeker_id"][mine]))
    result, out, _ = study(chats=chats, seekers=seekers)
    first, second = result["rq1"]["PHQ-2"], result["rq2"]["PHQ-2"]["mi"]
    assert (first["left_out"], second["left_out"]) == ("<10", "<10")
    assert result["flow"]["PHQ-2"]["periods with a chat"] == "not shown"
    page = (out / "report.html").read_text()
    assert "&lt;10 periods lack one of these" in page and "&lt;10 further periods lack a value" in page
