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

from feedback.evidence.study import mixed
from feedback.evidence.study.corrections import e_value
from feedback.evidence.study.matching import match, pooled_spread, standardised_bias
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.propensity import logit_scores
from feedback.evidence.study.spec import Spec

COVARIATES = ("age", "prior_chats", "tenure_days", "active_days", "pre")
TERMS = ("const", "treated", "pre", "treated:pre", "log_prior_chats")


def analyse(made: pd.DataFrame, spec: Spec) -> dict[str, Any]:
    """`terms`, `n_seekers`, `n_obs`, `matched_pairs`, `balance`, and beside them `naive` (everybody, without
    matching), `e_value`, `bootstrap`, `overlap`, `left_out`. Raises StudyError with what is in the way."""
    covariates = tuple(name for name in COVARIATES if name in made and made[name].notna().any())
    known = made[list(covariates)].notna().all(axis=1)
    whole = made[known].reset_index(drop=True)
    treated = whole["treated"].to_numpy(bool)
    _enough(whole, treated, spec)
    score = logit_scores(whole[list(covariates)].to_numpy(float), treated, covariates)
    pairs = match(score, treated, caliper=spec.caliper)
    matched = whole.iloc[pairs.T.ravel()]
    if matched["seeker_id"].nunique() < spec.suppress:
        raise StudyError(
            f"only {len(pairs)} pairs of fewer than {spec.suppress} seekers could be matched: too few."
        )
    x, y, groups = design(matched)
    fit = mixed.fit(x, y, groups, TERMS)
    terms = fit.terms()
    spread = float(np.std(y, ddof=1))
    return {
        "terms": terms,
        "n_seekers": fit.n_groups,
        "n_obs": fit.n_obs,
        "matched_pairs": len(pairs),
        "treated_periods": int(treated.sum()),
        "untreated_periods": int((~treated).sum()),
        "left_out": int((~known).sum()),
        "covariates": list(covariates),
        "means": {"pre": float(matched["pre"].mean())},
        "balance": _balance(whole, treated, pairs, score, covariates),
        "naive": _naive(whole, spec),
        "r2": fit.r2,
        "variance": {"between": fit.theta**2 * fit.sigma2, "within": fit.sigma2},
        "e_value": e_value(terms["treated"]["beta"], tuple(terms["treated"]["ci"]), spread),
        "bootstrap": _bootstrap(x, y, groups, fit, spec),
        "dose": _dose(made, spec),
        "method": f"{fit.method}; nearest neighbour on the logit, largest first, caliper {spec.caliper:g} SD",
    }


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


def _enough(rows: pd.DataFrame, treated: np.ndarray, spec: Spec) -> None:
    for mask, words in ((treated, "with a chat"), (~treated, "without a chat")):
        n = rows["seeker_id"][mask].nunique()
        if n < spec.suppress:
            raise StudyError(
                f"only {n} seekers have a period {words}; below {spec.suppress} nothing is shown: single "
                "people could be recognised."
            )


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


def _naive(rows: pd.DataFrame, spec: Spec) -> dict[str, Any]:
    """Means compared over everybody, as somebody in a hurry would: shown to be unlike the matched answer."""
    treated = rows["treated"].to_numpy(float)
    x = np.column_stack([np.ones(len(rows)), treated])
    fit = mixed.fit(x, rows["post"].to_numpy(float), rows["seeker_id"].to_numpy(str), ("const", "treated"))
    return fit.terms()["treated"]


def _bootstrap(x, y, groups, fit, spec: Spec) -> dict[str, list[float]]:
    if not spec.bootstrap:
        return {}
    low, high = mixed.bootstrap(x, y, groups, fit.theta, times=spec.bootstrap, seed=spec.seed)
    return {name: [float(a), float(b)] for name, a, b in zip(TERMS, low, high, strict=True)}


def _dose(made: pd.DataFrame, spec: Spec) -> list[dict[str, Any]]:
    """Mean change by number of chats in the period, unadjusted; small groups are left out."""
    bins = pd.cut(made["chats"], [-1, 0, 1, 2, 4, 9, np.inf], labels=["0", "1", "2", "3-4", "5-9", "10+"])
    rows = []
    for label, part in made.assign(change=made.post - made.pre).groupby(bins, observed=True):
        if part["seeker_id"].nunique() >= spec.suppress:
            sem = float(part.change.std(ddof=1) / np.sqrt(len(part)))
            mean = float(part.change.mean())
            rows.append(
                {
                    "chats": str(label),
                    "n": len(part),
                    "change": mean,
                    "ci": [mean - 1.96 * sem, mean + 1.96 * sem],
                }
            )
    return rows
