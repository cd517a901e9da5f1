"""The admin's pages of the tagger's versions; switching and going back, and who notices."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.urls import reverse
from django.utils import timezone

from peersupport.audit.models import AuditEvent
from peersupport.jobs import queue
from peersupport.jobs.models import Job
from skills.gold import runs, serving
from skills.models import TaggerSwitch, TaggerTraining, Tagging
from skills.tagger import load_tagger
from skills.tagger.card import WEIGHTS, read_card, weights_folder
from tests.skills.trainings import figures, finished_training

PAGE, TRAIN, UNDO = (reverse(f"skills:tagger-{name}") for name in ("versions", "train", "undo"))
HTMX = {"HX-Request": "true"}
SHIPPED = read_card(WEIGHTS)["version"]


@pytest.fixture(autouse=True)
def own_place(settings, tmp_path, monkeypatch):
    """No test leaves a version that serves the others."""
    settings.DATA_DIR = tmp_path
    monkeypatch.delenv("TAGGER_WEIGHTS", raising=False)


@pytest.fixture
def admin(client, people, django_capture_on_commit_callbacks):
    """post(address), with what follows the commit; and the page's text."""
    client.force_login(people.admin)

    def ask(address: str = PAGE, *, post: bool = False, **headers) -> str:
        if not post:
            return client.get(address, headers=headers).content.decode()
        with django_capture_on_commit_callbacks(execute=True):
            answer = client.post(address)
        assert (answer.status_code, answer["Location"]) == (302, PAGE)
        return client.get(PAGE).content.decode()

    return ask


def switch_of(training) -> str:
    return reverse("skills:tagger-switch", args=[training.pk])


def test_without_gold_it_says_what_to_do_and_offers_nothing(admin):
    shown = admin()
    assert f"<strong>{SHIPPED}</strong> serves." in shown
    assert "0 messages that may be learnt from; 30 are needed" in shown
    assert f'action="{TRAIN}"' not in shown and f'action="{UNDO}"' not in shown
    assert "Nobody has switched" in shown
    assert "30 are needed" in admin(TRAIN, post=True)
    assert not TaggerTraining.objects.exists()


def test_a_version_is_shown_with_old_and_new_figures_and_their_intervals(admin, people):
    training = finished_training(people.admin)
    shown = admin()
    for part in (
        training.name,
        "124 messages",
        "31 chats",
        "0.790",
        "0.821",
        "[+0.011; +0.051]",
        "Beats it.",
    ):
        assert part in shown
    shown = admin(reverse("skills:tagger-version", args=[training.pk]))
    assert shown.count("+0.031") == 22 and "60 of them coded by two trainers" in shown


def test_a_switch_is_noticed_by_the_next_job_without_a_restart(admin, people, say, drain):
    training = finished_training(people.admin, whole=True)
    first = say("What was hardest for you this week?")
    drain("live")
    assert f"<strong>{training.name}</strong> serves." in admin(switch_of(training), post=True)
    assert read_card()["version"] == load_tagger().version == training.name
    second = say("You kept going all the same.")
    drain("live")
    versions = dict(Tagging.objects.values_list("message_id", "version"))
    assert (versions[first.pk], versions[second.pk]) == (SHIPPED, training.name)
    [made] = TaggerSwitch.objects.all()
    assert (made.before, made.after, made.person) == (None, training.made, people.admin)
    [line] = AuditEvent.objects.filter(verb="tagger_switch")
    assert (line.actor_id, line.object_kind, line.object_id) == (
        people.admin.pk,
        "taggerswitch",
        str(made.pk),
    )


def test_undo_goes_back_step_by_step(admin, people):
    one = finished_training(people.admin, whole=True)
    admin(switch_of(one), post=True)
    two = finished_training(people.admin, whole=True)
    assert two.parent == one.name
    admin(switch_of(two), post=True)
    assert f"Undo: back to {one.name}" in admin()
    admin(UNDO, post=True)
    assert read_card()["version"] == one.name
    assert f"<strong>{SHIPPED}</strong> serves." in admin(UNDO, post=True)
    assert weights_folder() == WEIGHTS
    assert "There is no switch to take back" in admin(UNDO, post=True)
    assert AuditEvent.objects.filter(verb="tagger_undo").count() == 2
    shown = admin()
    assert shown.count("went back to") == 2 and shown.count("switched on <strong>") == 2
    assert f"<strong>{one.name}</strong> serves." in admin(switch_of(one), post=True)


def refused(admin, training, words: str) -> None:
    before = weights_folder()
    assert words in admin(switch_of(training), post=True)
    assert weights_folder() == before
    assert not AuditEvent.objects.filter(verb="tagger_switch", object_id="").exists()


def test_what_does_not_beat_cannot_be_switched_on(admin, people):
    training = finished_training(people.admin, beats=False)
    shown = admin()
    assert "Does not beat it: its mean F1 is not higher" in shown
    assert switch_of(training) not in shown
    refused(admin, training, "does not beat")
    assert not TaggerSwitch.objects.exists()


def test_what_was_compared_with_another_version_cannot_be_switched_on(admin, people):
    one, two = (finished_training(people.admin, whole=True) for _ in range(2))
    admin(switch_of(one), post=True)
    refused(admin, two, f"It was compared with {SHIPPED}, but {one.name} serves")
    refused(admin, one, "It serves already")


def test_damaged_weights_cannot_be_switched_on(admin, people):
    training = finished_training(people.admin, whole=True)
    (serving.home() / training.name / "tagger.onnx").write_bytes(b"cut short")
    refused(admin, training, "gone or damaged")


def test_the_environment_goes_first(admin, people, monkeypatch):
    training = finished_training(people.admin, whole=True)
    monkeypatch.setenv("TAGGER_WEIGHTS", str(WEIGHTS))
    refused(admin, training, "TAGGER_WEIGHTS names the weights")


def test_a_version_that_is_better_by_little_says_so(admin, people):
    training = finished_training(people.admin)
    found = figures()
    found["comparison"]["mean"]["ci"] = [-0.002, 0.06]
    TaggerTraining.objects.filter(pk=training.pk).update(figures=found)
    assert "By so little that it may be chance." in admin()


def test_progress_is_polled_until_the_page_is_new(admin, people):
    training = TaggerTraining.objects.create(asked_by=people.admin, parent=SHIPPED)
    job = queue.enqueue(runs.TRAIN, training.pk)
    assert "It waits for the batch worker." in admin()
    Job.objects.filter(pk=job.pk).update(
        status="running", progress=0.42, checkpoint={"stage": "reading the messages"}
    )
    shown = admin(**HTMX)
    assert "<html" not in shown and 'hx-trigger="every 3s"' in shown
    assert "42 %: reading the messages." in shown
    Job.objects.filter(pk=job.pk).update(status="quarantined", error="OSError\nx.py:1")
    assert admin(**HTMX) == ""
    words = "was set aside after repeated failures (OSError)."
    assert f'data-said="Job {job.pk} {words}"' in admin()
    Job.objects.filter(pk=job.pk).update(status="done")
    assert f'data-said="{training.name}: Done"' in admin()
    TaggerTraining.objects.update(error="The disk is full.")
    assert re.findall('data-said="([^"]*)"', admin()) == ["The disk is full."]


def test_the_sweeper_mends_a_switch_that_was_cut_short(people):
    training = finished_training(people.admin, whole=True)
    (serving.home() / ".part-77").mkdir()
    type(training.made).objects.update(active=True)
    assert weights_folder() == WEIGHTS
    serving.chore()
    assert read_card()["version"] == training.name
    assert not (serving.home() / ".part-77").exists()
    type(training.made).objects.update(active=False)
    serving.chore()
    assert weights_folder() == WEIGHTS


def test_the_sweeper_leaves_the_folder_of_a_training_that_begins_while_it_looks(people, monkeypatch):
    real, begun = Path.glob, []

    def glob(path, pattern):
        if not begun:
            training = TaggerTraining.objects.create()
            queue.enqueue(runs.TRAIN, training.pk)
            [job] = queue.claim("batch", "worker")
            begun.append(serving.part_folder(training.pk, job.lease_token))
            begun[0].mkdir(parents=True)
        return real(path, pattern)

    monkeypatch.setattr(Path, "glob", glob)
    serving.chore()
    assert begun[0].is_dir()
    serving.chore()
    assert begun[0].is_dir()


def test_of_a_training_that_is_tried_again_or_set_aside_the_sweeper_takes_what_was_written(people):
    training = TaggerTraining.objects.create()
    queue.enqueue(runs.TRAIN, training.pk)
    [first] = queue.claim("batch", "frozen")
    Job.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    queue.sweep()
    Job.objects.update(available_at=queue.in_seconds(-1))
    [second] = queue.claim("batch", "next")
    folders = [serving.part_folder(training.pk, job.lease_token) for job in (first, second)]
    for folder in folders:
        folder.mkdir(parents=True)
    serving.chore()
    assert [folder.is_dir() for folder in folders] == [False, True]
    second.attempts = 99
    queue.fail(second, "an error")
    assert Job.objects.get().is_set_aside
    serving.chore()
    assert not folders[1].exists()


def test_the_sweeper_names_no_version_whose_files_are_gone(people, caplog):
    training = finished_training(people.admin)
    type(training.made).objects.update(active=True)
    assert not serving.home().exists()
    serving.chore()
    assert weights_folder() == WEIGHTS
    assert f"the files of {training.name} are gone" in caplog.text


@pytest.mark.parametrize("name", ["../elsewhere", "/etc", "", "a b", ".part-1"])
def test_the_file_names_a_folder_beside_it_and_nothing_else(name):
    serving.home().mkdir(parents=True)
    (serving.home() / "serving").write_text(name)
    assert weights_folder() == WEIGHTS


def test_the_page_of_the_tagger_leads_here_and_describes_an_own_version(admin, people):
    assert f'href="{PAGE}"' in admin(reverse("skills:tagger"))
