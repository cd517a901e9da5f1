"""Consent per purpose and sharing: off unless chosen, each change on the record, kept by every door."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from peersupport.audit.models import AuditEvent
from peersupport.people import access, consents, erasure, own_data
from peersupport.people.models import Consent
from peersupport.practice import chats, tries
from peersupport.practice.models import PracticeChat


@pytest.fixture
def volunteer(people) -> Client:
    client = Client()
    client.force_login(people.volunteer)
    return client


def choose(client, **data):
    return client.post(reverse("people:own-choices"), data)


def test_nothing_is_agreed_to_by_default(people, volunteer):
    assert not any(consents.consenting(purpose).exists() for purpose in Consent.Purpose)
    page = volunteer.get(reverse("people:own-data")).content.decode()
    assert page.count("off unless you switch it on") == 2
    assert "checked" not in page


def test_a_yes_counts_until_it_is_withdrawn_and_both_stay_on_the_record(people, volunteer):
    choose(volunteer, agree=["research"])
    assert list(consents.consenting("research")) == [people.volunteer]
    assert not consents.consenting("tagger").exists()
    choose(volunteer, agree=["research"])  # said twice is one yes
    choose(volunteer)
    assert not consents.consenting("research").exists()
    [row] = Consent.objects.all()
    assert row.version == consents.VERSION and row.withdrawn_at > row.given_at
    verbs = AuditEvent.objects.filter(object_kind="consent").values_list("verb", flat=True)
    assert list(verbs) == ["consent_given", "consent_withdrawn"]
    file = "".join(own_data.as_json(people.volunteer))
    assert '"purpose": "research"' in file and '"did": "consent_withdrawn"' in file
    erasure.erase_now(people.volunteer, by=None)
    assert not Consent.objects.exists()


def test_a_yes_to_other_words_is_none_to_these(people, monkeypatch):
    consents.choose(people.volunteer, agreed=["research"])
    monkeypatch.setattr(consents, "VERSION", "2")
    assert not consents.consenting("research").exists()
    consents.choose(people.volunteer, agreed=["research"])
    assert list(consents.consenting("research")) == [people.volunteer]
    assert Consent.objects.filter(withdrawn_at=None).count() == 1


def test_purposes_that_do_not_exist_are_not_kept(volunteer):
    choose(volunteer, agree=["everything", "tagger"])
    assert list(Consent.objects.values_list("purpose", flat=True)) == ["tagger"]


def test_where_the_organisation_decides_sharing_is_stated_and_not_chosen(people, volunteer, chat):
    page = volunteer.get(reverse("people:own-data")).content.decode()
    assert "this organisation has decided so" in page and 'name="share"' not in page
    assert "trainer" in page and "other_trainer" not in page  # by name: those who may read now
    choose(volunteer)
    people.volunteer.refresh_from_db()
    assert people.volunteer.shares_new_chats
    chats.end_chat(chat)
    assert chat in access.chats_for_user(people.trainer)


def test_a_chat_that_is_not_shared_does_not_exist_for_trainers(people, volunteer, chat, settings):
    settings.VOLUNTEERS_CHOOSE_SHARING = True
    assert 'name="share"' in volunteer.get(reverse("people:own-data")).content.decode()
    choose(volunteer)
    people.volunteer.refresh_from_db()
    kept = chats.start_chat(people.volunteer, chat.scenario)
    for one in (chat, kept):
        chats.end_chat(one)
    trainer = Client()
    trainer.force_login(people.trainer)
    for name in ("practice:chat", "feedback:report", "practice:events"):
        assert trainer.get(reverse(name, args=[kept.pk])).status_code == 404
        assert volunteer.get(reverse(name, args=[kept.pk])).status_code == 200
    assert trainer.post(reverse("feedback:note", args=[kept.pk]), {"text": "x"}).status_code == 404
    assert list(access.chats_for_user(people.trainer)) == [chat]  # begun before: stays shared
    choose(volunteer, share="on")
    people.volunteer.refresh_from_db()
    shared = chats.start_chat(people.volunteer, chat.scenario)
    chats.end_chat(shared)
    assert shared in access.chats_for_user(people.trainer)
    assert kept not in access.chats_for_user(people.trainer)
    settings.VOLUNTEERS_CHOOSE_SHARING = False
    assert kept not in access.chats_for_user(people.trainer)  # what was promised then holds
    verbs = AuditEvent.objects.filter(verb__startswith="sharing").values_list("verb", flat=True)
    assert list(verbs) == ["sharing_off", "sharing_on"]


def test_before_a_chat_begins_its_volunteer_reads_who_can_read_it_afterwards(people, volunteer, settings):
    def page() -> str:
        return volunteer.get(reverse("practice:scenarios")).content.decode()

    people.trainer.first_name = "Gwendolyn"
    people.trainer.save()
    assert "these trainers can read it with its report: Gwendolyn." in page()
    settings.VOLUNTEERS_CHOOSE_SHARING = True
    choose(volunteer)
    assert "No trainer reads what you begin now" in page() and "Gwendolyn" not in page()
    choose(volunteer, share="on")
    people.trainer.memberships.update(until=timezone.now())
    assert "You have no trainer at present" in page() and "Gwendolyn" not in page()


def test_no_way_of_making_a_chat_forgets_the_choice(people, chat, settings):
    settings.VOLUNTEERS_CHOOSE_SHARING = True
    people.volunteer.shares_new_chats = False
    made = PracticeChat.objects.create(volunteer=people.volunteer, scenario=chat.scenario, seed=1)
    assert made.shared is False


def test_another_try_of_a_chat_that_is_not_shared_is_not_shared_either(people, chat, settings, say, drain):
    """It repeats what was said there."""
    message = say("What weighs on you most?")
    drain()
    chats.end_chat(chat)
    PracticeChat.objects.filter(pk=chat.pk).update(shared=False)
    for choosing in (True, False):
        settings.VOLUNTEERS_CHOOSE_SHARING = choosing
        branch = tries.try_again(message)
        chats.post_message(branch, text="What would help?", key=f"k{choosing}")
        chats.end_chat(branch)
        assert branch.shared is False
        assert not access.chats_for_user(people.trainer).exists()
