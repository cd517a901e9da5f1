"""Made-up data with a known truth, in the study's own file format: what the estimators are checked with.

The truth is that of Yang et al. 2024, Tables 4 and 7 (PHQ-2): scores follow
post = const + treated + pre + treated:pre + log prior chats + techniques + u[seeker] + e, on the unclipped
scale unless `clip` asks for whole numbers from 0 to 6. Who feels worse chats more (selection), a seeker's
scores go together (random intercept), and techniques go together as published ones do.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.assessments import DAY
from feedback.evidence.study.techniques import ALL, EMPATHIC, MI, PREFIX, leaves_of

START = 1_700_000_000
PROVIDERS, PIECE = 200, 500_000
CENTRE = 3.2  # of the scores
LONGEST_DAYS = 50  # of a period; what is longer lies between two spells
# Mean and SD of a period's sum of a technique, of 400,000 periods: the truth is per SD of the population.
TYPICAL = (3.284, 3.297)
# Yang et al. 2024, Table 4 (depression): effects at the mean of centred terms.
RQ1 = {"treated": -0.126, "pre": 0.668, "treated:pre": -0.155, "log_prior_chats": -0.052}
# Table 7 (depression): per +1 SD of the technique; what was not significant is taken as nothing.
RQ2 = {
    "reflection": -0.022,
    "emphasize_autonomy": -0.020,
    "persuade_with_permission": 0.022,
    "give_information": 0.019,
    "seek_collaboration": 0.016,
    "emotional_reactions": 0.028,
}


SPEC = f"""title = "Simulated data with a known truth"
days = {LONGEST_DAYS}
[instruments."PHQ-2"]  # unclipped: scores run beyond 0 to 6
low = -30
high = 40
"""


@dataclass(frozen=True)
class Truth:
    """`between` and `within` are standard deviations of the seeker's intercept and of the error; `selection`
    is what one point of the score adds to the logit of chatting; `shared` is the part of a technique's
    variance that all of them share."""

    rq1: Mapping[str, float] = field(default_factory=lambda: dict(RQ1))
    rq2: Mapping[str, float] = field(default_factory=lambda: dict(RQ2))
    constant: float = 3.62
    between: float = 0.55
    within: float = 1.1
    selection: float = 0.35
    treated: float = 0.35
    shared: float = 0.3
    clip: bool = False


def simulate(
    seekers: int, *, seed: int, truth: Truth | None = None, instrument: str = "PHQ-2"
) -> dict[str, pd.DataFrame]:
    """{"assessments", "chats", "seekers", "providers"}: one to three spells a seeker, each of two assessments
    with chats between.

    A later spell begins with a score of its own, long after the one before (`Spec.days` leaves the time
    between out): where the outcome of one period were the start of the next, the start would depend on the
    seeker's intercept, and no random-intercept model would be right.
    """
    truth = truth or Truth()
    random = np.random.default_rng(seed)
    spells = 1 + random.poisson(0.6, seekers).clip(max=2)
    level = random.normal(CENTRE, 1.2, seekers)
    own = random.normal(0, truth.between, seekers)
    age = random.normal(32, 9, seekers).clip(16, 80).round()
    prior = random.poisson(np.exp(random.normal(-0.2, 1.0, seekers))).astype(float)
    begin = START + random.integers(0, 200, seekers) * DAY
    joined = begin - (random.exponential(90, seekers) + 1) * DAY
    chats, assessed = [_early(random, begin, joined, prior)], []
    for spell in range(int(spells.max())):
        alive = spells > spell
        pre = _shown(level + random.normal(0, 1.0, seekers), truth)
        end = begin + random.integers(10, 45, seekers) * DAY
        treated = alive & (random.random(seekers) < _chance(pre, prior, age, truth))
        numbers = np.where(treated, 1 + random.poisson(0.8, seekers), 0)
        table = _techniques(random, np.flatnonzero(treated), numbers, truth)
        mean = _mean(pre, prior, treated, truth) + _effects(table, seekers, truth) + own
        post = _shown(mean + random.normal(0, truth.within, seekers), truth)
        who = np.flatnonzero(alive)
        assessed += [(who, begin[who], pre[who]), (who, end[who], post[who])]
        chats.append(_during(random, table, begin, end))
        prior = prior + numbers
        begin = end + (LONGEST_DAYS + random.integers(10, 100, seekers)) * DAY
    return _tables(random, assessed, pd.concat(chats, ignore_index=True), age, joined, instrument)


def _chance(pre, prior, age, truth: Truth):
    logit = np.log(truth.treated / (1 - truth.treated)) + truth.selection * (pre - CENTRE)
    logit += 0.25 * (np.log1p(prior) - 0.7) - 0.01 * (age - 32)
    return 1 / (1 + np.exp(-logit))


def _mean(pre, prior, treated, truth: Truth):
    b = truth.rq1
    mean = truth.constant + b["treated"] * treated + b["pre"] * (pre - CENTRE)
    mean += b["treated:pre"] * treated * (pre - CENTRE)
    return mean + b["log_prior_chats"] * (np.log1p(prior) - 0.7)


def _shown(score, truth: Truth):
    return score.round().clip(0, 6) if truth.clip else score


def _early(random, begin, joined, prior) -> pd.DataFrame:
    """Chats between joining and the first assessment."""
    seeker = np.repeat(np.arange(len(begin)), prior.astype(int))
    at = joined[seeker] + random.random(len(seeker)) * (begin[seeker] - joined[seeker] - 60)
    return pd.DataFrame({"seeker": seeker, "start": at.astype(np.int64)}).assign(**dict.fromkeys(ALL, 0))


def _techniques(random, who, numbers, truth: Truth) -> pd.DataFrame:
    """One row a chat: counts of each technique, with a part that is common to all of them."""
    seeker = np.repeat(who, numbers[who])
    common = random.normal(0, np.sqrt(truth.shared), len(seeker))
    counts = {
        name: random.poisson(
            np.exp(0.3 + common + random.normal(0, np.sqrt(0.6 - truth.shared), len(seeker)))
        )
        for name in ALL
    }
    return pd.DataFrame({"seeker": seeker, **counts})


def _effects(table: pd.DataFrame, seekers: int, truth: Truth):
    """Effect on each seeker's next score, per SD of the sums among those with a chat."""
    effect = np.zeros(seekers)
    if truth.rq2 and len(table):
        sums = table.groupby("seeker").sum()
        for name, beta in truth.rq2.items():
            effect[sums.index] += beta * (sums[name] - TYPICAL[0]) / TYPICAL[1]
    return effect


def _during(random, table: pd.DataFrame, start, end) -> pd.DataFrame:
    seeker = table["seeker"].to_numpy(int)
    at = start[seeker] + random.random(len(seeker)) * (end[seeker] - start[seeker] - 120) + 60
    return table.assign(start=at.astype(np.int64))


def _tables(random, assessed, chats: pd.DataFrame, age, joined, instrument) -> dict[str, pd.DataFrame]:
    seeker, when, score = (np.concatenate(column) for column in zip(*assessed, strict=True))
    names = _named("s", np.arange(len(age)))
    assessments = {"seeker_id": names[seeker], "instrument": instrument, "date": _iso(when), "score": score}
    people = {"seeker_id": names, "age": age.astype(int), "joined": _iso(joined)}
    providers = {
        "provider_id": _named("p", np.arange(PROVIDERS)),
        "age": random.integers(18, 65, PROVIDERS),
        "modules": random.poisson(2, PROVIDERS),
        "prior_chats": random.poisson(60, PROVIDERS),
    }
    return {
        "assessments": pd.DataFrame(assessments),
        "chats": _chat_table(random, "c", names[chats["seeker"].to_numpy(int)], chats),
        "seekers": pd.DataFrame(people),
        "providers": pd.DataFrame(providers),
    }


def _chat_table(random, letter: str, seekers, chats) -> pd.DataFrame:
    n = len(seekers)
    total = sum(chats[name] for name in ALL)
    out = {
        "chat_id": _named(letter, np.arange(n)),
        "seeker_id": seekers,
        "provider_id": _named("p", random.integers(0, PROVIDERS, n)),
        "start": _iso(chats["start"]),
        "turns": np.asarray(10 + total + random.poisson(8, n)).astype(int),
    }
    out |= {PREFIX + leaves_of(name)[0]: np.asarray(chats[name]) for name in (*MI, *EMPATHIC)}
    out |= {name: random.normal(0, 1, n).round(3) for name in ("seeker_negative", "seeker_positive")}
    return pd.DataFrame(out)


def others(chats: int, *, seed: int) -> Iterator[pd.DataFrame]:
    """Chats of people who were never assessed, five each on average, in pieces: most of a line's chats."""
    random = np.random.default_rng([seed, 1])
    for first in range(0, chats, PIECE):
        n = min(PIECE, chats - first)
        seekers = _named("o", random.integers(0, 1 + chats // 5, n))
        rows = {name: random.integers(0, 5, n) for name in ALL}
        rows["start"] = START + random.integers(0, 300 * DAY, n)
        yield _chat_table(random, f"o{first // PIECE}-", seekers, rows)


def _named(letter: str, numbers):
    return np.char.add(letter, np.asarray(numbers).astype(str))


def _iso(seconds):
    return np.char.add(np.asarray(seconds).astype("int64").astype("datetime64[s]").astype(str), "Z")


def write(tables: dict[str, pd.DataFrame], folder: Path, more: Iterable[pd.DataFrame] = ()) -> None:
    """NAME.csv of every table, and the study.toml that goes with them; `more` are chats that follow."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    for piece in more:
        piece.to_csv(folder / "chats.csv", mode="a", header=False, index=False)
    (folder / "study.toml").write_text(SPEC, encoding="utf-8")
