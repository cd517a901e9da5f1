"""Demo data come through the real pipeline, and go away without a trace."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from feedback.models import SessionReport
from feedback.replies import wording
from peersupport.audit.models import AuditEvent
from peersupport.demo.data import PASSWORD
from peersupport.jobs.models import Job
from peersupport.management.commands import up
from peersupport.people import demo, erasure
from peersupport.people.models import Cohort, Membership, User
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import SkillTag, Tagging


@pytest.fixture(autouse=True)
def apart(settings, tmp_path, monkeypatch):
    """The list of the erased lies in a folder of its own; VACUUM is not for a test's transaction."""
    settings.DATA_DIR = tmp_path
    monkeypatch.setattr(erasure, "tidy", lambda: None)


@pytest.mark.django_db
def test_loaded_once_and_removed_whole(content, capsys):
    call_command("load_demo")
    assert User.objects.count() == 5
    assert {chat.status for chat in PracticeChat.objects.all()} == {"ended"}
    assert {report.status for report in SessionReport.objects.all()} == {"ready"}
    own = Message.objects.filter(role="counselor")
    assert own.count() == Tagging.objects.count() == 13
    assert set(own.values_list("turn", flat=True)) == {"done"}
    with pytest.raises(CommandError, match="--remove"):
        call_command("load_demo")
    call_command("load_demo", remove=True)
    for model in (User, Cohort, PracticeChat, Message, ChatEvent, Tagging, SkillTag, SessionReport, Job):
        assert not model.objects.exists(), model.__name__
    assert AuditEvent.objects.filter(verb="erase").count() == 5
    said = capsys.readouterr().out
    assert "removed 5 demo people" in said and "first_admin" in said


@pytest.mark.django_db
def test_real_people_of_the_same_names_stay_with_all_they_have(people, chat, capsys):
    for name, username in (("volunteer", "paul"), ("admin", "ada"), ("trainer", "tara")):
        User.objects.filter(username=name).update(username=username)
    with pytest.raises(CommandError, match="somebody else signs in as"):
        call_command("load_demo")
    call_command("load_demo", remove=True)
    assert "removed 0 demo people" in capsys.readouterr().out
    assert User.objects.count() == 6
    assert PracticeChat.objects.filter(pk=chat.pk).exists()
    assert Cohort.objects.count() == 2
    assert "Demo logins" not in Client().get(reverse("people:login")).content.decode()


@pytest.mark.django_db
def test_a_cohort_that_somebody_real_is_in_stays(capsys):
    north, south = Cohort.objects.create(name="North"), Cohort.objects.create(name="South")
    real = User.objects.create_user(username="kim", role="volunteer")
    vera = User.objects.create_user(username="vera", role="volunteer", is_demo=True)
    for user, cohort in ((real, north), (vera, north), (vera, south)):
        Membership.objects.create(user=user, cohort=cohort)
    call_command("load_demo", remove=True)
    assert list(Cohort.objects.all()) == [north]
    assert list(User.objects.all()) == [real]
    assert "cohort North" in capsys.readouterr().out


@pytest.mark.django_db
def test_the_sign_in_page_names_demo_logins_while_there_are_some_and_on_one_machine_only(settings):
    def shown() -> bool:
        return "Demo logins" in Client().get(reverse("people:login")).content.decode()

    assert not shown()
    demo_person = User.objects.create_user(username="vera", is_demo=True)
    assert shown()
    settings.IS_LOCAL = False
    assert not shown()
    settings.IS_LOCAL = True
    demo_person.delete()
    User.objects.create_user(username="vera")
    assert not shown()


@pytest.mark.django_db
def test_the_upgrade_marks_whom_an_earlier_version_loaded_and_nobody_real():
    made = {
        "vera": User.objects.create_user("vera", password=PASSWORD, first_name="Vera"),
        "paul": User.objects.create_user("paul", password="a-long-password", first_name="Paul"),
        "ada": User.objects.create_user("ada", password=PASSWORD, first_name="Adelheid"),
        "kim": User.objects.create_user("kim", password=PASSWORD, first_name="Vera"),
    }
    import_module("peersupport.migrations.0011_demo_people").mark(apps, None)
    assert list(demo.people()) == [made["vera"]]


@pytest.mark.django_db
def test_the_seeker_answers_every_message_as_written_whatever_words_lines_elsewhere(
    content, settings, tmp_path
):
    settings.SEEKER_WORDING, settings.COACH_MODEL = True, str(tmp_path / "no-model")
    assert wording.is_on()
    call_command("load_demo")
    answered = Message.objects.filter(role="seeker", idempotency_key__startswith="reply:")
    assert answered.count() == Message.objects.filter(role="counselor").count() == 13
    assert settings.SEEKER_WORDING is True


@pytest.mark.django_db
def test_without_scenarios_it_says_what_to_do():
    with pytest.raises(CommandError, match="sync_content"):
        call_command("load_demo")


@pytest.mark.django_db
def test_demo_people_come_by_themselves_on_one_machine_only(settings):
    assert up.Command()._wants_demo() is True
    settings.IS_LOCAL = False
    assert up.Command()._wants_demo() is False
