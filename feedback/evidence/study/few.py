"""Who is few: groups that are not shown because people in them could be recognised, and too few to estimate
from.

The first is the specification's `suppress`, ten people at the least. The second is LEAST_GROUPS seekers: from
fewer, an interval rests on the model being right more than on the data (docs/outcomes.md has the figures).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import LEAST_GROUPS, Spec

HIDDEN = "not shown"


def enough(seekers: pd.Series, words: str, spec: Spec) -> None:
    """Raises StudyError where these seekers, who `words`, are fewer than `suppress`; never their number."""
    n = seekers.nunique()
    if n < spec.suppress:
        few = f"fewer than {spec.suppress}" if n else "no"
        raise StudyError(
            f"{few} seekers {words}. Below {spec.suppress} nothing is shown: single people could be "
            "recognised."
        )


def enough_to_estimate(seekers: pd.Series) -> None:
    """Raises StudyError where these seekers are fewer than LEAST_GROUPS."""
    n = seekers.nunique()
    if n < LEAST_GROUPS:
        raise StudyError(
            f"not enough data: {n} seekers are left, and fewer than {LEAST_GROUPS} are too few to estimate "
            "from. Bring a longer time."
        )


def differing(values: NDArray, seekers: pd.Series) -> int:
    """How many seekers have a period in which `values` [n] is not the most frequent of all: those whose
    scores carry the figure of this term. The most frequent is 0 where a technique is rare."""
    usual = pd.Series(values).mode().iloc[0]
    return int(seekers[np.asarray(values) != usual].nunique())


def counted(n: int, people: int, spec: Spec, *rests: int) -> int | str:
    """`n`, which is of so many `people`; "<10" where these are few; "not shown" where a number in `rests`, of
    people who could be found by subtracting, is few."""
    if 0 < people < spec.suppress:
        return f"<{spec.suppress}"
    return HIDDEN if any(0 < rest < spec.suppress for rest in rests) else n
