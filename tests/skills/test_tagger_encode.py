"""Token layout: message first, the end of the previous message after it, long messages in several passes."""

from __future__ import annotations

import numpy as np
import pytest

from skills.tagger.card import WEIGHTS
from skills.tagger.encode import LIMIT, PREVIOUS_LIMIT, Encoder, stack


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder(WEIGHTS / "tokenizer.json")


def test_a_message_alone_is_one_segment_and_pools_over_all_its_tokens(encoder):
    [window] = encoder.windows("You came back. What helped?")
    ids, segments, pool = stack([window])
    assert segments.sum() == 0
    assert window.message == ids.shape[1]
    assert pool.shape == (1, 3, ids.shape[1])
    assert np.allclose(pool.sum(-1), 1)


def test_the_end_of_the_previous_message_is_the_second_segment(encoder):
    alone = encoder.windows("the end")[0].ids[1:-1]
    [window] = encoder.windows("What helped?", "word " * 200 + "the end")
    _, segments, pool = stack([window])
    assert segments.sum() == PREVIOUS_LIMIT + 1
    assert window.ids[-3:-1] == alone
    assert pool[0, :, window.message :].sum() == 0


def test_long_messages_take_several_passes_and_keep_their_offsets(encoder):
    text = " ".join(f"This is sentence number {number} of a long message." for number in range(60))
    windows = encoder.windows(text, "before " * 60)
    assert len(windows) > 3
    assert all(len(window.ids) <= LIMIT for window in windows)
    spans = [span for window in windows for span in window.spans]
    assert len(spans) == 60
    assert text[slice(*spans[17])] == "This is sentence number 17 of a long message."


def test_a_sentence_without_end_is_divided(encoder):
    text = "and then " * 400
    windows = encoder.windows(text)
    assert all(len(window.ids) <= LIMIT for window in windows)
    stops = [span[1] for window in windows for span in window.spans]
    assert stops == sorted(stops)
    assert stops[-1] <= len(text)


def test_no_words_no_passes(encoder):
    assert encoder.windows("   ") == []
