"""The draft of a transcript: shown as data, repaired line by line, erased in time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from peersupport.jobs import sweeper
from peersupport.people import own_data
from peersupport.practice import drafts
from peersupport.practice.models import TranscriptDraft
from tests.peersupport.transcripts import draft


@pytest.fixture
def volunteer(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


def address(found, what: str = "preview") -> str:
    return reverse(f"practice:transcript-{what}", args=[found.pk])


def test_each_line_is_shown_with_its_number_speaker_and_role(volunteer, people):
    page = volunteer.get(address(draft(people.volunteer))).content.decode()
    assert page.count('<li class="line counselor">') == 3
    assert page.count('<li class="line seeker">') == 2
    assert "Line 4" in page and "guessed from asking" in page


def test_text_is_data_escaped_and_never_a_template(volunteer, people):
    text = "Anna: <script>alert(1)</script> {{ 7|add:7 }} {% now 'Y' %}\nBen: \u202ehi 👋🏽\nAnna: <b>\n"
    page = volunteer.get(address(draft(people.volunteer, text))).content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert "{{ 7|add:7 }}" in page and "{% now" in page
    assert "👋🏽" in page and '<p class="text" dir="auto">' in page


def test_errors_of_lines_are_told_with_what_to_do(volunteer, people):
    rows = b"speaker,id,text\nAnna,1,hi\nAnna,2\n,3,x\nBen,4,ho\n"
    found = drafts.make(people.volunteer, rows, suffix=".csv")
    page = volunteer.get(address(found)).content.decode()
    assert "2 lines were left out" in page
    assert "Line 3:" in page and "The row has 2 cells" in page and "Give each row a speaker" in page
    assert "Line 4:" in page and "The speaker is empty" in page


def test_a_message_longer_than_a_chat_takes_is_an_error_of_its_line(people):
    found = draft(people.volunteer, "Anna: hello\nBen: " + "x" * 5000 + "\nAnna: bye\nBen: ok\n")
    assert found.body["errors"][0][0] == 2
    assert len(found.body["lines"]) == 3


def test_a_guessed_encoding_is_said(volunteer, people):
    found = drafts.make(people.volunteer, "Åsa: grüße\nBen: ça va\nÅsa: ok\nBen: ok\n".encode("cp1252"))
    page = volunteer.get(address(found)).content.decode()
    assert "Windows-1252, a guess" in page and "grüße" in page


def test_roles_are_repaired_by_speaker_and_by_line(volunteer, people):
    found = draft(people.volunteer)
    fields = {"speaker-0": "seeker", "speaker-1": "counselor", "line-0": "out", "names": "", "line-1": ""}
    assert volunteer.post(address(found), fields)["Location"] == address(found)
    found.refresh_from_db()
    assert [line.role for line in drafts.lines(found)] == [
        "out",
        "counselor",
        "seeker",
        "counselor",
        "seeker",
    ]
    volunteer.post(address(found), {"line-0": ""})
    found.refresh_from_db()
    assert drafts.lines(found)[0].role == "seeker"


def test_a_name_and_the_tick_to_share_are_kept_when_it_is_shown_again(volunteer, people):
    found = draft(people.volunteer)
    volunteer.post(address(found), {"names": "Work", "name": "A <long> evening", "shared": "1"})
    page = volunteer.get(address(found)).text
    assert 'value="A &lt;long&gt; evening"' in page and 'name="shared" value="1" checked' in page
    volunteer.post(address(found), {"names": "Work", "name": ""})
    page = volunteer.get(address(found)).text
    assert "evening" not in page and 'name="shared" value="1">' in page


def test_fields_that_no_form_has_change_nothing(volunteer, people):
    found = draft(people.volunteer)
    before = dict(found.body)
    fields = {"speaker-0": "admin", "line-99": "out", "line-x": "out", "speaker--1": "out"}
    volunteer.post(address(found), fields)
    found.refresh_from_db()
    assert found.body == before


def test_masking_is_shown_and_can_be_switched_off(volunteer, people):
    found = draft(people.volunteer)
    assert "kim@example.org</del>" in volunteer.get(address(found)).content.decode()
    volunteer.post(address(found), {"names": "Work"})
    found.refresh_from_db()
    texts = [line.text for line in drafts.lines(found)]
    assert texts[1] == "hi. its [name] mostly, write me at kim@example.org"


def test_nobody_else_finds_it(people):
    found = draft(people.volunteer)
    for who, status in (("peer", 404), ("trainer", 403), ("admin", 403)):
        client = Client()
        client.force_login(getattr(people, who))
        assert client.get(address(found)).status_code == status
        assert client.post(address(found, "discard")).status_code == status
    assert TranscriptDraft.objects.filter(pk=found.pk).exists()


def test_discarding_erases_it_at_once(volunteer, people):
    found = draft(people.volunteer)
    answer = volunteer.post(address(found, "discard"), follow=True)
    assert "nothing of it was kept" in answer.content.decode()
    assert not TranscriptDraft.objects.exists()
    assert volunteer.get(address(found)).status_code == 404


def test_the_sweeper_erases_drafts_of_a_day_ago(people):
    old, new = draft(people.volunteer), draft(people.peer)
    TranscriptDraft.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(hours=25))
    sweeper.keep_house()
    assert list(TranscriptDraft.objects.all()) == [new]


def test_own_data_and_erasure_cover_drafts(people):
    draft(people.volunteer)
    text = "".join(own_data.as_json(people.volunteer))
    assert "write me at kim@example.org" in text
    assert "kim@example.org" not in "".join(own_data.as_json(people.peer))
    people.volunteer.delete()
    assert not TranscriptDraft.objects.exists()


def test_the_list_shows_what_waits(volunteer, people):
    found = draft(people.volunteer)
    draft(people.peer)
    page = volunteer.get(reverse("practice:transcripts")).content.decode()
    assert page.count("/preview/") == 1 and address(found) in page
