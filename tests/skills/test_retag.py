"""The batch job that tags everything again: what it leaves out, where it goes on, what it keeps."""

from __future__ import annotations

import threading

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.practice import chats
from peersupport.practice.models import Message, PracticeChat
from skills import retag, tags, versions
from skills.models import Correction, Dispute, Review, SkillTag, Tagging
from skills.present import present_codes
from skills.review import coding
from skills.review.corrections import correct_tags
from skills.review.disputes import dispute_tag
from skills.tagger import TagResult
from skills.tagger.card import read_card
from skills.taxonomy import CODES, EMPATHY

MESSAGES = 40


class Tagger:
    """Finds one technique in every message; remembers what it read, and may do something meanwhile."""

    def __init__(self, version: str, code: str) -> None:
        self.version, self.code = version, code
        self.read: list[str] = []
        self.meanwhile = lambda number: None
        self.slices = 0

    def tag(self, inputs):
        self.slices += 1
        self.meanwhile(self.slices)
        self.read += [item.text for item in inputs]
        chances = {code: 0.9 if code == self.code else 0.1 for code in CODES}
        levels = dict.fromkeys(EMPATHY, 0)
        return [TagResult(chances, [self.code], levels, {self.code: (0, len(item.text))}) for item in inputs]


@pytest.fixture
def serve(monkeypatch):
    """Make a tagger of this version and code the one that serves."""

    def serve(version: str, code: str = "affirm") -> Tagger:
        tagger = Tagger(version, code)
        monkeypatch.setattr(retag, "load_tagger", lambda: tagger)
        monkeypatch.setattr(versions, "serving", lambda: version)
        return tagger

    return serve


@pytest.fixture
def said(people, content, serve, drain):
    """Forty messages in three chats, tagged by the version "one"."""
    scenario = chats.Scenario.objects.filter(active=True).first()
    for number, count in enumerate((25, 10, 5)):
        chat = PracticeChat.objects.create(volunteer=people.volunteer, scenario=scenario, seed=number)
        Message.objects.bulk_create(
            Message(
                chat=chat,
                index=index,
                role="counselor" if index % 2 else "seeker",
                text=f"words {number} {index}",
                idempotency_key=str(index),
            )
            for index in range(1, 2 * count + 1)
        )
    serve("one", "chit_chat")
    again(drain)
    return list(Message.objects.filter(role="counselor"))


def again(drain) -> Job:
    job, _ = versions.start()
    drain("batch")
    job.refresh_from_db()
    return job


def holding() -> dict[str, int]:
    rows = Tagging.objects.filter(current=True).values_list("version", flat=True)
    return {version: list(rows).count(version) for version in rows}


def test_every_message_is_tagged_again_and_the_old_tags_are_kept(said, serve, drain):
    old = set(SkillTag.objects.values_list("pk", "code"))
    serve("two")
    job = again(drain)
    assert (job.status, job.progress, job.checkpoint["done"]) == ("done", 1.0, MESSAGES)
    assert holding() == {"two": MESSAGES}
    assert Tagging.objects.filter(version="one", current=False).count() == MESSAGES
    assert old < set(SkillTag.objects.values_list("pk", "code"))
    assert {view.code for views in tags.tag_views(said).values() for view in views} == {"affirm"}


def test_what_is_tagged_already_is_not_read_again(said, serve, drain):
    Tagging.objects.filter(message__in=said[:30]).update(version="two")
    tagger = serve("two")
    assert versions.lacking("two") == 10
    job = again(drain)
    assert (len(tagger.read), job.checkpoint["done"], job.checkpoint["total"]) == (10, 10, 10)
    assert versions.start() == (None, False)
    queue.enqueue(versions.RETAG)
    drain("batch")
    assert len(tagger.read) == 10
    assert Tagging.objects.count() == MESSAGES + 10


def test_going_back_to_an_earlier_version_reads_nothing(said, serve, drain):
    serve("two")
    again(drain)
    earlier = serve("one")
    again(drain)
    assert earlier.read == []
    assert holding() == {"one": MESSAGES}
    assert Tagging.objects.count() == 2 * MESSAGES


def stop_after(tagger: Tagger, slices: int) -> None:
    """Run the job until so many slices are through, as a worker that is told to stop."""
    stopping = threading.Event()
    tagger.meanwhile = lambda number: stopping.set() if number >= slices else None
    versions.start()
    running.drain_lane("batch", worker="test", stopping=stopping)
    tagger.meanwhile = lambda number: None


def test_a_stopped_job_goes_on_where_it_was(said, serve, drain):
    tagger = serve("two")
    stop_after(tagger, 1)
    job = Job.objects.get(kind=versions.RETAG, status="queued")
    assert (job.attempts, job.checkpoint["done"]) == (0, retag.SLICE)
    assert holding() == {"one": MESSAGES - retag.SLICE, "two": retag.SLICE}
    drain("batch")
    assert sorted(tagger.read) == sorted(message.text for message in said)
    job.refresh_from_db()
    assert (job.status, job.checkpoint["done"], job.checkpoint["total"]) == ("done", MESSAGES, MESSAGES)


def test_a_killed_worker_leaves_whole_slices_and_another_goes_on(said, serve, drain):
    class Killed(BaseException):
        pass

    def kill(number: int) -> None:
        if number == 2:
            raise Killed

    tagger = serve("two")
    tagger.meanwhile = kill
    versions.start()
    with pytest.raises(Killed):
        drain("batch")
    tagger.meanwhile = lambda number: None
    Job.objects.update(lease_until="2020-01-01T00:00:00Z")
    queue.sweep()
    Job.objects.update(available_at="2020-01-01T00:00:00Z")
    drain("batch")
    assert sorted(tagger.read) == sorted(message.text for message in said)
    assert holding() == {"two": MESSAGES}


def test_a_displaced_worker_writes_nothing(said, serve, drain):
    tagger = serve("two")
    tagger.meanwhile = lambda number: Job.objects.update(lease_token=None)
    versions.start()
    drain("batch")
    assert holding() == {"one": MESSAGES}


def test_another_version_begins_anew(said, serve, drain):
    stop_after(serve("two"), 1)
    later = serve("three", "support")
    drain("batch")
    assert len(later.read) == MESSAGES
    assert holding() == {"three": MESSAGES}
    assert Tagging.objects.filter(version="two", current=False).count() == retag.SLICE


def test_messages_erased_meanwhile_stay_erased(said, serve, drain):
    tagger = serve("two")
    gone = said[0].chat
    tagger.meanwhile = lambda number: gone.delete() if number == 1 and gone.pk else None
    left = Message.objects.filter(role="counselor").exclude(chat=gone).count()
    job = again(drain)
    assert job.status == "done"
    assert holding() == {"two": left}
    assert Message.objects.filter(role="counselor").count() == left


def shown(message: Message) -> set[str]:
    pages = {view.code for view in tags.tag_views([message])[message.pk]}
    assert present_codes(Message.objects.filter(pk=message.pk)) == {message.pk: pages}
    return pages


def test_what_a_trainer_coded_holds_for_the_new_tags(said, serve, drain, people):
    message = said[3]
    coding.save(message, trainer=people.trainer, codes=["support"], spans={"support": (0, 3)}, note="Warm.")
    saved = Review.objects.get().saved_at
    serve("two")
    again(drain)
    assert shown(message) == {"support"}
    assert {(row.code, row.action) for row in Correction.objects.all()} == {
        ("support", "add"),
        ("chit_chat", "remove"),
        ("affirm", "remove"),
    }
    late = Correction.objects.get(code="affirm")
    assert (late.trainer, late.note, late.created_at) == (people.trainer, "Warm.", saved)
    serve("three", "support")  # it finds the technique too, in another place than the trainer
    again(drain)
    [view] = tags.tag_views([message])[message.pk]
    assert (view.code, view.start, view.end) == ("support", 0, 3)


def test_what_a_trainer_left_as_it_was_stays_so(said, serve, drain, people):
    """Of both codings, one that changed nothing and one that kept a disputed tag, no correction was made."""
    confirmed, disputed, other = said[:3]
    assert coding.save(confirmed, trainer=people.trainer, codes=["chit_chat"], spans={}).changed == 0
    dispute_tag(disputed, "chit_chat", volunteer=people.volunteer, reason="other")
    coding.save(disputed, trainer=people.trainer, codes=["chit_chat"], spans={})
    assert Dispute.objects.get().outcome == "kept"
    for version in ("two", "one", "two"):
        serve(version)
        again(drain)
        assert (shown(confirmed), shown(disputed)) == ({"chit_chat"}, {"chit_chat"})
    assert shown(other) == {"affirm"}
    assert Correction.objects.count() == 4


def test_after_a_coding_is_taken_back_the_one_before_it_holds_for_the_new_tags(said, serve, drain, people):
    message = said[0]
    coding.save(message, trainer=people.trainer, codes=["chit_chat"], spans={})
    coding.save(message, trainer=people.trainer, codes=["support"], spans={})
    serve("two")
    again(drain)
    assert shown(message) == {"support"}
    assert coding.undo(message, trainer=people.trainer)
    assert shown(message) == {"chit_chat"}
    assert coding.undo(message, trainer=people.trainer)
    assert shown(message) == {"affirm"}
    assert not Correction.objects.exists()


def test_of_a_correction_without_a_coding_only_its_technique_holds(said, serve, drain, people):
    message = said[3]
    correct_tags(message, codes=["support"], trainer=people.trainer)
    serve("two")
    again(drain)
    assert shown(message) == {"affirm", "support"}


def test_it_gives_way_to_others_of_its_lane(said, serve, drain, monkeypatch):
    monkeypatch.setattr(running, "GIVE_WAY_SECONDS", -1)
    seen = []

    def meanwhile(number: int) -> None:
        if number == 1:
            queue.enqueue("canary_batch")
        seen.append(Job.objects.get(kind="canary_batch").status)

    serve("two").meanwhile = meanwhile
    again(drain)
    assert seen == ["queued", "done", "done"]
    assert holding() == {"two": MESSAGES}


def test_the_seekers_words_right_before_are_found_without_reading_the_chat(said):
    long = max(said, key=lambda message: message.index)
    first = Message.objects.get(chat=long.chat, index=1)
    with CaptureQueriesContext(connection) as queries:
        later, earliest = retag.with_previous([long, first])
    assert len(queries) == 1
    assert later.previous == Message.objects.get(chat=long.chat, index=long.index - 1).text
    assert earliest.previous == ""


def test_a_slice_costs_the_same_few_queries_wherever_it_is(said, serve, drain):
    counts = []
    tagger = serve("two")
    with CaptureQueriesContext(connection) as queries:
        tagger.meanwhile = lambda number: counts.append(len(queries))
        again(drain)
    assert len(counts) == 3
    assert counts[1] - counts[0] == counts[2] - counts[1] < 15


def test_progress_is_told_from_the_jobs_row(said, serve):
    assert versions.progress().job.is_open is False
    tagger = serve("two")
    stop_after(tagger, 1)
    Job.objects.filter(status="queued").update(
        checkpoint={"version": "two", "done": 16, "total": 40, "seconds": 4.0}
    )
    found = versions.progress()
    assert (found.rate, found.seconds_left, found.job.is_open) == (4.0, 6.0, True)


def test_the_command_starts_it_once_and_tells_where_it_is(said, serve, drain, capsys):
    call_command("retag")
    assert "nothing to do" in capsys.readouterr().out
    serve("two")
    for _ in range(2):
        call_command("retag")
    assert Job.objects.filter(kind=versions.RETAG, status__in=Job.OPEN).count() == 1
    stop_after(serve("two"), 1)
    job = Job.objects.get(kind=versions.RETAG, status="queued")
    job.checkpoint["seconds"] = 4
    job.save()
    capsys.readouterr()
    call_command("retag", "--status")
    assert "16 of 40 messages, 4.0 a second" in capsys.readouterr().out
    drain("batch")
    call_command("retag", "--status")
    assert capsys.readouterr().out.startswith("done 100")


def test_the_shipped_tagger_tags_again_what_another_version_tagged(say, drain):
    message = say("What has been the hardest part of this week?")
    drain()
    before = {view.code for view in tags.tag_views([message])[message.pk]}
    Tagging.objects.update(version="earlier")
    again(drain)
    assert holding() == {read_card()["version"]: 1}
    assert {view.code for view in tags.tag_views([message])[message.pk]} == before


def test_shares_name_versions_and_messages_without_tags(said, say):
    say("Not tagged yet.")
    Tagging.objects.filter(message__in=said[:3]).update(version="zero")
    assert versions.shares() == [
        {"version": "one", "messages": 37},
        {"version": "zero", "messages": 3},
        {"version": "", "messages": 1},
    ]


def test_without_a_card_nothing_is_started(said, monkeypatch, tmp_path):
    monkeypatch.undo()
    monkeypatch.setenv("TAGGER_WEIGHTS", str(tmp_path))
    assert versions.serving() == ""
    assert versions.start() == (None, False)
