"""Demo data come through the real pipeline, and go away without a trace."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from feedback.models import SessionReport
from feedback.replies import wording
from peersupport.management.commands import up
from peersupport.people.models import Cohort, User
from peersupport.practice.models import ChatEvent, Message, PracticeChat
from skills.models import SkillTag, Tagging


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
    for model in (User, Cohort, PracticeChat, Message, ChatEvent, Tagging, SkillTag, SessionReport):
        assert not model.objects.exists(), model.__name__


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
