"""Own scenarios: who writes them, how they are saved, published, kept for running chats, and played."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from peersupport.audit.models import AuditEvent
from peersupport.authoring import publishing
from peersupport.authoring.models import ScenarioDraft, ScenarioLines
from peersupport.people import erasure, own_data
from peersupport.people.models import Cohort
from peersupport.practice import assignments, chats, scenarios
from peersupport.practice.models import Message, Scenario
from tests.peersupport.own_scenario import BODY, draft_of

SAID = [
    "Hello, thank you for writing.",
    "It sounds like the house has become very full for you.",
    "How old is your father?",
    "You kept going through all of it, and that took strength.",
    "What is that like for you?",
    "You should just talk to him.",
    "Part of you wants him near, and another part wants your house back.",
    "Are you thinking of ending your life?",
    "ok",
    "What would feel like a small step? It is entirely up to you.",
]


@pytest.fixture
def north(people):
    return Cohort.objects.get(name="North")


@pytest.fixture
def draft(people, north):
    return draft_of(north, people.trainer)


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_it_is_begun_saved_and_seen_by_the_cohorts_people_alone(people, north):
    trainer = as_(people.trainer)
    fields = {"title": "  The keys\0 ", "cohort": north.pk}
    assert trainer.post(reverse("authoring:new"), fields).status_code == 302
    made = ScenarioDraft.objects.get()
    assert (made.title, made.by, made.slug) == ("The keys", people.trainer, f"own-{made.pk}")
    address = reverse("authoring:edit", args=[made.pk])
    assert trainer.post(address, {**BODY, "revision": 1}).status_code == 302
    made.refresh_from_db()
    assert made.body["name"] == "Milan" and made.revision == 2
    assert "The kettle wakes the house." in as_(people.admin).get(address).content.decode()
    assert as_(people.other_trainer).get(address).status_code == 404
    assert "The keys" not in as_(people.other_trainer).get(reverse("authoring:scenarios")).content.decode()
    south = Cohort.objects.get(name="South")
    refused = trainer.post(reverse("authoring:new"), {"title": "x", "cohort": south.pk})
    assert refused.status_code == 400


def test_of_two_who_save_at_once_the_second_is_told_and_loses_no_word(people, draft):
    address = reverse("authoring:edit", args=[draft.pk])
    trainer = as_(people.trainer)
    assert trainer.post(address, {**BODY, "revision": 2}).status_code == 302
    mine = {**BODY, "persona": "Somebody else's words.", "risk": "1", "revision": 1}
    late = trainer.post(address, mine)
    assert late.status_code == 409
    text = late.content.decode()
    assert "somebody else saved it" in text and "Somebody else&#x27;s words." in text
    assert late.context["theirs"] == [
        ("Who the seeker is (volunteers read it)", BODY["persona"]),
        ("With a sign of risk", "no"),
    ]
    assert f'<dd dir="auto">{BODY["persona"]}</dd>' in text
    # The page as it stands is refused again, and so is one that saw an earlier version than is there now.
    again = {**mine, **hidden(text)}
    assert again["revision"] == "1" and 'name="over" value="3"' in text
    assert trainer.post(address, again).status_code == 409
    draft.refresh_from_db()
    assert draft.body["persona"] == BODY["persona"]
    publishing.save(draft, {**BODY, "persona": "A third version."}, revision=3)
    third = trainer.post(address, {**again, "over": "3"})
    assert third.status_code == 409 and "A third version." in third.text
    assert trainer.post(address, {**again, "over": "4"}).status_code == 302
    draft.refresh_from_db()
    assert (draft.body["persona"], draft.revision) == ("Somebody else's words.", 5)


def hidden(text: str) -> dict[str, str]:
    """The revision that the form of a page sends."""
    return {"revision": re.search(r'name="revision" value="(\d*)"', text)[1]}


def test_errors_keep_it_from_being_published(people, draft):
    publishing.save(draft, {**BODY, "tell-1": "Only one."}, revision=2)
    answer = as_(people.trainer).post(reverse("authoring:publish", args=[draft.pk]), follow=True)
    text = answer.content.decode()
    assert "Not published: 1 error" in text and "Too few lines in the layer" in text
    assert "disabled" in text
    assert not Scenario.objects.filter(own=True).exists()


def test_published_it_is_offered_to_the_cohort_and_to_nobody_else(people, draft):
    row = publishing.publish(draft, by=people.trainer)
    page = reverse("practice:scenarios")
    assert "The keys on the hook" in as_(people.volunteer).get(page).content.decode()
    outsider = as_(people.outsider)
    assert "The keys on the hook" not in outsider.get(page).content.decode()
    assert outsider.post(reverse("practice:start", args=[row.pk])).status_code == 404
    south = reverse("feedback:assign", args=[Cohort.objects.get(name="South").pk])
    today = timezone.localdate()
    fields = {"scenario": row.pk, "begins": today, "due": today}
    assert as_(people.other_trainer).post(south, fields).status_code == 400
    scenarios.sync()  # a new release of the shipped ones does not take it away
    row.refresh_from_db()
    assert row.active
    with pytest.raises(ValidationError, match="published already"):
        publishing.publish(draft, by=people.trainer)
    people.volunteer.memberships.update(until=timezone.now())
    assert "The keys on the hook" not in as_(people.volunteer).get(page).content.decode()


def test_a_chat_of_twenty_turns_works(people, draft, drain):
    chat = chats.start_chat(people.volunteer, publishing.publish(draft, by=people.trainer))
    for number in range(20):
        text = SAID[number % len(SAID)] if number < 10 else f"{SAID[number % len(SAID)]} ({number})"
        chats.post_message(chat, text=text, key=f"k{number}")
        drain("live")
    said = list(Message.objects.filter(chat=chat, role="seeker").order_by("index"))
    assert len(said) == 21 and len({message.text for message in said}) == 21
    ids = [message.seeker_state.line_id for message in said]
    assert ids[0] == "opening" and not {"left", "neutral"} & set(ids)
    assert said[3].text == "Seventy-nine in May."
    assert said[8].text == "No, nothing like that. I'm tired, not in danger."
    assert max(message.seeker_state.layer for message in said) >= 1
    chats.end_chat(chat)
    drain("coach")
    chat.refresh_from_db()
    assert chat.report.status in ("ready", "partial")


def test_a_new_version_leaves_running_chats_theirs_and_moves_what_is_asked(people, north, draft, drain):
    first = publishing.publish(draft, by=people.trainer)
    chat = chats.start_chat(people.volunteer, first)
    today = timezone.localdate()
    asked = assignments.assign(north, first, by=people.trainer, begins=today, due=today)
    publishing.save(
        draft, {**BODY, "answer-0": BODY["answer-0"].replace("Seventy-nine", "Eighty")}, revision=2
    )
    second = publishing.publish(draft, by=people.admin)
    first.refresh_from_db()
    asked.refresh_from_db()
    assert (first.active, first.version, second.active, second.version) == (False, "1", True, "2")
    assert asked.scenario == second
    for started, answer in (
        (chat, "Seventy-nine in May."),
        (chats.start_chat(people.peer, second), "Eighty in May."),
    ):
        chats.post_message(started, text="How old is your father?", key="k")
        drain("live")
        assert Message.objects.filter(chat=started, role="seeker").last().text == answer
    publishing.save(draft, BODY, revision=3)
    assert publishing.publish(draft, by=people.trainer) == first  # the same words are the same version
    with pytest.raises(TypeError, match="never changed"):
        ScenarioLines.objects.first().save()


def test_taken_back_and_deleted_it_is_offered_no_more_and_chats_go_on(people, draft, drain):
    row = publishing.publish(draft, by=people.trainer)
    chat = chats.start_chat(people.volunteer, row)
    trainer = as_(people.trainer)
    trainer.post(reverse("authoring:take-back", args=[draft.pk]))
    assert as_(people.volunteer).post(reverse("practice:start", args=[row.pk])).status_code == 404
    trainer.post(reverse("authoring:delete", args=[draft.pk]))
    assert not ScenarioDraft.objects.exists() and Scenario.objects.filter(pk=row.pk).exists()
    chats.post_message(chat, text="How old is your father?", key="k")
    drain("live")
    assert Message.objects.filter(chat=chat, role="seeker").count() == 2
    verbs = list(AuditEvent.objects.filter(verb__startswith="scenario").values_list("verb", flat=True))
    assert verbs == ["scenario_begun", "scenario_published", "scenario_taken_back", "scenario_deleted"]
    unused = draft_of(Cohort.objects.get(name="North"), people.trainer)
    publishing.publish(unused, by=people.trainer)
    publishing.delete(unused, by=people.trainer)
    assert Scenario.objects.filter(own=True).count() == 1 == ScenarioLines.objects.count()


@pytest.mark.parametrize("how", ["take-back", "delete"])
def test_nobody_is_asked_to_practise_what_was_taken_back(people, north, draft, how):
    today = timezone.localdate()
    row = publishing.publish(draft, by=people.trainer)
    asked = [
        assignments.assign(north, row, by=people.trainer, begins=today, due=today, volunteer=who)
        for who in (None, people.peer)
    ]
    edit = reverse("authoring:edit", args=[draft.pk])
    assert "2 open assignments ask for it" in as_(people.trainer).get(edit).text
    as_(people.trainer).post(reverse(f"authoring:{how}", args=[draft.pk]))
    assert "The keys on the hook" not in as_(people.peer).get(reverse("practice:scenarios")).text
    lines = AuditEvent.objects.filter(verb="assignment_closed", actor_id=people.trainer.pk)
    assert set(lines.values_list("object_id", flat=True)) == {str(one.pk) for one in asked}
    if how == "take-back":
        assert "open assignment" not in as_(people.trainer).get(edit).text


def test_the_preview_answers_what_stands_in_the_form_and_keeps_nothing(people, draft):
    address = reverse("authoring:preview", args=[draft.pk])
    trainer, fields = as_(people.trainer), {"say": "How old is your father?", "say_as": "guess"}
    htmx = {"HX-Request": "true"}
    unsaved = {**BODY, "answer-0": BODY["answer-0"].replace("Seventy-nine", "Eighty")}
    text = trainer.post(address, {**unsaved, **fields}, headers=htmx).content.decode()
    assert text.startswith('<div id="preview"') and "Eighty in May." in text
    assert 'name="said" value="How old is your father?"' in text
    again = {
        "said": ["How old is your father?"],
        "said_as": ["guess"],
        "say": "You are wrong.",
        "say_as": "confront",
    }
    text = trainer.post(address, {**BODY, **again}, headers=htmx).content.decode()
    assert "Seventy-nine in May." in text and "Confront" in text and "felt argued with" in text
    assert 'hx-swap-oob="innerHTML:#preview-log"' in text
    whole = trainer.post(address, fields).content.decode()  # without JavaScript: by what was saved
    assert "<h1>" in whole and "Seventy-nine in May." in whole
    broken = trainer.post(address, {**BODY, "disclose-2": "", **fields}, headers=htmx).content.decode()
    assert "It cannot be played yet" in broken
    assert not Message.objects.exists()
    draft.refresh_from_db()
    assert draft.body == BODY


def test_what_is_new_is_added_to_the_log_and_where_an_earlier_answer_changed_all_is_told(people, draft):
    address = reverse("authoring:preview", args=[draft.pk])

    def say(text: str, before: str = "", **fields) -> str:
        shown = re.search(r'name="shown" value="(\w+)"', before)
        said = re.findall(r'name="said" value="([^"]*)"', before)
        said = {"said": said, "said_as": ["guess"] * len(said)}
        given = {**BODY, **said, "shown": shown[1] if shown else "", "say": text, "say_as": "guess", **fields}
        return as_(people.trainer).post(address, given, headers={"HX-Request": "true"}).text

    # The page shows the opening: to it the first answer is added.
    page = as_(people.trainer).get(reverse("authoring:edit", args=[draft.pk])).text
    first = say("How old is your father?", page)
    assert 'hx-swap-oob="beforeend:#preview-log"' in first and BODY["opening"] not in first
    assert "Seventy-nine in May." in first
    assert "#preview-log" not in say("", first)  # nothing is read out again
    second = say("That is a good age.", first)
    assert 'hx-swap-oob="beforeend:#preview-log"' in second and "Seventy-nine" not in second
    other = say(
        "That is a good age.", first, **{"answer-0": BODY["answer-0"].replace("Seventy-nine", "Eighty")}
    )
    assert 'hx-swap-oob="innerHTML:#preview-log"' in other and "Eighty in May." in other


def test_own_data_holds_what_one_wrote_and_it_stays_when_they_go(people, draft):
    [row] = json.loads("".join(own_data.as_json(people.trainer)))["own_scenarios"]
    assert row["body"]["name"] == "Milan"
    assert json.loads("".join(own_data.as_json(people.admin)))["own_scenarios"] == []
    erasure.erase_now(people.trainer, by=None)
    assert ScenarioDraft.objects.get().by is None
    assert as_(people.admin).get(reverse("authoring:scenarios")).status_code == 200
