"""What is counted before and inside a period, on a handful of rows that can be counted by hand."""

from __future__ import annotations

import pytest

from feedback.evidence.study import pipeline
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import spec_from

ASSESSMENTS = """seeker_id,instrument,date,score
a,PHQ-9,2026-01-10,12
a,PHQ-9,2026-02-10,9
a,PHQ-9,2026-03-10,7
b,PHQ-9,2026-01-10,20
b,PHQ-9,2026-02-10,18
"""
CHATS = """chat_id,seeker_id,provider_id,start,turns,technique:affirm
1,a,p,2026-01-02T06:00,10,1
2,a,p,2026-01-02T18:00,10,0
3,a,q,2026-01-05T23:30,10,0
4,a,q,2026-01-10T00:00,20,2
5,a,p,2026-02-09T23:59,30,3
6,b,p,2026-02-10T00:00,10,9
7,c,p,2026-01-20,10,9
"""
SEEKERS = "seeker_id,age,joined\na,30,2026-01-01\nb,,\n"
PROVIDERS = "provider_id,age,modules\np,40,2\nq,,4\n"


@pytest.fixture
def rows(tmp_path):
    for name, text in zip(("a", "c", "s", "p"), (ASSESSMENTS, CHATS, SEEKERS, PROVIDERS), strict=True):
        (tmp_path / f"{name}.csv").write_text(text)
    files = pipeline.Files(*(tmp_path / f"{name}.csv" for name in "acsp"))
    made, about, problems = pipeline.load(files, spec_from({}))
    assert problems.total == 0
    assert about["flow"]["PHQ-9"]["chats of seekers without a period, left out"] == "<10"
    return made["PHQ-9"].set_index(["seeker_id", "pre"])


def test_counts_by_hand(rows):
    first, second, other = rows.loc[("a", 12)], rows.loc[("a", 9)], rows.loc[("b", 20)]
    assert list(rows["chats"]) == [2, 0, 0]
    assert (first.prior_chats, second.prior_chats, other.prior_chats) == (3, 5, 0)
    # Two of the three chats before were on one day.
    assert (first.active_days, second.active_days) == (2, 4)
    assert (first.tenure_days, second.tenure_days, other.tenure_days) == (9, 40, 0)
    assert (first.affirm, first.turns, second.affirm) == (5, 50, 0)
    # Chat 5 was with a provider met before, chat 4 was too: both repeats.
    assert first.repeat_contact == 1.0
    assert (first.provider_age, first.provider_modules) == (40, 3)
    assert rows["post"].tolist() == [9, 7, 18]


def test_days_begin_at_midnight_for_everybody(tmp_path):
    people = [f"s{number}" for number in range(60)]
    lines = [f"{p},PHQ-9,2026-01-{day},5" for p in people for day in ("10", "20")]
    (tmp_path / "a.csv").write_text("\n".join(["seeker_id,instrument,date,score", *lines]))
    lines = [f"{p}{hour},{p},2026-01-05T{hour}:00" for p in people for hour in ("06", "18")]
    (tmp_path / "c.csv").write_text("\n".join(["chat_id,seeker_id,start", *lines]))
    made, _, _ = pipeline.load(pipeline.Files(tmp_path / "a.csv", tmp_path / "c.csv"), spec_from({}))
    assert made["PHQ-9"]["active_days"].tolist() == [1.0] * 60


def test_the_flow_tells_no_small_number(tmp_path):
    lines = [
        f"s{n},PHQ-9,2026-0{month}-01,{n % 9}" for n in range(40) for month in (1, 2) if month < 2 or n < 3
    ]
    lines += [f"t{n},GAD-7,2026-0{month}-01,{n % 9}" for n in range(40) for month in (1, 2)]
    (tmp_path / "a.csv").write_text("\n".join(["seeker_id,instrument,date,score", *lines]))
    lines = [f"c{n},t{n},2026-01-05" for n in range(35)] + ["d,other,2026-01-05"]
    (tmp_path / "c.csv").write_text("\n".join(["chat_id,seeker_id,start", *lines]))
    _, about, _ = pipeline.load(pipeline.Files(tmp_path / "a.csv", tmp_path / "c.csv"), spec_from({}))
    few, many = about["flow"]["PHQ-9"], about["flow"]["GAD-7"]
    assert few["periods"] == "<10"
    assert few["assessments"] == few["seekers with one assessment only, left out"] == "not shown"
    assert (many["assessments"], many["periods"], many["chats inside a period"]) == (80, 40, 35)
    assert many["periods with a chat"] == "not shown"  # forty less thirty-five
    assert many["chats of seekers without a period, left out"] == "<10"


def loaded(folder, assessments: str, chats: str, **spec):
    """(rows of PHQ-9 by seeker, problems) of the tables in these texts."""
    (folder / "a.csv").write_text("seeker_id,instrument,date,score\n" + assessments)
    (folder / "c.csv").write_text(chats)
    made, _, problems = pipeline.load(pipeline.Files(folder / "a.csv", folder / "c.csv"), spec_from(spec))
    return made["PHQ-9"].set_index("seeker_id"), problems


def test_what_is_not_known_of_a_chat_is_not_nought(tmp_path):
    people = "".join(f"{who},PHQ-9,2026-01-{day},5\n" for who in "abc" for day in ("01", "20"))
    chats = "chat_id,seeker_id,start,turns,seeker_negative\n"
    chats += "1,a,2026-01-02,10,0.4\n2,a,2026-01-03,,\n3,a,2026-01-04,20,0.8\n4,b,2026-01-05,,\n"
    rows, problems = loaded(tmp_path, people, chats)
    assert problems.total == 0
    assert rows.loc["a", "turns"] == 45  # fifteen on average, three chats
    assert rows.loc["a", "seeker_negative"] == pytest.approx(0.6)
    assert rows.loc["b", ["turns", "seeker_negative"]].isna().all()
    assert rows.loc["c", "turns"] == 0  # no chat, no turn


def test_days_are_those_of_the_time_zone(tmp_path):
    people = "a,PHQ-9,2026-02-01,5\na,PHQ-9,2026-02-20,5\n"
    chats = "chat_id,seeker_id,start\n1,a,2026-01-05T22:00\n2,a,2026-01-06T03:00\n3,a,2026-01-06T23:00\n"
    for zone, days in (("America/New_York", 2), ("UTC", 2), ("Asia/Tokyo", 2)):
        rows, _ = loaded(tmp_path, people, chats, timezone=zone)
        assert rows["active_days"].tolist() == [days]
    # The same moments, told in UTC: one evening and the next in New York.
    chats = "chat_id,seeker_id,start\n1,a,2026-01-05T23:30Z\n2,a,2026-01-06T02:00Z\n3,a,2026-01-06T04:59Z\n"
    assert loaded(tmp_path, people, chats, timezone="America/New_York")[0]["active_days"].tolist() == [1]
    assert loaded(tmp_path, people, chats)[0]["active_days"].tolist() == [2]


def test_tenure_is_there_only_where_the_day_of_joining_is(tmp_path):
    people = "a,PHQ-9,2026-02-01,5\na,PHQ-9,2026-02-20,5\n"
    rows, _ = loaded(tmp_path, people, "chat_id,seeker_id,start\n1,a,2026-01-05\n")
    assert "tenure_days" not in rows


@pytest.mark.parametrize(
    "far", ["9999-12-31", "0001-01-01", "9999-12-31T23:59-05:00", "2101-01-01", "1899-12-31"]
)
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_a_date_that_cannot_be_meant_is_a_problem_of_its_row(tmp_path, far, zone):
    """9999 for "no date" once reached into the chats of other seekers."""
    people = "".join(f"{who},PHQ-9,2026-01-{day},5\n" for who in "ab" for day in ("01", "20"))
    chats = "chat_id,seeker_id,start\n" + "".join(f"{n},b,2026-01-{n + 10}\n" for n in range(5))
    rows, problems = loaded(tmp_path, people + f"a,PHQ-9,{far},5\n", chats + f"9,b,{far}\n", timezone=zone)
    assert rows["chats"].to_dict() == {"a": 0, "b": 5}
    words = [(row.file, row.column, row.what.split(" is ")[1]) for row in problems.rows]
    assert words in (
        [
            ("assessments", "date", "before 1900 or after 2100"),
            ("chats", "start", "before 1900 or after 2100"),
        ],
        [("assessments", "date", "no ISO date"), ("chats", "start", "no ISO date")],
    )
    assert far[:4] == "0001" or "before 1900" in words[0][2]


def test_periods_that_are_all_too_long_are_said(tmp_path):
    people = "a,PHQ-9,2026-01-01,5\na,PHQ-9,2026-03-01,5\n"
    with pytest.raises(StudyError, match=r"longer than the 30 days that study.toml allows. Raise days"):
        loaded(tmp_path, people, "chat_id,seeker_id,start\n1,a,2026-01-05\n", days=30)
