"""Made-up observations of one instrument, as `chats.observations` gives them."""

from __future__ import annotations

import numpy as np
import pandas as pd


def noise(seekers: int, *, seed: int = 1, chatted: float = 0.5, periods: int = 2) -> pd.DataFrame:
    """Periods in which nothing goes with anything but the score before; Affirm and Question are used."""
    random = np.random.default_rng(seed)
    n = seekers * periods
    chats = np.where(random.random(n) < chatted, 1 + random.poisson(1.0, n), 0)
    pre = random.normal(10, 4, n)
    prior = random.poisson(2.0, n).astype(float)
    return pd.DataFrame(
        {
            "seeker_id": np.repeat([f"s{number}" for number in range(seekers)], periods),
            "pre": pre,
            "post": 0.6 * pre + random.normal(0, 3, n),
            "chats": chats,
            "treated": (chats > 0).astype(float),
            "prior_chats": prior,
            "active_days": np.minimum(prior, random.poisson(2.0, n)),
            "tenure_days": random.exponential(90, n),
            "age": random.normal(40, 10, n).round(),
            "affirm": chats * random.poisson(2.0, n).astype(float),
            "question": chats * random.poisson(3.0, n).astype(float),
        }
    )
