"""Retry on the jobs page: whatever kind was set aside, its subject is back where the next run finds it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from feedback.models import (
    CoachMerge,
    DialCalibration,
    Export,
    OtherWording,
    SessionReport,
)
from peersupport.jobs import queue, registry
from peersupport.jobs.models import Job
from peersupport.practice.models import ChatEvent, Message
from skills.models import TaggerTraining, Tagging
from tests.peersupport.transcripts import imported

# Given up, these two said the line as it was authored: there is nothing left to try.
SAID = {"seeker_wording", "seeker_line_due"}


@pytest.fixture(autouse=True)
def folder_of_its_own(settings, tmp_path):
    settings.DATA_DIR = tmp_path


def a_turn(people, chat, say):
    own = Message.objects.filter(role="counselor")
    return say("What happened then?").pk, own.values_list("turn", flat=True)


def a_transcript(people, chat, say):
    brought = Message.objects.filter(chat__kind="imported").order_by("index")
    return imported(people.volunteer).pk, brought.values_list("turn", flat=True)


def a_report(people, chat, say):
    SessionReport.objects.create(chat=chat, status="pending")
    return chat.pk, SessionReport.objects.values_list("status", flat=True)


def a_wording(people, chat, say):
    row = OtherWording.objects.create(chat=chat, index=2)
    return row.pk, OtherWording.objects.values_list("failed", "finished_at")


def an_export(people, chat, say):
    row = Export.objects.create(by=people.admin, table="tags", format="csv")
    return row.pk, Export.objects.values_list("status", "finished_at")


def a_calibration(people, chat, say):
    row = DialCalibration.objects.create(behaviour="warmth", model="tiny")
    return row.pk, DialCalibration.objects.values_list("error", "finished_at")


def a_merge(people, chat, say):
    row = CoachMerge.objects.create(name="merge", base="tiny")
    return row.pk, CoachMerge.objects.values_list("error", "finished_at")


def a_training(people, chat, say):
    row = TaggerTraining.objects.create(parent="mini")
    return row.pk, TaggerTraining.objects.values_list("error", "finished_at")


# kind -> what makes a subject: its id, and a query of how it stands
SUBJECTS = {
    "turn": a_turn,
    "transcript": a_transcript,
    "report": a_report,
    "other_wording": a_wording,
    "export": an_export,
    "dial_calibration": a_calibration,
    "coach_merge": a_merge,
    "tagger_training": a_training,
}


def test_whatever_is_put_aside_with_its_job_is_put_back_with_it():
    moving = {kind.name for kind in registry.kinds() if kind.on_quarantine} - SAID
    assert moving == set(SUBJECTS)
    assert {kind.name for kind in registry.kinds() if kind.on_requeue} == moving


def set_aside(kind: str, subject) -> Job:
    Job.objects.all().delete()
    job = queue.enqueue(kind, subject)
    Job.objects.filter(pk=job.pk).update(attempts=registry.get(kind).attempts - 1)
    [job] = queue.claim(job.lane, "worker")
    queue.fail(job, "an error")
    assert Job.objects.get(pk=job.pk).is_set_aside
    return job


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_retry_puts_the_subject_back(kind, people, chat, say):
    subject, stands = SUBJECTS[kind](people, chat, say)
    before = list(stands.all())
    job = set_aside(kind, subject)
    assert list(stands.all()) != before
    assert queue.requeue(job)
    assert list(stands.all()) == before
    assert not queue.requeue(job)
    assert list(stands.all()) == before


@pytest.mark.parametrize("kind", SUBJECTS)
def test_a_subject_that_went_meanwhile_is_no_trouble(kind, people, chat, say):
    subject, stands = SUBJECTS[kind](people, chat, say)
    job = set_aside(kind, subject)
    stands.model.objects.all().delete()
    assert queue.requeue(job)


def test_a_retry_puts_back_what_failed_and_nothing_else(people, chat, say):
    subject, stands = an_export(people, chat, say)
    job = set_aside("export", subject)
    Export.objects.update(status="gone")
    assert queue.requeue(job)
    assert stands.get()[0] == "gone"


DONE = {"turn": {"turn": "done"}, "report": {"status": "ready"}}


@pytest.mark.parametrize("kind", DONE)
def test_what_has_succeeded_since_is_not_done_again(kind, people, chat, say):
    subject, stands = SUBJECTS[kind](people, chat, say)
    job = set_aside(kind, subject)
    stands.update(**DONE[kind])
    told = retried(people, job)
    assert "Nothing to try again" in told.text
    row = Job.objects.get(pk=job.pk)
    assert (row.status, row.error) == (Job.Status.DONE, "") and row.finished_at
    assert list(stands.all()) == list(DONE[kind].values())
    assert not queue.claim(job.lane, "worker")
    assert "Nothing to try again" not in retried(people, queue.enqueue(kind, subject)).text


@pytest.mark.parametrize("kind", DONE)
def test_what_waits_for_another_job_is_not_queued_twice(kind, people, chat, say):
    subject, stands = SUBJECTS[kind](people, chat, say)
    job = set_aside(kind, subject)
    stands.update(**dict.fromkeys(DONE[kind], "pending"))
    other = queue.enqueue(kind, subject)
    assert not queue.requeue(job)
    assert [row.pk for row in queue.claim(job.lane, "worker")] == [other.pk]


@pytest.mark.parametrize("kind", DONE)
def test_what_still_waits_since_giving_up_broke_is_tried(kind, people, chat, say):
    subject, stands = SUBJECTS[kind](people, chat, say)
    job = set_aside(kind, subject)
    stands.update(**dict.fromkeys(DONE[kind], "pending"))
    assert queue.requeue(job)
    assert [row.pk for row in queue.claim(job.lane, "worker")] == [job.pk]


def retried(people, job: Job):
    admin = Client()
    admin.force_login(people.admin)
    return admin.post(reverse("jobs:retry", args=[job.pk]), follow=True)


def test_where_it_cannot_be_put_back_the_job_stays_aside(people, chat, say, monkeypatch):
    subject, stands = a_report(people, chat, say)
    job = set_aside("report", subject)
    monkeypatch.setattr(ChatEvent, "append", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        queue.requeue(job)
    assert Job.objects.get(pk=job.pk).is_set_aside
    assert list(stands.all()) == ["failed"]


def test_the_button_really_has_it_done(people, chat, say, drain):
    admin = Client()
    admin.force_login(people.admin)

    def again(kind, subject):
        job = set_aside(kind, subject)
        admin.post(reverse("jobs:retry", args=[job.pk]))
        drain()

    again("transcript", brought := a_transcript(people, chat, say)[0])
    counselor = Message.objects.filter(chat=brought, role="counselor")
    assert set(counselor.values_list("turn", flat=True)) == {"done"}
    assert Tagging.objects.filter(message__in=counselor).count() == counselor.count() > 0
    again("export", an_export(people, chat, say)[0])
    assert Export.objects.get().status == "ready"
