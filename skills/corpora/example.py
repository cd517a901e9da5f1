"""What one labelled message says about the taxonomy, whatever corpus it comes from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

NOTHING: Mapping[str, int] = MappingProxyType({})
TEST_SHARE, VAL_SHARE = 14, 8
GOLD = "gold"  # the corpus of messages that an organisation's own trainers coded


@dataclass(frozen=True, slots=True)
class Example:
    """One helper message with what its annotators settled; everything not named is unknown.

    `positive`: sets of codes, of each of which at least one is present (a set of one is an exact label).
    `negative`: codes known to be absent. `label`: the corpus' own label, read off with `readout(corpus)`.
    `empathy`: mechanism -> level 0, 1 or 2. `group`: transcript or author; never divided between splits.
    """

    corpus: str
    group: str
    text: str
    previous: str = ""
    positive: tuple[frozenset[str], ...] = ()
    negative: frozenset[str] = frozenset()
    label: str = ""
    empathy: Mapping[str, int] = field(default_factory=lambda: NOTHING)
    weight: float = 1.0
    negative_weight: float = 1.0
    fixed_split: str = ""

    @property
    def split(self) -> str:
        """`train`, `val` or `test`: fixed by the source, otherwise by a hash of the group (no seed)."""
        return self.fixed_split or split_of(f"{self.corpus}:{self.group}")


def split_of(key: str) -> str:
    """The split of a group key: 14 % test, 8 % val, the rest train."""
    place = int.from_bytes(hashlib.sha256(key.encode("utf-8", "replace")).digest()[:4], "big") % 100
    if place < TEST_SHARE:
        return "test"
    return "val" if place < TEST_SHARE + VAL_SHARE else "train"
