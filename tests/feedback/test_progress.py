"""Figures over several chats: what counts, the intervals, the trend, before and after."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from feedback.intervals import difference
from feedback.reports import progress
from feedback.reports.trends import HEIGHT, WIDTH, trends
from peersupport.practice import chats
from peersupport.practice.models import Message, Scenario
from skills.models import Correction, SkillTag, Tagging

REFLECT, ASK, ORDER, NOTHING = {"reflection_complex"}, {"open_question"}, {"direct"}, set()


def session(number: int, *codes: set[str], baseline: bool = False, scenario: str = "a") -> progress.Session:
    chat = SimpleNamespace(
        pk=number,
        scenario=SimpleNamespace(title="Title", slug=scenario, baseline=baseline),
        created_at=datetime(2026, 1, 1 + number, tzinfo=UTC),
        ended_at=None,
    )
    return progress.session_of(chat, [frozenset(some) for some in codes])


def test_totals_add_up_messages_and_not_chats():
    found = [session(1, REFLECT, ASK, NOTHING), session(2, REFLECT | ASK, {"reflection_simple"}, ORDER)]
    total = progress.totals(found)
    assert (total["chats"], total["messages"]) == (2, 6)
    assert (total["ratio"]["reflections"], total["ratio"]["questions"], total["ratio"]["value"]) == (
        3,
        2,
        1.5,
    )
    assert total["ratio"]["low"] is None  # two chats say nothing of a habit
    assert (total["complex"]["count"], total["complex"]["n"], total["complex"]["enough"]) == (2, 3, False)
    assert total["non_adherent"]["count"] == 1


def test_without_questions_the_ratio_is_undefined():
    assert progress.totals([session(1, REFLECT)])["ratio"]["value"] is None
    assert trends([session(1, REFLECT)])[0]["points"][0]["y"] is None


def test_newcombes_interval_agrees_with_the_paper():
    # Newcombe 1998, table II, contrast (a): 56/70 against 48/80.
    gap, low, high = difference((48, 80), (56, 70))
    assert (round(gap, 4), round(low, 4), round(high, 4)) == (0.2, 0.0524, 0.3339)
    assert difference((0, 0), (1, 2)) is None


def test_lately_is_set_apart_only_once_there_is_a_before():
    few = [session(n, REFLECT) for n in range(progress.LATELY)]
    assert progress.mix(few)["rows"][0]["lately"] is None
    more = [session(0, ASK), *few]
    rows = {row["code"]: row for row in progress.mix(more)["rows"]}
    assert (rows["reflection_complex"]["lately"], rows["open_question"]["lately"]) == (5, 0)
    assert rows["open_question"]["ci"][0] < rows["open_question"]["share"] < rows["open_question"]["ci"][1]


def test_before_and_after_compare_the_same_scenario_and_say_when_it_is_too_little():
    assert progress.before_after([session(1, ASK)]) is None
    first = session(1, *[ASK] * 12, baseline=True)
    assert progress.before_after([first])["after"] is None
    last = session(3, *[REFLECT] * 12, baseline=True)
    other = session(4, *[ASK] * 12, baseline=True, scenario="b")
    found = progress.before_after([first, session(2, ASK), last, other])
    assert found["after"] is last
    rows = {row["key"]: row for row in found["rows"]}
    assert rows["reflections"]["enough"] and rows["reflections"]["gap"] == 100
    assert not rows["complex"]["enough"]  # no reflection before
    assert not {row["key"]: row for row in progress.before_after([first, session(5, REFLECT, baseline=True)])[
        "rows"]}["reflections"]["enough"]  # fmt: skip


def test_trends_stay_inside_the_chart_and_break_where_a_figure_is_undefined():
    found = [session(1, *[REFLECT] * 40, ASK), session(2, NOTHING), session(3, *[ASK] * 40), session(4, ASK)]
    for chart in trends(found):
        for point in chart["points"]:
            heights = [point[name] for name in ("y", "low", "high") if point[name] is not None]
            assert 0 < point["x"] < WIDTH and all(0 < y < HEIGHT for y in heights)
    ratio = trends(found)[0]
    assert ratio["path"].count("M") == 2
    assert [point["enough"] for point in ratio["points"]] == [True, False, True, False]


@pytest.fixture
def practised(people):
    """practised(volunteer, [codes], …): ended chats with tags, without any model."""

    def practised(volunteer, *messages: set[str], baseline: bool = False):
        scenario = Scenario.objects.filter(active=True, risk=False, baseline=baseline).first()
        chat = chats.start_chat(volunteer, scenario)
        for index, codes in enumerate(messages, start=5):
            message = Message.objects.create(
                chat=chat, index=index, role="counselor", text="x", idempotency_key=str(index)
            )
            tagging = Tagging.objects.create(message=message, version="v", probabilities=b"")
            for code in codes:
                SkillTag.objects.create(tagging=tagging, code=code, probability=0.9, start=0, end=1)
        chats.end_chat(chat)
        return chat

    return practised


def test_only_ones_own_ended_chats_count_and_corrections_hold(people, practised):
    chat = practised(people.volunteer, REFLECT, ASK)
    practised(people.peer, ASK, ASK)
    chats.start_chat(people.volunteer, chat.scenario)
    [found] = progress.sessions(people.volunteer)
    assert (found.counts.messages, found.counts.reflections, found.counts.questions) == (2, 1, 1)
    message = Message.objects.get(chat=chat, index=5)
    Correction.objects.create(message=message, code="reflection_complex", action="remove")
    Correction.objects.create(message=message, code="affirm", action="add")
    [found] = progress.sessions(people.volunteer)
    assert (found.counts.reflections, found.counts.adherent) == (0, 1)


def test_queries_do_not_grow_with_chats(people, practised):
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            progress.sessions(people.volunteer)
        return len(found)

    practised(people.volunteer, REFLECT)
    few = queries()
    for _ in range(6):
        practised(people.volunteer, REFLECT, ASK, ORDER)
    assert queries() == few == 5
