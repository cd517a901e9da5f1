"""A chat is erased while workers close its jobs: nobody waits for ever, and no job of it is left."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, transaction

from peersupport.jobs import queue
from peersupport.jobs.models import Job
from peersupport.people import erasure
from peersupport.practice import deleting
from peersupport.practice.models import PracticeChat

pytestmark = pytest.mark.usefixtures("list_of_its_own")


WAYS = {
    "erased": lambda chat, people: erasure.erase_now(people.volunteer, by=None),
    "deleted": lambda chat, people: deleting.delete(chat, by=people.volunteer),
    "again": lambda chat, people: erasure._chat_again(str(chat.pk)),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", WAYS)
def test_a_worker_that_closes_a_job_without_a_key_and_an_erasure_do_not_wait_for_each_other(
    way, people, chat
):
    queue.enqueue("certificate", chat.pk)
    [job] = queue.claim("coach", "worker")
    holds, errors = threading.Event(), []

    def apply():
        holds.set()
        time.sleep(0.5)  # until the other one has locked what it locks first
        list(PracticeChat.objects.select_for_update().filter(pk=chat.pk))

    def close():
        try:
            queue.close(job, apply)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    worker = threading.Thread(target=close)
    worker.start()
    assert holds.wait(10)
    try:
        WAYS[way](chat, people)
    finally:
        worker.join(10)
    assert errors == []
    assert not PracticeChat.objects.exists() and not Job.objects.exists()


def test_a_job_that_comes_between_the_two_locks_is_locked_before_the_chat(db, chat, monkeypatch):
    queue.enqueue("certificate", chat.pk)
    real, asked = erasure._jobs_of, []

    def jobs_of(chat_id):
        asked.append(chat_id)
        return real(chat_id) if len(asked) > 1 else Job.objects.none()

    monkeypatch.setattr(erasure, "_jobs_of", jobs_of)
    with transaction.atomic():
        assert erasure.lock_chat(chat.pk) == chat
        assert len(asked) == 4
        assert erasure.lock_chat(PracticeChat().pk) is None


def test_the_jobs_of_a_chat_are_found_without_reading_them_all(db, chat):
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
    plan = erasure._jobs_of(chat.pk).explain()
    assert "job_by_key" in plan and "job_subject" in plan, plan
