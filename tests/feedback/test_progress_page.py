"""The progress page: what it teaches when empty, what it shows, and to whom."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from peersupport.practice import chats
from peersupport.practice.models import Message, Scenario
from skills.models import SkillTag, Tagging


@pytest.fixture
def page(people):
    def page(who: str = "volunteer") -> str:
        client = Client()
        client.force_login(getattr(people, who))
        return " ".join(client.get(reverse("feedback:progress")).content.decode().split())

    return page


def practise(volunteer, *messages: str, baseline: bool = False) -> None:
    scenario = Scenario.objects.filter(active=True, risk=False, baseline=baseline).first()
    chat = chats.start_chat(volunteer, scenario)
    for index, code in enumerate(messages, start=5):
        message = Message.objects.create(
            chat=chat, index=index, role="counselor", text="x", idempotency_key=str(index)
        )
        tagging = Tagging.objects.create(message=message, version="v", probabilities=b"")
        SkillTag.objects.create(tagging=tagging, code=code, probability=0.9, start=0, end=1)
    chats.end_chat(chat)


def test_without_a_chat_it_says_what_will_be_here(page):
    assert "Nothing to show yet" in page()
    assert "<svg viewBox" not in re.sub(r'<svg class="icon".*?</svg>', "", page())


def test_one_short_chat_is_not_enough_data_and_no_way(people, page):
    practise(people.volunteer, "reflection_simple", "open_question")
    shown = page()
    assert shown.count("not enough data") == 3
    assert "at least 5 chats are needed" in shown
    assert "One chat is not a trend yet." in shown
    assert "Nothing to show yet" in page("peer")


def test_with_chats_each_chart_has_its_table_and_figures_their_n_and_interval(people, page):
    for _ in range(5):
        practise(people.volunteer, *["reflection_complex", "open_question", "affirm"] * 4)
    shown = page()
    charts = re.findall(r'<figure class="trend">.*?</figure>', shown)
    assert len(charts) == 4
    for chart in charts:
        assert chart.count("<tr>") == 1 + 5
        assert re.search(r'role="img" aria-labelledby="(trend-\w+)".*', chart)
    assert "1.0 to 1" in shown and "No likely range: the same in each of these chats." in shown
    told, how = shown.split("How the likely ranges are made")
    assert not [word for word in ("Wilson", "Fieller", "Newcombe") if word in told or word not in how]
    assert "20 of 20 reflections" in shown
    assert "20 of 60" in shown  # the mix: n beside every share
    practise(people.volunteer, *["reflection_complex", "open_question", "open_question"] * 4)
    assert re.search(r"likely range 0\.\d to 1\.\d<", page())


def test_before_and_after_stand_apart(people, page):
    practise(people.volunteer, *["open_question"] * 12, baseline=True)
    assert "Practise it again after some weeks" in page()
    practise(people.volunteer, *["reflection_simple"] * 12, baseline=True)
    shown = page()
    assert "0 / 12" in shown and "12 / 12" in shown
    assert re.search(r"100 <span class=\"small\">\(\d+ to \d+\)", shown)
