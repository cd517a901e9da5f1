"""Nobody's score can be read off a result: terms that few carry, small groups, what subtracting tells."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from feedback.evidence.grades import grade
from feedback.evidence.study import pipeline, rq1, rq2
from feedback.evidence.study.as_evidence import study_from
from feedback.evidence.study.few import counted
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import Spec, spec_from
from tests.feedback.study.frames import noise

SPEC = Spec(bootstrap=0)


def with_column(name: str, usual: float, other: float, people: int, **how) -> pd.DataFrame:
    """Everybody has the usual value, so many people another one in their periods with a chat."""
    rows = noise(80, chatted=0.8, **how)
    few = rows["seeker_id"].isin(rows["seeker_id"][rows["treated"] > 0].unique()[:people])
    rows[name] = np.where(few & (rows["treated"] > 0), other, usual) * (rows["treated"] > 0)
    return rows


@pytest.mark.parametrize(("usual", "other"), [(0, 3), (3, 0), (2, 5)])
@pytest.mark.parametrize("people", [1, 9])
def test_a_technique_that_few_seekers_differ_in_is_left_out(usual, other, people):
    found = rq2.analyse(with_column("give_information", usual, other, people), "mi", SPEC)
    assert {"affirm", "question"} <= set(found["terms"])
    assert "give_information" not in found["terms"]
    assert (
        "Giving Information was left out: not enough data, fewer than 10 seekers differ in it."
        in found["notes"]
    )


def test_ten_seekers_are_enough_and_a_control_needs_them_too():
    found = rq2.analyse(with_column("give_information", 0, 3, 10), "mi", SPEC)
    assert "give_information" in found["terms"]
    found = rq2.analyse(with_column("repeat_contact", 0, 1, 1), "mi", SPEC)
    assert "repeat_contact" not in found["terms"]
    assert any("Same provider again was left out" in note for note in found["notes"])


def test_one_seekers_technique_is_neither_corrected_for_nor_graded():
    """Thirty data sets without any link: an error near nothing had such a technique graded in most."""
    graded = []
    for seed in range(30):
        made = {"PHQ-9": with_column("give_information", 0, 3, 1, seed=seed)}
        result = pipeline.analyse(made, SPEC) | {"title": "t", "spec": SPEC.as_dict()}
        assert "survives_bh" in result["rq2"]["PHQ-9"]["mi"]["terms"]["affirm"]
        graded.append(grade("give_information", study_from(result, version="1")).key)
    assert set(graded) == {"not_tested"}


def test_a_figure_that_hangs_on_one_seeker_among_many_is_not_told():
    rows = with_column("give_information", 0, 1, 30)
    rows.loc[rows["give_information"].idxmax(), "give_information"] = 500
    found = rq2.analyse(rows, "mi", SPEC)
    assert "give_information" not in found["terms"]
    assert "Giving Information: not enough data, few seekers carry its figure." in found["notes"]


def test_a_family_that_few_differ_in_is_said():
    rows = with_column("explorations", 0, 3, 9)
    with pytest.raises(StudyError, match="fewer than 10 seekers differ in any technique"):
        rq2.analyse(rows, "empathy", SPEC)


def test_too_few_seekers_are_not_enough_data():
    rows = noise(29, chatted=1.0)
    with pytest.raises(StudyError, match=r"not enough data: 29 seekers .* fewer than 30"):
        rq2.analyse(rows, "mi", SPEC)
    assert rq2.analyse(noise(30, chatted=1.0), "mi", SPEC)["n_seekers"] == 30
    with pytest.raises(StudyError, match="not enough data"):
        rq1.analyse(noise(16, periods=4), SPEC)


def test_small_groups_are_said_without_their_number():
    rows = noise(60, chatted=1.0)
    rows.loc[:2, ["chats", "treated"]] = 0
    with pytest.raises(StudyError, match=r"^fewer than 10 seekers have a period without a chat") as error:
        rq1.analyse(rows, SPEC)
    assert "2 seekers" not in str(error.value)
    with pytest.raises(StudyError, match=r"^no seekers have a period without a chat"):
        rq1.analyse(noise(60, chatted=1.0), SPEC)
    with pytest.raises(StudyError, match=r"^fewer than 10 seekers have a period with a chat and all values"):
        rq2.analyse(noise(9, chatted=1.0), "mi", SPEC)


def test_both_sides_of_the_pairs_are_ten_people_at_least():
    rows = noise(60)
    one = rows["seeker_id"].isin([f"s{number}" for number in range(12)])
    rows["treated"] = rows["chats"] = np.where(one, 1.0, 0.0)
    rows.loc[one, "pre"] = np.where(np.arange(one.sum()) < 8, 10.0, 100.0 + np.arange(one.sum()))
    with pytest.raises(StudyError, match="fewer than 10 seekers with a period with a chat could be matched"):
        rq1.analyse(rows, SPEC)


def doses(**people: int) -> list[str]:
    """Labels that are shown where so many people have a period with so many chats each."""
    chats = {"none": 0, "one": 1, "two": 2, "few": 3, "more": 6, "many": 12}
    rows = [{"chats": chats[name], "seeker_id": f"{name}{i}"} for name, n in people.items() for i in range(n)]
    found = rq1.dose(pd.DataFrame(rows).assign(pre=5.0, post=lambda d: d.index % 3 + 3.0), SPEC)
    return [row["chats"] for row in found]


def test_no_dose_can_be_found_by_subtracting():
    assert doses(none=199, one=200) == ["0", "1"]
    assert doses(none=199, one=200, two=1) == ["1"]  # one bin alone would be the whole less the rest
    assert doses(none=199, one=200, two=20, few=1, more=2) == ["0", "1"]  # three people together, too
    assert doses(none=199, one=200, two=6, few=7) == ["0", "1"]
    assert doses(none=12, one=9) == []


def test_dose_intervals_are_over_seekers():
    """One seeker's periods say less than as many seekers': the interval is not of single periods."""
    rows = pd.DataFrame({"seeker_id": np.repeat([f"s{n}" for n in range(20)], 10), "chats": 0, "pre": 0.0})
    rows["post"] = np.repeat(np.random.default_rng(1).normal(size=20), 10)
    [row] = rq1.dose(rows, SPEC)
    once = rows.groupby("seeker_id").head(1)
    half = 2.093 * once["post"].std(ddof=1) / 20**0.5
    np.testing.assert_allclose(np.diff(row["ci"]) / 2, half, rtol=1e-3)


def test_counts_of_few_people_and_what_would_tell_them():
    assert [counted(n, n, SPEC) for n in (0, 1, 9, 10)] == [0, "<10", "<10", 10]
    assert counted(400, 300, SPEC, 9) == "not shown"
    assert counted(400, 300, SPEC, 0, 10) == 400
    assert counted(400, 24, spec_from({"suppress": 25})) == "<25"


def test_periods_left_out_for_a_missing_value_are_counted_like_all_that_is_of_few():
    rows = noise(160).assign(provider_age=40.0)
    rows["provider_age"] += np.arange(len(rows)) % 9
    chatted = rows.index[rows["treated"] > 0]
    for people, said in ((1, "<10"), (30, None)):
        lacking = rows["seeker_id"].isin(rows["seeker_id"][chatted].unique()[:people])
        periods = int((lacking & (rows["treated"] > 0)).sum())
        found = rq1.analyse(rows.assign(age=rows["age"].where(~lacking)), SPEC)
        assert found["left_out"] == (said or int(lacking.sum()))
        found = rq2.analyse(rows.assign(provider_age=rows["provider_age"].where(~lacking)), "mi", SPEC)
        assert found["left_out"] == (said or periods)
