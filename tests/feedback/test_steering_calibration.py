"""A calibration of the planted toy finds what was planted, and is stopped, resumed and repeated at will."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from feedback.coach.steering import calibration, fitting
from feedback.coach.steering.calibration import calibrate
from feedback.coach.steering.curves import preferred
from feedback.coach.steering.errors import Cancelled, SteeringError
from feedback.coach.steering.injection import Injection
from feedback.coach.steering.page import table
from feedback.coach.steering.pairs import Reference
from feedback.coach.steering.plan import Options
from feedback.coach.steering.vectors import SteeringVector
from tests.feedback import steering_models as toy

# In eight dimensions a random direction may lie near the planted one: that of seed 8 holds .16 of it.
OPTIONS = Options(
    layers=(1,), span=2.0, points=9, fit_share=1.0, replies=20, tokens=2, resamples=200, batch=64, seed=8
)


def run(folder, options=OPTIONS, behaviour=None, model=None, **more):
    behaviour = behaviour or toy.planted_behaviour()
    return calibrate(
        model or toy.Planted(), toy.Words(), behaviour, folder, options, form=toy.Plain(), **more
    )


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("calibration")
    return folder, run(folder)


@pytest.mark.parametrize("seed", range(2))
def test_planted_laws_are_recovered_within_their_intervals(tmp_path, seed):
    report = run(tmp_path, model=toy.Planted(seed))
    fits, dial = report["fits"], report["dial"]
    planted = [("alignment", "a", toy.A), ("alignment", "b0", toy.B0), ("helpfulness", "k", toy.K)]
    for law, name, truth in planted:
        low, high = fits[law]["interval"][name]
        assert low <= truth <= high, (name, low, truth, high)
        assert high - low < 0.25 * abs(truth)
        assert fits[law]["r2"] > 0.99
        assert fits[law]["preferred"] == "law"
    assert fits["points"] == 9
    low, high = dial["r_max_interval"]
    assert low <= toy.planted_stop(0.1) <= high
    assert (dial["usable"], dial["limited_by"]) == (True, "tolerated loss")
    assert dial["r_max"] == pytest.approx(toy.planted_stop(0.1), rel=0.05)
    assert dial["r_sat"] == pytest.approx((1.83 - toy.B0) / toy.A, rel=0.05)


def test_layers_are_chosen_on_other_prompts_than_are_measured(tmp_path, monkeypatch):
    whole, seen = calibration.read, {}

    def spied(model, tokenizer, fit, held_out, *, choosing, **options):
        seen.update(held_out=held_out, choosing=choosing)
        found = whole(model, tokenizer, fit, held_out, choosing=choosing, **options)
        return replace(found, auc={0: 0.6, 1: 0.9}, merit={0: 0.9, 1: 0.6})

    monkeypatch.setattr(calibration, "read", spied)
    report = run(tmp_path, replace(OPTIONS, layers=None))
    assert {pair.prompt for pair in seen["held_out"]}.isdisjoint(pair.prompt for pair in seen["choosing"])
    assert (report["pairs"]["choosing"], report["pairs"]["held_out"]) == (14, 26)
    assert report["fits"]["alignment"]["prompts"] == 26
    used = [row for row in report["layers"] if row["used"]]
    assert [(row["layer"], row["auc"], row["auc_choosing"]) for row in used] == [(0, 0.6, 0.9)]
    assert "<th>AUC of the layers used</th><td>0.60</td>" in (tmp_path / "report.html").read_text()


def test_layers_that_were_given_leave_all_pairs_to_measure_on(finished):
    assert (finished[1]["pairs"]["choosing"], finished[1]["pairs"]["held_out"]) == (0, 40)


@pytest.mark.parametrize("end", ["vector.safetensors", "report.html"])
def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch, end):
    run(tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def half(*arguments):
        folder = next(one for one in arguments if isinstance(one, Path))
        (folder if folder.suffix else folder / end).write_bytes(b"half")
        raise OSError("no room")

    if end == "report.html":
        monkeypatch.setattr(calibration, "write_page", half)
    else:
        monkeypatch.setattr(SteeringVector, "save", half)
    with pytest.raises(OSError, match="no room"):
        run(tmp_path, replace(OPTIONS, tolerated=0.3))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_close_fits_are_undecided():
    assert preferred(-158.0, -156.1) == preferred(-156.1, -158.0) == "undecided"
    assert (preferred(-158.0, -156.0), preferred(-156.0, -158.0)) == ("law", "rival")
    assert preferred(float("nan"), -158.0) == "undecided"


def test_the_page_says_undecided(finished):
    report = json.loads((finished[0] / "report.json").read_text())
    report["fits"]["helpfulness"]["preferred"] = "undecided"
    assert (
        "undecided, less than 2 apart"
        in dict(table(report))["helpfulness: R², and AIC against the linear rival"]
    )


def test_premises_and_control_arms_are_measured(finished):
    report = finished[1]
    assert report["premises"]["auc"] == {"0": 1.0, "1": 1.0}
    assert report["premises"]["change_r2"] > 0.9999  # the toy's logits are linear in the dial
    assert report["premises"]["gap_sd_correlation"] > 0.99
    assert 0 < report["random_move"] < 0.5
    unsteered = next(row for row in report["arms"]["steered"] if row["r"] == 0)
    assert report["arms"]["prompt"][0]["alignment"] == unsteered["alignment"]  # its instruction is empty


def test_a_random_direction_that_does_nearly_as_much_leaves_no_dial(tmp_path):
    report = run(tmp_path, replace(OPTIONS, seed=3))  # holds .40 of the planted direction
    assert not report["dial"]["usable"]
    assert report["dial"]["reasons"] == [
        f"a random direction of the same length moves the behaviour {report['random_move']:.0%} as far"
    ]


def _rows(down, middle, up):
    return [{"r": r, "alignment": value} for r, value in ((-2.0, down), (0.0, middle), (2.0, up))]


def test_a_random_direction_that_bends_both_sides_alike_is_seen():
    ours = _rows(-0.2, 0.2, 0.6)  # moves it by .4 on each side
    assert fitting.random_move(ours, _rows(0.2, 0.2, 0.2), 2.0) == 0
    assert fitting.random_move(ours, _rows(0.5, 0.2, 0.5), 2.0) == pytest.approx(0.75)
    assert fitting.random_move(ours, _rows(0.1, 0.2, 0.4), 2.0) == pytest.approx(0.5)
    assert fitting.random_move(_rows(0.2, 0.3, 0.2), ours, 2.0) == float("inf")


def test_the_report_is_the_same_from_the_same_seed(finished, tmp_path):
    folder, report = finished
    torch.manual_seed(99)
    assert run(tmp_path) == report
    assert (tmp_path / "report.json").read_bytes() == (folder / "report.json").read_bytes()


def test_a_stopped_run_goes_on_and_ends_in_the_same_report(finished, tmp_path):
    asked = []

    def after_five():
        asked.append(1)
        return len(asked) > 5

    with pytest.raises(Cancelled, match="stopped after 5 of 18"):
        run(tmp_path, should_stop=after_five)
    with (tmp_path / "sweep.jsonl").open("a") as file:
        file.write('{"plan": "half a li')  # as a killed process would leave it
    seen = []
    assert run(tmp_path, progress=lambda done, total, what: seen.append((done, total))) == finished[1]
    assert seen[0] == (5, 18)
    assert seen[-1] == (18, 18)
    lines = [json.loads(line) for line in (tmp_path / "sweep.jsonl").read_text().splitlines()]
    assert len(lines) == 18


def test_cells_of_other_weights_are_not_mixed_in(finished, tmp_path):
    (tmp_path / "sweep.jsonl").write_bytes((finished[0] / "sweep.jsonl").read_bytes())
    assert run(tmp_path, model=toy.Planted(1)) == run(tmp_path / "fresh", model=toy.Planted(1))


def test_the_page_and_the_six_plots(finished):
    folder, report = finished
    names = {"alignment", "helpfulness", "tradeoff", "change", "gaps", "separability"}
    assert {path.stem for path in folder.glob("*.svg")} == names
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 6
    assert "efficient part" in page
    assert f"{report['dial']['r_max']:.3g}" in page
    assert "<script" not in page


def test_the_vector_keeps_to_its_stops_and_to_its_model(finished):
    folder, report = finished
    dial = SteeringVector.load(folder / "vector.safetensors")
    injection = Injection(toy.Planted(), {"planted": dial})
    injection.set({"planted": report["dial"]["r_max"]})
    with pytest.raises(SteeringError, match="beyond the dial"):
        injection.set({"planted": report["dial"]["r_max"] + 0.01})
    with pytest.raises(SteeringError, match="another model or revision"):
        Injection(toy.Planted(1), {"planted": dial})


def test_gibberish_ends_the_dial(tmp_path):
    """Above r = 1 the toy goes on with a token that the unsteered model never says."""

    class Babbling(toy.Planted):
        def forward(self, input_ids, **ignored):
            output = super().forward(input_ids)
            pushed = self.hidden[..., 0] > 2.2
            output.logits[..., 95] = torch.where(pushed, 30.0, -40.0)
            return output

    report = run(tmp_path, model=Babbling())
    coherent = {row["r"]: row["coherent"] for row in report["arms"]["steered"]}
    assert coherent[1.0] >= 0.8 * coherent[0.0]
    assert coherent[1.5] < 0.5
    assert report["dial"]["limits"]["coherence"] == 1.0
    assert report["dial"]["r_max"] <= 1.0


def test_an_end_that_coherence_sets_has_an_interval_too(tmp_path):
    """At r = 1.5 it is a matter of the prompts drawn whether enough replies are coherent."""

    class Sometimes(toy.Planted):
        def forward(self, input_ids, **ignored):
            output = super().forward(input_ids)
            pushed = (self.hidden[..., 0] > 2.2) & (input_ids[:, :1] % 5 == 0)
            output.logits[..., 95] = torch.where(pushed, 30.0, -40.0)
            return output

    dial = run(tmp_path, replace(OPTIONS, tolerated=0.9), model=Sometimes())["dial"]
    low, high = dial["r_max_interval"]
    assert low == 1.0
    assert high > 1.4
    assert dial["without"] == 0.0


def test_a_dial_that_most_resamples_lack_is_none(tmp_path, monkeypatch):
    monkeypatch.setattr(fitting.stops, "end_stops", lambda bend, fall, caps, **rest: (0.0, ends.pop()))
    ends = [1.0] + [0.0] * 101 + [1.0] * 98 + [1.0]  # taken from the back: first the dial's own
    dial = run(tmp_path)["dial"]
    assert (dial["usable"], dial["r_max"], dial["without"]) == (False, 0.0, 0.505)
    assert dial["reasons"] == ["no dial holds in 50% of the resamples"]


def test_a_law_that_does_not_hold_gives_no_dial(tmp_path):
    class Deaf(toy.Planted):
        """Its replies do not depend on the dial."""

        def forward(self, input_ids, **ignored):
            output = super().forward(input_ids)
            output.logits[..., toy.PLUS] = output.logits[..., toy.MINUS]
            return output

    report = run(tmp_path, model=Deaf())
    assert (report["dial"]["usable"], report["dial"]["r_max"], report["dial"]["without"]) == (False, 0.0, 1.0)
    assert "does not hold" in report["dial"]["reasons"][0]
    assert "the direction does not move the behaviour" in report["dial"]["reasons"]
    assert not any("falls as the dial" in reason for reason in report["dial"]["reasons"])
    assert SteeringVector.load(tmp_path / "vector.safetensors").stops[1] == 0.0  # it cannot be turned


def test_multiple_choice_sits_on_its_floor(tmp_path):
    options = (str(toy.REF), str(toy.RIVAL))
    questions = tuple(Reference(str(n), str(toy.REF), options) for n in range(41, 81))
    report = run(tmp_path, behaviour=toy.planted_behaviour(references=questions))
    assert report["floor"] == 0.5
    zero = next(row for row in report["arms"]["steered"] if row["r"] == 0)
    assert zero["helpfulness"] == pytest.approx(toy.P0, abs=0.01)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"points": 10}, "odd number"),
        ({"fit_share": 0.5}, "at least 9 are needed"),
        ({"span": -1.0}, "positive"),
        ({"tolerated": 0.0}, "between 0 and 1"),
        ({"layers": (2,)}, "unknown layer"),
        ({"method": "umap"}, "unknown method"),
    ],
)
def test_bad_options(tmp_path, change, words):
    with pytest.raises(SteeringError, match=words):
        run(tmp_path, replace(OPTIONS, **change))
