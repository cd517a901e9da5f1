"""The replies that a reader rated: whole rows, and shares that count them."""

from __future__ import annotations

import json

from bench.coach.rated import RATED, shares, straight
from feedback.coach.corpus.heldout import frozen, handwritten


def test_rated_replies_answer_held_out_messages_and_each_stands_once():
    rows = json.loads(RATED.read_text(encoding="utf-8"))
    held = {"frozen": {q.seeker for q in frozen()}, "handwritten": {q.seeker for q in handwritten()}}
    assert all(row["seeker"] in held[row["set"]] for row in rows)
    assert len({(row["seeker"], row["technique"], row["reply"]) for row in rows}) == len(rows)


def test_shares_count_a_reply_for_each_way_that_chose_it():
    rows = [
        {"set": "a", "crooked": True, "chosen_as": ["x", "y"]},
        {"set": "a", "crooked": False, "chosen_as": ["x"]},
        {"set": "b", "crooked": False, "chosen_as": []},
    ]
    assert shares(rows) == [("a", "x", 1, 2), ("a", "y", 1, 1)]


def test_a_message_counts_as_straight_where_one_of_its_replies_is():
    row = {"set": "a", "seeker": "s", "technique": "affirm"}
    rows = [{**row, "crooked": True}, {**row, "crooked": False}, {**row, "seeker": "t", "crooked": True}]
    assert straight(rows) == {"a": (1, 2)}
