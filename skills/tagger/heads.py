"""Layout of the head's outputs: first one logit per code, then three levels for each empathy mechanism."""

from __future__ import annotations

from skills.taxonomy import CODES, EMPATHY

EMPATHY_HEADS: tuple[str, ...] = tuple(EMPATHY)
N_CODES = len(CODES)
N_OUTPUTS = N_CODES + 3 * len(EMPATHY_HEADS)
INDEX: dict[str, int] = {code: position for position, code in enumerate(CODES)}
# Added to the features of tokens outside a row before the maximum is taken.
OUTSIDE = -1e4
