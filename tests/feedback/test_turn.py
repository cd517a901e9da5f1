"""The turn job with the shipped tagger: tags, state, reply, in one go and once."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from feedback.replies.wording import state_of
from feedback.report import turns_of
from feedback.reports.course import course_of, drew_back, steps_of
from feedback.turn import _heard
from peersupport import seeker
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.models import ChatEvent, Message, SeekerStateRecord
from peersupport.practice.scenarios import authored_for
from peersupport.seeker.banks import BankError
from skills.models import Tagging
from skills.tags import tag_results


def replies(chat) -> list[Message]:
    return list(Message.objects.filter(chat=chat, role="seeker").order_by("index"))[1:]


def test_a_message_gets_tags_a_state_and_a_reply(chat, say, drain):
    message = say("It sounds like you have been carrying this alone for a long time.")
    assert drain("live") == 1
    message.refresh_from_db()
    tagging = Tagging.objects.get(message=message)
    assert message.turn == Message.Turn.DONE
    assert any(tag.code.startswith("reflection") for tag in tagging.tags.all())
    assert len(bytes(tagging.probabilities)) == 42
    [reply] = replies(chat)
    assert reply.index == message.index + 1
    assert reply.seeker_state.line_id
    assert SeekerStateRecord.objects.get(message=message).tagger_version == tagging.version
    kinds = list(ChatEvent.objects.filter(chat=chat).values_list("kind", flat=True))
    assert kinds == ["message", "message", "turn", "message"]


def test_two_messages_in_a_row_are_answered_once(chat, say, drain):
    first, second = say("hello"), say("how has your week been?")
    drain("live")
    [reply] = replies(chat)
    assert reply.idempotency_key == f"reply:{second.pk}"
    assert set(Message.objects.filter(pk__in=[first.pk, second.pk]).values_list("turn", flat=True)) == {
        "done"
    }


def test_the_same_turn_twice_writes_once(chat, say, drain):
    message = say("hello there")
    drain("live")
    queue.enqueue("turn", message.pk, ordering_key=chat.ordering_key)
    drain("live")
    assert Tagging.objects.filter(message=message).count() == 1
    assert len(replies(chat)) == 1


def test_a_message_erased_while_its_turn_waits(chat, say, drain):
    say("hello there").delete()
    assert drain("live") == 1
    assert Job.objects.get(kind="turn").status == Job.Status.DONE


def test_no_reply_after_the_end(chat, say, drain):
    say("thank you for talking with me")
    chats.end_chat(chat)
    drain("live")
    assert replies(chat) == []
    assert Tagging.objects.count() == 1


def test_a_late_worker_writes_nothing(chat, say):
    """Fencing on the real kind: the work is done, but the lease was lost meanwhile."""
    say("what was that like for you?")
    [late] = queue.claim("live", "late")
    Job.objects.filter(pk=late.pk).update(lease_token=None, status=Job.Status.QUEUED)
    running.run_claimed([late], running.Context(running.threading.Event()))
    assert Tagging.objects.count() == 0
    assert replies(chat) == []


def test_a_turn_that_keeps_failing_is_shown_and_can_be_retried(chat, say, drain, monkeypatch):
    def broken(path=None):
        raise OSError("weights cannot be read")

    before = SeekerStateRecord.objects.get(message__chat=chat)
    message = say("what was that like for you?")
    with monkeypatch.context() as patch:
        patch.setattr("feedback.turn.load_tagger", broken)
        for _ in range(3):
            Job.objects.update(available_at=message.created_at)
            drain("live")
    message.refresh_from_db()
    assert message.turn == Message.Turn.FAILED
    [neutral] = replies(chat)
    assert neutral.seeker_state.line_id == "neutral"
    assert neutral.seeker_state.openness == pytest.approx(before.openness)
    assert chats.retry_turn(message) is True
    assert chats.retry_turn(message) is False
    drain("live")
    message.refresh_from_db()
    assert message.turn == Message.Turn.DONE
    assert len(replies(chat)) == 1


def test_a_turn_tried_again_after_the_chat_went_on_moves_the_state_that_it_met(chat, say, drain, monkeypatch):
    def broken(path=None):
        raise OSError("weights cannot be read")

    def state(message) -> seeker.SeekerState:
        return state_of(SeekerStateRecord.objects.get(message=message))

    first = say("It sounds like you have been carrying this alone for a long time.")
    drain("live")
    failed = say("You should just call them, it is not that bad.")
    with monkeypatch.context() as patch:
        patch.setattr("feedback.turn.load_tagger", broken)
        for _ in range(3):
            Job.objects.update(available_at=failed.created_at)
            drain("live")
    later = [
        say(f"That took courage, and I hear how tired you are. What helped before? ({n})") for n in range(6)
    ]
    drain("live")
    went = [state(message) for message in later]
    chats.retry_turn(failed)
    drain("live")
    heard = _heard(failed.text, tag_results([failed])[failed.pk])
    met = seeker.advance(state(first), heard, authored_for(chat.scenario))[0]
    assert state(failed).to_dict() == pytest.approx(met.to_dict())
    assert state(failed).trust < state(later[-1]).trust
    assert [state(message) for message in later] == went
    # What came after it met a seeker who had not heard it: no step tells of its move a second time.
    chats.end_chat(chat)
    chat.refresh_from_db()
    steps = {step.message.pk: step for step in course_of(chat).steps}
    moved = {move.name: move.by for move in steps[later[0].pk].moves}
    assert moved["trust"] == pytest.approx(went[0].trust - state(first).trust)
    told = steps_of({later[0]: list(chat.messages.all())})[later[0]]
    assert told.moves == steps[later[0].pk].moves


def test_a_turn_whose_scenario_does_not_fit_any_more_is_given_up_with_a_neutral_line(
    chat, say, drain, monkeypatch
):
    def unfit(row):
        raise BankError("own-1", "tell-0", "a table of another version")

    message = say("what was that like for you?")
    monkeypatch.setattr("feedback.turn.authored_for", unfit)
    tagger = SimpleNamespace(tag=lambda rows: [None] * len(rows))
    monkeypatch.setattr("feedback.turn.load_tagger", lambda: tagger)
    for _ in range(3):
        Job.objects.update(available_at=message.created_at)
        drain("live")
    message.refresh_from_db()
    job = Job.objects.get(kind="turn")
    assert (job.status, job.error_class) == ("quarantined", "peersupport.seeker.banks.BankError")
    assert message.turn == Message.Turn.FAILED
    [neutral] = replies(chat)
    assert neutral.seeker_state.line_id == "neutral"


def test_the_seeker_never_repeats_a_line(chat, say, drain):
    for number in range(20):
        say(f"I hear you. What else is on your mind? ({number})")
        drain("live")
    lines = [reply.text for reply in replies(chat)]
    assert len(lines) == 20
    assert len(set(lines)) == 20


def test_turns_of_several_chats_run_as_one_batch(people, drain):
    from peersupport.practice.models import Scenario

    scenario = Scenario.objects.filter(risk=False).first()
    for number in range(5):
        chat = chats.start_chat(people.volunteer, scenario)
        chats.post_message(chat, text="That sounds hard.", key=str(number))
    claimed = queue.claim("live", "test")
    assert len(claimed) == 5
    running.run_claimed(claimed, running.Context(running.threading.Event()))
    assert Job.objects.filter(kind="turn", status="done").count() == 5


@pytest.mark.parametrize("text", ["Don't be so dramatic, it will be fine.", "I think you are overreacting."])
def test_belittling_closes_the_seeker_whatever_the_tagger_reads_into_it(text, say, drain, chat):
    say("It sounds like a long week.")
    drain()
    message = say(text)
    drain()
    assert message.pk in drew_back(chat)
    assert "inappropriate_hurt" in SeekerStateRecord.objects.get(message=message).reasons
    assert [turn.message_id for turn in turns_of(chat) if turn.drew_back] == [str(message.pk)]


def test_the_seeker_waits_while_the_volunteer_speaks_of_their_own_distress(say, drain, chat):
    message = say("I can't do this, I want to kill myself")
    drain()
    message.refresh_from_db()
    assert (message.turn, message.risk_level != Message.Risk.NONE) == ("done", True)
    assert len(replies(chat)) == 0
    tagging = Tagging.objects.get(message=message)
    assert not tagging.tags.exists()  # what may be about themselves is no counselling
    say("That was part of the exercise. What happened today?")
    drain()
    assert len(replies(chat)) == 1
