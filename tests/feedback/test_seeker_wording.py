"""The seeker's line on its way: tags at once, then one answer, worded or as authored, whatever breaks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import pytest
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from feedback import turn
from feedback.coach.engine import EngineError
from feedback.models import SeekerLine
from feedback.replies import jobs, wording
from peersupport import seeker
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.people import own_data
from peersupport.practice import chats, tries
from peersupport.practice.models import Message, Scenario, SeekerStateRecord
from peersupport.practice.scenarios import authored_for
from skills.models import Tagging

OPEN = "It sounds like you have been carrying this alone for a long time."
MINE = Scenario.objects.filter(active=True, risk=False, baseline=False, style="plain")


@pytest.fixture(autouse=True)
def worded(settings):
    settings.SEEKER_WORDING, settings.COACH_MODEL = True, "an/instruct-model"


def started(person):
    """A chat whose seeker is drawn the same every time."""
    made = chats.start_chat(person, MINE.order_by("title").first())
    made.seed = 7
    made.save(update_fields=["seed"])
    return made


@pytest.fixture
def chat(people):
    return started(people.volunteer)


@pytest.fixture
def coach(monkeypatch):
    """coach(answer): a model that answers each request as told; `asked` holds the calls."""
    asked: list[list] = []

    def stand_in(answer):
        def reword(requests):
            asked.append(list(requests))
            return [answer(request, len(asked)) for request in requests]

        monkeypatch.setattr(jobs, "get_coach", lambda: SimpleNamespace(name="tiny", reword=reword))
        return asked

    return stand_in


def faithful(request, call=1):
    return f"Well, {request.draft}"


def answers(chat) -> list[Message]:
    return list(Message.objects.filter(chat=chat, role="seeker").order_by("index"))[1:]


def time_is_up() -> None:
    Job.objects.filter(kind=wording.DUE).update(available_at=queue.in_seconds(-1))


def line_of(message) -> SeekerLine:
    return SeekerLine.objects.get(message=message)


def authored_text(chat, row) -> str:
    return authored_for(chat.scenario).line(row.line_id).text


def test_tags_and_state_are_there_at_once_and_the_worded_line_follows(chat, say, drain, coach):
    asked = coach(faithful)
    message = say(OPEN)
    drain("live")
    message.refresh_from_db()
    assert message.turn == Message.Turn.DONE and Tagging.objects.filter(message=message).exists()
    assert answers(chat) == [] and wording.awaited([message]) == {message.pk}
    state = SeekerStateRecord.objects.get(message=message)
    drain("coach")
    [answer] = answers(chat)
    row = line_of(message)
    assert answer.text == f"Well, {authored_text(chat, row)}"
    said = answer.seeker_state
    assert (said.line_id, said.openness, said.layer) == (row.line_id, state.openness, state.layer)
    assert said.tagger_version == state.tagger_version
    assert (row.outcome, row.coach, row.wordings, row.refused, row.text) == ("reworded", "tiny", 1, {}, "")
    assert wording.awaited([message]) == set()
    [[request]] = asked
    assert request.counselor == OPEN and request.said == authored_for(chat.scenario).opening
    assert request.turn == pytest.approx(state.openness - state.resistance)
    assert 0 < request.seconds <= 8
    time_is_up()
    assert drain("live") == 1
    assert answers(chat) == [answer] and line_of(message).outcome == "reworded"


def test_a_refused_wording_is_followed_by_another_draw(chat, say, drain, coach):
    asked = coach(lambda request, call: "As an AI I cannot say." if call == 1 else faithful(request))
    message = say(OPEN)
    drain()
    [first], [second] = asked
    assert first.seed != second.seed and first.draft == second.draft
    row = line_of(message)
    assert (row.outcome, row.wordings) == ("reworded", 2) and row.refused["model_talk"] == 1
    assert answers(chat)[0].text.startswith("Well, ")


def test_refused_twice_the_line_is_said_as_people_wrote_it(chat, say, drain, coach):
    asked = coach(lambda request, call: "work work work work the the of")
    message = say(OPEN)
    drain()
    row = line_of(message)
    assert (row.outcome, row.wordings, len(asked)) == ("authored", 2, 2) and row.refused
    assert [one.text for one in answers(chat)] == [authored_text(chat, row)]


@pytest.mark.parametrize(
    ("error", "why"),
    [(EngineError("the language model is busy"), "the language model is busy"), (KeyError(OPEN), "KeyError")],
)
def test_a_model_that_breaks_costs_its_wording_only(chat, say, drain, coach, error, why):
    def breaks(request, call):
        raise error

    coach(breaks)
    message = say(OPEN)
    drain()
    row = line_of(message)
    assert (row.outcome, row.why) == ("authored", why)
    assert [one.text for one in answers(chat)] == [authored_text(chat, row)]


def test_without_a_model_in_the_worker_the_authored_line_comes_at_once(chat, say, drain, monkeypatch):
    monkeypatch.setattr(jobs, "get_coach", lambda: SimpleNamespace(name=None, reword=None))
    message = say(OPEN)
    drain()
    assert line_of(message).outcome == "authored" and len(answers(chat)) == 1


def test_too_late_the_authored_line_is_said_and_the_worded_one_dropped(chat, say, drain, coach):
    coach(faithful)
    message = say(OPEN)
    drain("live")
    assert drain("live") == 0  # not before its time
    [job] = queue.claim("coach", "slow")
    ready = jobs.run([job], None)[job.pk]  # the model has answered, nothing is written yet
    time_is_up()
    drain("live")
    row = line_of(message)
    assert row.outcome == "late" and [one.text for one in answers(chat)] == [authored_text(chat, row)]
    queue.close(job, ready)
    assert len(answers(chat)) == 1 and line_of(message).outcome == "late"


@pytest.mark.django_db(transaction=True)
def test_of_two_that_speak_at_once_one_is_heard(chat, say, drain, coach):
    if connection.vendor == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    message = say(OPEN)
    drain("live")
    together = threading.Barrier(2)

    def speak(outcome, text):
        try:
            together.wait()
            with transaction.atomic():
                wording.say(message.pk, outcome, wording.Worded(text))
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(speak, *one) for one in (("reworded", "Well, yes."), ("late", ""))]:
            done.result()
    [answer] = answers(chat)
    assert (answer.text == "Well, yes.") == (line_of(message).outcome == "reworded")


def test_a_line_whose_time_is_up_is_not_asked_for_any_more(chat, say, drain, coach):
    asked = coach(faithful)
    message = say(OPEN)
    drain("live")
    SeekerLine.objects.update(due_at=queue.in_seconds(0.2))
    drain("coach")
    assert asked == [] and line_of(message).outcome == "authored" and len(answers(chat)) == 1


def test_a_newer_message_is_answered_and_not_the_older_one(chat, say, drain, coach):
    coach(faithful)
    first = say(OPEN)
    drain("live")
    second = say("What was the hardest part of it?")
    drain("live")
    drain("coach")
    [answer] = answers(chat)
    assert answer.idempotency_key == f"reply:{second.pk}"
    assert (line_of(first).outcome, line_of(second).outcome) == ("none", "reworded")


def test_nothing_is_said_after_the_end(chat, say, drain, coach):
    coach(faithful)
    message = say(OPEN)
    drain("live")
    chats.end_chat(chat)
    drain("coach")
    assert answers(chat) == [] and line_of(message).outcome == "none"


def test_a_turn_that_runs_twice_asks_once(chat, say, drain, coach):
    coach(faithful)
    message = say(OPEN)
    drain("live")
    queue.enqueue("turn", message.pk, ordering_key=chat.ordering_key)
    drain("live")
    assert Job.objects.filter(kind=wording.WORD).count() == 1
    drain("coach")
    assert len(answers(chat)) == 1


def test_several_chats_are_worded_in_one_call(people, coach, drain):
    asked = coach(
        lambda request, call: "" if call == 1 and request.counselor.endswith("2.") else faithful(request)
    )
    for number in range(4):
        made = started(people.volunteer)
        chats.post_message(made, text=f"It sounds hard, and you are alone with it {number}.", key="k")
    drain("live")
    [*claimed] = queue.claim("coach", "test")
    assert len(claimed) == 4
    running.run_claimed(claimed, running.Context(running.threading.Event()))
    assert [len(call) for call in asked] == [4, 1]
    assert set(SeekerLine.objects.values_list("outcome", flat=True)) == {"reworded"}


def test_one_chats_trouble_does_not_cost_the_others(people, coach, drain, monkeypatch):
    coach(faithful)
    for number in range(2):
        made = started(people.volunteer)
        chats.post_message(made, text=f"That sounds hard {number}.", key="k")
    drain("live")
    read, broken = jobs._read, str(SeekerLine.objects.first().pk)

    def breaks(subject):
        if subject == broken:
            raise LookupError(OPEN)
        return read(subject)

    monkeypatch.setattr(jobs, "_read", breaks)
    drain("coach")
    assert SeekerLine.objects.get(pk=broken).why == "LookupError"
    assert sorted(SeekerLine.objects.values_list("outcome", flat=True)) == ["authored", "reworded"]


def reply(text="I have not slept.", kind="tell") -> seeker.Reply:
    return seeker.Reply("line", text, 0, kind)


def test_what_is_never_reworded(chat, say, people):
    message, scenario = say(OPEN), authored_for(chat.scenario)
    assert wording.asks_for(reply(), scenario, message)
    assert not wording.asks_for(reply("Some nights I want to kill myself."), scenario, message)
    for kind in ("opening", "neutral", "left", "safety"):
        assert not wording.asks_for(reply(kind=kind), scenario, message)
    assert not wording.asks_for(reply("so " * 61), scenario, message)
    every = seeker.load_scenarios().values()
    risky, baseline = (next(one for one in every if getattr(one, name)) for name in ("risk", "baseline"))
    assert not wording.asks_for(reply(), risky, message)
    assert not wording.asks_for(reply(), baseline, message)
    asking = say("Are you thinking about suicide?")
    assert not wording.asks_for(reply(), scenario, asking)
    Message.objects.filter(chat=chat, role="seeker").update(risk_level=Message.Risk.PASSIVE)
    assert not wording.asks_for(reply(), scenario, message)


def test_a_line_with_a_risk_cue_is_said_at_once(chat, say, drain, coach, monkeypatch):
    asked = coach(faithful)
    line = reply("I don't want to be alive any more.")
    monkeypatch.setattr(turn.seeker, "choose_reply", lambda *_, **__: line)
    say(OPEN)
    drain("live")
    [answer] = answers(chat)
    assert answer.text == line.text and answer.risk_level != Message.Risk.NONE
    assert asked == [] and not SeekerLine.objects.exists()


@pytest.mark.parametrize(("on", "model"), [(False, "an/instruct-model"), (True, ""), (True, "coach-mini")])
def test_where_it_is_off_or_no_model_can_the_turn_answers_itself(chat, say, drain, settings, on, model):
    settings.SEEKER_WORDING, settings.COACH_MODEL = on, model
    say(OPEN)
    drain("live")
    assert len(answers(chat)) == 1 and not SeekerLine.objects.exists()


def test_after_three_late_lines_nobody_waits_for_a_while(chat, say, drain, coach):
    coach(faithful)
    for number in range(3):
        say(f"It sounds hard, and you are alone with it {number}.")
        drain("live")
        time_is_up()
        drain("live")
    say("It sounds hard, and you are alone with it.")
    drain("live")
    assert len(answers(chat)) == 4 and SeekerLine.objects.count() == 3
    SeekerLine.objects.update(finished_at=queue.in_seconds(-120))
    say("What happened then?")
    drain("live")
    assert SeekerLine.objects.filter(finished_at=None).count() == 1


def test_a_job_that_is_set_aside_leaves_the_authored_line(chat, say, drain, monkeypatch):
    def broken(jobs, context):
        raise MemoryError

    monkeypatch.setattr("feedback.replies.jobs.run", broken)
    message = say(OPEN)
    drain("live")
    for _ in range(2):
        Job.objects.filter(kind=wording.WORD).update(available_at=queue.in_seconds(-1))
        drain("coach")
    assert Job.objects.get(kind=wording.WORD).is_set_aside
    assert line_of(message).outcome == "authored" and len(answers(chat)) == 1


def test_what_is_erased_meanwhile_leaves_nothing(chat, say, drain, coach):
    asked = coach(faithful)
    message = say(OPEN)
    drain("live")
    message.delete()
    assert not SeekerLine.objects.exists()
    time_is_up()
    assert drain("coach", "live") == 2
    assert asked == [] and answers(chat) == []


def test_jobs_hold_no_words(chat, say, drain, coach):
    coach(faithful)
    say(OPEN)
    drain()
    words = authored_text(chat, SeekerLine.objects.get())
    for job in Job.objects.filter(kind__in=(wording.WORD, wording.DUE)):
        told = f"{job.subject} {job.error} {job.checkpoint} {job.ordering_key}"
        assert OPEN not in told and words not in told and "Well" not in told


def test_another_try_starts_where_it_was_and_is_worded_anew(chat, say, drain, coach):
    asked = coach(faithful)
    first = say(OPEN)
    drain()
    second = say("What was the hardest part of it?")
    drain()
    chats.end_chat(chat)
    branch = tries.try_again(second)
    copied = Message.objects.filter(chat=branch).order_by("index")
    assert [one.text for one in copied] == list(
        Message.objects.filter(chat=chat, index__lt=second.index)
        .order_by("index")
        .values_list("text", flat=True)
    )
    assert not SeekerLine.objects.filter(message__chat=branch).exists()
    posted = chats.post_message(branch, text="I wonder what you need.", key="new").message
    drain()
    assert line_of(posted).outcome == "reworded" and len(asked) == 3
    assert line_of(first).outcome == "reworded"


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def test_the_page_says_that_an_answer_is_on_its_way(chat, say, drain, coach, people):
    coach(faithful)
    client = client_of(people.volunteer)
    page, events = reverse("practice:chat", args=[chat.pk]), reverse("practice:events", args=[chat.pk])
    say(OPEN)
    assert 'data-awaits="reply"' not in client.get(page).content.decode()
    drain("live")
    for address in (page, f"{events}?after=0"):
        told = client.get(address).content.decode()
        assert 'data-turn="done" data-awaits="reply"' in told and "Techniques in this message" in told
    assert "a language model may say them in other words" in client.get(page).content.decode()
    drain("coach")
    assert "data-awaits" not in client.get(f"{events}?after=0").content.decode()


def test_admins_see_how_many_were_reworded_authored_and_late(chat, say, drain, coach, people, settings):
    coach(lambda request, call: faithful(request) if call == 1 else "As an AI I cannot say.")
    for number in range(3):
        say(f"It sounds hard, and you are alone with it {number}.")
        drain("live")
        if number == 2:
            time_is_up()
            drain("live")
        drain("coach")
    SeekerLine.objects.update(coach="tiny")
    told = client_of(people.admin).get(reverse("feedback:models")).content.decode()
    for words in ("reworded by the model", "no wording was good enough", "no wording came in time"):
        row = told[told.index(words) :].split("</tr>")[0]
        assert ">1 of 3<" in row
    assert "talk of the model itself" in told
    settings.COACH_MODEL = "coach-mini"
    assert "has no effect" in client_of(people.admin).get(reverse("feedback:models")).content.decode()


def test_own_data_says_what_was_made_of_the_lines(chat, say, drain, coach, people):
    coach(faithful)
    message = say(OPEN)
    drain()
    [row] = list(dict(own_data.sections())["seeker_lines"](people.volunteer))
    assert (row["message_id"], row["outcome"], row["coach"]) == (message.pk, "reworded", "tiny")
    assert list(dict(own_data.sections())["seeker_lines"](people.peer)) == []
