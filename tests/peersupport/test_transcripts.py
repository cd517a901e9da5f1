from __future__ import annotations

import json

import pytest

from peersupport.practice.transcripts import read_transcript


def said(source, **options):
    return [(turn.speaker, turn.text) for turn in read_transcript(source, **options).turns]


TWO = [("Anna", "Hi, I'm Anna"), ("Ben", "hello")]


@pytest.mark.parametrize(
    "content",
    [
        'speaker,text\nAnna,"Hi, I\'m Anna"\nBen,hello\n',
        "speaker;text\r\nAnna;Hi, I'm Anna\r\nBen;hello\r\n",
        "text\tspeaker\nHi, I'm Anna\tAnna\nhello\tBen",
        "\ufeffRole|Message\nAnna|Hi, I'm Anna\nBen|hello\n",
        'id,author,utterance_text\n1,Anna,"Hi, I\'m Anna"\n\n2,Ben,hello\n',
        "sep=;\nFrom;Content\nAnna;Hi, I'm Anna\nBen;hello\n",
        "'speaker','text'\n'Anna','Hi, I''m Anna'\n'Ben','hello'\n",
        'speaker, text\nAnna, "Hi, I\'m Anna"\nBen, hello\n',
        'speaker,text\rAnna,"Hi, I\'m Anna"\rBen,hello\r',
        "speaker,text\nAnna,Hi, I'm Anna\nBen,hello\n",
        json.dumps({"speaker": "Anna", "text": "Hi, I'm Anna"}) + '\n\n{"Role": "Ben", "content": "hello"}\n',
        "Anna: Hi, I'm Anna\nBen: hello",
        "[12:03] Anna: Hi, I'm Anna\n[12:04] Ben: hello\n",
        "Anna (12:03): Hi, I'm Anna\nBen (12:04): hello\n",
        "12/03/2024, 12:03 - Anna: Hi, I'm Anna\n12/03/2024, 12:04 - Ben: hello\n",
        "**Anna:** Hi, I'm Anna\n\n**Ben:** hello\n",
        "Anna:\nHi, I'm Anna\nBen:\nhello\n",
    ],
)
def test_reads_the_forms_people_bring(content):
    assert said(content.encode()) == TWO


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
def test_reads_marked_encodings(encoding):
    assert said("speaker,text\nÅsa,grüße 😀\n".encode(encoding)) == [("Åsa", "grüße 😀")]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("a.csv", "csv"), ("a.tsv", "csv"), ("a.jsonl", "jsonl"), ("a.ndjson", "jsonl"), ("a.txt", "text")],
)
def test_the_suffix_tells_the_form(tmp_path, name, wanted):
    content = {"csv": "speaker,text\nA,b\n", "jsonl": '{"speaker": "A", "text": "b"}\n', "text": "A: b\n"}[
        wanted
    ]
    path = tmp_path / name
    path.write_text(content)
    transcript = read_transcript(path)
    assert transcript.format == wanted and transcript.notices == ()


def test_a_guessed_form_is_said():
    transcript = read_transcript(b"speaker,text\nA,b\n", filename="notes")
    assert transcript.format == "csv"
    assert transcript.notices == ("Read as CSV, guessed from its first line.",)


def test_lines_without_a_label_go_on_with_the_message():
    content = b"Preface\nAnna: one\ntwo\nBen: three\nAnd then he said: leave\nAnna: four\nBen: five\n"
    transcript = read_transcript(content, filename="a.txt")
    assert [turn.text for turn in transcript.turns] == [
        "one\ntwo",
        "three\nAnd then he said: leave",
        "four",
        "five",
    ]
    assert [turn.line for turn in transcript.turns] == [2, 4, 6, 7]
    assert any("before the first speaker" in notice and "1" in notice for notice in transcript.notices)
    assert any("lines 5" in notice and "bring it again" in notice for notice in transcript.notices)


def test_quoted_cells_run_over_lines_and_keep_their_first_line_number():
    content = b'speaker,text\nAnna,"one\ntwo"\nBen,three\n'
    transcript = read_transcript(content)
    assert [(turn.line, turn.text) for turn in transcript.turns] == [(2, "one\ntwo"), (4, "three")]


def test_speakers_are_one_whatever_their_case():
    transcript = read_transcript(b"speaker,text\nAnna,a\nANNA ,b\nBen,c\n")
    assert transcript.speakers == ("Anna", "Ben")


def test_messages_without_text_are_left_out_and_said():
    transcript = read_transcript(b"speaker,text\nAnna,\nBen,b\n")
    assert len(transcript.turns) == 1
    assert "1 message without text left out." in transcript.notices


def test_the_told_format_wins_over_the_suffix(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Anna: hi\nBen: ho\n")
    assert read_transcript(path, format="text").format == "text"
    with pytest.raises(ValueError, match="csv"):
        read_transcript(path, format="xml")
