from __future__ import annotations

import csv
import io
import re
import tracemalloc

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from peersupport.practice.transcripts import TranscriptError, read_transcript
from peersupport.practice.transcripts import types as limits

SECRET = "canaryword"


def failure(content: bytes, **options) -> TranscriptError:
    with pytest.raises(TranscriptError) as raised:
        read_transcript(content, **options)
    assert SECRET not in str(raised.value)
    assert raised.value.message.endswith(".") and raised.value.mend.endswith(".")
    return raised.value


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        (b"", 0, "empty"),
        (b"\n \n\n", 0, "empty"),
        (b"speaker,text\n", 0, "no message"),
        (b"speaker,words\nA,canaryword\n", 1, "no column “text”"),
        (b"\n\nfoo;text\nA;canaryword\n", 3, "no column “speaker”"),
        (b"speaker,text\nA,b\nA,caf\xe9 canaryword\n", 3, "not in UTF-8"),
        (b"speaker,text\nA,b\nA,canaryword\x00\n", 3, "NUL"),
        ("speaker,text\nA,b\n".encode("utf-16-le"), 1, "NUL"),
        (b'speaker,text\nA,b\nA,"canaryword\nA,b\nA,b\n', 3, "never closed"),
        (b'speaker,text\nA,"b"canaryword\n', 2, "closing quote"),
        (b"speaker,id,text\nA,1,b\nA,1\n", 3, "2 cells"),
        (b"speaker,text\n,canaryword\n", 2, "speaker is empty"),
        (b"text,speaker\nhi," + b"x" * 61 + b"\n", 2, "swapped"),
        (b'{"speaker": "A", "text": "b"}\n{"speaker": "canaryword"\n', 2, "not valid JSON"),
        (b'{"speaker": "A", "text": "b"}\n["canaryword"]\n', 2, "not one object"),
        (b'{"speaker": "A", "text": "b"}\n{"speaker": "A"}\n', 2, "no “text”"),
        (b'{"speaker": "A", "text": 5}\n', 1, "not a text"),
        (b'{"speaker": "A", "text": "\\ud800"}\n', 1, "half of a character"),
        (b'{"a": ' + b"[" * 60_000 + b"\n", 1, "JSON"),
        (b"canaryword without any label\n", 1, "No line starts"),
        (b"PK\x03\x04canaryword", 0, "spreadsheet"),
        (b"%PDF-1.7", 0, "PDF"),
        (b"\xff\xfe\x00\x00a\x00\x00\x00", 1, "UTF-32"),
    ],
)
def test_each_fault_names_its_line_and_a_mend(content, line, words):
    error = failure(content)
    assert error.line == line
    assert words in str(error)


def test_a_missing_file_is_said(tmp_path):
    with pytest.raises(TranscriptError, match="cannot be opened: no such file"):
        read_transcript(tmp_path / "gone.csv")
    with pytest.raises(TranscriptError, match="directory"):
        read_transcript(tmp_path)


def test_a_fifty_megabyte_line_is_refused_without_being_held(tmp_path):
    path = tmp_path / "long.csv"
    with path.open("wb") as stream:
        stream.write(b"speaker,text\nA,b\nA,")
        for _ in range(50):
            stream.write(b"x" * 1024 * 1024)
    tracemalloc.start()
    with pytest.raises(TranscriptError, match=r"Line 3: The line is longer than 65,536 characters\."):
        read_transcript(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2 * 1024 * 1024


def test_blank_lines_before_the_first_word_are_not_held():
    content = b"\n" * 1024 * 1024
    tracemalloc.start()
    error = failure(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert error.line == 0 and "empty" in str(error)
    assert peak < 8 * 1024 * 1024
    assert read_transcript(content[:70_000] + b"A: hi\n", filename="a.txt").turns[0].line == 70_001


def test_too_much_is_refused(monkeypatch):
    monkeypatch.setattr("peersupport.practice.transcripts.builder.MAX_TURNS", 3)
    assert "more than 3 messages" in str(failure(b"speaker,text\n" + b"A,b\n" * 5))
    many = b"speaker,text\n" + b"".join(b"name%d,b\n" % number for number in range(60))
    monkeypatch.undo()
    assert "more than 50 speakers" in str(failure(many))
    long = b"A: " + (b"x" * 1000 + b"\n") * 30
    assert "longer than 20,000 characters" in str(failure(long, filename="a.txt"))
    monkeypatch.setattr("peersupport.practice.transcripts.lines.MAX_BYTES", 1024 * 1024)
    assert "longer than 1 MB" in str(failure(b"speaker,text\n" + (b"A," + b"b" * 1000 + b"\n") * 2000))


def test_line_numbers_hold_across_read_blocks():
    rows = b"speaker,text\r\n" + b"A,something said here\r\n" * 20_000
    assert failure(rows + b"A,\xff\r\n").line == 20_002
    assert read_transcript(rows).turns[-1].line == 20_001


@given(st.binary(max_size=300), st.sampled_from(["a.csv", "a.jsonl", "a.txt", ""]))
def test_any_bytes_give_a_transcript_or_a_transcript_error(content, name):
    try:
        transcript = read_transcript(content, filename=name)
    except TranscriptError:
        return
    assert transcript.turns and all(turn.text.strip() for turn in transcript.turns)


NO_NUL = st.characters(codec="utf-8", exclude_characters="\0")


@given(st.text(NO_NUL, max_size=200), st.text(NO_NUL, min_size=1, max_size=60))
def test_csv_written_by_python_comes_back(text, speaker):
    """Line ends become one kind, space around a text goes; a name has one space where it had signs that do
    not print. An empty name is refused (above), as a NUL is; a message without text is left out."""
    name = " ".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", speaker).split()).rstrip(":").strip()
    assume(name)
    stream = io.StringIO()
    csv.writer(stream).writerows([["speaker", "text"], ["A", "first"], [speaker, text]])
    turns = read_transcript(stream.getvalue().encode(), filename="a.csv").turns
    expected = [("A", "first")]
    if text.strip():
        name = "A" if name == "a" else name  # a speaker is written as the first time
        expected.append((name, text.replace("\r\n", "\n").replace("\r", "\n").strip()))
    assert [(turn.speaker, turn.text) for turn in turns] == expected


def test_limits_are_stated():
    assert limits.MAX_LINE == 65_536 and limits.MAX_TURNS == 50_000
