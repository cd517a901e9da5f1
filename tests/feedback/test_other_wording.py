"""Another wording of a suggested reply: asked for by its reader, through the closed loop, within the dial."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from feedback.coach.reply_prompt import EngineError
from feedback.evidence.published import published_study
from feedback.models import LoadedModel, OtherWording, ReaderDials, SessionReport
from feedback.reports import another, wording_job, wordings
from feedback.reports.points import Helpers
from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.practice import chats
from skills.tagger import TagResult
from tests.feedback.dial_reports import report_of

SEEKER = "I have tried to talk to my sister for weeks and she never answers me."
LONG = "You kept calling your sister for weeks, and it takes a lot of care to go on like that for her."
SHORT = "You kept trying, and that took care."


@pytest.fixture
def ended(chat, say, drain):
    say("You should just tell them no. That is the only way.")
    drain()
    chats.end_chat(chat)
    drain("coach")
    return chat


@pytest.fixture
def index(ended):
    body = SessionReport.objects.get(chat=ended).body
    return next(point["index"] for point in body["points"] if point["alternative"])


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def body_of(text="A line."):
    own = {"text": text, "technique": "affirm", "source": "authored", "fallback": False, "checks": {}}
    return {
        "topic": "general",
        "messages": [
            {"index": 1, "role": "seeker", "text": SEEKER},
            {"index": 2, "role": "counselor", "text": "Call her again."},
            {"index": 3, "role": "seeker", "text": "Later words of Katarina."},
        ],
        "points": [{"index": 2, "recommended": {"code": "affirm"}, "alternative": own}],
    }


def helpers(answers, seen, codes=("affirm",)):
    """A model that answers by how far warmth is turned, and a tagger that finds the codes in everything."""

    def reword(requests):
        seen.extend(requests)
        return [answers(request.wishes.get("warmth", 0.0), at) for at, request in enumerate(requests)]

    return Helpers(retag=lambda inputs: [TagResult({}, list(codes), {}, {}) for _ in inputs], reword=reword)


def word(answers, seen=None, codes=("affirm",), **options):
    asked = [] if seen is None else seen
    return another.another(
        body_of(),
        2,
        study=published_study(),
        helpers=helpers(answers, asked, codes),
        seed=7,
        **options,
    )


def test_warmth_is_turned_as_wished_and_less_only_afterwards():
    asked = []
    found = word(lambda share, at: LONG, asked, warmth=0.6)
    assert [request.wishes["warmth"] for request in asked] == [0.6, 0.6, 0.6, 0.6, 0.3, 0.3]
    assert len({request.seed for request in asked}) == len(asked)
    assert (found["text"], found["share"], found["alternative"]["source"]) == (LONG, 0.6, "model")
    found = word(lambda share, at: LONG if share == 0.3 else "", warmth=0.6)
    assert (found["text"], found["share"]) == (LONG, 0.3)


def test_without_a_wish_nothing_is_turned():
    asked = []
    assert word(lambda share, at: LONG, asked)["share"] == 0.0
    assert all(request.wishes == {} for request in asked)


def test_the_request_holds_the_chat_up_to_the_reply_and_nothing_later():
    wanted = another.wanted_at(body_of(), body_of()["points"][0])
    assert (wanted.seeker, wanted.volunteer, wanted.technique) == (SEEKER, "Call her again.", "affirm")
    assert "Katarina" not in " ".join(wanted.chat)


def test_brief_takes_the_shortest_that_passes():
    texts = [LONG, SHORT, "Visit www.help.example now.", LONG, "", ""]
    assert word(lambda share, at: texts[at])["text"] == LONG
    assert word(lambda share, at: texts[at], brief=True)["text"] == SHORT
    found = word(lambda share, at: SHORT if share < 1 else LONG, brief=True, warmth=1.0)
    assert (found["text"], found["share"]) == (LONG, 1.0)  # as warm as was wished for comes first


def test_what_was_shown_before_does_not_come_again():
    found = word(lambda share, at: LONG if at < 3 else SHORT, seen=None, **{"warmth": 1.0})
    assert found["text"] == LONG
    asked = another.another(
        body_of(),
        2,
        study=published_study(),
        helpers=helpers(lambda share, at: LONG if at < 3 else SHORT, []),
        seed=7,
        seen=[LONG],
    )
    assert asked["text"] == SHORT


def test_what_fails_the_loop_is_not_shown_and_people_have_a_line():
    found = word(lambda share, at: "Call the number 0800 123 456 now.", warmth=1.0)
    assert found["alternative"]["source"] == "authored" and found["share"] == 0.0 and found["text"]
    assert found["alternative"]["checks"]["refused"]["phone_number"] == 6


def test_a_model_that_breaks_costs_its_wordings_only():
    def broken(requests):
        raise EngineError("the language model ran out of memory")

    retag = helpers(None, []).retag
    for error, words in (
        (broken, "the language model ran out of memory"),
        (lambda r: 1 / 0, "ZeroDivisionError"),
    ):
        found = another.another(
            body_of(), 2, study=published_study(), helpers=Helpers(retag=retag, reword=error), seed=1
        )
        assert found["text"] and found["why"] == words


def test_a_reply_that_is_not_there_cannot_be_worded():
    with pytest.raises(KeyError):
        another.another(body_of(), 4, study=published_study(), helpers=Helpers(), seed=1)


def test_a_reader_asks_waits_and_reads_it(ended, index, people, drain):
    address = reverse("feedback:other-wording", args=[ended.pk, index])
    page, client = reverse("feedback:report", args=[ended.pk]), client_of(people.volunteer)
    shown = client.get(page).content.decode()
    assert "Ask for another wording" in shown and "Warmth" not in shown  # no language model: no dial
    answer = client.post(address, {"brief": "1"})
    assert answer["Location"] == f"{page}#reply-{index}"
    client.post(address, {})  # meanwhile: the same one
    row = OtherWording.objects.get()
    assert (row.brief, row.tries, Job.objects.filter(kind=wordings.WORDING).count()) == (True, 1, 1)
    assert "It is being worded once more" in client.get(page).content.decode()
    assert 'hx-trigger="every 1s"' in client.get(address, headers={"HX-Request": "true"}).content.decode()
    drain("coach")
    row.refresh_from_db()
    first = SessionReport.objects.get(chat=ended).body["points"][0]["alternative"]["text"]
    assert row.text and row.text != first and row.finished_at
    shown = client.get(page).content.decode()
    assert "Another way to say it" in shown and "Written in advance by people" in shown
    fragment = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Another way to say it" in fragment and "every 1s" not in fragment and "checked" in fragment
    assert 'data-said="Another wording is there."' in fragment
    assert not AuditEvent.objects.filter(actor_id=people.volunteer.pk).exclude(verb="sign_in").exists()


def test_asked_again_another_one_comes(ended, index, people, drain):
    client, address = client_of(people.volunteer), reverse("feedback:other-wording", args=[ended.pk, index])
    texts = []
    for _ in range(3):
        client.post(address, {})
        drain("coach")
        texts.append(OtherWording.objects.get().text)
    assert len(set(texts)) == 3 and OtherWording.objects.get().tries == 3


def test_the_dial_is_offered_where_the_serving_model_has_one_and_kept_for_the_reader(
    ended, index, people, settings, monkeypatch
):
    settings.COACH_MODEL = "coach-mini"
    mark = "b" * 64
    about = {"model": "coach-mini", "fingerprint": mark}
    LoadedModel.objects.create(worker="w", about=about, loaded_at=timezone.now())
    monkeypatch.setattr(
        "feedback.dials.serving.shipped", lambda now: {"warmth": report_of("warmth", now.fingerprint)}
    )
    client, page = client_of(people.volunteer), reverse("feedback:report", args=[ended.pk])
    assert "from 0 to 8.0, where its calibration ends" in client.get(page).content.decode()
    address = reverse("feedback:other-wording", args=[ended.pk, index])
    for wrong in ("-1", "4", "0.5", "x", ""):
        assert client.post(address, {"warmth": wrong}).status_code == 400
    assert not ReaderDials.objects.exists()
    client.post(address, {"warmth": "2"})
    kept = ReaderDials.objects.get()
    assert (kept.person, round(kept.warmth, 3), kept.brief) == (people.volunteer, 0.667, False)
    OtherWording.objects.update(finished_at=timezone.now())
    assert 'value="2" checked' in client.get(page).content.decode()


def test_only_the_owner_asks_and_only_for_a_reply_that_is_there(ended, index, people):
    address = reverse("feedback:other-wording", args=[ended.pk, index])
    assert client_of(people.outsider).post(address).status_code == 404
    assert client_of(people.trainer).post(address).status_code == 403
    client = client_of(people.volunteer)
    for other in (99, 10**30):
        nowhere = reverse("feedback:other-wording", args=[ended.pk, other])
        assert client.post(nowhere).status_code == 404
        assert client.get(nowhere, headers={"HX-Request": "true"})["HX-Refresh"] == "true"
    SessionReport.objects.update(status="pending")
    assert client.post(address).status_code == 404 and not OtherWording.objects.exists()
    shown = client_of(people.trainer).get(reverse("feedback:report", args=[ended.pk])).content.decode()
    assert "Ask for another wording" not in shown


def test_a_report_written_anew_and_an_erased_chat_forget_it(ended, index, people, drain):
    client, address = client_of(people.volunteer), reverse("feedback:other-wording", args=[ended.pk, index])
    client.post(address, {})
    client.post(reverse("feedback:report-retry", args=[ended.pk]))
    drain("coach")
    assert not OtherWording.objects.exists()
    job = SimpleNamespace(pk=1, subject="999")
    assert wording_job.run([job], None)[1]() is None


def test_a_wording_that_fails_again_and_again_says_so(ended, index, people, drain, monkeypatch):
    monkeypatch.setattr(wording_job, "another", lambda *args, **options: 1 / 0)
    client, address = client_of(people.volunteer), reverse("feedback:other-wording", args=[ended.pk, index])
    client.post(address, {})
    for _ in range(2):
        Job.objects.filter(kind=wordings.WORDING).update(available_at=timezone.now() - timedelta(seconds=1))
        drain("coach")
    assert OtherWording.objects.get().failed
    assert (
        'data-said="It could not be worded this time."'
        in client.get(reverse("feedback:report", args=[ended.pk])).content.decode()
    )


def test_both_are_in_the_file_of_own_data(ended, index, people):
    wordings.ask(ended, index, warmth=1, brief=True)
    OtherWording.objects.update(text=SHORT)
    [row] = wordings.rows(people.volunteer)
    assert row["text"] == SHORT and list(wordings.rows(people.peer)) == []
    assert [one["brief"] for one in wordings.dial_rows(people.volunteer)] == [True]
