"""`manage.py steering_calibrate`: a real model from a folder to a report, and its errors."""

from __future__ import annotations

import json
import signal
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from feedback.coach.steering import pairs
from tests.feedback.tiny_model import save_tiny_model

QUICK = {"points": 19, "replies": 2, "tokens": 4, "layers": [1]}


@pytest.fixture
def few_pairs(monkeypatch):
    whole = pairs.load_behaviour("brevity")
    few = replace(whole, fit=whole.fit[:12], held_out=whole.held_out[:6], references=whole.references[:4])
    monkeypatch.setattr(pairs, "load_behaviour", {"brevity": few}.get)


@pytest.mark.usefixtures("few_pairs")
def test_a_model_gets_its_report(tmp_path, capsys):
    model = save_tiny_model(tmp_path / "model", chat=True)
    before = signal.getsignal(signal.SIGTERM)
    call_command(
        "steering_calibrate", model=str(model), behaviour="brevity", output=tmp_path / "out", **QUICK
    )
    assert signal.getsignal(signal.SIGTERM) is before
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["pairs"] | {"hash": ""} == {
        "hash": "",
        "fit": 12,
        "choosing": 0,
        "held_out": 6,
        "references": 4,
    }
    assert report["model"]["name"] == "model"
    assert len(report["arms"]["steered"]) == 19
    assert {row["alignment"] for row in report["arms"]["steered"]} <= {-1.0, 0.0, 1.0}  # two free replies
    printed = capsys.readouterr().out
    assert "0/38 steered r=0" in printed
    assert str(tmp_path) not in (tmp_path / "out" / "report.json").read_text()
    # A random model has no dial, and nothing pretends otherwise.
    assert report["dial"]["usable"] is False
    assert "No dial" in printed


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"behaviour": "charm"}, "unknown behaviour"),
        ({"behaviour": "warmth", "points": 8}, "odd number"),
        ({"behaviour": "warmth", "model": "/nowhere"}, "COACH_MODEL names a folder that does not exist"),
    ],
)
def test_errors_say_what_to_mend(tmp_path, options, words):
    with pytest.raises(CommandError, match=words):
        call_command("steering_calibrate", **{"model": "/nowhere", "output": tmp_path, **options})
