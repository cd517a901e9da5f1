"""What holds for every page of the site: one h1, a title of its own, a viewport, and the headers."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from peersupport.practice import chats, tries
from tests.feedback.study_imports import finished_import
from tests.peersupport.transcripts import draft
from tests.staff import rows_of_staff
from tests.test_access_matrix import MATRIX

PAGES = [
    ("anonymous", "people:login", {}),
    ("anonymous", "leave", {}),
    ("volunteer", "practice:scenarios", {}),
    ("volunteer", "practice:chats", {}),
    ("volunteer", "practice:chat", {"chat_id"}),
    ("volunteer", "practice:delete", {"chat_id"}),
    ("volunteer", "practice:transcripts", {}),
    ("volunteer", "practice:transcript-new", {}),
    ("volunteer", "practice:transcript-preview", {"draft_id"}),
    ("volunteer", "feedback:report", {"chat_id"}),
    ("volunteer", "feedback:progress", {}),
    ("volunteer", "feedback:inbox", {}),
    ("volunteer", "feedback:evidence", {}),
    ("volunteer", "feedback:evidence-card", {"code"}),
    ("volunteer", "people:account", {}),
    ("volunteer", "people:second-factor", {}),
    ("volunteer", "people:second-factor-set-up", {}),
    ("volunteer", "feedback:compare", {"try_id"}),
    ("trainer", "practice:chats", {}),
    ("trainer", "practice:chat", {"chat_id"}),
    ("trainer", "skills:correct", {"message_id"}),
    ("trainer", "skills:review", {}),
    ("trainer", "skills:agreement", {}),
    ("admin", "skills:agreement", {}),
    ("trainer", "feedback:report", {"chat_id"}),
    ("trainer", "feedback:cohorts", {}),
    ("trainer", "feedback:cohort", {"cohort_id"}),
    ("admin", "feedback:cohort", {"cohort_id"}),
    ("trainer", "feedback:cohort-mocks", {"cohort_id"}),
    ("trainer", "feedback:mock", {"chat_id"}),
    ("volunteer", "feedback:mock", {"chat_id"}),
    ("volunteer", "feedback:certificate", {"chat_id"}),
    ("trainer", "authoring:scenarios", {}),
    ("admin", "authoring:scenarios", {}),
    ("trainer", "authoring:edit", {"own_id"}),
    ("anonymous", "people:welcome", {"uidb64", "token"}),
    ("admin", "people:invite", {}),
    ("admin", "people:retention", {}),
    ("admin", "organisation:settings", {}),
    ("admin", "audit:events", {}),
    ("admin", "people:list", {}),
    ("admin", "jobs:list", {}),
    ("admin", "skills:tagger", {}),
    ("admin", "skills:tagger-versions", {}),
    ("admin", "skills:tagger-version", {"training_id"}),
    ("admin", "feedback:models", {}),
    ("admin", "feedback:dials", {}),
    ("admin", "feedback:dial", {"behaviour"}),
    ("admin", "feedback:coach-bases", {}),
    ("admin", "feedback:coach-base", {"merge_id"}),
    ("admin", "feedback:studies", {}),
    ("admin", "feedback:study-new", {}),
    ("admin", "feedback:study-import", {"import_id"}),
    ("admin", "feedback:study-report", {"import_id"}),
    ("admin", "feedback:exports", {}),
    ("volunteer", "people:own-data", {}),
    ("volunteer", "people:erase-own", {}),
    ("admin", "people:erase-own", {}),
    ("admin", "people:erase", {"person_id"}),
    ("admin", "people:person", {"person_id"}),
]
# What answers 200 to a GET and is no page.
NO_PAGES = {
    "feedback:export-codebook": "file",
    "feedback:export-file": "file",
    "feedback:export-tags": "file",
    "feedback:study-import-errors": "file",
    "feedback:study-report-file": "file",
    "people:own-data-download": "file",
    "people:own-data-read": "file",
    "practice:events": "part",
    "practice:stream": "stream",
    "healthz": "program",
    "metrics": "program",
}
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def missing_headers(response) -> list[str]:
    return [name for name, part in HEADERS.items() if part not in response.headers.get(name, "")]


@pytest.fixture
def visit(people, chat, say, drain):
    """GET a page as a person, once with a fresh chat and again after its report is written."""
    message = say("It sounds like it has been a long week. What weighs on you most?")
    values = {
        "chat_id": chat.pk,
        "message_id": message.pk,
        "code": "reflection_complex",
        "person_id": people.outsider.pk,
        "draft_id": draft(people.volunteer).pk,
        **rows_of_staff(people, chat),
        "import_id": finished_import().pk,
    }

    def visit(who: str, name: str, needed):
        client = Client()
        if "try_id" in needed or who == "trainer":  # who sees a chat once it has ended
            chats.end_chat(chat)
        if "try_id" in needed:
            values["try_id"] = tries.try_again(message).pk
        if who != "anonymous":
            client.force_login(getattr(people, who))
        return client.get(reverse(name, kwargs={key: values[key] for key in needed}))

    return visit


def test_every_address_that_shows_something_is_a_page_here_or_named():
    shown = {name for name, (get, _) in MATRIX.items() if 200 in get.values()}
    assert shown == {name for _, name, _ in PAGES} | set(NO_PAGES)


@pytest.mark.parametrize("finished", [False, True], ids=["waiting", "finished"])
@pytest.mark.parametrize(("who", "name", "needed"), PAGES, ids=[f"{who}-{name}" for who, name, _ in PAGES])
def test_page(who, name, needed, finished, visit, chat, drain):
    if finished:
        drain()
        chats.end_chat(chat)
        drain()
    response = visit(who, name, needed)
    assert response.status_code == 200
    page = response.content.decode()
    assert len(re.findall(r"<h1[\s>]", page)) == 1
    assert len(re.findall(r"<main[\s>]", page)) == 1
    assert '<html lang="en' in page
    assert 'name="viewport" content="width=device-width' in page
    title = re.search(r"<title>(.*?)</title>", page, re.S).group(1).strip()
    assert len(title) > 4
    assert not title.startswith("·")
    assert missing_headers(response) == []
    # The content policy forbids both; a page that needs one would look broken.
    assert re.search(r"\sstyle=|<style|\son\w+=|javascript:", page) is None
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_every_control_has_a_name(visit):
    for who, name, needed in PAGES:
        page = visit(who, name, needed).content.decode()
        labelled = set(re.findall(r'<label[^>]*\bfor="([^"]+)"', page))
        fields = re.findall(r"<(?:input|textarea|select)\b[^>]*>", page)
        for field in fields:
            if 'type="hidden"' in field or 'type="checkbox"' in field:  # boxes stand inside their label
                continue
            assert re.search(r'\bid="([^"]+)"', field).group(1) in labelled, (name, field)


@pytest.mark.parametrize(
    ("who", "address", "status"),
    [
        ("volunteer", "/nothing/here/", 404),
        ("volunteer", "/people/", 403),
        ("volunteer", "/evidence/no_such_code/", 404),
        ("volunteer", "/practice/1/start/", 405),
    ],
)
def test_refusals_are_pages_with_the_same_headers(who, address, status, people):
    client = Client(raise_request_exception=False)
    client.force_login(getattr(people, who))
    response = client.get(address)
    assert response.status_code == status
    assert missing_headers(response) == []
    if status in (403, 404):
        assert response.content.decode().count("<h1>") == 1


def test_a_post_without_its_token_is_refused(people, chat):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.volunteer)
    response = client.post(reverse("practice:post", args=[chat.pk]), {"text": "hello", "key": "k"})
    assert response.status_code == 403
    assert missing_headers(response) == []
