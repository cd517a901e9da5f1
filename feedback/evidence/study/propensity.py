"""The propensity score: how likely it is that a period holds a chat, given what was known before it.

Logistic regression by Newton's method (iteratively reweighted least squares), as R's glm fits it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from feedback.evidence.study.problems import StudyError

STEPS, TOLERANCE = 50, 1e-10
SEPARATED = 30.0  # a logit so large says 0 or 1


def logit_scores(x: NDArray, treated: NDArray, names: tuple[str, ...]) -> NDArray:
    """The linear predictor [n] of each observation; `x` [n, k] without a constant.

    Raises StudyError where one group is empty, a covariate has no variance, or the covariates tell the
    groups apart without error (perfect separation): then no two people can be compared.
    """
    treated = treated.astype(float)
    if not 0 < treated.sum() < len(treated):
        which = "no" if treated.sum() == 0 else "every"
        raise StudyError(f"{which} period holds a chat: there is nobody to compare with.")
    flat = [name for name, column in zip(names, x.T, strict=True) if np.ptp(column) == 0]
    x = x[:, [name not in flat for name in names]]
    centre, spread = x.mean(0), x.std(0)
    z = np.column_stack([np.ones(len(x)), (x - centre) / spread])
    beta = np.zeros(z.shape[1])
    before = np.inf
    for _ in range(STEPS):
        eta = z @ beta
        mu = 1 / (1 + np.exp(-np.clip(eta, -500, 500)))
        weight = mu * (1 - mu)
        deviance = -2 * float(
            np.sum(treated * -np.logaddexp(0, -eta)) + np.sum((1 - treated) * -np.logaddexp(0, eta))
        )
        if abs(before - deviance) < TOLERANCE * (abs(deviance) + 0.1):
            return eta
        if deviance < 1e-6 * len(x) or np.abs(eta).max() > SEPARATED * 10:
            break
        before = deviance
        hessian = (z * weight[:, None]).T @ z
        try:
            beta = beta + np.linalg.solve(hessian, z.T @ (treated - mu))
        except np.linalg.LinAlgError:
            break
    raise StudyError(
        "what was known before the period tells those with and without a chat apart without error (perfect "
        "separation): no two are comparable. Check for a covariate that is a result of the chat."
    )
