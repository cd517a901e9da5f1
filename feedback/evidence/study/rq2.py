"""How techniques go with later scores, among periods with a chat: one family of techniques at a time.

post ~ techniques (per +1 SD) + pre + log turns + log turns:pre + sentiment + what is known of the providers,
random intercept per seeker, CR1 (Yang et al. 2024, section 4.3; families apart because they are collinear).
Associations: nothing is matched here, and reverse causation cannot be excluded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from feedback.evidence.study import mixed
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import FAMILIES, leaves_of, name_of

MEASURES = {"sum": "sums in the period", "per_chat": "means per chat"}
CONTROLS = (
    "provider_age",
    "provider_modules",
    "provider_prior_chats",
    "repeat_contact",
    "seeker_negative",
    "seeker_positive",
)


def analyse(made: pd.DataFrame, family: str, spec: Spec) -> dict[str, Any]:
    """`terms`, `r2`, `n_seekers`, `n_obs`, `vif` (variance inflation), `bootstrap`, `notes`, `method`.

    Raises StudyError where there is nothing to estimate from.
    """
    rows = made[made["treated"] > 0]
    present = [name for name in FAMILIES[family] if name in rows]
    if not present:
        raise StudyError(
            "the chats bring no counts of these techniques: add columns such as "
            f"technique:{leaves_of(next(iter(FAMILIES[family])))[0]}, or let the messages be tagged first."
        )
    columns, spread, notes = _columns(rows, present, spec)
    table = pd.DataFrame(columns, index=rows.index)
    known = table.notna().all(axis=1) & rows["post"].notna()
    table, rows = table[known], rows[known]
    if rows["seeker_id"].nunique() < spec.suppress:
        raise StudyError(
            f"only {rows['seeker_id'].nunique()} seekers have a period with a chat and all values; below "
            f"{spec.suppress} nothing is shown."
        )
    table, flat = _with_variance(table, present)
    notes += [f"{name} never varies and was left out." for name in flat]
    names = ("const", *table.columns)
    x = np.column_stack([np.ones(len(table)), table.to_numpy(float)])
    y, groups = rows["post"].to_numpy(float), rows["seeker_id"].to_numpy(str)
    fit = mixed.fit(x, y, groups, names)
    return {
        "terms": fit.terms(),
        "r2": fit.r2,
        "n_seekers": fit.n_groups,
        "n_obs": fit.n_obs,
        "left_out": int((~known).sum()),
        "vif": inflation(table),
        "spread": spread,
        "bootstrap": _bootstrap(x, y, groups, names, fit, spec),
        "notes": notes + _tagger_notes(present, spec),
        "method": f"{fit.method}; techniques as {MEASURES[spec.measure]}, per +1 SD",
    }


def _columns(rows: pd.DataFrame, present: list[str], spec: Spec):
    """({term: values}, {technique: its SD}, notes)."""
    columns: dict[str, Any] = {}
    spread: dict[str, float] = {}
    for name in present:
        values = rows[name] / rows["chats"] if spec.measure == "per_chat" else rows[name]
        columns[name], spread[name] = _standardised(values), float(values.std(ddof=1))
    columns["pre"] = rows["pre"] - rows["pre"].mean()
    if "turns" in rows:
        columns["log_turns"] = _standardised(np.log1p(rows["turns"]))
        columns["log_turns:pre"] = columns["log_turns"] * columns["pre"]
    for name in CONTROLS:
        if name in rows and rows[name].notna().any():
            values = np.log1p(rows[name]) if name == "provider_prior_chats" else rows[name]
            columns[name] = _standardised(values)
    missing = [name for name in ("turns", *CONTROLS) if name not in rows or rows[name].isna().all()]
    notes = [f"Not controlled for, because the data do not hold it: {', '.join(missing)}."] if missing else []
    return columns, spread, notes


def _standardised(values: pd.Series) -> pd.Series:
    spread = values.std(ddof=1)
    return (values - values.mean()) / spread if spread > 0 else values * 0.0


def _with_variance(table: pd.DataFrame, present: list[str]) -> tuple[pd.DataFrame, list[str]]:
    flat = [name for name in table if name != "pre" and np.ptp(table[name].to_numpy(float)) == 0]
    if set(present) <= set(flat):
        raise StudyError("no technique of this family varies between the periods: nothing can be told apart.")
    return table.drop(columns=flat), flat


def inflation(table: pd.DataFrame) -> dict[str, float]:
    """Variance inflation factor of each term: 1 stands alone, above 5 it is hard to tell from the others."""
    if table.shape[1] < 2:
        return dict.fromkeys(table.columns, 1.0)
    inverse = np.linalg.pinv(np.corrcoef(table.to_numpy(float), rowvar=False))
    return {name: float(value) for name, value in zip(table.columns, np.diag(inverse), strict=True)}


def _tagger_notes(present: list[str], spec: Spec) -> list[str]:
    """What the tagger's own mistakes do to an association: noise in a count pulls it toward nothing."""
    notes = []
    for name in present:
        scores = [spec.tagger_f1[leaf] for leaf in leaves_of(name) if leaf in spec.tagger_f1]
        if scores:
            notes.append(
                f"{name_of(name)}: the tagger's F1 is {min(scores):.2f}; mistakes that do not depend on the "
                "outcome make its association look smaller than it is."
            )
    return notes


def _bootstrap(x, y, groups, names, fit, spec: Spec) -> dict[str, list[float]]:
    if not spec.bootstrap:
        return {}
    low, high = mixed.bootstrap(x, y, groups, fit.theta, times=spec.bootstrap, seed=spec.seed)
    return {name: [float(a), float(b)] for name, a, b in zip(names, low, high, strict=True)}
