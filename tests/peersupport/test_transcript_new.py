"""Bringing a transcript: what is read, what is refused and in which words, and who may."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from peersupport.practice import drafts
from peersupport.practice.models import Message, PracticeChat, TranscriptDraft
from tests.leaks import CANARY
from tests.peersupport.transcripts import PASTED, workbook

URL = "/transcripts/new/"


@pytest.fixture
def volunteer(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


def bring(client: Client, content: bytes | None = None, name: str = "a.txt", **fields):
    data = {"consent": "1", **fields}
    if content is not None:
        data["file"] = SimpleUploadedFile(name, content)
    return client.post(URL, data)


def test_a_pasted_chat_becomes_a_draft_and_nothing_else(volunteer, people):
    answer = bring(volunteer, text=PASTED)
    draft = TranscriptDraft.objects.get()
    assert answer["Location"] == reverse("practice:transcript-preview", args=[draft.pk])
    assert draft.owner == people.volunteer
    assert draft.body["speakers"] == ["Robin", "Kim"]
    assert draft.body["roles"] == ["counselor", "seeker"]
    assert (PracticeChat.objects.count(), Message.objects.count()) == (0, 0)


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("a.csv", b"speaker;text\nAnna;hello\nBen;hi\n"),
        ("a.jsonl", b'{"speaker": "Anna", "text": "hello"}\n{"speaker": "Ben", "text": "hi"}\n'),
        ("a.txt", "Anna: hello\r\nBen: hi\r".encode("utf-16")),
        ("a.xlsx", workbook([["Speaker", "Text"], ["Anna", "hello"], ["Ben", "hi"]])),
    ],
)
def test_files_of_every_form_are_read(volunteer, name, given):
    assert bring(volunteer, given, name).status_code == 302
    assert [line[2] for line in TranscriptDraft.objects.get().body["lines"]] == ["hello", "hi"]


def test_the_files_name_is_not_kept(volunteer):
    bring(volunteer, b"Anna: hello\nBen: hi\n", "kim larsen 12 may.txt")
    assert "larsen" not in str(TranscriptDraft.objects.get().body)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "There is nothing to read"),
        ({"text": PASTED, "content": b"A: b\n"}, "not both"),
        ({"text": PASTED, "consent": "0"}, "Tick the box"),
        ({"text": "no label"}, "No line starts with a speaker"),
        ({"content": b"speaker,words\nA,b\n", "name": "a.csv"}, "no column “text”"),
        ({"content": b"\x89PNG\r\n\x1a\n\0\0", "name": "a.png"}, "a picture"),
        ({"content": b"\x7fELF\x02\x01\0\0", "name": "a.txt"}, "NUL"),
        ({"content": b"PK\x03\x04broken", "name": "a.xlsx"}, "spreadsheet is damaged"),
        ({"content": b""}, "nothing to read"),
    ],
)
def test_a_refusal_says_why_and_keeps_what_was_pasted(volunteer, fields, words):
    content, name = fields.pop("content", None), fields.pop("name", "a.txt")
    answer = bring(volunteer, content, name, **fields)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert words in page and 'role="alert"' in page
    assert fields.get("text", "") in page
    assert not TranscriptDraft.objects.exists()


def test_too_long_a_file_is_refused_in_words_and_not_held(volunteer, settings):
    settings.TRANSCRIPT_MAX_BYTES = 100_000
    answer = bring(volunteer, b"A: hello\n" * 20_000)
    assert answer.status_code == 413
    assert "too long for one chat" in answer.content.decode()
    assert not TranscriptDraft.objects.exists()


def test_too_long_a_text_is_refused_in_words(volunteer):
    answer = bring(volunteer, text="A: hello\n" * 120_000)
    assert answer.status_code == 413
    assert "too long for one chat" in answer.content.decode()


def test_too_many_messages_are_refused(volunteer):
    answer = bring(volunteer, text="A: hello\nB: hi\n" * 251)
    assert "502 messages; a chat here has at most 500" in answer.content.decode()


def test_without_its_token_the_form_is_refused_and_the_file_not_read(people):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.volunteer)
    assert bring(client, b"Anna: hello\nBen: hi\n").status_code == 403
    assert not TranscriptDraft.objects.exists()


def test_the_longer_body_is_this_pages_alone(settings):
    assert list(settings.LONGER_BODIES) == [URL] == [reverse("practice:transcript-new")]
    assert settings.LONGER_BODIES[URL] > settings.TRANSCRIPT_MAX_BYTES > settings.REQUEST_MAX_BYTES


def test_only_so_many_drafts_are_kept(people):
    made = [drafts.make(people.volunteer, PASTED.encode()) for _ in range(drafts.MAX_DRAFTS + 2)]
    kept = set(TranscriptDraft.objects.values_list("pk", flat=True))
    assert kept == {draft.pk for draft in made[2:]}


def test_what_is_brought_stays_out_of_the_log(volunteer, caplog):
    caplog.set_level("DEBUG")
    bring(volunteer, text=f"Anna: {CANARY}\nBen: hi\nno label {CANARY}")
    bring(volunteer, f'speaker,text\nAnna,"{CANARY}\n'.encode(), "a.csv")
    bring(volunteer, f"{CANARY}".encode(), f"{CANARY}.xlsx")
    assert CANARY not in caplog.text


def test_the_page_offers_a_sample_that_can_be_read(volunteer, settings):
    page = volunteer.get(URL).content.decode()
    assert "samples/transcript.csv" in page
    sample = (settings.BASE_DIR / "docs" / "samples" / "transcript.csv").read_bytes()
    assert bring(volunteer, sample, "transcript.csv").status_code == 302
