"""The admin's page of models, the counts behind it, ratings, and a worker that loads its model first."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from feedback.coach.engine import EngineError
from feedback.models import LoadedModel, SessionReport, SuggestionCount, SuggestionRating
from feedback.reports import loaded, own_rows, suggestions
from peersupport.jobs import registry, running
from peersupport.jobs.models import Job
from peersupport.practice import chats
from tests.feedback.tiny_model import save_tiny_model

PAGE = reverse("feedback:models")


def reply(source="model", *, fallback=False, place=1):
    return {"text": "x", "source": source, "fallback": fallback, "checks": {"place": place}}


def body(*alternatives, coach="tiny", why="", wordings=None):
    points = [
        {"index": 2 * at, "recommended": {"code": "affirm"}, "alternative": one, "wordings": wordings}
        for at, one in enumerate(alternatives, start=1)
    ]
    missing = [{"what": "rewording", "index": None, "text": "", "why": why}] if why else []
    return {"points": points, "coach": {"model": coach}, "missing": missing}


def page(people) -> str:
    client = Client()
    client.force_login(people.admin)
    return client.get(PAGE).content.decode()


@pytest.fixture
def ended(chat, say, drain):
    say("You should just tell them no. That is the only way.")
    drain()
    chats.end_chat(chat)
    drain("coach")
    return chat


def test_each_suggestion_is_counted_once_by_where_it_came_from(db):
    every = [reply(), reply(place=3), reply("authored", place=None), reply("authored", fallback=True), None]
    for one in every:
        suggestions.count(body(one, wordings={"judged": 3, "refused": {"link": 1, "rough_english": 2}}))
    suggestions.count(body(reply("authored", place=None), why="the language model ran out of memory"))
    [row] = suggestions.rates()
    assert row["asked"] == 6 and row["wordings"] == 15
    assert [row[name] for name in suggestions.OUTCOMES] == [1, 1, 2, 1, 1]
    assert row["refused"] == [("rough_english", 10), ("link", 5)]
    assert row["failures"] == [("the language model ran out of memory", 1)]
    assert SuggestionCount.objects.count() == 1


def test_reports_are_counted_when_they_are_written(ended, people):
    report = SessionReport.objects.get(chat=ended)
    asked = sum(bool(point["recommended"]) for point in report.body["points"])
    [row] = suggestions.rates()
    assert asked and row["asked"] == asked and row["coach"] == "" and row["wordings"] == 0
    assert "Without a language model" in page(people)


def test_the_page_shows_rates_with_n_and_interval_and_reasons_in_words(people):
    for _ in range(4):
        suggestions.count(body(reply(), wordings={"judged": 2, "refused": {"carries_direct": 1}}))
    shown = page(people)
    assert (
        "4 of 4" in shown
        and "100.0 %" in shown
        and "[51.0, 100.0]" in shown
        and "carried" in shown
        and "50.0 %" in shown
    )
    assert "No reply has been rated" in shown and reverse("skills:tagger") in shown


def test_one_report_is_one_and_two_are_two(people):
    suggestions.count(body(reply("authored", place=None), why="it was away"))
    assert "1 report without it: it was away." in page(people)
    suggestions.count(body(reply("authored", place=None), why="it was away"))
    assert "2 reports without it: it was away." in page(people)


def test_a_volunteer_rates_a_reply_and_may_change_their_mind(ended, people, client):
    client.force_login(people.volunteer)
    report = SessionReport.objects.get(chat=ended)
    index = next(point["index"] for point in report.body["points"] if point["alternative"])
    address = reverse("feedback:rate-suggestion", args=[ended.pk, index])
    assert (
        "Would this reply help you?"
        in client.get(reverse("feedback:report", args=[ended.pk])).content.decode()
    )
    for answer in ("no", "yes"):
        assert client.post(address, {"helpful": answer}).status_code == 302
    assert SuggestionRating.objects.get().helpful
    assert (
        "You found this reply helpful."
        in client.get(reverse("feedback:report", args=[ended.pk])).content.decode()
    )
    assert [row["helpful"] for row in own_rows.suggestion_ratings(people.volunteer)] == [True]
    assert "found 1 of 1 rated replies helpful" in page(people)
    assert (
        client.post(reverse("feedback:rate-suggestion", args=[ended.pk, 99]), {"helpful": "yes"}).status_code
        == 404
    )
    assert client.post(address, {"helpful": "perhaps"}).status_code == 400


def test_a_report_that_is_written_again_forgets_its_ratings(ended, people, client, drain):
    client.force_login(people.volunteer)
    index = next(p["index"] for p in SessionReport.objects.get(chat=ended).body["points"] if p["alternative"])
    client.post(reverse("feedback:rate-suggestion", args=[ended.pk, index]), {"helpful": "yes"})
    client.post(reverse("feedback:report-retry", args=[ended.pk]))
    drain("coach")
    assert not SuggestionRating.objects.exists()


def test_a_worker_loads_its_model_before_its_first_job(db, settings, tmp_path, people):
    settings.COACH_MODEL, settings.COACH_DEVICE = str(save_tiny_model(tmp_path / "tiny")), "cpu"
    settings.COACH_DTYPE = "float32"
    running.warm_up("coach", "here:1/coach")
    row = LoadedModel.objects.get()
    assert row.about["model"] == "tiny" and row.about["dtype"] == "float32" and not row.error
    Job.objects.create(kind="x", lane="coach", subject="1", status="running", worker="here:1/coach")
    shown = page(people)
    assert "here:1/coach" in shown and "float32" in shown and "none usable" in shown


def test_a_model_that_cannot_be_loaded_is_shown_with_its_reason(db, settings, tmp_path, people):
    settings.COACH_MODEL = str(tmp_path / "nowhere")
    running.warm_up("coach", "here:1/coach")
    Job.objects.create(kind="x", lane="coach", subject="1", status="running", worker="here:1/coach")
    assert "COACH_MODEL names a folder that does not exist" in page(people)
    settings.COACH_MODEL = ""
    running.warm_up("coach", "here:1/coach")
    assert not LoadedModel.objects.exists()


def test_a_warm_up_that_fails_leaves_the_worker_alive(db, monkeypatch, settings):
    def broken(worker):
        raise EngineError("no")

    monkeypatch.setattr(loaded, "warm_up", broken)
    running.warm_up("coach", "here:1/coach")
    assert "feedback.reports.loaded.warm_up" in registry.warm_ups("coach") and not registry.warm_ups("live")
