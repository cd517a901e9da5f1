"""`manage.py train_experts` and `evaluate_3h`: from a base to a table, resumed, and errors."""

from __future__ import annotations

import json
import re

import pytest
from django.core.management import CommandError, call_command

from tests.feedback.expert_models import save_mini

QUICK = {"steps": 1, "rows": 1}


@pytest.fixture
def base(tmp_path):
    return save_mini(tmp_path / "base")


def lines(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_all_arms_are_trained_once_and_measured(tmp_path, base, capsys):
    out = tmp_path / "arms"
    call_command("train_experts", base=base, output=out, leg_minutes=0.0, **QUICK)
    assert lines(capsys)[-1]["stage"] == "leg ended"
    call_command("train_experts", base=base, output=out, **QUICK)
    told = lines(capsys)
    assert [line["arm"] for line in told if line.get("stage") == "done"] == [
        *("helpful", "honest", "harmless", "harmless-dpo"),
        *("helpful-lora", "honest-lora", "harmless-lora"),
        *("equal-1x", "equal-3x", "heuristic-1x", "heuristic-3x", "reward-1x", "reward-3x"),
        "equal-3x-lora",
    ]
    call_command("train_experts", base=base, output=out, **QUICK)
    assert {line["stage"] for line in lines(capsys)} == {"there already", "all done"}
    report = tmp_path / "report.json"
    models = [base, out / "equal-1x", out / "helpful"]
    call_command("evaluate_3h", *models, items=8, experts=out, output=report)
    found = json.loads(report.read_text())
    assert list(found["models"]) == ["base", "equal-1x", "helpful"]
    assert found["compared_with"] == "base"
    assert found["models"]["base"]["n"] == {"helpful": 8, "honest": 8, "harmless": 8}
    assert found["models"]["helpful"]["retention"]["helpful"] == 1
    table = capsys.readouterr().out.splitlines()
    assert table[0].startswith("model | helpful")
    assert "kept of the experts (helpful / honest / harmless)" in table[0]
    assert table[0].endswith("(p Holm, no p of 2,000 draws is below 0.001)")
    assert re.search(r"^helpful .*\| 1\.000 / \S+ / \S+ \|", table[3])
    assert len(table) == 4


def test_errors_say_what_to_mend(tmp_path, base):
    with pytest.raises(CommandError, match="unknown arms funny: helpful, honest"):
        call_command("train_experts", base=base, output=tmp_path / "out", arms=["funny"], **QUICK)
    with pytest.raises(CommandError, match="needs the experts helpful, honest, harmless first"):
        call_command("train_experts", base=base, output=tmp_path / "out", arms=["reward-1x"], **QUICK)
    with pytest.raises(CommandError, match="no model folder"):
        call_command("train_experts", base=tmp_path, output=tmp_path / "out", **QUICK)
    with pytest.raises(CommandError, match="no model folder"):
        call_command("evaluate_3h", tmp_path, items=2)
    with pytest.raises(CommandError, match="named twice"):
        call_command("evaluate_3h", base, base, items=2)
