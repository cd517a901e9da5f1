"""A ranker without a model: shared words and word stems. The tagger's embedding is the better one."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import lru_cache
from itertools import pairwise

_COMMON = frozenset(
    re.findall(
        r"\w+",
        "a an and are as at be been but by did do does for from had has have i if in is it its just like me "
        "my of on or really so some that the their them there they this to was we were with you your "
        "can could how tell what when where which who why would",
    )
)


@lru_cache(maxsize=4096)
def _features(text: str) -> dict[str, float]:
    words = re.findall(r"[a-z']+", text.lower().replace("’", "'"))
    counts: Counter[str] = Counter()
    for word in words:
        weight = 0.15 if word in _COMMON else 1.0
        counts[word[:5]] += weight
    for pair in pairwise(words):
        counts[" ".join(pair)] += 0.3
    length = math.sqrt(sum(value * value for value in counts.values())) or 1.0
    return {key: value / length for key, value in counts.items()}


def lexical_rank(text: str, candidates: list[str]) -> list[float]:
    """Cosine of bags of word stems and pairs, one per candidate, each in [0, 1]."""
    query = _features(text)
    return [
        sum(value * query.get(key, 0.0) for key, value in _features(candidate).items())
        for candidate in candidates
    ]
