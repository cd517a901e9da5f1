"""Weights made from those that serve: the graph as bytes, the refit, the comparison, the files."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from skills.corpora import own
from skills.corpora.example import GOLD, Example
from skills.gold import runs
from skills.tagger import TagInput, compare, features, refit, successor, wire
from skills.tagger.card import WEIGHTS, read_card
from skills.tagger.encode import Encoder
from skills.tagger.runtime import Tagger
from skills.taxonomy import CODES

MADE = date(2026, 11, 26)
SOME = [example for place, example in enumerate(own.read()) if place % 6 == 0]
MODEL = (WEIGHTS / "tagger.onnx").read_bytes()


def digest(data: bytes) -> str:
    """Compared in place of megabytes, whose difference pytest would try to show."""
    return hashlib.sha256(data).hexdigest()


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(successor, "STRENGTHS", (1.0, 0.1))
    monkeypatch.setattr(own, "read", lambda: iter(SOME))


def gold(n: int = 60, *, part: str = "train", code: str = "warn") -> list[Example]:
    """Messages that say one thing, which these trainers call `code`."""
    words = ["keys", "doors", "bags", "shoes", "maps", "cups", "bells", "nets", "pans", "rugs"]
    return [
        Example(
            corpus=GOLD,
            group=f"{part} {number // 4}",
            text=f"Mind the {words[number % 10]} by the {words[number // 10 % 10]} please",
            previous="ok",
            positive=(frozenset({code}),),
            negative=frozenset(CODES) - {code},
            fixed_split=part,
        )
        for number in range(n)
    ]


def test_the_head_of_the_shipped_graph_is_found_without_onnx():
    head = wire.read_head(MODEL)
    assert head.weight.shape == (768, 30)
    assert digest(wire.with_head(MODEL, head.weight, head.bias)) == digest(MODEL)


def test_what_the_head_sees_gives_the_logits_of_the_graph():
    served = features.Served(WEIGHTS)
    examples = [replace(SOME[0], text="What is hardest? " * 60), SOME[1]]
    seen = served.see(examples)
    assert list(seen.of).count(0) > 1  # a long one has several passes
    logits = seen.scored(served.head.weight, served.head.bias).logits
    tagger, encoder = Tagger(WEIGHTS), Encoder(WEIGHTS / "tokenizer.json")
    for example, row in zip(examples, logits, strict=True):
        passes = tagger.logits(encoder.windows(example.text, example.previous))
        said = np.max([one[0, : len(CODES)] for one in passes], axis=0) * read_card()["temperature"]["codes"]
        assert np.abs(said - row[: len(CODES)]).max() < 1e-4


def test_another_last_layer_changes_the_tags_and_nothing_else(tmp_path):
    head = wire.read_head(MODEL)
    bias = head.bias.copy()
    bias[CODES.index("warn")] += 20
    changed = wire.with_head(MODEL, head.weight, bias)
    before, after = (np.frombuffer(model, np.uint8) for model in (MODEL, changed))
    assert 0 < (before != after).sum() <= 4


@pytest.mark.parametrize("length", [0, 1, 1000, 100_000])
@pytest.mark.parametrize("start", [b"", b"\x00", b"no graph at all"])
def test_a_file_that_is_no_such_graph_is_refused(start, length):
    data = start + MODEL[:length]
    with pytest.raises(wire.OtherGraphError):
        wire.read_head(data)


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match="768"):
        wire.with_head(MODEL, np.zeros((2, 30)), np.zeros(30))


def test_the_refit_moves_little_for_a_strong_penalty_and_learns_for_a_weak_one():
    chance = np.random.default_rng(0)
    head = wire.Head("x", chance.normal(size=(8, 30)).astype(np.float32), np.zeros(30, np.float32), (0, 0))
    seen = chance.normal(size=(50, 8)).astype(np.float32)
    there = np.zeros((50, len(CODES)))
    there[:, 0] = seen[:, 0] > 0
    known = np.zeros_like(there)
    known[:, 0] = 1
    lesson, held = refit.Lesson(seen, there, known), refit.anchor(head, chance.normal(size=(20, 8)))
    firm, loose = (refit.refit(head, lesson, held, strength) for strength in (1e6, 1e-3))
    assert np.abs(firm[0] - head.weight).max() < 1e-3
    right = (seen @ loose[0][:, 0] + loose[1][0] > 0) == (seen[:, 0] > 0)
    assert right.mean() > 0.95
    # Nobody said anything of the other codes, and nothing of empathy: those outputs stay.
    assert np.abs(loose[0][:, 1:] - head.weight[:, 1:]).max() < 1e-3
    assert (loose[0][:, len(CODES) :] == head.weight[:, len(CODES) :]).all()


def outcome(old: float, new: float, n: int = 200, chats: int = 0):
    """Two versions that find one technique in such shares of the messages that have it."""
    truth = np.zeros((n, len(CODES)), bool)
    truth[: n // 2, 0] = True
    said = [np.zeros_like(truth) for _ in range(2)]
    for share, array in zip((old, new), said, strict=True):
        array[: round(share * n // 2), 0] = True
    names = [f"chat {number % chats}" if chats else "" for number in range(n)]
    return compare.compare(truth, np.ones_like(truth), *said, names)


def test_a_better_version_beats_and_a_worse_one_does_not():
    better = outcome(0.5, 0.8)
    assert (better["beats"], better["against"]) == (True, [])
    low, high = better["mean"]["ci"]
    assert 0 < low < better["mean"]["change"] < high
    worse = outcome(0.8, 0.5)
    assert worse["against"] == ["mean", f"worse:{CODES[0]}"]
    assert outcome(0.6, 0.6)["against"] == ["mean"]


def test_on_what_two_trainers_coded_it_must_not_be_lower():
    n = 400
    truth = np.zeros((n, len(CODES)), bool)
    truth[:200, 0] = truth[200:, 1] = True
    old, new = truth.copy(), truth.copy()
    old[:150, 0] = False  # own examples: the new one is much better
    new[380:, 1] = False  # of chats: it is worse
    chats = [""] * 200 + [f"chat {number % 20}" for number in range(200)]
    found = compare.compare(truth, np.ones_like(truth), old, new, chats)
    assert found["mean"]["new"] > found["mean"]["old"]
    assert "double" in found["against"]
    assert (found["double_coded"], found["chats"]) == (200, 20)


def test_an_interval_over_chats_is_wider_than_one_over_single_messages():
    wide, narrow = outcome(0.5, 0.7, chats=4), outcome(0.5, 0.7)
    assert np.ptp(wide["mean"]["ci"]) != np.ptp(narrow["mean"]["ci"])


def test_too_little_gold_says_how_much_and_what_to_do(few, tmp_path):
    with pytest.raises(successor.TooLittleGoldError, match=r"29 messages.*30 are needed.*Review"):
        successor.succeed(WEIGHTS, gold(29) + gold(50, part="val"), tmp_path / "out", made=MADE)
    assert not (tmp_path / "out").exists()
    assert runs.LEAST == successor.LEAST


def test_damaged_weights_are_refused(few, tmp_path):
    for name in ("card.json", "tokenizer.json"):
        (tmp_path / name).write_bytes((WEIGHTS / name).read_bytes())
    (tmp_path / "tagger.onnx").write_bytes(MODEL[:-1] + b"\x00")
    with pytest.raises(ValueError, match=r"card\.json"):
        successor.succeed(tmp_path, gold(), tmp_path / "out", made=MADE)


@pytest.mark.slow
def test_new_weights_have_learnt_what_trainers_said_and_are_the_same_each_time(few, tmp_path):
    said = gold() + gold(40, part="val") + gold(40, part="test")
    one, two = (successor.succeed(WEIGHTS, said, tmp_path / name, made=MADE) for name in ("one", "two"))
    assert one == two
    for name in ("tagger.onnx", "card.json", "CARD.md", "tokenizer.json"):
        assert len({digest((tmp_path / run / name).read_bytes()) for run in ("one", "two")}) == 1
    made, before = Tagger(tmp_path / "one"), Tagger(WEIGHTS)
    assert made.version == one["version"] != before.version
    new = TagInput("Mind the ladder by the cups please", "ok")
    chances = [tagger.tag([new])[0].probabilities["warn"] for tagger in (before, made)]
    assert chances[1] > chances[0]
    assert (made.embed(["How are you?"]) == before.embed(["How are you?"])).all()
    learnt, found = one["refit"]["learnt"], one["refit"]["comparison"]
    assert (learnt["gold"], learnt["chats"], found["double_coded"], found["chats"]) == (60, 15, 40, 10)
    assert one["refit"]["parent"] == before.version
    card = (tmp_path / "one" / "CARD.md").read_text(encoding="utf-8")
    assert before.version in card and "60 messages of 15 chats" in card
    assert not any(example.text in card for example in said)
    # What was a weak reading on harder text stays one.
    weak = {code for code, row in before.card["codes"].items() if row["low_reliability"]}
    assert weak <= {code for code, row in one["codes"].items() if row["low_reliability"]}


def test_it_runs_on_what_a_worker_has():
    """In a process that has no onnx, torch or scikit-learn."""
    script = """
import sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("onnx", "torch", "sklearn", "transformers"):
            raise ImportError(name)
sys.meta_path.insert(0, Gone())
from skills.corpora import own
from skills.tagger import features, successor
from skills.tagger.card import WEIGHTS
served = features.Served(WEIGHTS)
print(served.see(list(own.read())[:3]).pooled.shape[1])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "768", done.stderr
