"""A tag that barely passed its threshold is shown as perhaps: for tags of the version that serves, until a
trainer has spoken."""

from __future__ import annotations

import pytest

from skills import tags
from skills.models import Correction, SkillTag, Tagging
from skills.tagger.card import read_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def tagged(say, drain, monkeypatch):
    """A message with an open question over its threshold by a hair."""
    card = read_card() | {"margin": 0.2}
    monkeypatch.setattr(tags, "read_card", lambda: card)
    message = say("What has been the hardest part of this week?")
    drain("live")
    threshold = card["codes"]["open_question"]["threshold"]
    SkillTag.objects.filter(tagging__message=message, code="open_question").update(
        probability=threshold + 0.01
    )
    return message


def view(message):
    [found] = [tag for tag in tags.tag_views([message])[message.pk] if tag.code == "open_question"]
    return found


def test_near_the_threshold_is_unsure_and_far_from_it_is_not(tagged):
    assert view(tagged).unsure
    SkillTag.objects.filter(tagging__message=tagged, code="open_question").update(probability=0.99)
    assert not view(tagged).unsure


def test_of_another_versions_tags_nothing_is_said(tagged):
    Tagging.objects.filter(message=tagged).update(version="tagger-other")
    assert not view(tagged).unsure


def test_a_trainers_word_settles_it(tagged, people):
    Correction.objects.create(message=tagged, code="open_question", action="add", trainer=people.trainer)
    assert not view(tagged).unsure


def test_the_page_says_perhaps(tagged, client, people):
    client.force_login(people.volunteer)
    assert "perhaps" in client.get(f"/chats/{tagged.chat_id}/").content.decode()
