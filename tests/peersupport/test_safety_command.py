from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from peersupport.management.commands import evaluate_safety
from peersupport.seeker import load_scenarios

GOOD = {"id": "a", "split": "dev", "role": "seeker", "kinds": ["suicide"], "tag": "x", "level": "explicit"}


OWN = Path(__file__).parent / "data" / "crisis_lines.jsonl"


def test_prints_recall_and_precision_of_rules_and_model(capsys):
    call_command("evaluate_safety", "--lines", OWN)
    printed = capsys.readouterr().out
    assert "recall explicit" in printed and "precision" in printed and "false alarms" in printed
    for part in ("dev, both", "dev, rules", "dev, model", "test, both"):
        assert f"\n{part}\n" in printed


def test_counts_the_lines_of_scenarios(capsys, monkeypatch):
    two = {slug: load_scenarios()[slug] for slug in ("plain-lunchbox", "plain-grey")}
    monkeypatch.setattr(evaluate_safety, "load_scenarios", lambda: two)
    call_command("evaluate_safety", "--set", "scenarios", "--json")
    found = json.loads(capsys.readouterr().out)["scenarios"]
    assert found["plain-lunchbox"]["n"] > 70
    assert all(bool(share["value"]) == name.endswith("(risk)") for name, share in found.items())


def test_counts_a_miss_and_a_false_alarm_as_such(tmp_path, capsys):
    lines = [
        GOOD | {"text": "I want to die"},
        GOOD | {"id": "b", "text": "the weather is nice"},
        GOOD | {"id": "c", "text": "I feel suicidal", "level": "none", "kinds": []},
    ]
    path = tmp_path / "lines.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    call_command("evaluate_safety", "--lines", path, "--json")
    result = json.loads(capsys.readouterr().out)["splits"]["dev"]
    assert result["recall_noticed"]["explicit"]["value"] == 0.5
    assert result["precision"]["value"] == 0.5
    assert result["missed"] == ["b"] and result["false_alarms"] == ["c"]


@pytest.mark.parametrize("content", ["{", '{"id": 1}', json.dumps(GOOD | {"text": "x", "level": "high"})])
def test_a_bad_line_is_named(tmp_path, content):
    path = tmp_path / "lines.jsonl"
    path.write_text(content)
    with pytest.raises(CommandError, match="line 1") as raised:
        call_command("evaluate_safety", "--lines", path)
    assert raised.value.returncode == 2
