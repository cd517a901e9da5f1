"""Windows are read in blocks of one length: none is left out, and none changes in company."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.corpora import own
from skills.tagger import blocks
from skills.tagger.card import WEIGHTS
from skills.tagger.encode import Encoder, Window
from skills.tagger.session import feed, session

ENCODER = Encoder(WEIGHTS / "tokenizer.json")


def window(length: int, sentences: int = 1) -> Window:
    return Window([1] * length, length, [(1, length - 1)] * sentences, [(0, 1)] * sentences)


@given(st.lists(st.tuples(st.integers(3, 128), st.integers(1, 5)), max_size=60), st.integers(1, 600))
def test_every_window_is_in_one_block_of_its_length(shapes, tokens):
    windows = [window(*shape) for shape in shapes]
    found = blocks.in_blocks(windows, tokens)
    assert sorted(place for block in found for place in block) == list(range(len(windows)))
    for block in found:
        lengths = {len(windows[place].ids) for place in block}
        assert len(lengths) == 1
        assert len(block) == 1 or len(block) * lengths.pop() <= tokens
    sizes = [len(windows[block[0]].ids) for block in found]
    assert sizes == sorted(sizes, reverse=True)  # what takes long begins first


def test_a_block_is_filled_before_the_next_begins():
    found = blocks.in_blocks([window(10)] * 7 + [window(9)], 30)
    assert [len(block) for block in found] == [3, 3, 1, 1]


@pytest.mark.parametrize("threads", [1, 2])
def test_answers_come_back_in_the_order_of_the_windows(threads):
    windows = [window(length) for length in (5, 9, 5, 7, 9)]
    assert blocks.run(windows, lambda some: [len(one.ids) for one in some], threads) == [5, 9, 5, 7, 9]
    assert blocks.run([], lambda some: some, threads) == []


def test_threads_work_at_once():
    meeting = threading.Barrier(2, timeout=20)

    def read(some):
        meeting.wait()
        return some

    assert len(blocks.run([window(5), window(6)], read, threads=2)) == 2


def test_an_error_of_one_block_is_not_swallowed():
    def read(some):
        if len(some[0].ids) == 6:
            raise MemoryError
        return some

    for threads in (1, 2):
        with pytest.raises(MemoryError):
            blocks.run([window(5), window(6)], read, threads)


def test_a_window_has_the_same_numbers_in_any_block():
    """Exactly here; other processors may add the last few floats in another order."""
    before = "I feel so alone with all of it."
    windows = [one for example in list(own.read())[:400] for one in ENCODER.windows(example.text, before)]
    running = session((WEIGHTS / "tagger.onnx").read_bytes())

    def read(some):
        return running.run(["logits"], feed(*some))[0]

    together = blocks.run(windows, read)
    assert max(len(block) for block in blocks.in_blocks(windows)) > 5
    for one, numbers in zip(windows, together, strict=True):
        assert np.abs(numbers[: 1 + len(one.rows)] - read([one])[0]).max() < 1e-5


def test_windows_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="inhomogeneous"):
        feed(window(4), window(5))


def test_many_messages_of_one_length_are_few_passes():
    asked = []

    def read(some):
        asked.append(len(some))
        return some

    blocks.run([window(16)] * 100, read)
    assert asked == [32, 32, 32, 4]
