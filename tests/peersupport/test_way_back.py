"""Signed out meanwhile: signing in leads back to a page that can be opened, never to a form's address."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from tests.peersupport.second_factor import give_device

LOGIN = reverse("people:login")
SITE = "http://testserver"


def led_to(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return parts.path, parse_qs(parts.query).get("next", [""])[0]


@pytest.mark.parametrize(
    ("page", "back"),
    [
        (f"{SITE}/chats/?page=2#end", "/chats/?page=2"),
        ("", ""),
        ("https://elsewhere.example/chats/", ""),
        (f"{SITE}.elsewhere.example/chats/", ""),
        ("javascript:alert(1)", ""),
    ],
)
def test_a_form_leads_back_to_the_page_it_stood_on(db, page, back):
    address = reverse("practice:start", args=[1])
    answer = Client().post(address, headers={"Referer": page} if page else {})
    assert (answer.status_code, led_to(answer["Location"])) == (302, (LOGIN, back))


def test_a_page_leads_back_to_itself(db):
    answer = Client().get("/chats/?page=2", headers={"Referer": f"{SITE}/practice/"})
    assert led_to(answer["Location"]) == (LOGIN, "/chats/?page=2")


def test_a_forms_address_that_is_opened_as_a_page_leads_home(people):
    client, address = Client(), reverse("practice:start", args=[1])
    client.force_login(people.volunteer)
    assert client.get(address, headers={"Sec-Fetch-Mode": "navigate"})["Location"] == reverse("home")
    assert client.get(address, headers={"Sec-Fetch-Mode": "cors"}).status_code == 405
    assert client.put(address, headers={"Sec-Fetch-Mode": "navigate"}).status_code == 405


@pytest.mark.parametrize("verb", ["get", "post"])
def test_a_fragment_makes_the_whole_page_go_to_sign_in_and_back(db, verb):
    headers = {"HX-Request": "true", "HX-Current-URL": f"{SITE}/chats/?page=2", "Referer": f"{SITE}/else/"}
    answer = getattr(Client(), verb)(reverse("feedback:evidence-card", args=["affirm"]), headers=headers)
    assert (answer.status_code, answer.content) == (200, b"")
    assert led_to(answer["HX-Redirect"]) == (LOGIN, "/chats/?page=2")
    headers["HX-Current-URL"] = "https://elsewhere.example/"
    answer = getattr(Client(), verb)(reverse("feedback:evidence-card", args=["affirm"]), headers=headers)
    assert led_to(answer["HX-Redirect"]) == (LOGIN, "")


def test_a_refused_token_says_what_to_do_and_is_a_page_for_nobody(people, chat):
    """`static/js/drafts.js` reads there that nothing was taken, as on the sign-in page."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.volunteer)
    refused = client.post(reverse("practice:start", args=[1]))
    assert refused.status_code == 403 and "go back, reload the page" in refused.text
    missing = client.get("/nothing/here/")
    login = Client().get(LOGIN)
    for page in (refused, missing, login):
        assert "js/drafts.js" in page.text and "data-person" not in page.text
    own = client.get(reverse("practice:chats")).text
    assert f'data-person="{people.volunteer.pk}"' in own and "js/drafts.js" in own


def test_who_owes_a_code_is_led_back_likewise(people):
    give_device(people.volunteer)
    half = Client()
    half.force_login(people.volunteer)
    check = reverse("people:second-factor-check")
    answer = half.post(reverse("practice:start", args=[1]), headers={"Referer": f"{SITE}/practice/"})
    assert led_to(answer["Location"]) == (check, "/practice/")
    headers = {"HX-Request": "true", "HX-Current-URL": f"{SITE}/chats/"}
    answer = half.get(reverse("feedback:evidence-card", args=["affirm"]), headers=headers)
    assert led_to(answer["HX-Redirect"]) == (check, "/chats/")
    assert "data-person" not in half.get(check).text
