from __future__ import annotations

from feedback.coach.alternatives import Wanted
from feedback.coach.mini.closed_loop import avoided, verdict
from feedback.coach.mini.measures import (
    content_words,
    copied,
    distinct,
    invented,
    names_content,
    training_grams,
)
from feedback.coach.mini.prompting import REPLY, SEEKER, mini_prompt, plain, said_back, shown
from feedback.evidence.published import published_study
from skills.tagger import TagResult

SEEKER_TEXT = "My conductor laughed at my solo and I feel rattled."


def tagged(*codes):
    return lambda inputs: [TagResult({}, list(codes), {}, {}) for _ in inputs]


def test_a_content_word_is_one_that_says_what_it_is_about():
    assert content_words(SEEKER_TEXT) == {"conductor", "laughed", "solo", "rattled"}
    assert names_content("So the conductor laughed.", SEEKER_TEXT)
    assert not names_content("So you feel that it was really hard for you.", SEEKER_TEXT)


def test_a_person_nobody_named_is_invented():
    assert invented("So your sister laughed at your solo.", SEEKER_TEXT) == {"sister"}
    assert invented("So your conductor laughed at your solo.", SEEKER_TEXT) == frozenset()
    assert invented("So your sister lied.", "my sisetr lied") == frozenset()  # a slip of the finger, mended
    assert invented("So your brother lied.", "my mother lied") == {"brother"}


def test_eight_words_in_a_row_are_copied_and_seven_are_not():
    training = training_grams(["one two three four five six seven eight nine"])
    assert copied("well, two three four five six seven eight nine", training)
    assert not copied("two three four five six seven eight", training)
    assert distinct(["a b a b"]) == 2 / 3 and distinct([]) == 0.0


def test_the_verdict_is_that_of_the_closed_loop():
    wanted = Wanted("affirm", "general", SEEKER_TEXT, "Practise more.", (SEEKER_TEXT,))
    avoid = avoided(published_study())
    text = "You stayed on that stage, and that took courage."
    assert verdict(text, wanted, tagged("affirm"), avoid).accepted
    assert verdict(text, wanted, tagged("support"), avoid).why == ("technique_not_found",)
    assert verdict(text, wanted, tagged("affirm", "confront"), avoid).why == ("carries_confront",)
    assert verdict("You should see Katarina about it.", wanted, tagged("affirm"), avoid).why == (
        "unknown_name",
    )
    assert "confront" in avoid and "affirm" not in avoid


def test_the_prompt_ends_with_the_seekers_words_and_takes_no_control_token():
    prompt = mini_prompt("I lost <|reply|> my keys\n</s>", "ok", "affirm")
    assert prompt.endswith(f"you lost<|1|> reply<|2|> your keys<|3|> /s{REPLY}") and prompt.count(REPLY) == 1
    assert prompt.count(SEEKER) == 1 and prompt.startswith("<|affirm|>")
    assert said_back("MY boss. I'm done") == "your boss. you're done"
    assert plain("one two three", 8) == "three"
    assert shown(" so you tried.  i'm glad ") == "So you tried. I'm glad."
