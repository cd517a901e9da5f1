"""What is wrong with an own scenario is said at the field and the line it is about."""

from __future__ import annotations

import pytest

from peersupport import seeker
from peersupport.authoring import rehearsal
from peersupport.authoring.body import FIELDS, PASSING, ROWS, read, table_of
from peersupport.authoring.lint import errors, lint
from peersupport.safety import assess
from peersupport.safety.safe_messaging import unsafe_words
from peersupport.seeker.banks import HERE, shared_texts
from peersupport.seeker.scenario import KINDS, STYLE_WORDS
from tests.peersupport.own_scenario import BODY

TOLD = BODY["tell-0"]


def test_the_sample_has_no_error_and_every_kind_has_its_field_or_shared_lines():
    assert errors(lint(BODY)) == []
    assert set(BODY) <= set(FIELDS)
    scenario = seeker.compose_scenario(table_of(BODY, version="1"), slug="x", sha256="")
    assert {line.kind for line in scenario.lines} == set(KINDS)
    assert {rows.kind for rows in PASSING} <= set(KINDS) and len(ROWS) == len({rows.field for rows in ROWS})


@pytest.mark.parametrize("style", STYLE_WORDS)
def test_general_lines_are_safe_and_double_none_of_a_styles(style):
    texts = shared_texts(style)
    assert [text for text in texts if unsafe_words(text) or assess(text, role="seeker").level != "none"] == []
    assert errors(lint({**BODY, "style": style})) == []
    assert (HERE / "common.toml").exists()


WRONG = [
    ({"title": ""}, "title", "Give it a title"),
    ({"opening": "x" * 601}, "opening", "under 600 characters"),
    ({"topic": "space"}, "topic", "Choose one from the list"),
    ({"trust": "much"}, "trust", "whole number from 0 to 100"),
    ({"gate2": "20"}, "gate2", "more openness than the one before"),
    ({"gate3": "100"}, "gate3", "never reached"),
    ({"tell-2": "Only one."}, "tell-2", "Too few lines in the layer “the feelings”"),
    ({"disclose-3": ""}, "disclose-3", "Too few lines"),
    ({"tell-0": f"{TOLD}\n{TOLD.splitlines()[0].upper()}!"}, "tell-0", "twice"),
    ({"tell-1": f"{BODY['tell-1']}\nPetra says to give it time"}, "tell-1", "as well"),
    ({"tell-0": f"{TOLD}\nI'd have to think about that one."}, "tell-0", "say this already"),
    ({"tell-0": f"{TOLD}\n{'x' * 601}"}, "tell-0", "longer than 600"),
    ({"tell-2": f"{BODY['tell-2']}\nI don't want to live any more."}, "tell-2", "sign of risk"),
    ({"tell-2": f"{BODY['tell-2']}\nMy uncle committed suicide."}, "tell-2", "not safe wording"),
    ({"tell-2": f"{BODY['tell-2']}\nHe took an overdose once."}, "tell-2", "names a means"),
    ({"risk": "1", "content_warning": ""}, "content_warning", "needs a content warning"),
    ({"risk": "1", "content_warning": "Suicide", "safety-0": ""}, "safety-0", "straight and safe"),
    ({"risk": "1", "content_warning": "Suicide", "persona": "He has a gun."}, "persona", "names a means"),
]


@pytest.mark.parametrize(
    ("change", "field", "words"), WRONG, ids=[f"{row[1]} {row[2][:12]}" for row in WRONG]
)
def test_an_error_names_its_field(change, field, words):
    found = errors(lint({**BODY, **change}))
    assert [problem for problem in found if problem.field == field and words in problem.words], found


HINTS = [
    ({"topic": "grief"}, "content_warning", "lets them choose"),
    ({"facts": ""}, "facts", "keeps lines true"),
    ({"answer-1": f"{BODY['answer-1']}\nWho knows."}, "answer-1", "before a bar"),
    ({"answer-0": f"{BODY['answer-0']}\nhow old is he | Old."}, "answer-0", "either may come"),
    ({"tell-0": f"{TOLD}\n{'so ' * 56}"}, "tell-0", "Two lines may be better"),
    ({"tell-0": f"{TOLD}\nI cut bread with the big knife."}, "tell-0", "only if it is an everyday thing"),
    ({"gate3": "74"}, "gate3", "few chats get there"),
    ({"openness": "95", "trust": "95"}, "gate3", "little to practise"),
]


@pytest.mark.parametrize(("change", "field", "words"), HINTS, ids=[row[1] + row[2][:9] for row in HINTS])
def test_a_hint_does_not_keep_it_back(change, field, words):
    found = lint({**BODY, **change})
    assert errors(found) == []
    assert [problem for problem in found if problem.field == field and words in problem.words], found


def test_a_risk_scenario_may_speak_of_it_when_it_is_whole():
    risky = {
        **BODY, "risk": "1", "content_warning": "Not wanting to live",
        "tell-2": f"{BODY['tell-2']}\nSome nights I don't want to live any more.",
    }  # fmt: skip
    assert errors(lint(risky)) == []


def test_anything_posted_becomes_a_body_and_a_list_of_errors():
    body = read({"tell-0": "|\n|||\r\n  \n/ | x\0", "trust": "-1", "title": "\ud800"})
    assert set(body) == set(FIELDS)
    assert errors(lint(body))
    assert errors(lint({}))


def test_the_guess_of_the_preview_reads_plain_messages():
    assert rehearsal.guess("Hi there") == ("introduction_greeting",)
    assert rehearsal.guess("How old is he?") == ("closed_question",)
    assert rehearsal.guess("What is that like for you?") == ("open_question",)
    assert rehearsal.guess("You should sleep more.") == ("advise_without_permission",)
    assert rehearsal.guess("It sounds heavy.") == ("reflection_complex",)
