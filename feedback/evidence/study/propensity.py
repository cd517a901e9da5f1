"""The propensity score: how likely it is that a period holds a chat, given what was known before it.

Logistic regression by Newton's method (iteratively reweighted least squares), as R's glm fits it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback.evidence.study import words
from feedback.evidence.study.problems import StudyError

STEPS, TOLERANCE = 50, 1e-10
SEPARATED = 1e-6  # every fitted probability is as near as this to what happened: nothing is left to chance
REPEATED = 1e-7  # of a column's length is left beside those before it: R's tolerance in lm


def told_nothing(x: NDArray, names: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """(names that never vary, names that only repeat a constant and the columns before them) of `x` [n, k]:
    what R's glm leaves out. Without them the fitted values are the same."""
    n = len(x)
    flat, repeated = [], []
    basis = np.full((n, 1), n**-0.5)
    for name, column in zip(names, x.T, strict=True):
        if np.ptp(column) == 0:
            flat.append(name)
            continue
        column = column - column.mean()
        rest = column - basis @ (basis.T @ column)
        rest -= basis @ (basis.T @ rest)
        if np.linalg.norm(rest) < REPEATED * np.linalg.norm(column):
            repeated.append(name)
        else:
            basis = np.column_stack([basis, rest / np.linalg.norm(rest)])
    return flat, repeated


def logit_scores(x: NDArray, treated: NDArray, names: tuple[str, ...]) -> NDArray:
    """The linear predictor [n] of each observation; `x` [n, k] without a constant, columns of `told_nothing`
    left out.

    Raises StudyError where one group is empty, the covariates tell the groups apart without error (perfect
    separation), so that no two people can be compared, or no solution is found.
    """
    treated = treated.astype(float)
    if not 0 < treated.sum() < len(treated):
        which = "no" if treated.sum() == 0 else "every"
        raise StudyError(f"{which} period holds a chat: there is nobody to compare with.")
    out = {name for kind in told_nothing(x, names) for name in kind}
    x = x[:, [name not in out for name in names]]
    z = np.column_stack([np.ones(len(x)), (x - x.mean(0)) / x.std(0)])
    beta = np.zeros(z.shape[1])
    before = np.inf
    for _ in range(STEPS):
        eta = z @ beta
        mu = 1 / (1 + np.exp(-np.clip(eta, -500, 500)))
        if np.abs(treated - mu).max() < SEPARATED:
            raise StudyError(
                "what was known before the period tells those with and without a chat apart without error "
                "(perfect separation): no two are comparable. Check for a covariate that is a result of the "
                "chat."
            )
        weight = mu * (1 - mu)
        deviance = -2 * float(
            np.sum(treated * -np.logaddexp(0, -eta)) + np.sum((1 - treated) * -np.logaddexp(0, eta))
        )
        if abs(before - deviance) < TOLERANCE * (abs(deviance) + 0.1):
            return eta
        before = deviance
        hessian = (z * weight[:, None]).T @ z
        try:
            beta = beta + np.linalg.solve(hessian, z.T @ (treated - mu))
        except np.linalg.LinAlgError:
            break
    looked_at = ", ".join(words.covariate(name) for name in names if name not in out)
    raise StudyError(
        "no propensity score was found: its regression did not settle. Check "
        f"{looked_at} for values far from all others."
    )
