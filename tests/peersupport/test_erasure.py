"""Erasing a person: the account closes at once, a job takes everything away, a list outlives restores."""

from __future__ import annotations

import threading
import uuid

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.signals import pre_delete
from django.test import Client
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue, running
from peersupport.jobs.models import Job
from peersupport.people import access, erasure, erasure_list, passwords, sessions
from peersupport.people.models import Membership, Role, User
from peersupport.practice.models import ChatEvent, Message, PracticeChat, SeekerStateRecord
from skills.models import Correction, Tagging
from skills.review.corrections import correct_tags

pytestmark = pytest.mark.usefixtures("list_of_its_own")

PASSWORD = "a-long-password"
SIZE = "SELECT page_count * page_size"
THEIRS = [PracticeChat, Message, ChatEvent, SeekerStateRecord, Tagging, Correction]


@pytest.fixture
def signed_in(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


def counts() -> list[int]:
    return [model.objects.count() for model in THEIRS]


def erase(user) -> None:
    for _ in erasure._erase(user.pk):
        pass


def test_the_account_closes_at_once(people, chat, signed_in):
    answer = signed_in.post(reverse("people:erase-own"), {"password": PASSWORD})
    assert answer["Location"] == reverse("people:login")
    assert "Your account is closed" in signed_in.get(answer["Location"]).content.decode()
    assert signed_in.get(reverse("practice:chats")).status_code == 302
    again = Client().post(reverse("people:login"), {"username": "volunteer", "password": PASSWORD})
    assert "do not fit together" in again.content.decode()
    assert not access.chats_for_user(people.trainer).exists()
    [job] = Job.objects.filter(kind="erase")
    assert (job.lane, job.subject) == ("batch", str(people.volunteer.pk))
    [line] = AuditEvent.objects.filter(verb="erase")
    assert (line.actor_id, line.object_id) == (people.volunteer.pk, str(people.volunteer.pk))


def test_a_wrong_password_erases_nothing(people, chat, signed_in):
    answer = signed_in.post(reverse("people:erase-own"), {"password": "guess"})
    assert answer.status_code == 400
    assert "That is not your password" in answer.content.decode()
    people.volunteer.refresh_from_db()
    assert people.volunteer.is_active
    assert not Job.objects.filter(kind="erase").exists()


def test_of_a_password_no_more_is_hashed_than_anybody_types(people, signed_in, monkeypatch):
    asked = []
    monkeypatch.setattr(
        "django.contrib.auth.backends.ModelBackend.authenticate",
        lambda self, request, username=None, password=None, **more: asked.append(len(password)),
    )
    assert signed_in.post(reverse("people:erase-own"), {"password": "x" * 500_000}).status_code == 400
    assert asked and set(asked) == {passwords.LONGEST}


def test_guessing_the_password_here_is_limited_as_at_the_sign_in(people, signed_in, settings):
    answers = [
        signed_in.post(reverse("people:erase-own"), {"password": f"guess {number}"})
        for number in range(settings.AXES_FAILURE_LIMIT)
    ]
    assert answers[-1].status_code == 429
    assert signed_in.post(reverse("people:erase-own"), {"password": PASSWORD}).status_code == 429


def test_everything_goes_and_others_keep_theirs(people, chat, say, drain, signed_in):
    from peersupport.practice import chats
    from peersupport.practice.models import Scenario

    other = chats.start_chat(people.peer, Scenario.objects.filter(active=True).first())
    before = counts()
    message = say("What matters most to you in all of this?")
    drain()
    correct_tags(message, codes=["affirm"], trainer=people.trainer, note="note")
    chats.end_chat(chat)
    drain()
    Client().post(reverse("people:login"), {"username": "volunteer", "password": "wrong"})
    erasure.erase_now(people.volunteer, by=people.admin)
    assert not User.objects.filter(username="volunteer").exists()
    assert PracticeChat.objects.get() == other
    assert counts()[1:] == [before[1] - 1, before[2] - 1, before[3] - 1, 0, 0]
    with connection.cursor() as cursor:
        for table in ("axes_accessattempt", "django_session", "feedback_sessionreport", "peersupport_job"):
            cursor.execute(f"SELECT count(*) FROM {table}")
            assert (table, cursor.fetchone()[0]) == (table, 0)
    assert Membership.objects.filter(cohort__name="North").count() == 2


def test_corrections_by_an_erased_trainer_stay_without_the_name(people, say, drain):
    message = say("What matters most to you in all of this?")
    drain()
    correct_tags(message, codes=["affirm"], trainer=people.trainer)
    erasure.erase_now(people.trainer, by=None)
    assert Correction.objects.exists()
    assert not Correction.objects.exclude(trainer=None).exists()


@pytest.mark.parametrize("kind", ["turn", "report"])
def test_a_worker_that_holds_a_job_of_an_erased_chat_writes_nothing(kind, people, chat, say):
    from peersupport.jobs import registry
    from peersupport.practice import chats

    say("What matters most to you in all of this?")
    if kind == "report":
        Job.objects.all().delete()
        chats.end_chat(chat)
    [job] = queue.claim(registry.get(kind).lane, "slow worker")
    late = registry.get(kind).load_run()([job], None)[job.pk]
    erasure.erase_now(people.volunteer, by=None)
    assert not queue.heartbeat(job)
    with pytest.raises(queue.LeaseLostError):
        queue.close(job, late)
    queue.fail(job, "an error")
    late()  # even without the fence
    assert counts() == [0] * len(THEIRS)
    assert not Job.objects.exists()


def test_an_interrupted_erasure_is_taken_up_again(people, chat):
    erasure.ask(people.volunteer, by=people.volunteer)
    steps = erasure._erase(people.volunteer.pk)
    next(steps)  # one chat gone, then the worker dies
    steps.close()
    assert User.objects.filter(pk=people.volunteer.pk, is_active=False).exists()
    erase(people.volunteer)
    erase(people.volunteer)
    assert not User.objects.filter(pk=people.volunteer.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_the_job_erases_and_tidies(people, chat, drain):
    erasure.ask(people.volunteer, by=people.volunteer)
    drain("batch")
    assert Job.objects.get(kind="erase").status == Job.Status.DONE
    assert not User.objects.filter(pk=people.volunteer.pk).exists()


@pytest.mark.parametrize("told_to_stop", [False, True])
def test_the_job_stops_between_chats_and_tidies_at_its_end(told_to_stop, people, chat, monkeypatch):
    tidied = []
    monkeypatch.setattr(erasure, "tidy", lambda: tidied.append(1))
    job = erasure.ask(people.volunteer, by=people.volunteer)
    context = running.Context(threading.Event())
    if told_to_stop:
        context.stopping.set()
    outcome = erasure.run([job], context)[job.pk]
    assert isinstance(outcome, queue.StoppedError) is told_to_stop
    assert tidied == ([] if told_to_stop else [1])
    assert not PracticeChat.objects.exists()
    assert User.objects.filter(pk=people.volunteer.pk).exists() is told_to_stop


def test_steps_of_upper_packages_run_with_the_persons_number(people, monkeypatch):
    seen = []
    monkeypatch.setattr(erasure, "_steps", [])
    erasure.register_step(seen.append)
    erasure.register_step(seen.append)
    erase(people.peer)
    assert seen == [people.peer.pk]


def test_steps_of_upper_packages_run_for_a_chat_before_it_goes(people, chat, monkeypatch):
    seen = []

    def step(pk, volunteer):
        seen.append((pk, volunteer, PracticeChat.objects.filter(pk=pk).exists()))

    monkeypatch.setattr(erasure, "_chat_steps", [])
    erasure.register_chat_step(step)
    erasure.register_chat_step(step)
    erasure.erase_chat(chat.pk)
    assert seen == [(chat.pk, people.volunteer.pk, True)]


class Checkpoints:
    """A connection to a file of so many bytes, whose checkpoints find a reader in their way so many times."""

    vendor = "sqlite"

    def __init__(self, busy: int, size: int = 4096) -> None:
        self.answers = [(size,)] + [(1, 0, 0)] * busy + [(0, 0, 0)]
        self.asked: list[str] = []

    def cursor(self):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *error) -> None:
        pass

    def execute(self, statement: str) -> None:
        self.asked.append(statement.split(" FROM")[0])

    def fetchone(self) -> tuple:
        return self.answers.pop(0)


def test_tidying_waits_for_readers_of_old_pages_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(erasure, "connection", some := Checkpoints(busy=2))
    erasure.tidy()
    assert some.asked == [SIZE, "VACUUM"] + ["PRAGMA wal_checkpoint(TRUNCATE)"] * 3
    monkeypatch.setattr(erasure, "CHECKPOINT_SECONDS", 0)
    monkeypatch.setattr(erasure, "connection", Checkpoints(busy=99))
    with pytest.raises(erasure.UnfinishedError):
        erasure.tidy()


def test_a_large_file_is_not_copied_while_others_wait(monkeypatch):
    monkeypatch.setattr(erasure, "connection", some := Checkpoints(0, size=erasure.VACUUM_MOST_BYTES + 1))
    erasure.tidy()
    assert some.asked == [SIZE, "PRAGMA wal_checkpoint(TRUNCATE)"]


def test_what_a_restore_brings_back_is_erased_again(people, chat):
    volunteer, joined = people.volunteer.pk, people.volunteer.date_joined
    erasure.erase_now(people.volunteer, by=None)
    back = User.objects.create_user(id=volunteer, username="volunteer", date_joined=joined)
    PracticeChat.objects.create(volunteer=back, scenario=chat.scenario, seed=1)
    # Somebody who got a number that was in use before the restore is not taken for the other.
    erasure.erase_now(people.peer, by=None)
    User.objects.create_user(id=people.peer.pk, username="new")
    assert erasure.again() == 1
    assert sorted(User.objects.filter(role=Role.VOLUNTEER).values_list("username", flat=True)) == [
        "new",
        "outsider",
    ]
    assert not PracticeChat.objects.exists()
    assert len(erasure_list.listed()) == 2
    assert erasure.again() == 0


def test_everybody_is_on_the_list_once(people):
    for user in (people.volunteer, people.peer):
        erasure.ask(user, by=user)
        erasure.ask(user, by=user)
    assert [line["person"] for line in erasure_list.listed()] == [people.volunteer.pk, people.peer.pk]


def test_a_chat_that_is_gone_already_is_no_trouble(people, chat):
    assert erasure.erase_chat(chat.pk)
    assert not erasure.erase_chat(chat.pk)


@pytest.mark.parametrize("status", ["queued", "done"])
def test_a_job_that_names_a_chat_by_its_key_alone_goes_too(status, people, chat):
    Job.objects.create(kind="canary", lane="live", ordering_key=chat.ordering_key, status=status)
    stays = Job.objects.create(kind="canary", lane="live", ordering_key="chat:of somebody else")
    erase(people.volunteer)
    assert Job.objects.get() == stays


def test_a_job_that_names_a_message_goes_with_its_chat(people, chat, say):
    message = say("What happened then?")
    Job.objects.all().delete()
    Job.objects.create(kind="turn", lane="live", subject=str(message.pk))
    stays = Job.objects.create(kind="turn", lane="live", subject=str(uuid.uuid4()))
    erasure.erase_chat(chat.pk)
    assert Job.objects.get() == stays


def test_the_only_admin_is_asked_to_name_another_first(people):
    client = Client()
    client.force_login(people.admin)
    answer = client.post(reverse("people:erase-own"), {"password": PASSWORD})
    assert answer.status_code == 400
    assert "You are the only admin" in answer.content.decode()
    User.objects.create_user(username="second", role=Role.ADMIN)  # invited, and no more
    assert client.post(reverse("people:erase-own"), {"password": PASSWORD}).status_code == 400
    User.objects.create_user(username="third", password=PASSWORD, role=Role.ADMIN)
    assert client.post(reverse("people:erase-own"), {"password": PASSWORD}).status_code == 302


def test_an_admin_erases_somebody_after_a_page_that_asks(people, chat):
    client = Client()
    client.force_login(people.admin)
    address = reverse("people:erase", args=[people.volunteer.pk])
    assert "1 chat" in client.get(address).content.decode()
    unticked = client.post(address)
    assert unticked.status_code == 400 and "Nothing was erased" in unticked.content.decode()
    assert User.objects.filter(pk=people.volunteer.pk, is_active=True).exists()
    assert client.post(address, {"sure": "1"})["Location"] == reverse("people:list")
    assert AuditEvent.objects.filter(verb="erase", actor_id=people.admin.pk).count() == 1
    own = reverse("people:erase", args=[people.admin.pk])
    assert client.post(own)["Location"] == reverse("people:erase-own")
    assert client.get(reverse("people:erase", args=[0])).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_the_command(people, chat, capsys, monkeypatch):
    with pytest.raises(CommandError, match="give one sign-in name, or --again"):
        call_command("erase_person")
    with pytest.raises(CommandError, match="nobody signs in as 'nobody'"):
        call_command("erase_person", "nobody")
    monkeypatch.setattr("builtins.input", lambda question: "peer")
    with pytest.raises(CommandError, match="the names differ"):
        call_command("erase_person", "volunteer")
    assert PracticeChat.objects.exists()
    call_command("erase_person", "volunteer", yes=True)
    assert "volunteer is erased, with 1 chats with 1 messages" in capsys.readouterr().out
    call_command("erase_person", again=True)
    assert "0 of 1 on the list" in capsys.readouterr().out


def session_of(user) -> str:
    client = Client()
    client.force_login(user)
    return client.session.session_key


@pytest.mark.django_db(transaction=True)
def test_sessions_are_read_while_others_write_and_none_that_came_meanwhile_stays(people, monkeypatch):
    theirs, others = session_of(people.volunteer), session_of(people.peer)
    late, locked = [], []
    read = sessions.of_person

    def watched(user_id):
        locked.append(connection.in_atomic_block)
        return read(user_id)

    def sign_in_late(sender, instance, **kwargs):
        late.append(session_of(instance))

    monkeypatch.setattr(sessions, "of_person", watched)
    pre_delete.connect(sign_in_late, sender=User)
    try:
        erasure.erase_now(people.volunteer, by=None)
    finally:
        pre_delete.disconnect(sign_in_late, sender=User)
    assert locked == [False, False]
    assert len({theirs, others, *late}) == 3
    assert list(Session.objects.values_list("pk", flat=True)) == [others]
