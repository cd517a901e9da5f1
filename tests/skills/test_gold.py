"""Which of trainers' words a new tagger version may learn from, and the job that makes one."""

from __future__ import annotations

import threading
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.people import consents
from peersupport.practice.models import Message, PracticeChat, Scenario
from skills.corpora import own
from skills.gold import job as gold_job
from skills.gold import reading, runs, serving
from skills.models import Correction, ModelVersion, Review, TaggerTraining
from skills.tagger import successor
from skills.tagger.card import WEIGHTS, read_card
from skills.taxonomy import CODES

NOW = timezone.now


@pytest.fixture(autouse=True)
def own_place(settings, tmp_path):
    """No test leaves a version that serves the others."""
    settings.DATA_DIR = tmp_path


@pytest.fixture
def agreed(people):
    consents.choose(people.volunteer, agreed=["tagger"])


def chat_of(volunteer, part: str) -> PracticeChat:
    """A chat whose id puts it in this part."""
    while reading.part_of(pk := uuid.uuid4()) != part:
        pass
    scenario = Scenario.objects.filter(active=True).first()
    return PracticeChat.objects.create(pk=pk, volunteer=volunteer, scenario=scenario, seed=1)


def message_in(
    chat, text: str = "Mind the keys by the door please", role: str = "counselor", **more
) -> Message:
    index = chat.messages.count() + 1
    return Message.objects.create(
        chat=chat, index=index, text=text, role=role, idempotency_key=str(index), **more
    )


def coded(message, trainer, codes=("warn",), kind="open", holds=True) -> Review:
    return Review.objects.create(message=message, trainer=trainer, codes=list(codes), kind=kind, holds=holds)


def coded_twice(message, people, codes=("warn",)) -> None:
    coded(message, people.trainer, codes, "blind", holds=False)
    coded(message, people.other_trainer, codes, "blind")


def settled_codes() -> list[set[str]]:
    return [set(one.there) for one in reading.settled(NOW())]


def test_a_coding_counts_whole_and_the_last_one_holds(people, agreed):
    message = message_in(chat_of(people.volunteer, "train"))
    coded(message, people.trainer, ["affirm"])
    coded(message, people.trainer, ["warn", "direct"])
    [one] = reading.settled(NOW())
    assert one.there == {"warn", "direct"}
    assert len(one.absent) == 19
    assert not one.twice


def test_only_volunteers_who_agree_count_and_only_as_long_as_they_do(people):
    message = message_in(chat_of(people.volunteer, "train"))
    coded(message, people.trainer)
    assert settled_codes() == []
    consents.choose(people.volunteer, agreed=["research"])
    assert settled_codes() == []
    consents.choose(people.volunteer, agreed=["tagger"])
    assert settled_codes() == [{"warn"}]
    PracticeChat.objects.update(shared=False)
    assert settled_codes() == []
    PracticeChat.objects.update(shared=True)
    consents.choose(people.volunteer, agreed=[])
    assert settled_codes() == []


def test_what_does_not_hold_is_copied_was_erased_or_may_be_about_the_volunteer_does_not_count(people, agreed):
    chat = chat_of(people.volunteer, "train")
    coded(message_in(chat), people.trainer, kind="blind", holds=False)
    coded(message_in(chat, copied=True), people.trainer)
    of_themselves = message_in(chat, risk_level="explicit")
    coded(of_themselves, people.trainer)
    Correction.objects.create(message=of_themselves, code="warn", action="add", trainer=people.trainer)
    kept = message_in(chat_of(people.volunteer, "train"))
    coded(kept, people.trainer, ["affirm"])
    assert settled_codes() == [{"affirm"}]
    kept.chat.delete()
    assert settled_codes() == []


def test_of_a_correction_without_a_coding_only_its_technique_is_known(people, agreed):
    message = message_in(chat_of(people.volunteer, "train"))
    for code, action in (("affirm", "add"), ("warn", "add"), ("warn", "remove")):
        Correction.objects.create(message=message, code=code, action=action, trainer=people.trainer)
    [one] = reading.settled(NOW())
    assert (one.there, one.absent) == ({"affirm"}, {"warn"})


def test_what_is_said_after_the_start_is_not_mixed_in(people, agreed):
    message = message_in(chat_of(people.volunteer, "train"))
    coded(message, people.trainer, ["affirm"])
    start = NOW()
    coded(message, people.trainer, ["warn"])
    coded(message_in(message.chat), people.trainer)
    Correction.objects.create(
        message=message_in(message.chat), code="warn", action="add", trainer=people.trainer
    )
    assert [one.there for one in reading.settled(start)] == [{"affirm"}]
    assert len(reading.settled(NOW())) == 3


def test_a_chat_is_in_one_part_for_ever_and_frozen_ones_count_where_two_coded(people, agreed):
    shares = [reading.part_of(uuid.UUID(int=number)) for number in range(4000)]
    assert 0.27 < shares.count("test") / 4000 < 0.33
    assert 0.13 < shares.count("val") / 4000 < 0.17
    frozen = chat_of(people.volunteer, "test")
    coded(message_in(frozen), people.trainer)
    coded_twice(message_in(frozen), people)
    coded_twice(message_in(chat_of(people.volunteer, "train")), people)
    coded(message_in(chat_of(people.volunteer, "val")), people.trainer)
    found = reading.counts(reading.settled(NOW()))
    assert (found.learnt, found.settling, found.frozen, found.unused, found.chats) == (1, 1, 1, 1, 3)
    assert sorted(example.split for example in reading.examples(reading.settled(NOW()))) == [
        "test",
        "train",
        "val",
    ]


def test_what_measures_is_what_two_saw_without_the_tagger_and_what_is_learnt_the_last_word(people, agreed):
    for part, holds in (("test", {"warn"}), ("train", {"affirm"})):
        message = message_in(chat_of(people.volunteer, part))
        coded_twice(message, people)
        coded(message, people.trainer, ["affirm"])  # with the serving version's tags in view
        [one] = reading.settled(NOW())
        assert (one.part, one.there, one.twice) == (part, holds, True)
        coded(message, people.trainer, ["direct"], "settled")
        [one] = reading.settled(NOW())
        assert (one.there, one.there | one.absent) == ({"direct"}, set(CODES))
        message.delete()


def test_of_two_codings_that_differ_none_measures_before_it_is_settled(people, agreed):
    message = message_in(chat_of(people.volunteer, "test"))
    coded(message, people.trainer, ["warn"], "blind", holds=False)
    coded(message, people.other_trainer, ["affirm"], "blind", holds=False)
    coded(message, people.trainer, ["direct"])
    assert [one.part for one in reading.settled(NOW())] == [""]


def test_an_example_has_the_seekers_words_before(people, agreed):
    chat = chat_of(people.volunteer, "train")
    message_in(chat, "I lost my keys.", role="seeker")
    coded(message_in(chat), people.trainer)
    [example] = reading.examples(reading.settled(NOW()))
    assert (example.previous, example.positive) == ("I lost my keys.", (frozenset({"warn"}),))


def test_reading_costs_the_same_few_queries_however_much_there_is(people, agreed, django_assert_num_queries):
    for part in ("train", "val", "test"):
        for _ in range(3):
            coded_twice(message_in(chat_of(people.volunteer, part)), people)
    with django_assert_num_queries(4):  # one for the words of the consent that hold now
        found = reading.settled(NOW())
    assert len(found) == 9
    with django_assert_num_queries(2):
        reading.examples(found)


@pytest.fixture
def gold(people, agreed):
    """Forty messages to learn from, some to settle and some that two trainers coded."""
    nouns = ["keys", "doors", "bags", "shoes", "maps", "cups", "bells", "nets"]
    for part, n in (("train", 40), ("val", 8), ("test", 8)):
        for number in range(n):
            if number % 4 == 0:
                chat = chat_of(people.volunteer, part)
            text = f"Mind the {nouns[number % 8]} by the {nouns[number // 8]} please"
            coded_twice(message_in(chat, text), people)


@pytest.fixture
def beats(monkeypatch):
    """Little own text to read, and a comparison that says this."""
    some = [example for place, example in enumerate(own.read()) if place % 30 == 0]
    monkeypatch.setattr(own, "read", lambda: iter(some))
    monkeypatch.setattr(successor, "STRENGTHS", (1.0,))
    compared = successor.compare

    def said(beats: bool) -> None:
        against = [] if beats else ["mean"]
        monkeypatch.setattr(
            successor, "compare", lambda *given: compared(*given) | {"beats": beats, "against": against}
        )

    said(True)
    return said


def trained(people, drain) -> TaggerTraining:
    training, started = runs.start(people.admin)
    assert started
    drain("batch")
    training.refresh_from_db()
    return training


def test_a_training_leaves_a_whole_version_that_serves_nobody(gold, beats, people, drain):
    training = trained(people, drain)
    assert (training.error, training.parent) == ("", read_card(WEIGHTS)["version"])
    assert training.finished_at and training.asked_by == people.admin
    assert training.figures["learnt"] == {"own": training.figures["learnt"]["own"], "gold": 40, "chats": 10}
    assert training.figures["comparison"]["double_coded"] == 8
    assert serving.is_whole(training.made) and not training.made.active
    assert read_card()["version"] == training.parent
    [row] = Job.objects.filter(kind=runs.TRAIN)
    assert (row.status, row.progress, row.subject) == ("done", 1.0, str(training.pk))
    words = {message.text for message in Message.objects.all()}
    kept = serving.home() / training.name
    assert not any(text in (kept / "card.json").read_text() + str(row.checkpoint) for text in words)
    assert [path.name for path in serving.home().iterdir()] == [training.name]


def test_weights_that_do_not_beat_are_not_kept(gold, beats, people, drain):
    beats(False)
    training = trained(people, drain)
    assert training.made is None and training.figures["comparison"]["against"] == ["mean"]
    assert not ModelVersion.objects.exists()
    assert list(serving.home().iterdir()) == []
    with pytest.raises(serving.SwitchRefusedError, match="does not beat"):
        serving.switch(training, people.admin)


def test_the_same_gold_makes_the_same_version_and_a_later_correction_waits(gold, beats, people, drain):
    training, _ = runs.start(people.admin)
    message = Message.objects.filter(chat__in=[one.chat_id for one in reading.settled(NOW())]).first()
    coded(message, people.trainer, ["affirm"])
    drain("batch")
    training.refresh_from_db()
    Review.objects.filter(kind="open").delete()
    again = trained(people, drain)
    assert again.pk != training.pk
    assert (again.name, again.made) == (training.name, training.made)


def test_asked_for_twice_it_is_trained_once(gold, people):
    first, _ = runs.start(people.admin)
    assert runs.start(people.admin) == (first, False)
    assert Job.objects.filter(kind=runs.TRAIN).count() == 1


def test_too_little_gold_is_refused_with_what_to_do(people, agreed):
    with pytest.raises(runs.TrainingRefusedError, match=r"0 messages.*30 are needed.*Review"):
        runs.start(people.admin)
    assert not TaggerTraining.objects.exists()


def test_gold_that_went_before_the_job_ran_ends_it_with_what_to_do(gold, beats, people, drain):
    training, _ = runs.start(people.admin)
    consents.choose(people.volunteer, agreed=[])
    drain("batch")
    training.refresh_from_db()
    assert "0 messages" in training.error and training.finished_at


def test_gold_that_goes_while_it_is_learnt_is_not_kept(gold, beats, people, drain, monkeypatch):
    learn = successor.succeed

    def and_meanwhile(*given, **named):
        card = learn(*given, **named)
        Message.objects.filter(chat__in=PracticeChat.objects.all()[:1]).delete()
        return card

    monkeypatch.setattr(successor, "succeed", and_meanwhile)
    training, _ = runs.start(people.admin)
    # Once and not until the lane is empty: on a slow machine its pause is over before the lane is looked at.
    running.run_claimed(queue.claim("batch", "test"), running.Context(threading.Event()))
    training.refresh_from_db()
    row = Job.objects.get(kind=runs.TRAIN)
    assert training.finished_at is None and (row.status, row.attempts) == ("queued", 1)
    assert gold_job.GoldChangedError.__name__ in row.error
    assert not ModelVersion.objects.exists() and list(serving.home().iterdir()) == []
    monkeypatch.setattr(successor, "succeed", learn)
    Job.objects.update(available_at=NOW() - timedelta(seconds=1))
    drain("batch")
    training.refresh_from_db()
    assert training.made is not None


def test_the_command_writes_a_folder_or_asks_for_the_job(gold, beats, tmp_path, capsys):
    import json

    from django.core.management import CommandError, call_command

    call_command("train_tagger", from_current=True, gold=True, output=str(tmp_path / "made"))
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert last["learnt"]["gold"] == 40 and last["beats"] is True
    assert read_card(tmp_path / "made")["version"] == last["version"]
    assert not TaggerTraining.objects.exists()
    call_command("train_tagger", from_current=True, gold=True)
    assert "batch lane" in capsys.readouterr().out
    assert Job.objects.filter(kind=runs.TRAIN, status="queued").count() == 1
    with pytest.raises(CommandError, match="go together"):
        call_command("train_tagger", gold=True)
    consents.Consent.objects.all().delete()
    with pytest.raises(CommandError, match="30 are needed"):
        call_command("train_tagger", from_current=True, gold=True, output=str(tmp_path / "other"))
