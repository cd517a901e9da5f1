from __future__ import annotations

import json

import numpy as np
import pytest

from feedback.evidence.published import published_study
from feedback.reports.session import Turn, session_report
from tests.feedback.chats import counselor, seeker, tags

STUDY = published_study()
CARD = {
    "version": "tagger-test",
    "codes": {"direct": {"f1": 0.4, "ci": [0.3, 0.5], "n": 80, "low_reliability": True}},
}
CHAT = [
    seeker(0, "my boss keeps shouting at me and I feel worthless"),
    counselor(1, "Just quit that job.", "direct"),
    seeker(2, "I can't, I have rent to pay"),
    counselor(3, "The money makes it hard to walk away.", "reflection_complex"),
]


def embed(texts):
    rows = np.array([[len(text), text.count("o") + 1] for text in texts], dtype=np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def retag(inputs):
    return [tags(i.text, "emphasize_autonomy", "reflection_simple", "reflection_complex") for i in inputs]


def report(turns=CHAT, **options):
    defaults = {"study": STUDY, "card": CARD, "topic": "work", "embed": embed, "retag": retag, "seed": 3}
    return session_report(turns, **defaults | options)


def test_a_whole_report_is_ready_and_json_able():
    result = report()
    assert json.loads(json.dumps(result)) == result
    assert (result["status"], result["missing"]) == ("ready", [])
    assert [m["index"] for m in result["messages"]] == [0, 1, 2, 3]
    assert result["versions"]["tagger"] == "tagger-test" and result["versions"]["study"] == "yang2024 2024.1"
    assert result["crisis"] is None


def test_a_message_shows_its_tags_with_grade_span_and_reliability():
    entry = report()["messages"][1]
    (tag,) = entry["tags"]
    assert (tag["code"], tag["grade"]["key"], tag["span"]) == ("direct", "discouraged", [0, 19])
    assert tag["low_reliability"] is True
    assert len(entry["probabilities"]) == 21
    seeker_entry = report()["messages"][0]
    assert not seeker_entry["tagged"] and seeker_entry["probabilities"] is None


def test_a_message_says_persuading_only_where_it_is_unsure_which():
    close = {"persuade_with_permission": 0.55, "advise_without_permission": 0.45}
    clear = {"persuade_with_permission": 0.9, "advise_without_permission": 0.05}
    turns = [seeker(0, "ok"), counselor(1, "Maybe try yoga?", "persuade_with_permission", **close)]
    turns += [seeker(2, "ok"), counselor(3, "May I suggest yoga?", "persuade_with_permission", **clear)]
    turns += [seeker(4, "ok"), counselor(5, "You can.", "affirm", **close)]
    _, unsure, _, sure, _, other = report(turns)["messages"]
    assert (
        unsure["persuading"]["name"] == "Persuading" and "hard to tell" in unsure["persuading"]["explanation"]
    )
    assert sure["persuading"] is None and other["persuading"] is None


def test_a_point_carries_goal_reason_evidence_and_a_confirmed_alternative():
    (point,) = report()["points"]
    assert (point["index"], point["rule"], point["recommended"]["code"]) == (
        1,
        "discouraged",
        "emphasize_autonomy",
    )
    assert point["goal"] and point["reason"]
    assert [note["about"] for note in point["evidence"]] == ["done", "recommended"]
    alternative = point["alternative"]
    assert (alternative["source"], alternative["fallback"]) == ("authored", False)
    assert alternative["checks"]["confirmed"]
    assert result_text_says_authored(report())


def result_text_says_authored(result):
    return "No language model is configured" in result["coach"]["text"] and result["coach"]["model"] is None


def test_strengths_come_with_their_message():
    (strength,) = report()["strengths"]
    assert (strength["index"], strength["message_id"], strength["grade"]) == (3, "m3", "helpful")


def test_a_message_without_tags_makes_the_report_partial_and_says_which():
    turns = [*CHAT, Turn(index=5, role="counselor", text="And now?")]
    result = report(turns)
    assert result["status"] == "partial"
    assert [(m["what"], m["index"]) for m in result["missing"]] == [("tags", 5)]
    assert result["ratios"]["n_messages"] == 2


def test_an_absent_tagger_gives_labelled_fallbacks():
    result = report(embed=None, retag=None, card=None)
    assert result["status"] == "partial" and result["points"][0]["alternative"]["fallback"]
    assert result["missing"][-1]["what"] == "check"
    assert result["versions"]["tagger"] is None


def test_a_models_wording_is_used_when_it_passes_and_named():
    asked = []

    def reword(requests):
        asked.extend(requests)
        return ["What you do about that boss is your own decision."] * len(requests)

    result = report(reword=reword, coach="tiny")
    assert result["points"][0]["alternative"]["source"] == "model"
    assert result["coach"]["model"] == result["versions"]["coach"] == "tiny"
    assert len({request.seed for request in asked}) == len(asked) == 3
    assert asked[0].seeker == CHAT[0].text and asked[0].volunteer == CHAT[1].text


def test_a_failing_model_costs_the_wording_and_not_the_report():
    def reword(requests):
        raise RuntimeError("secret text of the chat")

    result = report(reword=reword, coach="tiny")
    assert result["status"] == "partial"
    assert result["points"][0]["alternative"]["source"] == "authored"
    (gap,) = result["missing"]
    assert gap["what"] == "rewording" and "secret" not in gap["text"]


def test_a_risk_cue_leads_and_no_text_is_suggested():
    turns = [seeker(0, "I'd rather be dead", risk="passive"), counselor(1, "Just quit that job.", "direct")]
    result = report(turns)
    crisis = result["crisis"]
    assert crisis["level"] == "passive" and crisis["overrides_skill_points"]
    assert {item["status"] for item in crisis["checklist"]} == {"not_seen"}
    assert [point["rule"] for point in result["points"]] == ["crisis_refer", "crisis_notice"]
    assert all(point["alternative"] is None for point in result["points"])
    assert "crisis_first" in {notice["key"] for notice in result["notices"]}


def test_a_disclosure_of_the_counselor_is_noticed():
    turns = [
        *CHAT,
        Turn(index=4, role="counselor", text="I feel like that too", tags=tags("x"), risk_level="explicit"),
    ]
    told = report(turns)
    notice = next(n for n in told["notices"] if n["key"] == "counselor_disclosure")
    assert notice["indexes"] == [4]
    assert told["ratios"]["n_messages"] == report(CHAT)["ratios"]["n_messages"]
    assert 4 not in [one["index"] for one in (*told["points"], *told["strengths"])]


def test_two_points_never_offer_the_same_text():
    turns = [
        seeker(0, "ok"),
        counselor(1, "Quit, or else you will get ill.", "warn"),
        seeker(2, "hm"),
        counselor(3, "May I suggest a break?", "persuade_with_permission"),
    ]
    texts = [point["alternative"]["text"] for point in report(turns)["points"]]
    assert len(texts) == 2 == len(set(texts))


def test_the_same_chat_gives_the_same_report():
    assert report() == report(CHAT[::-1])


@pytest.mark.parametrize("turns", [[], [seeker(0, "hello")]])
def test_a_chat_without_the_counselor_says_so(turns):
    result = report(turns)
    assert result["strengths"] == result["points"] == []
    assert [notice["key"] for notice in result["notices"]] == ["no_counselor_messages"]
