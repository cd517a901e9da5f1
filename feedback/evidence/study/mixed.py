"""Linear regression with a random intercept per seeker (REML), and its cluster-robust standard errors.

y = X b + u[group] + e, u ~ N(0, theta² s²), e ~ N(0, s²). The restricted likelihood is profiled over theta
alone (Bates et al. 2015, lme4): with one intercept per group the inverse of a group's covariance is
I - c J, c = theta²/(1 + theta² n), so that sums per group are all that is needed and a step costs
O(groups p²), however many observations there are. Standard errors are CR1 by group (Liang and Zeger 1986,
times groups/(groups-1), as clubSandwich's "CR1").

From few groups, or where few of them carry a term, CR1 is too small and uncertain itself. Both follow from
the design (Bell and McCaffrey 2002; Pustejovsky and Tipton 2018, working model: the fitted one): q_g'e_g, the
share of group g in the error of a term, has the covariance P_gh = [g = h] d_g - r_g'B r_h with B =
(X'V⁻¹X)⁻¹, b the term's column of it, r_g = X_g'V_g⁻¹X_g b, d_g = b'r_g (together B_jj). Then CR1 is expected
to find the part m/(m-1) tr(P) / B_jj of the variance, with (tr P)² / tr(P²) degrees of freedom
(Satterthwaite, as clubSandwich's coef_test). p and intervals are of Student's t with these, on CR1 / √part.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from feedback.evidence.study.problems import StudyError

Array = NDArray[np.float64]
TOO_LARGE = 1e6  # theta beyond this means that nothing is left within groups
LEAST_DF = 4.0  # with fewer degrees of freedom no p is to be trusted (Tipton 2015)
MOST_SHARE = 0.5  # of what is known about a term may come from one group: beyond, it is that group's figure
Z = float(stats.norm.ppf(0.975))


@dataclass(frozen=True)
class Fit:
    """`beta`, `se` (CR1) [p] in the order of `names`; `cov` [p, p] is the robust one. `df` [p] are degrees of
    freedom of the robust variance, `found` [p] the part of the true variance that it is expected to find (0
    and NaN where it can find none), `most` [p] the largest share that one group has in a term. `theta`² is
    the variance between groups in units of `sigma2`, the one within; `r2`: share of variance that the fixed
    part explains (Nakagawa and Schielzeth 2013, marginal)."""

    names: tuple[str, ...]
    beta: Array
    se: Array
    cov: Array
    df: Array
    found: Array
    most: Array
    theta: float
    sigma2: float
    r2: float
    n_obs: int
    n_groups: int
    method: str

    def terms(self) -> dict[str, dict[str, object]]:
        """{name: {"beta", "se", "df", "p", "ci": [low, high]}}, two-sided, t; without those of `unsure`."""
        found = {}
        for place, name in enumerate(self.names):
            if name not in self.unsure:
                beta, se, df = self.beta[place], self.se[place], self.df[place]
                mended = se / np.sqrt(self.found[place])
                half = stats.t.ppf(0.975, df) * mended
                found[name] = {
                    "beta": float(beta),
                    "se": float(se),
                    "df": float(df),
                    "p": float(2 * stats.t.sf(abs(beta) / mended, df)),
                    "ci": [float(beta - half), float(beta + half)],
                }
        return found

    @property
    def unsure(self) -> tuple[str, ...]:
        """Terms that too few groups carry for a p or an interval: fewer than LEAST_DF degrees of freedom,
        more than MOST_SHARE from one group, or no error at all."""
        sure = (self.df >= LEAST_DF) & (self.most <= MOST_SHARE) & (self.se > 0)
        return tuple(name for name, is_sure in zip(self.names, sure, strict=True) if not is_sure)


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

    def scores(self, theta: float, e: Array) -> Array:
        """X_g' V_g⁻¹ e_g of each group [groups, p], for e [n] in the order of `x`."""
        esum = np.add.reduceat(e, self.starts)
        c = self.shrink(theta)
        return np.add.reduceat(self.x * e[:, None], self.starts, axis=0) - self.xsum * (c * esum)[:, None]

    def certainty(self, theta: float, bread: Array) -> tuple[Array, Array, Array]:
        """`df`, `found` and `most` of a Fit, each [p]; `bread` [p, p] is (X'V⁻¹X)⁻¹. Costs O(n p) a term."""
        m = len(self.sizes)
        df, found, most = np.zeros(self.p), np.full(self.p, np.nan), np.ones(self.p)
        for place, b in enumerate(bread):
            r = self.scores(theta, self.x @ b)
            d, turned = r @ b, r @ bread
            own = (turned * r).sum(1)
            most[place] = d.max() / b[place]
            trace, cross = float((d - own).sum()), r.T @ turned
            if trace > 1e-9 * b[place]:
                squares = float((d * d - 2 * d * own).sum()) + float((cross * cross.T).sum())
                df[place], found[place] = trace**2 / squares, m / (m - 1) * trace / b[place]
        return df, found, most


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
    scores = found.scores(theta, found.y - found.x @ beta)
    m = len(found.sizes)
    if m < 2:
        raise StudyError("all observations are of one seeker: there is nothing to estimate from.")
    cov = bread @ (scores.T @ scores) @ bread * (m / (m - 1))
    df, certain, most = found.certainty(theta, bread)
    explained = float(np.var(x @ beta))
    whole = explained + sigma2 * (1 + theta**2)
    return Fit(
        names=names,
        beta=beta,
        se=np.sqrt(np.diag(cov)),
        cov=cov,
        df=df,
        found=certain,
        most=most,
        theta=theta,
        sigma2=sigma2,
        r2=explained / whole if whole else 0.0,
        n_obs=found.n,
        n_groups=m,
        method=f"{'REML random intercept' if repeated else 'OLS'}, CR1 by seeker, t (Satterthwaite)",
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
    x: Array, y: Array, groups: NDArray, fitted: Fit, *, times: int, seed: int
) -> dict[str, list[float]]:
    """{term: [low, high]}: 95 % percentile interval over resampled groups, the ratio of variances held; each
    end is moved away from the estimate by t/1.96, so that it is read by the same t as the interval beside
    it. Without the terms of `fitted.unsure`; {} where `times` is 0."""
    if not times:
        return {}
    found = Grouped(x, y, groups)
    c = found.shrink(fitted.theta)
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
    ends = fitted.beta + (np.quantile(draws, [0.025, 0.975], axis=0) - fitted.beta) * (
        stats.t.ppf(0.975, np.maximum(fitted.df, 1.0)) / Z
    )
    return {
        name: [float(low), float(high)]
        for name, low, high in zip(fitted.names, *ends, strict=True)
        if name not in fitted.unsure
    }
