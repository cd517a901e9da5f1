from __future__ import annotations

import time

import pytest

from feedback.coach.guard import MAX_WORDS, guard, overlap

GOOD = (
    "It sounds like the weeks since the move have left you feeling cut off from everyone.",
    "What would a slightly lighter evening look like for you?",
    "Whether you talk to them now or later is yours to decide.",
    "It's not your fault that this hurts so much, and I'm glad you said it.",
    "You kept going to class even when it felt pointless. That takes real strength.",
)


@pytest.mark.parametrize("text", GOOD)
def test_a_warm_short_reply_passes(text):
    assert guard(text) == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("... !!", "empty"),
        ("Oh no", "too_short"),
        ("word and more " * 16, "too_long"),
        ("I hear you . " * 12 + "today", "too_long"),  # 37 words in 49 pieces
        ("I hear/feel/know you now " * 8, "too_long"),  # 40 pieces of 56 words
        ("Have a look at www.example.org for more on this", "link"),
        ("Have a look at example.com for more on this", "link"),
        ("There is a page, example.ly/3xY, that may help", "link"),
        ("There is a page, example\u3002com, that may help", "link"),
        ("There is a page, example dot com, that may help", "link"),
        ("There is a page, example . com, that may help", "link"),
        ("There is a page, hxxps://example, that may help", "link"),
        ("There is a page, h t t p s : / / example, that helps", "link"),
        ("Write to mailto:example any time you like", "link"),
        ("Write to me at help@example any time you like", "email"),
        ("You can reach me on 0151 234 567 at any hour", "phone_number"),
        ("You can always reach me on 9 1 1 if you like", "phone_number"),
        ("You can always reach me on nine one one if you like", "phone_number"),
        ("> That sounds really hard for you tonight", "markup"),
        ("That sounds <b>really</b> hard for you tonight", "markup"),
        ("That sounds [really](hard) for you tonight", "markup"),
        ("It sounds like you might have an anxiety disorder", "diagnosis"),
        ("It seems you are depressed and need medication", "diagnosis"),
        ("It is your fault that she left you alone", "blame"),
        ("You should have called her much earlier than that", "blame"),
        ("At least you still have a job to go to", "blame"),
        ("I promise that this is going to change for you", "promise"),
        ("Do not worry, everything will be fine in the end", "promise"),
        ("You'll get better once the winter is over", "promise"),
        ("Please call the crisis line as soon as you can", "crisis_wording"),
        ("Are you thinking of hurting yourself at the moment?", "crisis_wording"),
        ("Do you still keep the pills in the cupboard?", "method"),
        ("As an AI I cannot really know how this feels", "model_talk"),
        ("Seeker: I am so very tired of all of this", "model_talk"),
        ("It sounds like Brenda really let you down there", "unknown_name"),
        ("so so so tired of all of it again today", "repetition"),
        ("it is hard it is hard it is hard it is hard", "repetition"),
        ("Xkcdq zzrt bnmp wqrtz feels like a long day", "gibberish"),
        ("That sounds\u202e really hard for you tonight", "control_characters"),
    ],
)
def test_what_does_not_belong_in_a_reply_is_refused(text, reason):
    assert reason in guard(text)


def test_a_flood_is_refused_unread():
    began = time.monotonic()
    assert guard("It sounds hard, and " * 50_000) == ["too_long"]
    assert time.monotonic() - began < 0.5


def test_word_limit_is_inclusive():
    words = [
        f"{a}{b}"
        for a in ("mar", "lo", "tin", "se", "ban")
        for b in ("a", "en", "o", "is", "um", "ey", "al", "or", "ix")
    ]
    assert len(words) == MAX_WORDS
    assert "too_long" not in guard(" ".join(words))
    assert "too_long" in guard(" ".join([*words, "more"]))


def test_a_name_from_the_chat_may_be_used_and_a_sentence_may_start_with_any_word():
    assert guard("It sounds like Brenda let you down.", chat=["my sister brenda left"]) == []
    assert guard("That hurts. Brave of you to say it here.") == []
    assert guard("It sounds like Brenda's words hurt.", chat=["Brenda said it"]) == []


def test_repeating_the_volunteer_is_refused_however_it_is_spelled():
    said = "You should just talk to your boss about the long hours"
    assert "repeats_volunteer" in guard(
        "You should just talk to your boss about the hours, maybe", volunteer=said
    )
    assert "repeats_volunteer" in guard(said.upper(), volunteer=said)
    assert guard("The long days are wearing you down by now.", volunteer=said) == []


def test_overlap_is_symmetric_and_bounded():
    a, b = "one two three four five six", "one two three four nine ten eleven"
    assert overlap(a, b) == overlap(b, a) == pytest.approx(0.5)
    assert overlap(a, a) == 1.0 and overlap(a, "") == 0.0
    assert overlap("ok then", "well ok then we will see") == 1.0


def test_full_width_tricks_do_not_pass():
    assert "link" in guard("Have a look at ｗｗｗ．example．com tonight please")


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("It is so so hard to stay calm today", False),
        ("It is so so so hard to stay calm today", True),
        ("It is hard and it is hard, you stay with that", False),
        ("It is hard and it is hard but it is hard today", True),
        ("one two three four two one four three one three two", False),  # eleven words
        ("one two three four two one four three one three two four", True),  # twelve, four different
        ("one two three four two one four five one three two four", False),  # five of twelve are enough
        ("it is hard today it is hard now", False),
        ("it is hard today it is hard now it is hard", True),  # three words for the third time
    ],
)
def test_how_much_repetition_is_too_much(text, refused):
    assert ("repetition" in guard(text)) is refused


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        ("That sounds disproportionately hard", False),  # eighteen letters
        ("That sounds disproportionatelyy hard", True),  # nineteen
        ("Hmm that sounds hard", False),
        ("Hmph that sounds hard", True),
        ("Hmph that sounds really hard for you today", False),  # one of eight words
        ("That hurts so, hm ....", False),  # thirteen letters of eighteen signs
        ("That hurts so, hm ......", True),  # thirteen of twenty
        ("Σας ακούω και σας πιστεύω", False),  # other letters need no Latin vowel
    ],
)
def test_where_gibberish_begins(text, refused):
    assert ("gibberish" in guard(text)) is refused


def test_three_words_are_enough_and_a_flood_begins_at_two_thousand_characters():
    assert guard("You stayed kind.") == []
    assert "repetition" in guard(("so hard " * 250)[:2000])
    assert guard(("so hard " * 251)[:2001]) == ["too_long"]


def test_where_a_sentence_starts():
    for start in ("That hurts: ", "That hurts - ", "That hurts… ", "She said “", "(", "That hurts.   "):
        assert "unknown_name" not in guard(f"{start}Standing there was brave of you.")
    assert "unknown_name" in guard("That hurts, Standing there was brave of you.")
    assert "unknown_name" in guard("So Standing there was brave of you.")


def test_overlap_counts_words_below_five_and_triples_from_there():
    assert overlap("so very hard now", "now hard very so") == 1.0
    assert overlap("so very hard right now", "now right hard very so") == 0.0
    assert overlap("so very hard right now", "so very hard indeed for you now") == pytest.approx(1 / 3)


def test_as_much_of_the_volunteers_words_as_is_allowed():
    said = "one two three four five six seven"  # five triples
    assert "repeats_volunteer" not in guard("one two three four five ten eleven", volunteer=said)  # three
    assert "repeats_volunteer" in guard("one two three four five six eleven", volunteer=said)  # four


def test_several_reasons_are_all_told():
    assert {"link", "promise"} <= set(guard("I promise that www.example.org helps you"))
