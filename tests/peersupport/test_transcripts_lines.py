"""Reading that goes on after the error of a line, and text whose encoding has to be guessed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peersupport.decoding import to_utf8
from peersupport.practice.transcripts import TranscriptError, read_transcript
from peersupport.practice.transcripts.masking import names_from, pieces


def read(content: bytes, name: str = "a.csv"):
    return read_transcript(content, filename=name, go_on_after_errors=True)


GOOD = b'{"speaker": "A", "text": "b"}\n'


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("a.jsonl", GOOD + b'nonsense\n[1]\n{"speaker": "A"}\n' + GOOD, [2, 3, 4]),
        ("a.jsonl", b'{"who": "A", "text": "a\\u0000"}\n{"who": "A", "text": "\\ud800"}\n' + GOOD, [1, 2]),
        ("a.csv", b'speaker,id,text\nA,1,b\nA,2\n,3,c\nA,4,"x"y\nB,5,d\n', [3, 4, 5]),
        ("a.csv", b'speaker,text\nA,b\nB,c\nA,"never closed\nB,d\n', [4]),
        ("a.txt", b"A: b\nB: " + b"x" * 20_001 + b"\nA: c\nB: d\n", [2]),
    ],
)  # fmt: skip
def test_errors_are_collected_with_their_lines(name, content, lines):
    transcript = read(content, name)
    assert [error.line for error in transcript.errors] == lines
    assert transcript.turns
    with pytest.raises(TranscriptError) as raised:
        read_transcript(content, filename=name)
    assert raised.value.line == lines[0]


def test_nothing_but_errors_is_one_error():
    with pytest.raises(TranscriptError) as raised:
        read(b"nonsense\n" * 3, "a.jsonl")
    assert raised.value.line == 1


def test_too_many_errors_are_one_of_the_file():
    with pytest.raises(TranscriptError, match="More than 50 lines cannot be read; the first is line 2"):
        read(b'{"speaker": "A", "text": "b"}\n' + b"nonsense\n" * 60, "a.jsonl")


def test_limits_of_the_file_end_it_all_the_same(monkeypatch):
    monkeypatch.setattr("peersupport.practice.transcripts.builder.MAX_TURNS", 3)
    with pytest.raises(TranscriptError, match="more than 3 messages"):
        read(b"speaker,text\n" + b"A,b\n" * 5)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [
        ("utf-8", ""),
        ("utf-16", ""),
        ("utf-16-le", "without its mark"),
        ("utf-16-be", "without its mark"),
        ("cp1252", "Windows-1252"),
    ],
)
def test_a_guess_is_said_and_only_where_there_is_one(encoding, said):
    transcript = read("speaker,text\nÅsa,grüße – “so”\nBen,hello\n".encode(encoding))
    assert transcript.turns[0].text == "grüße – “so”"
    assert [said in notice for notice in transcript.notices] == ([True] if said else [])


NO_TEXT = [b"\x7fELF\x02\x01\x01\x00\xff", b"caf\xe9 \x01", b"\xff\xfe\x00\x00", b"\x81\x8d"]


@pytest.mark.parametrize("content", NO_TEXT)
def test_what_is_no_text_is_not_guessed(content):
    assert to_utf8(content) == (content, "")


@given(st.binary(max_size=400))
def test_any_bytes_are_guessed_or_left_alone(content):
    converted, notice = to_utf8(content)
    assert converted == content if not notice else converted.decode("utf-8") is not None


def shown(text: str, **kwargs) -> str:
    return "".join(piece.shown for piece in pieces(text, **kwargs))


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("write kim.larsen+x@mail.example.org now", "write [e-mail] now"),
        ("see https://a.example/x?y=1 or www.b.example.", "see [link] or [link]"),
        ("call +44 (0)20 7946 0958, or 0151-234 5678", "call [phone], or [phone]"),
        ("born 12.05.1990, 2024-05-01 12:03, 2019-2024", "born 12.05.1990, 2024-05-01 12:03, 2019-2024"),
        ("116 123 is the Samaritans; 988 too", "116 123 is the Samaritans; 988 too"),
        ("I am 29 and it is 7 30 in room 1204", "I am 29 and it is 7 30 in room 1204"),
        ("kim, Kimberly and KIM LARSEN's", "[name], Kimberly and [name]'s"),
    ],
)
def test_masking(text, masked):
    assert shown(text, names=names_from("Kim, Kim Larsen")) == masked


def test_masking_can_be_left_out():
    assert shown("a@b.example 0151 234 5678", contacts=False) == "a@b.example 0151 234 5678"


@given(st.text(max_size=200), st.lists(st.text(min_size=1, max_size=10), max_size=3))
def test_the_pieces_are_the_message(text, names):
    assert "".join(piece.text for piece in pieces(text, names=names_from(",".join(names)))) == text
