"""The lists of chats: pages, and what a trainer can ask for."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.reviewing import ended_chat
from feedback.inbox.notes import write_note
from peersupport.practice import chat_lists
from peersupport.practice.models import PracticeChat, Scenario


@pytest.fixture
def scenario(people):
    return Scenario.objects.filter(active=True, risk=False).first()


@pytest.fixture
def page(people):
    def page(who: str, query: str = "") -> str:
        client = Client()
        client.force_login(getattr(people, who))
        return client.get(reverse("practice:chats") + query).content.decode()

    return page


def listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="/chats/([^/]+)/"', page)


def keys(*chats) -> list[str]:
    return [str(chat.pk) for chat in chats]


def test_no_chat_is_left_out_and_filters_stay_in_the_links_of_pages(people, scenario, page, monkeypatch):
    monkeypatch.setattr(chat_lists, "SHOWN", 2)
    made = [ended_chat(people.volunteer, scenario) for _ in range(5)]
    ended_chat(people.peer, scenario)
    pages = [page("volunteer", f"?page={number}") for number in (1, 2, 3)]
    assert [key for one in pages for key in listed(one)] == keys(*reversed(made))
    assert 'rel="prev"' not in pages[0] and 'rel="next"' not in pages[2]
    assert "Previous page" in pages[1] and "Next page" in pages[1]
    asked = page("trainer", f"?volunteer={people.volunteer.pk}&page=2&waiting=1")
    assert listed(asked) == keys(*made[2:4]) and "page 2 of 3" in asked
    assert f'href="?volunteer={people.volunteer.pk}&amp;waiting=1&amp;page=3"' in asked


def test_a_trainer_asks_for_one_volunteer_and_for_what_waits_the_longest_first(people, scenario, page):
    days = {"late": 1, "early": 9, "answered": 5, "long ago": 40}
    made = {name: ended_chat(people.volunteer, scenario) for name in days}
    for name, ago in days.items():
        ended = timezone.now() - timedelta(days=ago)
        PracticeChat.objects.filter(pk=made[name].pk).update(ended_at=ended)
    write_note(made["answered"], trainer=people.trainer, text="Well listened.")
    other = ended_chat(people.peer, scenario)
    of_volunteer = f"?volunteer={people.volunteer.pk}"
    assert set(listed(page("trainer"))) == set(keys(*made.values(), other))
    assert set(listed(page("trainer", of_volunteer))) == set(keys(*made.values()))
    assert listed(page("trainer", "?waiting=1")) == keys(made["early"], made["late"], other)
    both = page("trainer", f"{of_volunteer}&waiting=1")
    assert listed(both) == keys(made["early"], made["late"])
    assert f'value="{people.volunteer.pk}" selected' in both and 'value="1" checked' in both


@pytest.mark.parametrize("asked", ["0", "x", "9" * 30, "-1", "²", "outsider"])
def test_who_is_not_theirs_and_what_makes_no_sense_gives_nothing(people, scenario, page, asked):
    ended_chat(people.volunteer, scenario)
    ended_chat(people.outsider, scenario)
    asked = str(people.outsider.pk) if asked == "outsider" else asked
    shown = page("trainer", f"?volunteer={asked}&page=x")
    assert listed(shown) == []
    assert "outsider" not in shown and "All chats" in shown


def test_an_empty_list_says_what_to_do(people, scenario, page):
    assert reverse("feedback:cohorts") in page("trainer").split("<main")[1]
    assert reverse("practice:scenarios") in page("volunteer").split("<main")[1]
    chat = ended_chat(people.volunteer, scenario)
    write_note(chat, trainer=people.trainer, text="Well listened.")
    assert "No chat waits" in page("trainer", "?waiting=1")


def test_a_volunteers_own_list_takes_no_filter(people, scenario, page):
    chat = ended_chat(people.volunteer, scenario)
    assert listed(page("volunteer", f"?volunteer={people.peer.pk}&waiting=1")) == keys(chat)
