"""Linear regression with a random intercept per seeker (REML), and its cluster-robust standard errors.

y = X b + u[group] + e, u ~ N(0, theta² s²), e ~ N(0, s²). The restricted likelihood is profiled over theta
alone (Bates et al. 2015, lme4): with one intercept per group the inverse of a group's covariance is
I - c J, c = theta²/(1 + theta² n), so that sums per group are all that is needed and a step costs
O(groups p²), however many observations there are. Standard errors are CR1 by group (Liang and Zeger 1986,
times groups/(groups-1), as clubSandwich's "CR1").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from feedback.evidence.study.problems import StudyError

Array = NDArray[np.float64]
TOO_LARGE = 1e6  # theta beyond this means that nothing is left within groups


@dataclass(frozen=True)
class Fit:
    """`beta`, `se` [p] in the order of `names`; `cov` [p, p] is the robust one. `theta`² is the variance
    between groups in units of `sigma2`, the one within; `r2`: share of variance that the fixed part explains
    (Nakagawa and Schielzeth 2013, marginal)."""

    names: tuple[str, ...]
    beta: Array
    se: Array
    cov: Array
    theta: float
    sigma2: float
    r2: float
    n_obs: int
    n_groups: int
    method: str

    def terms(self) -> dict[str, dict[str, object]]:
        """{name: {"beta", "se", "p", "ci": [low, high]}}, two-sided, normal."""
        z = stats.norm.ppf(0.975)
        found = {}
        for name, beta, se in zip(self.names, self.beta, self.se, strict=True):
            p = float(2 * stats.norm.sf(abs(beta / se))) if se > 0 else float("nan")
            found[name] = {
                "beta": float(beta),
                "se": float(se),
                "p": p,
                "ci": [float(beta - z * se), float(beta + z * se)],
            }
        return found


class Grouped:
    """Sums per group of a design X [n, p] and outcome y [n]; `groups` [n] are any labels."""

    def __init__(self, x: Array, y: Array, groups: NDArray) -> None:
        _, codes = np.unique(groups, return_inverse=True)
        order = np.argsort(codes, kind="stable")
        self.x, self.y, codes = np.ascontiguousarray(x[order]), y[order], codes[order]
        self.starts = np.flatnonzero(np.r_[True, codes[1:] != codes[:-1]])
        self.sizes = np.diff(np.r_[self.starts, len(codes)]).astype(float)
        self.codes = codes
        self.xsum = np.add.reduceat(self.x, self.starts, axis=0)
        self.ysum = np.add.reduceat(self.y, self.starts)
        self.xx, self.xy, self.yy = self.x.T @ self.x, self.x.T @ self.y, float(self.y @ self.y)
        self.n, self.p = self.x.shape

    def shrink(self, theta: float) -> Array:
        """c of each group."""
        return theta**2 / (1 + theta**2 * self.sizes)

    def solve(self, theta: float) -> tuple[Array, Array, float]:
        """(beta, X'V⁻¹X, weighted residual sum of squares)."""
        c = self.shrink(theta)
        weighted = self.xsum * c[:, None]
        a = self.xx - self.xsum.T @ weighted
        b = self.xy - weighted.T @ self.ysum
        beta = np.linalg.solve(a, b)
        return beta, a, self.yy - float(c @ self.ysum**2) - float(beta @ b)

    def deviance(self, theta: float) -> float:
        """Minus twice the restricted log-likelihood, but for a constant."""
        _, a, rss = self.solve(theta)
        sign, log = np.linalg.slogdet(a)
        if sign <= 0 or rss <= 0:
            return np.inf
        return float((self.n - self.p) * np.log(rss) + np.log1p(theta**2 * self.sizes).sum() + log)

    def scores(self, theta: float, beta: Array) -> Array:
        """X_g' V_g⁻¹ e_g of each group [groups, p]."""
        e = self.y - self.x @ beta
        esum = np.add.reduceat(e, self.starts)
        c = self.shrink(theta)
        return np.add.reduceat(self.x * e[:, None], self.starts, axis=0) - self.xsum * (c * esum)[:, None]


def fit(x: Array, y: Array, groups: NDArray, names: tuple[str, ...]) -> Fit:
    """Fit by REML; where no group has two observations, by least squares, and `method` says so.

    Raises StudyError where a column has no variance or repeats others, or nothing is left to estimate from.
    """
    _check(x, y, names)
    found = Grouped(x, y, groups)
    repeated = bool((found.sizes > 1).any())
    theta = _best_theta(found) if repeated else 0.0
    beta, a, rss = found.solve(theta)
    sigma2 = rss / (found.n - found.p)
    bread = np.linalg.inv(a)
    scores = found.scores(theta, beta)
    m = len(found.sizes)
    if m < 2:
        raise StudyError("all observations are of one seeker: there is nothing to estimate from.")
    cov = bread @ (scores.T @ scores) @ bread * (m / (m - 1))
    explained = float(np.var(x @ beta))
    whole = explained + sigma2 * (1 + theta**2)
    return Fit(
        names=names,
        beta=beta,
        se=np.sqrt(np.diag(cov)),
        cov=cov,
        theta=theta,
        sigma2=sigma2,
        r2=explained / whole if whole else 0.0,
        n_obs=found.n,
        n_groups=m,
        method="REML random intercept, CR1 by seeker" if repeated else "OLS, CR1 by seeker",
    )


def _best_theta(found: Grouped) -> float:
    """Coarse grid, then Brent's method between the neighbours of the best."""
    grid = np.r_[0.0, np.geomspace(0.01, 100, 25)]
    values = [found.deviance(theta) for theta in grid]
    best = int(np.argmin(values))
    if not np.isfinite(values[best]):
        raise StudyError("the model fits the data without any error left: check the outcome column.")
    low, high = grid[max(0, best - 1)], grid[min(len(grid) - 1, best + 1)]
    if best == len(grid) - 1:
        high = TOO_LARGE
    inner = optimize.minimize_scalar(
        found.deviance, bounds=(low, high), method="bounded", options={"xatol": 1e-9 * max(1.0, high)}
    )
    return float(inner.x) if inner.fun < values[best] else float(grid[best])


def _check(x: Array, y: Array, names: tuple[str, ...]) -> None:
    n, p = x.shape
    if n <= p:
        raise StudyError(f"{n} observations are too few for {p} terms.")
    if not np.isfinite(x).all() or not np.isfinite(y).all():
        raise StudyError("a term or the outcome holds a value that is no number.")
    if np.ptp(y) == 0:
        raise StudyError("all outcome scores are the same: there is nothing to explain.")
    flat = [name for name, column in zip(names, x.T, strict=True) if name != "const" and np.ptp(column) == 0]
    if flat:
        raise StudyError(f"no variance in {', '.join(flat)}: everybody has the same value.")
    scaled = x / np.maximum(np.sqrt((x**2).mean(0)), 1e-300)
    if np.linalg.matrix_rank(scaled, tol=1e-8 * np.sqrt(n)) < p:
        raise StudyError(f"some of the terms say the same thing: {', '.join(names[1:])}. Leave one out.")


def bootstrap(
    x: Array, y: Array, groups: NDArray, theta: float, *, times: int, seed: int
) -> tuple[Array, Array]:
    """95 % percentile interval (low [p], high [p]) over resampled groups, the ratio of variances held."""
    found = Grouped(x, y, groups)
    c = found.shrink(theta)
    m, p = len(found.sizes), found.p
    outer = np.einsum("ni,nj->nij", found.x, found.x).reshape(found.n, p * p)
    a = np.add.reduceat(outer, found.starts, axis=0)
    a -= np.einsum("gi,gj->gij", found.xsum * c[:, None], found.xsum).reshape(m, p * p)
    b = np.add.reduceat(found.x * found.y[:, None], found.starts, axis=0)
    b -= found.xsum * (c * found.ysum)[:, None]
    random = np.random.default_rng(seed)
    draws = np.empty((times, p))
    for row in range(times):
        weight = np.bincount(random.integers(0, m, m), minlength=m).astype(float)
        draws[row] = np.linalg.lstsq((weight @ a).reshape(p, p), weight @ b, rcond=None)[0]
    return np.quantile(draws, 0.025, axis=0), np.quantile(draws, 0.975, axis=0)
