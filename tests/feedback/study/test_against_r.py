"""MatchIt 4.5, lme4 and clubSandwich on the same observations: the same pairs, four significant digits.

Runs where Rscript and these packages are (Debian: r-cran-matchit r-cran-lme4 r-cran-clubsandwich
r-cran-jsonlite); .ci/run installs them.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from feedback.evidence.study import mixed, pipeline, rq1, simulate
from feedback.evidence.study.matching import match
from feedback.evidence.study.propensity import logit_scores
from feedback.evidence.study.spec import spec_from

SCRIPT = Path(__file__).parent / "reference.R"
PACKAGES = "library(MatchIt); library(lme4); library(clubSandwich); library(jsonlite)"


@cache
def has_r() -> bool:
    if shutil.which("Rscript") is None:
        return False
    return subprocess.run(["Rscript", "-e", PACKAGES], capture_output=True).returncode == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_pairs_coefficients_and_standard_errors(seed, tmp_path):
    if not has_r():
        pytest.skip("R with MatchIt, lme4, clubSandwich and jsonlite is not here")
    simulate.write(simulate.simulate(500, seed=seed), tmp_path)
    spec = spec_from(tomllib.loads(simulate.SPEC))
    names = ("assessments", "chats", "seekers", "providers")
    made, _, _ = pipeline.load(pipeline.Files(*(tmp_path / f"{name}.csv" for name in names)), spec)
    rows = made["PHQ-2"]
    rows.to_csv(tmp_path / "in.csv", index=False)
    subprocess.run(["Rscript", str(SCRIPT), str(tmp_path / "in.csv"), str(tmp_path / "out.json")], check=True)
    theirs = json.loads((tmp_path / "out.json").read_text())

    treated = rows["treated"].to_numpy(bool)
    score = logit_scores(rows[list(rq1.COVARIATES)].to_numpy(float), treated, rq1.COVARIATES)
    np.testing.assert_allclose(score, theirs["distance"], rtol=1e-4, atol=1e-6)
    pairs = match(score, treated, caliper=0.2)
    assert {tuple(pair) for pair in pairs + 1} == {(row["t"], row["c"]) for row in theirs["pairs"]}

    x, y, groups = rq1.design(rows.iloc[pairs.T.ravel()])
    fit = mixed.fit(x, y, groups, rq1.TERMS)
    np.testing.assert_allclose(fit.beta, theirs["beta"], rtol=1e-4)
    np.testing.assert_allclose(fit.se, theirs["se"], rtol=1e-4)
    np.testing.assert_allclose(fit.df, theirs["df"], rtol=1e-3)
    # What we multiply CR1 by for its shortfall is what CR2 does in clubSandwich, within a part in a hundred.
    np.testing.assert_allclose(fit.se / fit.found**0.5, theirs["cr2"], rtol=1e-2)
    np.testing.assert_allclose(
        [fit.theta, fit.sigma2**0.5], [theirs["theta"][0], theirs["sigma"][0]], rtol=1e-3
    )
