"""Do scores change more where there was a chat? Matched periods, one instrument.

Propensity score from what was known before the period, 1:1 matching, then
post ~ treated + pre + treated:pre + log prior chats with a random intercept per seeker and CR1 standard
errors (Yang et al. 2024, section 4.2). Continuous terms are centred at their mean over the matched
periods: `treated` is the effect at the mean.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from feedback.evidence.study import mixed, words
from feedback.evidence.study.corrections import e_value
from feedback.evidence.study.few import counted, differing, enough, enough_to_estimate
from feedback.evidence.study.matching import match, pooled_spread, standardised_bias
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.propensity import logit_scores, told_nothing
from feedback.evidence.study.spec import Spec

COVARIATES = ("age", "prior_chats", "tenure_days", "active_days", "pre")
TERMS = ("const", "treated", "pre", "treated:pre", "log_prior_chats")


def analyse(made: pd.DataFrame, spec: Spec) -> dict[str, Any]:
    """`terms`, `n_seekers`, `n_obs`, `matched_pairs`, `balance` of the covariates in the score, and beside
    them `naive` (everybody, without matching), `e_value`, `bootstrap`, `dose`, `left_out`, `notes`. Raises
    StudyError with what is in the way."""
    brought = tuple(name for name in COVARIATES if name in made and made[name].notna().any())
    known = made[list(brought)].notna().all(axis=1)
    lacking = made["seeker_id"][~known]
    whole = made[known].reset_index(drop=True)
    treated = whole["treated"].to_numpy(bool)
    enough(whole["seeker_id"][treated], "have a period with a chat", spec)
    enough(whole["seeker_id"][~treated], "have a period without a chat", spec)
    covariates, notes = _covariates(whole, brought)
    score = logit_scores(whole[list(covariates)].to_numpy(float), treated, covariates)
    pairs = match(score, treated, caliper=spec.caliper)
    for side, which in zip(pairs.T, ("with", "without"), strict=True):
        enough(whole["seeker_id"].iloc[side], f"with a period {which} a chat could be matched", spec)
    matched = whole.iloc[pairs.T.ravel()]
    enough_to_estimate(matched["seeker_id"])
    x, y, groups, names, more = _told_apart(matched, spec)
    fit = mixed.fit(x, y, groups, names)
    terms = fit.terms()
    notes += [
        *more,
        *(f"{words.term(name)}: not enough data, few seekers carry its figure." for name in fit.unsure),
    ]
    spread = float(np.std(y, ddof=1))
    return {
        "terms": terms,
        "n_seekers": fit.n_groups,
        "n_obs": fit.n_obs,
        "matched_pairs": len(pairs),
        "left_out": counted(len(lacking), lacking.nunique(), spec),
        "covariates": list(covariates),
        "means": {"pre": float(matched["pre"].mean())},
        "balance": _balance(whole, treated, pairs, score, covariates),
        "naive": _naive(whole),
        "r2": fit.r2,
        "e_value": e_value(_treated(fit)["beta"], tuple(terms["treated"]["ci"]), spread),
        "bootstrap": mixed.bootstrap(x, y, groups, fit, times=spec.bootstrap, seed=spec.seed),
        "dose": dose(made, spec),
        "notes": notes,
        "method": f"{fit.method}; nearest neighbour on the logit, largest first, caliper {spec.caliper:g} SD",
    }


def _covariates(whole: pd.DataFrame, brought: tuple[str, ...]) -> tuple[tuple[str, ...], list[str]]:
    """(those that enter the score, notes about the others)."""
    flat, repeated = told_nothing(whole[list(brought)].to_numpy(float), brought)
    notes = [f"Not in the propensity score, as it never varies: {words.covariate(name)}." for name in flat]
    notes += [
        f"Not in the propensity score, as it only repeats the covariates before it: {words.covariate(name)}."
        for name in repeated
    ]
    return tuple(name for name in brought if name not in (*flat, *repeated)), notes


def _told_apart(matched: pd.DataFrame, spec: Spec):
    """(X, y, groups, names, notes): the design without earlier chats where too few seekers differ in them."""
    x, y, groups = design(matched)
    if differing(matched["pre"].to_numpy(), matched["seeker_id"]) < spec.suppress:
        raise StudyError(
            f"fewer than {spec.suppress} matched seekers differ in the starting score: nothing can be told "
            "from it."
        )
    if differing(matched["prior_chats"].to_numpy(), matched["seeker_id"]) >= spec.suppress:
        return x, y, groups, TERMS, []
    left_out = words.term("log_prior_chats")
    note = f"{left_out} was left out: fewer than {spec.suppress} matched seekers differ in it."
    return x[:, :-1], y, groups, TERMS[:-1], [note]


def _treated(fit: mixed.Fit) -> dict[str, Any]:
    if "treated" in fit.unsure:
        raise StudyError("not enough data: the periods with a chat are those of too few seekers.")
    return fit.terms()["treated"]


def design(rows: pd.DataFrame):
    """X [n, 5] in the order of TERMS, y [n], groups [n]."""
    treated = rows["treated"].to_numpy(float)
    pre = _centred(rows["pre"])
    prior = _centred(np.log1p(rows["prior_chats"]))
    x = np.column_stack([np.ones(len(rows)), treated, pre, treated * pre, prior])
    return x, rows["post"].to_numpy(float), rows["seeker_id"].to_numpy(str)


def _centred(values) -> np.ndarray:
    values = np.asarray(values, float)
    return values - values.mean()


def _balance(rows, treated, pairs, score, covariates) -> dict[str, dict[str, float]]:
    columns = {name: rows[name].to_numpy(float) for name in covariates} | {"propensity (logit)": score}
    found = {}
    for name, values in columns.items():
        spread = pooled_spread(values, treated)
        found[name] = {
            "before": standardised_bias(values, treated, None, spread),
            "after": standardised_bias(values, treated, pairs, spread),
        }
    return found


def _naive(rows: pd.DataFrame) -> dict[str, Any]:
    """Means compared over everybody, as somebody in a hurry would: shown to be unlike the matched answer."""
    treated = rows["treated"].to_numpy(float)
    x = np.column_stack([np.ones(len(rows)), treated])
    y, groups = rows["post"].to_numpy(float), rows["seeker_id"].to_numpy(str)
    return _treated(mixed.fit(x, y, groups, ("const", "treated")))


def dose(made: pd.DataFrame, spec: Spec) -> list[dict[str, Any]]:
    """Mean change by number of chats in the period, unadjusted, with a 95 % interval over seekers (CR1, t).

    Bins of fewer than `suppress` seekers are left out, and with them the smallest others, until what is left
    out are two bins at least and as many seekers: one bin alone would be the whole less the rest.
    """
    bins = pd.cut(made["chats"], [-1, 0, 1, 2, 4, 9, np.inf], labels=["0", "1", "2", "3-4", "5-9", "10+"])
    made = made.assign(change=made.post - made.pre)
    parts = {str(label): part for label, part in made.groupby(bins, observed=True)}
    people = {label: part["seeker_id"].nunique() for label, part in parts.items()}
    hidden = [label for label, n in people.items() if n < spec.suppress]
    for label in sorted(people, key=lambda label: people[label]):
        together = pd.concat([parts[name]["seeker_id"] for name in hidden]).nunique() if hidden else 0
        if hidden and label not in hidden and (len(hidden) < 2 or together < spec.suppress):
            hidden.append(label)
    return [
        {"chats": label, "n": len(part), **_mean_change(part)}
        for label, part in parts.items()
        if label not in hidden
    ]


def _mean_change(part: pd.DataFrame) -> dict[str, Any]:
    mean = float(part["change"].mean())
    sums = (part["change"] - mean).groupby(part["seeker_id"]).sum().to_numpy()
    m = len(sums)
    half = float(stats.t.ppf(0.975, m - 1) * np.sqrt(m / (m - 1) * (sums**2).sum()) / len(part))
    return {"change": mean, "ci": [mean - half, mean + half]}
