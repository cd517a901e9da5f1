"""Demo data in one click, and a clean way to remove them: on the admins' page, as jobs."""

from __future__ import annotations

import re
import threading
from types import SimpleNamespace

import pytest
from django.test import Client
from django.urls import reverse

from peersupport.audit.models import AuditEvent
from peersupport.demo import data, jobs
from peersupport.jobs import running
from peersupport.jobs.models import Job, Lane
from peersupport.jobs.queue import StoppedError
from peersupport.people import demo, erasure
from peersupport.people.models import Cohort, Membership, User
from peersupport.practice.models import Message, PracticeChat

PAGE, CHANGE = reverse("organisation:settings"), reverse("organisation:demo")
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def apart(settings, tmp_path, monkeypatch):
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(erasure, "tidy", lambda: None)
    # What the live worker beside it does.
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: running.drain_lane(Lane.LIVE, worker="test"))


@pytest.fixture
def real(content) -> User:
    return User.objects.create_user(username="kim", password="a-long-password", role="admin")


@pytest.fixture
def admin(real) -> Client:
    client = Client()
    client.force_login(real)
    return client


def told(client: Client, **fields) -> str:
    return client.post(CHANGE, fields, follow=True).text


def test_one_click_loads_them_and_another_removes_them_and_nobody_else(admin, real, drain):
    assert "Load demo data" in admin.get(PAGE).text
    text = told(admin, do="load")
    assert "Demo data are being loaded." in text and 'hx-trigger="every 3s"' in text
    assert 'class="note note-success">Demo data are being loaded.' in text
    assert "/organisation/?again#demo" in text  # to the address of the page itself a browser only scrolls
    assert "/organisation/#demo" in admin.get(PAGE + "?again").text
    assert "coming or going already" in told(admin, do="load")
    assert admin.post(CHANGE, {"do": "load"})["Location"] == "/organisation/#demo"
    admin.get(PAGE)  # shows what was said
    part = admin.get(PAGE, headers=HTMX).text
    assert part.startswith('<section id="demo"') and "<progress" in part
    drain("batch")
    assert demo.people().count() == 5
    ended = PracticeChat.objects.filter(status="ended", volunteer__is_demo=True)
    assert ended.count() == 3 and Message.objects.filter(role="counselor", turn="done").count() == 13
    shown = admin.get(PAGE, headers=HTMX).text
    assert "5 demo people are here" in shown and "with 3 chats" in shown and "every 3s" not in shown
    assert 'data-said="5 demo people are here, with 3 chats."' in shown
    assert "are here already" in told(admin, do="load")
    north = Cohort.objects.get(name="North")
    lee = User.objects.create_user(username="lee", role="volunteer")
    Membership.objects.create(user=lee, cohort=north)
    assert "tick that you are sure" in told(admin, do="remove") and demo.people().count() == 5
    assert "Demo data are being removed." in told(admin, do="remove", sure="1")
    drain("batch")
    assert set(User.objects.all()) == {real, lee} and list(Cohort.objects.all()) == [north]
    assert not PracticeChat.objects.exists()
    verbs = AuditEvent.objects.filter(verb__startswith="demo").values_list("verb", "actor_id")
    assert list(verbs.order_by("id")) == [("demo_load", real.pk), ("demo_remove", real.pk)]
    assert "No demo people are here" in admin.get(PAGE).text
    assert 'data-said="No demo people are here."' in admin.get(PAGE, headers=HTMX).text
    Job.objects.filter(kind="demo_remove").update(status="quarantined", error="OSError")
    [said] = re.findall('data-said="([^"]*)"', admin.get(PAGE, headers=HTMX).text)
    assert said.endswith("was set aside after repeated failures (OSError).")


def refused(client: Client, words: str, *, is_shown: bool = True) -> bool:
    shown = client.get(PAGE).text
    return (
        (words in shown) == ('id="demo"' in shown) == is_shown
        and "Load demo data</button>" not in shown
        and words in told(client, do="load")
        and not Job.objects.filter(kind="demo_load").exists()
        and not demo.people().exists()
    )


def test_they_are_not_loaded_where_others_are_served(admin, settings):
    settings.IS_LOCAL = False
    assert refused(admin, "others are served from this machine", is_shown=False)
    User.objects.create_user(username="ada", role="admin", is_demo=True)
    assert "1 demo person is here" in admin.get(PAGE).text  # and can be removed


def test_nor_beside_real_people(admin):
    lee = User.objects.create_user(username="lee", role="volunteer")
    assert refused(admin, "there are real people or chats")
    lee.delete()
    User.objects.create_user(username="ada", role="admin")
    assert refused(admin, "somebody real signs in as ada")


def test_what_changed_after_the_click_counts(admin, drain):
    told(admin, do="load")
    User.objects.create_user(username="lee", role="volunteer")
    drain("batch")
    assert not demo.people().exists() and Job.objects.get(kind="demo_load").status == "done"


def test_a_demo_person_does_not_remove_themselves_and_elsewhere_they_can_be_removed(admin, settings):
    ada = User.objects.create_user(username="ada", role="admin", is_demo=True)
    client = Client()
    client.force_login(ada)
    assert "You are a demo person yourself" in client.get(PAGE).text
    assert "You are a demo person yourself" in told(client, do="remove", sure="1")
    assert not Job.objects.filter(kind="demo_remove").exists()
    settings.IS_LOCAL = False
    assert "Demo data are being removed." in told(admin, do="remove", sure="1")


def test_a_load_that_was_stopped_begins_anew_and_leaves_nothing_twice(admin, drain):
    told(admin, do="load")
    job = Job.objects.get(kind="demo_load")

    def checkpoint(job, *, progress, state=None):
        if state is not None:
            Job.objects.filter(pk=job.pk).update(checkpoint=state)

    stopping = SimpleNamespace(is_set=lambda: True)
    found = jobs.load([job], SimpleNamespace(stopping=stopping, checkpoint=checkpoint))
    assert isinstance(found[job.pk], StoppedError) and demo.people().count() == 5
    drain("batch")
    assert demo.people().count() == 5 and data.chats_held() == 3
    assert Message.objects.filter(role="counselor").count() == 13


def test_where_no_worker_answers_it_says_so(admin, drain, monkeypatch):
    monkeypatch.setattr(jobs, "ANSWER_SECONDS", -1)
    Job.objects.all().delete()
    told(admin, do="load")
    job = Job.objects.get(kind="demo_load")
    context = SimpleNamespace(checkpoint=lambda *given, **more: None, stopping=threading.Event())
    with pytest.raises(TimeoutError, match="no live worker answered"):
        jobs.load([job], context)


def test_a_removal_that_was_killed_leaves_no_cohort(admin, drain, monkeypatch):
    told(admin, do="load")
    drain("batch", "live", "coach", "batch")
    told(admin, do="remove", sure="1")
    gone, real = [], erasure.erase_now

    def keep(job, *, progress, state=None):
        if state is not None:
            Job.objects.filter(pk=job.pk).update(checkpoint=state)

    def killed_at_the_end(user, *, by):
        real(user, by=by)
        gone.append(user.pk)
        if not demo.people().exists():
            raise SystemExit

    monkeypatch.setattr(demo.erasure, "erase_now", killed_at_the_end)
    context = SimpleNamespace(checkpoint=keep, stopping=threading.Event())
    with pytest.raises(SystemExit):
        jobs.remove([Job.objects.get(kind="demo_remove")], context)
    assert len(gone) == 5 and Cohort.objects.exists()
    monkeypatch.setattr(demo.erasure, "erase_now", real)
    drain("batch")
    assert not Cohort.objects.exists()


def test_nobody_is_a_demo_person_where_others_are_served(settings, client, db):
    ada = User.objects.create_user(username="ada", password="practice-room", role="admin", is_demo=True)
    given = {"username": "ada", "password": "practice-room"}
    assert client.post("/login/", given).status_code == 302
    assert client.get("/people/").status_code == 200
    settings.IS_LOCAL = False
    assert client.get("/people/").status_code == 302
    assert client.post("/login/", given).status_code == 200
    assert client.get("/people/").status_code == 302
    assert User.objects.get(pk=ada.pk).is_active
