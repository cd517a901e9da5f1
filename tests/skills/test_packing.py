"""Probabilities in 42 bytes: what is read is what was written, to three digits, in a fixed order."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skills.packing import PACKED_CODES, pack, unpack
from skills.taxonomy import CODES


@given(st.fixed_dictionaries({code: st.floats(0, 1) for code in CODES}))
def test_what_is_read_is_what_was_written(probabilities):
    found = unpack(pack(probabilities))
    assert list(found) == list(PACKED_CODES)
    assert found == pytest.approx(probabilities, abs=5e-4)


def test_the_bytes_are_half_floats_in_the_order_of_the_taxonomy():
    packed = pack({code: number / 32 for number, code in enumerate(CODES)})
    assert len(packed) == 42
    assert packed == b"".join(struct.pack("<e", number / 32) for number in range(21))
    assert unpack(memoryview(packed))["affirm"] == CODES.index("affirm") / 32


def test_a_missing_code_and_another_length_are_errors():
    with pytest.raises(KeyError):
        pack({"affirm": 0.5})
    with pytest.raises(struct.error):
        unpack(b"\0" * 40)
