"""Probabilities of all techniques in 42 bytes: half floats in the order of the taxonomy.

A half float keeps three decimal digits on [0, 1], finer than any probability is shown. The
order is fixed by `PACKED_CODES`; a new technique is appended there, never inserted.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from skills.taxonomy import CODES

PACKED_CODES: tuple[str, ...] = CODES
_FORMAT = f"<{len(PACKED_CODES)}e"


def pack(probabilities: Mapping[str, float]) -> bytes:
    """Raises KeyError when a code has no probability."""
    return struct.pack(_FORMAT, *(probabilities[code] for code in PACKED_CODES))


def unpack(packed: bytes) -> dict[str, float]:
    """Raises struct.error for bytes of another length."""
    return dict(zip(PACKED_CODES, struct.unpack(_FORMAT, bytes(packed)), strict=True))
