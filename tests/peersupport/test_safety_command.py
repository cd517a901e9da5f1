from __future__ import annotations

import json

import pytest
from django.core.management import CommandError, call_command

GOOD = {"id": "a", "split": "dev", "role": "seeker", "kinds": ["suicide"], "tag": "x", "level": "explicit"}


def test_prints_recall_and_precision_of_both_splits(capsys):
    call_command("evaluate_safety")
    printed = capsys.readouterr().out
    assert "recall explicit" in printed and "precision" in printed
    assert "\ndev\n" in printed and "\ntest\n" in printed


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
