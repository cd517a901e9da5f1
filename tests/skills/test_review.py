"""The review queue, coding one message alone and in twos, undoing, and what a volunteer hears of it."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from bench.reviewing import basis_of, ended_chat, retag, second_trainer, tagged
from feedback.coach.crisis import crisis_view
from feedback.coach.turns import Turn
from feedback.inbox import items
from feedback.models import SessionReport
from feedback.reports.crisis import crisis_section
from peersupport.audit.models import AuditEvent
from peersupport.people import own_data
from peersupport.people.models import Cohort
from peersupport.practice.models import Message
from skills.models import Correction, Review
from skills.review import agreement, coding, queue
from skills.review.disputes import dispute_tag
from skills.review.keys import KEYS
from skills.tagger.card import read_card
from skills.tags import tag_views
from skills.taxonomy import TECHNIQUES


@pytest.fixture
def ended(people, chat):
    return ended_chat(people.volunteer, chat.scenario)


@pytest.fixture
def second(people):
    return second_trainer(Cohort.objects.get(name="North"))


@pytest.fixture
def everything_twice(settings):
    settings.REVIEW_DOUBLE_PERCENT = 100


def as_(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(user, message, data: dict, *, query: str = "", made_on: str | None = None, **more):
    """Save the form of the message, opened right before or, with `made_on`, when its basis was that."""
    made_on = basis_of(message, user) if made_on is None else made_on
    address = reverse("skills:correct", args=[message.pk]) + query
    return as_(user).post(address, {"basis": made_on, **data}, **more)


def found(user) -> list[tuple]:
    return [(item.message_id, item.reason) for item in queue.items(user)]


def present(message) -> dict[str, tuple[int, int]]:
    return {view.code: (view.start, view.end) for view in tag_views([message])[message.pk]}


def crisis(ended, *, cue: int, answer: str = "") -> None:
    """A report as it is written where the message `cue` bears a sign of risk and `answer` follows it."""
    ended.messages.filter(index=cue).update(risk_level="explicit")
    turns = [Turn(cue, "seeker", "-", risk_level="explicit")]
    turns += [Turn(cue + 1, "counselor", answer)] if answer else []
    body = {"crisis": crisis_section(crisis_view(turns))}
    SessionReport.objects.update_or_create(chat=ended, defaults={"body": body})


def seeker(ended) -> Message:
    index = ended.messages.count() + 1
    return Message.objects.create(
        chat=ended, index=index, role="seeker", text="-", idempotency_key=f"s{index}"
    )


def test_signs_of_risk_then_disputes_then_the_most_uncertain_of_own_cohorts(people, ended, chat):
    seeker(ended)
    missed = tagged(ended, affirm=0.99)
    sure = tagged(ended, affirm=0.99)
    unsure = tagged(ended, affirm=read_card()["codes"]["affirm"]["threshold"] + 0.02)
    nearest = tagged(ended, affirm=0)
    disputed = tagged(ended, support=0.99)
    dispute_tag(disputed, "support", volunteer=people.volunteer, reason="other")
    crisis(ended, cue=1, answer="You kept going.")
    expected = [
        (missed.pk, "missed"),
        (disputed.pk, "dispute"),
        (nearest.pk, "uncertain"),
        (unsure.pk, "uncertain"),
    ]
    assert found(people.trainer) == expected
    assert sure.pk not in dict(expected)
    assert found(people.other_trainer) == []
    people.trainer.memberships.update(until=timezone.now() - timedelta(seconds=1))
    assert found(people.trainer) == []


def test_a_sign_of_risk_that_was_answered_is_none_and_one_that_ended_the_chat_is(people, ended):
    last = tagged(ended, affirm=0.99)
    seeker(ended)
    crisis(ended, cue=2, answer="Thank you for telling me. Are you thinking of killing yourself?")
    assert found(people.trainer) == []
    crisis(ended, cue=2)
    assert found(people.trainer) == [(last.pk, "missed")]


def test_words_that_may_hurt_wait_for_a_trainer_until_one_has_looked(people, ended):
    hurting = tagged(ended, affirm=0.99)
    tagged(ended, affirm=0.99)
    Message.objects.filter(pk=hurting.pk).update(text="Other people have it much worse.")
    assert found(people.trainer) == [(hurting.pk, "conduct")]
    assert found(people.other_trainer) == []
    coding.save(hurting, trainer=people.trainer, codes=["affirm"], spans={})
    assert found(people.trainer) == []


def test_what_may_be_about_the_volunteer_is_not_asked_about(people, ended):
    message = tagged(ended, affirm=0)
    assert found(people.trainer) == [(message.pk, "uncertain")]
    dispute_tag(message, "affirm", volunteer=people.volunteer, reason="other")
    Review.objects.create(message=message, trainer=people.other_trainer, kind="blind", holds=False)
    Message.objects.filter(pk=message.pk).update(risk_level="explicit")
    assert found(people.trainer) == []
    address = reverse("skills:correct", args=[message.pk])
    for response in (
        as_(people.trainer).get(address),
        as_(people.trainer).post(address, {"codes": "affirm"}),
    ):
        assert (response.status_code, Review.objects.count()) == (400, 1)
        assert "No technique is read into this message" in response.content.decode()


def test_what_is_said_before_a_message_marks_no_words_of_the_volunteer(people, ended):
    own, after = tagged(ended, affirm=0.99), tagged(ended, affirm=0)
    address = reverse("skills:correct", args=[after.pk])
    for role, marked in (("counselor", False), ("seeker", True)):
        Message.objects.filter(pk=own.pk).update(risk_level="explicit", role=role)
        shown = as_(people.trainer).get(address).content.decode()
        assert own.text in shown and (" risky" in shown) == marked


def test_after_a_missed_sign_the_next_message_is_asked_about_where_one_is_about_the_volunteer(people, ended):
    before = tagged(ended, affirm=0.99)
    seeker(ended)
    own, after = tagged(ended, affirm=0.99), tagged(ended, affirm=0.99)
    crisis(ended, cue=2, answer="You kept going.")
    assert found(people.trainer) == [(own.pk, "missed")]
    Message.objects.filter(pk=own.pk).update(risk_level="explicit")
    assert found(people.trainer) == [(after.pk, "missed")]
    after.delete()
    assert found(people.trainer) == [(before.pk, "missed")]


def test_what_a_trainer_has_coded_leaves_the_queue_and_undone_it_is_back(people, ended):
    message = tagged(ended, affirm=0)
    before = present(message)
    saved = coding.save(
        message, trainer=people.trainer, codes=["support"], spans={"support": (0, 3)}, note="So."
    )
    assert (saved.changed, present(message)) == (2, {"support": (0, 3)})
    assert found(people.trainer) == []
    assert not coding.undo(message, trainer=people.other_trainer)
    assert coding.undo(message, trainer=people.trainer)
    assert (present(message), Correction.objects.count(), Review.objects.count()) == (before, 0, 0)
    assert found(people.trainer) == [(message.pk, "uncertain")]
    assert list(AuditEvent.objects.values_list("verb", flat=True)) == ["correct", "review_undone"]


def test_an_undo_that_comes_too_late_is_none(people, ended):
    message = tagged(ended, affirm=0)
    coding.save(message, trainer=people.trainer, codes=[], spans={})
    Review.objects.update(saved_at=timezone.now() - timedelta(minutes=coding.UNDO_MINUTES + 1))
    assert not coding.undo(message, trainer=people.trainer)


def test_another_place_of_a_tag_is_kept_and_says_so_in_the_inbox(people, ended):
    message = tagged(ended, affirm=0)
    assert (
        coding.save(message, trainer=people.trainer, codes=["affirm"], spans={"affirm": (4, 8)}).changed == 1
    )
    assert present(message) == {"affirm": (4, 8)}
    assert (
        coding.save(message, trainer=people.trainer, codes=["affirm"], spans={"affirm": (4, 8)}).changed == 0
    )
    assert items.inbox(people.volunteer)[0].lines == ("Seen in another place: Affirm",)


@pytest.mark.parametrize("place", ["", "3", "5-3", "-1-4", "0-999", "1-", "x-y", "9999999999-1", "²-³"])
def test_a_place_that_is_none_is_left_out(place):
    assert coding.clean_spans({"affirm": place}, ["affirm"], 20) == {}


def test_of_the_sample_two_code_apart_and_what_both_see_holds(people, ended, second, everything_twice):
    message = tagged(ended, affirm=0)
    address = reverse("skills:correct", args=[message.pk])
    page = as_(people.trainer).get(address).content.decode()
    assert "checked" not in page.split("keys-on")[0] and "on their own" in page
    send(people.trainer, message, {"codes": ["support"], "note": "first"})
    assert present(message) == {"affirm": (0, len(message.text))}  # nothing holds yet
    assert (found(people.trainer), found(second)) == ([], [(message.pk, "second")])
    page = as_(second).get(address).content.decode()
    assert "checked" not in page.split("keys-on")[0]
    send(second, message, {"codes": ["support"]})
    assert set(present(message)) == {"support"}
    assert found(second) == found(people.trainer) == []


def test_what_was_written_stands_in_the_form_again(people, ended, second, everything_twice):
    """Of a coding that waits, and of one that could not be saved."""
    message = tagged(ended, affirm=0)
    first, address = as_(people.trainer), reverse("skills:correct", args=[message.pk])
    send(people.trainer, message, {"codes": ["support"], "span_support": "2-7", "note": "first"})
    page = first.get(address).text
    assert ">first</textarea>" in page and 'name="span_support" value="2-7"' in page
    long = send(people.trainer, message, {"codes": ["affirm"], "span_affirm": "3-8", "note": "n" * 501})
    assert long.status_code == 400 and "501 characters long" in long.text
    assert f">{'n' * 501}</textarea>" in long.text and 'name="span_affirm" value="3-8"' in long.text
    assert Review.objects.get().note == "first"
    coding.save(message, trainer=second, codes=["affirm"], spans={})
    # The two differ, and the note that settles it is lacking.
    settle = send(people.trainer, message, {"codes": ["open_question"], "span_open_question": "1-4"})
    assert settle.status_code == 400 and ">first</textarea>" not in settle.text
    assert 'name="span_open_question" value="1-4"' in settle.text


def test_where_two_differ_a_note_settles_it(people, ended, second, everything_twice):
    message = tagged(ended, affirm=0)
    coding.save(message, trainer=people.trainer, codes=["support", "affirm"], spans={})
    saved = coding.save(message, trainer=second, codes=["support"], spans={"support": (2, 5)})
    assert saved.agreed is False
    assert found(people.trainer) == found(second) == [(message.pk, "conflict")]
    address = reverse("skills:correct", args=[message.pk])
    page = as_(people.trainer).get(address).content.decode()
    assert "Support, Affirm" in page or "Affirm, Support" in page
    # Neither what the tagger was unsure of nor where it saw it: only what the two coded.
    assert "(perhaps)" not in page and f'name="span_affirm" value="0-{len(message.text)}"' not in page
    assert 'name="span_support" value="2-5"' in page
    refused = send(people.trainer, message, {"codes": ["support"]})
    assert refused.status_code == 400 and "Say in the note" in refused.content.decode()
    with pytest.raises(ValidationError):
        coding.save(message, trainer=second, codes=["support"], spans={})
    send(people.trainer, message, {"codes": ["support"], "note": "No strength is named."})
    assert set(present(message)) == {"support"}
    assert found(people.trainer) == []
    assert Review.objects.get(kind="settled").note == "No strength is named."


def test_one_trainer_alone_codes_in_the_open_and_so_does_one_whose_partner_never_came(
    people, ended, second, everything_twice
):
    message = tagged(ended, affirm=0)
    coding.save(message, trainer=people.trainer, codes=["support"], spans={})
    assert coding.coding_for(message, people.trainer).mode == "waiting"
    Review.objects.update(saved_at=timezone.now() - timedelta(days=queue.SECOND_LOOK_DAYS + 1))
    assert found(people.trainer) == [(message.pk, "second")]
    assert coding.save(message, trainer=people.trainer, codes=["support"], spans={}).changed == 2
    second.memberships.update(until=timezone.now() - timedelta(seconds=1))
    other = tagged(ended, affirm=0)
    assert coding.coding_for(other, people.trainer).mode == "open"


def test_a_dispute_is_answered_by_what_is_coded_and_the_volunteer_hears_of_it(people, ended):
    message = tagged(ended, affirm=0.99, support=0.99)
    for code in ("affirm", "support"):
        dispute_tag(message, code, volunteer=people.volunteer, reason="other", words="I was kind.")
    trainer = as_(people.trainer)
    address = reverse("skills:correct", args=[message.pk])
    assert "I was kind." in trainer.get(address).content.decode()
    send(people.trainer, message, {"codes": ["affirm"], "note": "You were."})
    answers = [item for item in items.inbox(people.volunteer) if item.kind == "dispute"]
    lines = {line for item in answers for line in item.lines}
    assert lines == {"Affirm: The tag stays.", "Support: The tag was taken away."}
    assert {item.text for item in answers} == {"You were."}
    assert items.unread(people.volunteer) == 3  # with the correction
    page = as_(people.volunteer).get(reverse("practice:chat", args=[ended.pk])).content.decode()
    assert "disputed</span>" not in page
    assert AuditEvent.objects.filter(verb="dispute_answered").count() == 2
    assert '"outcome": "kept"' in "".join(own_data.as_json(people.volunteer))
    # Said anew it is looked at anew.
    dispute_tag(message, "affirm", volunteer=people.volunteer, reason="context")
    assert found(people.trainer) == [(message.pk, "dispute")]


def test_the_queue_leads_from_message_to_message_without_a_script(people, ended):
    one, two = tagged(ended, affirm=0), tagged(ended, support=0)
    trainer = as_(people.trainer)
    page = trainer.get(reverse("skills:review")).content.decode()
    assert "2 messages wait" in page and one.text not in page
    shown = trainer.get(reverse("skills:review-next"), follow=True)
    assert "1 of 2" in shown.content.decode()
    first = shown.request["PATH_INFO"]
    shown_one = one if str(one.pk) in first else two
    after = send(people.trainer, shown_one, {"codes": ["affirm"]}, query="?place=0&of=2", follow=True)
    assert after.request["PATH_INFO"] != first and "2 of 2" in after.content.decode()
    undo = reverse("skills:review-undo", args=[shown_one.pk])
    assert undo in after.content.decode()
    back = trainer.post(undo, {"place": "0", "of": "1", "done": "1"}, follow=True).content.decode()
    assert "Taken back." in back and "1 of 2" in back
    for message in (one, two):
        coding.save(message, trainer=people.trainer, codes=["affirm"], spans={})
    assert "Nothing waits for you" in trainer.get(reverse("skills:review-next"), follow=True).content.decode()


def test_after_the_last_one_it_can_still_be_taken_back(people, ended):
    one = tagged(ended, affirm=0)
    trainer = as_(people.trainer)
    page = send(people.trainer, one, {"codes": ["affirm"]}, query="?place=0&of=1", follow=True).text
    undo = reverse("skills:review-undo", args=[one.pk])
    assert "Nothing waits for you" in page and f'action="{undo}"' in page
    back = trainer.post(undo, {"place": "0", "of": "0", "done": "1"}, follow=True)
    assert "Taken back." in back.content.decode() and "1 of 1" in back.content.decode()
    assert back.request["PATH_INFO"] == reverse("skills:correct", args=[one.pk])


def test_the_queue_counts_own_messages_as_the_report_does(people, ended):
    tagged(ended, support=0.9)
    ended.messages.create(role="seeker", index=ended.messages.count() + 1, text="And then?")
    said = tagged(ended, affirm=0)
    own = ended.messages.filter(role="counselor", index__lte=said.index).count()
    page = as_(people.trainer).get(reverse("skills:review")).content.decode()
    assert own != said.index and f'<td class="number">{own}</td>' in page


def test_every_technique_has_a_key_of_its_own_and_none_of_the_page():
    assert KEYS.keys() == TECHNIQUES.keys()
    assert len(set(KEYS.values())) == len(KEYS)
    assert not set(KEYS.values()) & set("jknu?[]{}")


def ticked(page: str) -> list[str]:
    """Codes that are ticked in the form of this page."""
    return re.findall(r'value="(\w+)" data-key="." checked', page)


def test_what_a_colleague_saved_meanwhile_is_not_overwritten_unseen(people, ended, second, settings):
    settings.REVIEW_DOUBLE_PERCENT = 0
    message = tagged(ended, affirm=0.99, support=0.99)
    opened = basis_of(message, second)
    send(people.trainer, message, {"codes": ["affirm"]})
    kept = {"codes": ["affirm", "support"], "span_support": "2-7", "note": "both"}
    answer = send(second, message, kept, made_on=opened)
    assert answer.status_code == 409 and set(present(message)) == {"affirm"}
    assert "A coding of this message was saved or taken back" in answer.text
    assert "It now carries: Affirm." in answer.text
    assert ticked(answer.text) == ["affirm", "support"]
    assert ">both</textarea>" in answer.text and 'name="span_support" value="2-7"' in answer.text
    assert Review.objects.count() == 1
    fresh = re.search(r'name="basis" value="([^"]+)"', answer.text)[1]
    assert send(second, message, kept, made_on=fresh).status_code == 302
    assert set(present(message)) == {"affirm", "support"}
    # What is taken back meanwhile is no basis either.
    opened = basis_of(message, people.trainer)
    coding.undo(message, trainer=second)
    assert send(people.trainer, message, kept, made_on=opened).status_code == 409


def test_a_dispute_that_came_meanwhile_is_not_answered_unseen(people, ended):
    message = tagged(ended, affirm=0.99)
    opened = basis_of(message, people.trainer)
    dispute = dispute_tag(message, "affirm", volunteer=people.volunteer, reason="other", words="I asked.")
    answer = send(people.trainer, message, {"codes": ["affirm"], "note": "Kind."}, made_on=opened)
    assert answer.status_code == 409 and "What the volunteer disputes here has changed" in answer.text
    assert "I asked." in answer.text
    dispute.refresh_from_db()
    assert (dispute.outcome, Review.objects.count()) == ("", 0)
    # Other words of the same dispute are to be read as well.
    opened = basis_of(message, people.trainer)
    dispute_tag(message, "affirm", volunteer=people.volunteer, reason="other", words="I asked twice.")
    assert send(people.trainer, message, {"codes": ["affirm"]}, made_on=opened).status_code == 409
    assert send(people.trainer, message, {"codes": ["affirm"]}).status_code == 302
    dispute.refresh_from_db()
    assert dispute.outcome == "kept"


def test_ticks_of_a_blind_form_do_not_become_the_tags_by_a_dispute(people, ended, second, everything_twice):
    message = tagged(ended, affirm=0.99)
    opened = basis_of(message, people.trainer)
    dispute_tag(message, "affirm", volunteer=people.volunteer, reason="other")
    assert coding.coding_for(message, people.trainer).mode == "open"
    answer = send(people.trainer, message, {"codes": ["support"]}, made_on=opened)
    assert answer.status_code == 409 and "It now carries: Affirm." in answer.text
    assert ticked(answer.text) == ["support"] and set(present(message)) == {"affirm"}


def test_a_blind_form_rests_on_no_tags_and_on_no_coding_of_the_other(people, ended, second, everything_twice):
    message = tagged(ended, affirm=0.99)
    opened = basis_of(message, second)
    send(people.trainer, message, {"codes": ["support"]})
    retag(message, "another", support=0.99)
    assert send(second, message, {"codes": ["support"]}, made_on=opened).status_code == 302
    assert Review.objects.filter(kind="blind").count() == 2


def test_other_tags_of_another_tagger_are_seen_first_and_a_form_without_a_basis_is_none(people, ended):
    message = tagged(ended, affirm=0.99)
    opened = basis_of(message, people.trainer)
    retag(message, "another", support=0.99)
    answer = send(people.trainer, message, {"codes": ["affirm"]}, made_on=opened)
    assert answer.status_code == 409 and "The tags of this message have changed" in answer.text
    # What is refused for another reason hides no change.
    long = send(people.trainer, message, {"codes": ["affirm"], "note": "n" * 501}, made_on=opened)
    assert long.status_code == 400 and f'name="basis" value="{opened}"' in long.text
    for made_on in ("", "x", "<b>"):
        answer = send(people.trainer, message, {"codes": ["affirm"]}, made_on=made_on)
        assert answer.status_code == 409 and "This form was opened before" in answer.text
    assert not Review.objects.exists()


def test_the_form_says_why_a_message_stands_in_the_queue(people, ended, second, everything_twice):
    before = tagged(ended, affirm=0.99)
    sign = seeker(ended)
    Message.objects.filter(pk=sign.pk).update(text="Nobody would <miss> me.")
    for _ in range(3):
        seeker(ended)
    missed = tagged(ended, affirm=0.99)
    hurting = tagged(ended, affirm=0.99)
    Message.objects.filter(pk=hurting.pk).update(text="Other people have it much worse.")
    disputed = tagged(ended, support=0.99)
    dispute_tag(disputed, "support", volunteer=people.volunteer, reason="other")
    crisis(ended, cue=sign.index, answer="You kept going.")
    calm = ended_chat(people.volunteer, ended.scenario)
    twice, unsure, differing = (tagged(calm, affirm=0) for _ in range(3))
    coding.save(twice, trainer=second, codes=["support"], spans={})
    for who, code in ((second, "support"), (people.trainer, "affirm")):
        coding.save(differing, trainer=who, codes=[code], spans={})
    expected = {
        missed: "missed", hurting: "conduct", disputed: "dispute", differing: "conflict", twice: "second",
        unsure: "uncertain",
    }  # fmt: skip
    assert dict(found(people.trainer)) == {message.pk: reason for message, reason in expected.items()}
    trainer = as_(people.trainer)
    for message, reason in expected.items():
        assert queue.reason_for(people.trainer, message) == reason
        address = reverse("skills:correct", args=[message.pk])
        page = trainer.get(f"{address}?place=0&of=6").text
        assert all(str(words) in page for words in queue.REASONS[reason])
        assert ("Nobody would &lt;miss&gt; me.</q>" in page) == (reason == "missed")
        assert 'id="why"' not in trainer.get(address).text  # it was not opened from the queue
    assert 'id="why"' not in trainer.get(reverse("skills:correct", args=[before.pk]) + "?place=0").text
    led = trainer.get(reverse("skills:review-next"))
    assert "miss" not in led["Location"] and trainer.get(led["Location"]).text.count('id="why"') == 1
    # The chat ended on the sign: the message before it is asked about.
    missed.delete()
    ended.messages.filter(index__gt=sign.index).delete()
    assert queue.reason_for(people.trainer, before) == "missed"
    assert queue.sign_missed(before) == sign


def test_a_blind_form_shows_the_chat_without_tags_and_leads_to_no_tags(
    people, ended, second, everything_twice
):
    message = tagged(ended, affirm=0.99)
    for _ in range(6):
        tagged(ended, "Far <behind>.", support=0.99)
    last = tagged(ended, affirm=0.99)
    later = tagged(ended, "Said after it.", support=0.99)
    address, chat = reverse("skills:correct", args=[last.pk]), reverse("practice:chat", args=[ended.pk])
    trainer = as_(people.trainer)

    def apart() -> str:
        page = trainer.get(address).text
        folded = page.split("The whole chat, without tags")[1].split("</details>")[0]
        assert (folded.count("Far &lt;behind&gt;."), folded.count("Said after it.")) == (6, 1)
        assert message.text in folded and "grade-" not in page and chat not in page
        line = AuditEvent.objects.order_by("id").last()
        assert (line.verb, line.object_id) == ("read", str(ended.pk))
        return page

    assert "on their own" in apart()
    send(people.trainer, last, {"codes": ["support"]})
    assert "waits for a second trainer" in apart()
    coding.save(last, trainer=second, codes=["warn"], spans={})
    assert "Two codings that differ" in apart()
    coding.save(last, trainer=second, codes=["warn"], spans={}, note="So.")
    page = trainer.get(address).text
    assert "The whole chat</a>" in page and chat in page and "Said after it." not in page
    assert AuditEvent.objects.order_by("id").last().object_id == str(last.pk)
    assert later.text not in page


def test_who_comes_from_the_chat_has_seen_the_tags_and_codes_in_the_open(
    people, ended, second, everything_twice
):
    new, waits, theirs, differ = (tagged(ended, affirm=0.99) for _ in range(4))
    for message, who in ((waits, people.trainer), (theirs, second), (differ, people.trainer)):
        coding.save(message, trainer=who, codes=["support"], spans={})
    coding.save(differ, trainer=second, codes=["warn"], spans={})
    trainer = as_(people.trainer)
    chat = trainer.get(reverse("practice:chat", args=[ended.pk])).text
    for message in (new, waits, theirs):
        link = reverse("skills:correct", args=[message.pk]) + "?from=chat"
        assert f'href="{link}"' in chat
        page = trainer.get(link).text
        assert ticked(page) == ["affirm"] and "You come from the chat" in page
        made_on = re.search(r'name="basis" value="([^"]+)"', page)[1]
        # A form of the other kind is no basis for this one.
        assert send(people.trainer, message, {"codes": ["affirm"]}, query="?from=chat").status_code == 409
        form = {"codes": ["affirm"]}
        assert send(people.trainer, message, form, query="?from=chat", made_on=made_on).status_code == 302
        last = Review.objects.order_by("id").last()
        assert (last.message, last.kind, last.holds) == (message, "open", True)
    assert Review.objects.get(message=waits, kind="blind").codes == ["support"]
    # Settling between two codings with the tags seen is no settling without them.
    page = trainer.get(reverse("skills:correct", args=[differ.pk]) + "?from=chat").text
    assert "Two codings that differ" in page and "You come from the chat" in page
    made_on = re.search(r'name="basis" value="([^"]+)"', page)[1]
    assert agreement.agreement_for(people.trainer).unsettled == 1
    form = {"codes": ["warn"], "note": "So."}
    assert send(people.trainer, differ, form, query="?from=chat", made_on=made_on).status_code == 302
    assert Review.objects.filter(message=differ, holds=True).get().kind == "open"
    assert found(people.trainer) == found(second) == []
    figures = agreement.agreement_for(people.trainer)
    assert (figures.coded, figures.doubly, figures.unsettled, figures.open_reviews) == (3, 1, 0, 4)


def test_a_dispute_after_the_first_blind_coding_is_answered_in_the_open(
    people, ended, second, everything_twice
):
    message = tagged(ended, affirm=0.99)
    coding.save(message, trainer=people.trainer, codes=["support"], spans={})
    dispute = dispute_tag(message, "affirm", volunteer=people.volunteer, reason="other")
    assert [coding.coding_for(message, one).mode for one in (people.trainer, second)] == ["open", "open"]
    coding.save(message, trainer=people.trainer, codes=["affirm"], spans={}, note="It is.")
    dispute.refresh_from_db()
    assert dispute.outcome == "kept" and found(people.trainer) == found(second) == []


def test_a_late_coding_of_ones_own_is_not_called_another_trainers(people, ended, second, everything_twice):
    message = tagged(ended, affirm=0)
    coding.save(message, trainer=people.trainer, codes=["support"], spans={})
    Review.objects.update(saved_at=timezone.now() - timedelta(days=queue.SECOND_LOOK_DAYS + 1))
    address = reverse("skills:correct", args=[message.pk]) + "?place=0&of=1"
    assert "No second trainer came." in as_(people.trainer).get(address).text
    assert "Another trainer coded it" in as_(second).get(address).text


def test_a_note_that_changes_no_tag_is_said_to_be_read(people, ended, settings):
    settings.REVIEW_DOUBLE_PERCENT = 0
    message = tagged(ended, affirm=0.99)
    data = {"codes": ["affirm"], "note": "Well put."}
    assert "The volunteer can read your note." in send(people.trainer, message, data, follow=True).text
    assert "Nothing changed" in send(people.trainer, message, {"codes": ["affirm"]}, follow=True).text
