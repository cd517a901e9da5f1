"""`manage.py tag`: the stable interface by which others measure the tagger."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from skills.taxonomy import CODES, EMPATHY

ROWS = [
    {"id": "a", "text": "What has been the hardest part of this week?", "previous": "I'm worn out."},
    {"id": 7, "text": ""},
    {"id": "c", "text": "It sounds like you carry this alone.", "previous": None},
]


def tag(tmp_path, lines: str | bytes, **options) -> list[dict]:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(lines if isinstance(lines, bytes) else lines.encode())
    call_command("tag", input=str(source), output=str(target), **options)
    return [json.loads(line) for line in target.read_text(encoding="utf-8").splitlines()]


def test_one_line_out_per_line_in_in_the_same_order(tmp_path):
    done = tag(tmp_path, "\n".join(map(json.dumps, ROWS)))
    assert [row["id"] for row in done] == ["a", 7, "c"]
    for row in done:
        assert list(row) == ["id", "tags", "present", "perhaps", "empathy", "tagger"]
        assert set(row["tags"]) == set(CODES)
        assert set(row["empathy"]) == set(EMPATHY)
        assert set(row["present"]) <= set(CODES)
        assert set(row["empathy"].values()) <= {0, 1, 2}
    assert done[0]["present"] == ["open_question"]
    assert done[1]["present"] == []


def test_threads_and_neighbours_change_nothing(tmp_path):
    alone = [tag(tmp_path, json.dumps(row))[0] for row in ROWS]
    together = tag(tmp_path, "\n".join(map(json.dumps, ROWS * 20)), threads=2)
    assert together == alone * 20


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (b'{"id": 1, "text": "ok"}\n{"id": 2, "text": \n', "Line 2 is not valid JSON"),
        (b'{"id": 1, "text": "ok"}\n\n[1]\n', "Line 3 is not a JSON object"),
        (b'{"text": "ok"}\n', 'Line 1 has no usable "id"'),
        (b'{"id": 1}\n', 'Line 1 has no "text"'),
        (b'{"id": 1, "text": "ok", "previous": 3}\n', 'Line 1 has a "previous" that is no text'),
        (b'{"id": 1, "text": "caf\xe9"}\n', "Line 1 is not UTF-8"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_written(tmp_path, bad, words):
    old = tmp_path / "out.jsonl"
    old.write_text("old")
    with pytest.raises(CommandError, match=words) as caught:
        tag(tmp_path, bad)
    assert caught.value.returncode == 2
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_a_path_that_cannot_be_read_or_written(tmp_path):
    with pytest.raises(CommandError, match="Cannot read"):
        call_command("tag", input=str(tmp_path / "no.jsonl"), output=str(tmp_path / "o"))
    (tmp_path / "in.jsonl").write_text(json.dumps(ROWS[0]))
    with pytest.raises(CommandError, match="Cannot write"):
        call_command("tag", input=str(tmp_path / "in.jsonl"), output=str(tmp_path / "no" / "o"))
