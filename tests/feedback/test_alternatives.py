from __future__ import annotations

import numpy as np
import pytest

from feedback.coach.alternatives import Wanted, choose, ranked
from feedback.coach.bank import TOPICS, Line, bank_version, lines, techniques
from feedback.coach.guard import guard, overlap
from tests.feedback.chats import tags

RECOMMENDABLE = (
    "affirm", "emphasize_autonomy", "open_question", "reflection_complex", "reflection_simple",
    "seek_collaboration", "support",
)  # fmt: skip
WANTED = Wanted("reflection_simple", "work", "my boss keeps shouting at me", "You should quit your job")
AVOID = frozenset({"advise_without_permission", "direct"})


def retag_as(found):
    """A tagger that finds `found[text]`, by default the wanted technique."""
    return lambda inputs: [tags(i.text, *found.get(i.text, ("reflection_simple",))) for i in inputs]


def test_every_recommendable_technique_has_a_file():
    assert techniques() == RECOMMENDABLE


@pytest.mark.parametrize("topic", TOPICS)
@pytest.mark.parametrize("technique", RECOMMENDABLE)
def test_every_technique_has_six_lines_that_fit_any_message_of_a_topic(technique, topic):
    found = lines(technique, topic)
    assert sum(not line.words for line in found) >= 6
    assert all(guard(line.text) == [] for line in found), [line.text for line in found if guard(line.text)]
    assert len({line.text for line in found}) == len(found)


def test_no_line_is_used_for_two_topics():
    texts = [line.text for technique in RECOMMENDABLE for topic in TOPICS for line in lines(technique, topic)]
    assert len(texts) == len(set(texts))


def test_lines_of_a_topic_are_not_copies_of_one_another():
    for technique in RECOMMENDABLE:
        for topic in TOPICS:
            found = [line.text for line in lines(technique, topic)]
            near = [(a, b) for i, a in enumerate(found) for b in found[:i] if overlap(a, b) > 0.6]
            assert near == []


def test_a_specific_line_needs_its_word_in_the_seekers_message():
    line = Line("affirm", "work", "text", ("boss",))
    assert line.fits("My BOSS left") and not line.fits("the embossed card")


def test_an_unknown_topic_gets_the_general_lines_and_an_unknown_technique_is_refused():
    assert [line.text for line in lines("affirm", "gardening")] == [
        line.text for line in lines("affirm", "general")
    ]
    with pytest.raises(KeyError):
        lines("warn", "work")


def test_ranking_follows_the_embedding_of_seeker_and_volunteer():
    def embed(texts):
        rows = np.zeros((len(texts), 2), dtype=np.float32)
        rows[:, 1] = 1.0
        rows[0] = [1.0, 0.0]
        rows[-1] = [1.0, 0.0]
        return rows

    wanted = Wanted("reflection_simple", "grief", "no listed word here", "ok")
    assert ranked(wanted, embed)[0].text == lines("reflection_simple", "grief")[5].text


def test_a_line_that_names_what_the_seeker_named_comes_first_without_an_embedding():
    assert "boss" in ranked(WANTED, None)[0].text


def test_the_first_confirmed_line_is_taken():
    found = choose(WANTED, authored=ranked(WANTED, None), retag=retag_as({}), avoid=AVOID)
    assert found.text == ranked(WANTED, None)[0].text
    assert (found.source, found.fallback, found.checks.confirmed, found.checks.tried) == (
        "authored",
        False,
        True,
        1,
    )


def test_a_line_with_a_discouraged_tag_or_without_the_technique_is_passed_over():
    first, second, third, *_ = ranked(WANTED, None)
    retag = retag_as({first.text: ("reflection_simple", "direct"), second.text: ("other",)})
    found = choose(WANTED, authored=ranked(WANTED, None), retag=retag, avoid=AVOID)
    assert found.text == third.text
    assert found.checks.refused == {"carries_direct": 1, "technique_not_found": 1}


def test_the_other_kind_of_reflection_will_do_when_no_line_has_the_exact_one():
    authored = ranked(WANTED, None)
    retag = retag_as({line.text: ("reflection_complex",) for line in authored})
    found = choose(WANTED, authored=authored, retag=retag, avoid=AVOID)
    assert not found.fallback and found.checks.tagged_as == "reflection_complex"


def test_nothing_confirmed_gives_a_labelled_fallback_that_carries_nothing_discouraged():
    authored = ranked(WANTED, None)
    retag = retag_as({line.text: ("direct",) if i == 0 else ("other",) for i, line in enumerate(authored)})
    found = choose(WANTED, authored=authored, retag=retag, avoid=AVOID)
    assert found.fallback and not found.checks.confirmed and found.text == authored[1].text
    assert choose(WANTED, authored=authored, retag=None, avoid=AVOID).fallback


def test_a_model_text_comes_first_only_when_it_passes():
    good = "So your boss shouting at you has been hard to take."
    bad = "I promise that everything will be fine with your boss."
    found = choose(
        WANTED, authored=ranked(WANTED, None), reworded=[bad, good], retag=retag_as({}), avoid=AVOID
    )
    assert (found.text, found.source) == (good, "model")
    assert found.checks.refused == {"promise": 1}
    found = choose(WANTED, authored=ranked(WANTED, None), reworded=[bad], retag=retag_as({}), avoid=AVOID)
    assert found.source == "authored"


def test_an_unconfirmed_model_text_is_never_the_fallback():
    good = "So your boss shouting at you has been hard to take."
    found = choose(WANTED, authored=(), reworded=[good], retag=None, avoid=AVOID)
    assert found is None


def test_texts_shown_before_and_the_volunteers_own_words_are_not_offered():
    authored = ranked(WANTED, None)
    found = choose(
        WANTED, authored=authored, retag=retag_as({}), avoid=AVOID, used=frozenset({authored[0].text})
    )
    assert found.text == authored[1].text
    same = Wanted("reflection_simple", "work", WANTED.seeker, authored[0].text)
    assert choose(same, authored=authored, retag=retag_as({}), avoid=AVOID).text != authored[0].text


def test_version_of_the_bank_is_short_and_stable():
    assert bank_version() == bank_version() and len(bank_version()) == len("alternatives-") + 8


def test_a_models_text_may_name_nobody_whom_the_chat_does_not_name():
    invented, plain = "Your sister keeps shouting at you.", "It sounds as if the shouting never stops."
    found = choose(WANTED, authored=(), reworded=(invented, plain), retag=retag_as({}), avoid=AVOID)
    assert (found.text, found.checks.refused) == (plain, {"names_what_nobody_named": 1})
    told = Wanted(**{**vars(WANTED), "chat": ("my sister lives with us",)})
    assert choose(told, authored=(), reworded=(invented,), retag=retag_as({}), avoid=AVOID).text == invented
    line = Line("reflection_simple", "work", invented, ())
    assert choose(WANTED, authored=(line,), retag=retag_as({}), avoid=AVOID).text == invented
