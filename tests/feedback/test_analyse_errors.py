"""What goes wrong with `manage.py analyse` is said in one line with its mend; nothing is half-written."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

ROOT = Path(__file__).resolve().parents[2]
LITTLE = 120 * 1024 * 1024  # bytes the command may hold while it refuses the long line
GOOD = "speaker,text\nseeker,hello\ncounselor,What brings you here?\n"

BAD = {
    "wrong encoding": ("speaker,text\nseeker,ok\ncounselor,caf\xe9\n".encode("latin-1"), "Line 3", "UTF-8"),
    "missing column": (b"speaker,message_body\nseeker,hi\n", "Line 1", "text"),
    "empty file": (b"", "empty", "at least one line"),
    "blank file": (b"\n \n", "empty", "at least one line"),
    "a spreadsheet": (b"PK\x03\x04rest", "spreadsheet", "CSV"),
    "broken JSON": (b'{"speaker": "a", "text": "b"}\n{"speaker": \n', "Line 2", "JSON"),
}


def run(tmp_path, raw: bytes, name: str = "in.csv", **options) -> CommandError:
    (tmp_path / name).write_bytes(raw)
    out = tmp_path / "out"
    out.mkdir(exist_ok=True)
    with pytest.raises(CommandError) as caught:
        call_command(
            "analyse",
            **{"input": str(tmp_path / name), "output": str(out / "o.json"), "html": str(out / "o.html")},
            **options,
        )
    assert list(out.iterdir()) == []
    assert caught.value.returncode == 2
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file(kind, tmp_path):
    raw, *expected = BAD[kind]
    error = run(tmp_path, raw, name="in.jsonl" if "JSON" in kind else "in.csv")
    for part in [*expected, "Nothing was written"]:
        assert part in str(error)


def test_an_unknown_counselor_lists_who_is_there(tmp_path):
    error = run(tmp_path, GOOD.encode(), counselor="Nobody")
    assert "The speakers are: seeker, counselor." in str(error)


def test_what_was_there_before_stays(tmp_path):
    (tmp_path / "in.csv").write_text("speaker,text\n")
    old = tmp_path / "o.json"
    old.write_text("old")
    with pytest.raises(CommandError):
        call_command("analyse", input=str(tmp_path / "in.csv"), output=str(old))
    assert old.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "o.json"]


def test_a_folder_that_is_not_there_writes_neither_file(tmp_path):
    (tmp_path / "in.csv").write_text(GOOD)
    with pytest.raises(CommandError, match=r"Cannot write .*nowhere") as caught:
        call_command(
            "analyse",
            input=str(tmp_path / "in.csv"),
            output=str(tmp_path / "o.json"),
            html=str(tmp_path / "nowhere" / "o.html"),
        )
    assert caught.value.returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv"]


def test_both_outputs_in_one_file_are_refused(tmp_path):
    (tmp_path / "in.csv").write_text(GOOD)
    same = str(tmp_path / "o.json")
    with pytest.raises(CommandError, match="the same file"):
        call_command("analyse", input=str(tmp_path / "in.csv"), output=same, html=same)


@pytest.mark.parametrize("way", ["in.csv", "../{folder}/in.csv"])
def test_the_transcript_is_never_replaced_by_its_report(way, tmp_path):
    source = tmp_path / "in.csv"
    source.write_text(GOOD)
    target = tmp_path / way.format(folder=tmp_path.name)
    for names in ({"output": target}, {"output": tmp_path / "o.json", "html": target}):
        with pytest.raises(CommandError, match="would replace the transcript") as caught:
            call_command("analyse", input=str(source), **{key: str(path) for key, path in names.items()})
        assert caught.value.returncode == 2
    assert source.read_text() == GOOD
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_an_output_without_a_name_is_refused(tmp_path):
    (tmp_path / "in.csv").write_text(GOOD)
    with pytest.raises(CommandError, match="need the name of a file") as caught:
        call_command("analyse", input=str(tmp_path / "in.csv"), output="")
    assert caught.value.returncode == 2


def test_a_missing_transcript_is_said(tmp_path):
    with pytest.raises(CommandError, match="cannot be opened: no such file or directory") as caught:
        call_command("analyse", input=str(tmp_path / "gone.csv"), output=str(tmp_path / "o.json"))
    assert caught.value.returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_the_program_that_is_gone_is_not_called_an_output(tmp_path, monkeypatch):
    def gone():
        raise FileNotFoundError(2, "No such file or directory", "tagger.onnx")

    monkeypatch.setattr("skills.tagger.load_tagger", gone)
    (tmp_path / "in.csv").write_text(GOOD)
    with pytest.raises(CommandError, match=r"Cannot read tagger\.onnx"):
        call_command("analyse", input=str(tmp_path / "in.csv"), output=str(tmp_path / "o.json"))
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


def test_a_line_of_fifty_megabytes_is_refused_early_and_in_little_memory(tmp_path):
    source = tmp_path / "long.csv"
    with source.open("wb") as file:
        file.write(b"speaker,text\ncounselor,")
        for _ in range(50):
            file.write(b"x" * 1024 * 1024)
    command = [sys.executable, "manage.py", "analyse", "--input", str(source), "--output"]
    env = {**os.environ, "DATA_DIR": str(tmp_path / "data")}
    done = subprocess.run(
        [*command, str(tmp_path / "o.json")],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (LITTLE, LITTLE)),
    )
    assert done.returncode == 2
    assert "Line 2: The line is longer than 65,536 characters." in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "o.json").exists()
