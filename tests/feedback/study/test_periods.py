"""What is counted before and inside a period, on a handful of rows that can be counted by hand."""

from __future__ import annotations

import pytest

from feedback.evidence.study import pipeline
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
    assert about["flow"]["PHQ-9"]["chats of seekers without a period, left out"] == 1
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
