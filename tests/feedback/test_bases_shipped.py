"""Why the shipped weights ship, in one sentence out of the figures of three_h.json."""

from __future__ import annotations

import json

import pytest
from django.test import Client
from django.urls import reverse

from feedback.bases import arms
from tests.feedback.bases import report

PAGE = reverse("feedback:coach-bases")


@pytest.fixture
def admin(people) -> Client:
    client = Client()
    client.force_login(people.admin)
    return client


def told(*, minimum: float, over: float | None) -> dict:
    """A three_h.json of one model tried, which gained 0.2 at 95 % over-refusal, and of what ships."""
    whole = report("equal-3x#5", "base")
    whole["models"]["equal-3x#5"] |= {"minimum": 0.7, "over_refusal": 0.95}
    whole["models"]["base"] |= {"minimum": 0.5}
    part = report("coach-mini", "its base")
    part["models"]["coach-mini"] |= {"minimum": minimum, "over_refusal": over}
    part["models"]["its base"] |= {"minimum": 0.5}
    return whole | {"serves": "coach-mini", "why": "task_arithmetic.", "shipped": part}


def test_one_sentence_says_why_the_shipped_weights_ship(admin, monkeypatch, tmp_path):
    file = tmp_path / "three_h.json"
    monkeypatch.setattr(arms, "FILE", file)
    file.write_text(json.dumps(told(minimum=0.6, over=0.02)))
    shown = admin.get(PAGE).content.decode()
    assert "ships because it keeps 50 % of what the best model" in shown
    assert "hardly ever offers a crisis line" in shown
    assert "after 2 of a hundred harmless messages, the best one after 95." in shown
    assert "Mixture, equal parts, three times as long, try 5" in shown
    folded = shown[shown.index("<details><summary>What else was tried") :]
    assert "task_arithmetic." in folded and "equal-3x#5" in folded
    file.write_text(json.dumps(told(minimum=0.6, over=0.2)))
    assert "less often where nobody asked" in admin.get(PAGE).content.decode()


@pytest.mark.parametrize(("minimum", "over"), [(0.4, 0.02), (0.8, 0.02), (0.6, 0.96), (0.6, None)], ids=str)
def test_where_the_figures_do_not_say_so_the_page_does_not(admin, monkeypatch, tmp_path, minimum, over):
    monkeypatch.setattr(arms, "FILE", tmp_path / "three_h.json")
    arms.FILE.write_text(json.dumps(told(minimum=minimum, over=over)))
    shown = admin.get(PAGE).content.decode()
    assert "ships because" not in shown and "task_arithmetic." in shown
