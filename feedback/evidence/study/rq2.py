"""How techniques go with later scores, among periods with a chat: one family of techniques at a time.

post ~ techniques (per +1 SD) + pre + log turns + log turns:pre + sentiment + what is known of the providers,
random intercept per seeker, CR1 (Yang et al. 2024, section 4.3; families apart because they are collinear).
Associations: nothing is matched here, and reverse causation cannot be excluded.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from feedback.evidence.study import mixed, words
from feedback.evidence.study.few import counted, differing, enough, enough_to_estimate
from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.propensity import told_nothing
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import FAMILIES, leaves_of, name_of, recognised

MEASURES = {"sum": "sums in the period", "per_chat": "means per chat"}
CONTROLS = (
    "provider_age",
    "provider_modules",
    "provider_prior_chats",
    "repeat_contact",
    "seeker_negative",
    "seeker_positive",
)


def analyse(
    made: pd.DataFrame, family: str, spec: Spec, counted_from: dict[str, list[str]] | None = None
) -> dict[str, Any]:
    """`terms`, `r2`, `n_seekers`, `n_obs`, `vif` (variance inflation), `bootstrap`, `notes`, `method`.

    `counted_from` names the codes that each technique was counted from (default: all it stands for).
    Raises StudyError where there is nothing to estimate from.
    """
    rows = made[made["treated"] > 0]
    present = [name for name in FAMILIES[family] if name in rows]
    if not present:
        raise StudyError(
            "the chats bring no counts of these techniques: add columns such as "
            f"technique:{leaves_of(next(iter(FAMILIES[family])))[0]}, or bring the messages of the "
            "chats, which are tagged first."
        )
    raw, notes = _raw(rows, present, spec)
    known = raw.notna().all(axis=1) & rows["post"].notna()
    lacking = rows["seeker_id"][~known]
    raw, rows = raw[known], rows[known]
    enough(rows["seeker_id"], "have a period with a chat and all values", spec)
    enough_to_estimate(rows["seeker_id"])
    raw, more = _carried(raw, rows["seeker_id"], present, spec)
    table = _scaled(raw)
    repeated = [
        name
        for name in told_nothing(table.to_numpy(float), tuple(table))[1]
        if name in (*CONTROLS, "log_turns")
    ]
    table = table.drop(columns=repeated)
    more += [f"{words.term(name)} was left out: it only repeats the terms before it." for name in repeated]
    names = ("const", *table.columns)
    x = np.column_stack([np.ones(len(table)), table.to_numpy(float)])
    y, groups = rows["post"].to_numpy(float), rows["seeker_id"].to_numpy(str)
    fit = mixed.fit(x, y, groups, names)
    tested = [name for name in present if name in raw]
    if set(tested) <= set(fit.unsure):
        raise StudyError("not enough data: every technique's figure hangs on a few seekers.")
    notes += [
        *more,
        *(f"{words.term(name)}: not enough data, few seekers carry its figure." for name in fit.unsure),
    ]
    return {
        "terms": fit.terms(),
        "r2": fit.r2,
        "n_seekers": fit.n_groups,
        "n_obs": fit.n_obs,
        "left_out": counted(len(lacking), lacking.nunique(), spec),
        "vif": inflation(table),
        "spread": {name: float(raw[name].std(ddof=1)) for name in tested},
        "bootstrap": mixed.bootstrap(x, y, groups, fit, times=spec.bootstrap, seed=spec.seed),
        "notes": notes + _tagger_notes(tested, spec, counted_from),
        "method": f"{fit.method}; techniques as {MEASURES[spec.measure]}, per +1 SD",
    }


def _raw(rows: pd.DataFrame, present: list[str], spec: Spec) -> tuple[pd.DataFrame, list[str]]:
    """(each term's values as they are, notes): techniques, `pre`, `log_turns` and the controls there are."""
    per = rows["chats"] if spec.measure == "per_chat" else 1
    columns = {name: rows[name] / per for name in present} | {"pre": rows["pre"]}
    brought = [name for name in ("turns", *CONTROLS) if name in rows and rows[name].notna().any()]
    for name in brought:
        logged = name in ("turns", "provider_prior_chats")
        columns["log_turns" if name == "turns" else name] = np.log1p(rows[name]) if logged else rows[name]
    missing = [words.covariate(name) for name in ("turns", *CONTROLS) if name not in brought]
    notes = [f"Not controlled for, because the data do not hold it: {', '.join(missing)}."] if missing else []
    return pd.DataFrame(columns, index=rows.index), notes


def _carried(raw: pd.DataFrame, seekers: pd.Series, present: list[str], spec: Spec):
    """(the terms in which at least `suppress` seekers differ from the usual value, notes about the others).

    With fewer, the term's figure would be those few people's scores, with an error near nothing.
    """
    carriers = {name: differing(raw[name].to_numpy(float), seekers) for name in raw}
    few = [name for name, n in carriers.items() if n < spec.suppress]
    if set(present) <= set(few) or "pre" in few:
        what = "the starting score" if "pre" in few else "any technique of this family"
        raise StudyError(f"fewer than {spec.suppress} seekers differ in {what}: nothing can be told apart.")
    notes = [
        f"{words.term(name)} was left out: "
        + (f"not enough data, fewer than {spec.suppress} seekers differ in it." if n else "it never varies.")
        for name, n in carriers.items()
        if name in few
    ]
    return raw.drop(columns=few), notes


def _scaled(raw: pd.DataFrame) -> pd.DataFrame:
    """`pre` centred, all others at mean 0 and SD 1, and log turns x pre after log turns."""
    centred = raw - raw.mean()
    columns = {}
    for name in raw:
        columns[name] = centred[name] if name == "pre" else centred[name] / raw[name].std(ddof=1)
        if name == "log_turns":
            columns["log_turns:pre"] = columns["log_turns"] * centred["pre"]
    return pd.DataFrame(columns)


def inflation(table: pd.DataFrame) -> dict[str, float]:
    """Variance inflation factor of each term: 1 stands alone, above 5 it is hard to tell from the others."""
    if table.shape[1] < 2:
        return dict.fromkeys(table.columns, 1.0)
    inverse = np.linalg.pinv(np.corrcoef(table.to_numpy(float), rowvar=False))
    return {name: float(value) for name, value in zip(table.columns, np.diag(inverse), strict=True)}


def _tagger_notes(
    present: list[str], spec: Spec, counted_from: dict[str, list[str]] | None = None
) -> list[str]:
    """What the tagger's own mistakes do to an association, and for which codes nobody says how many it makes.
    With one count alone, mistakes that have nothing to do with the outcome pull it toward nothing; with
    several that go together they can do anything."""
    scores = {name: recognised(name, spec.tagger_f1, counted_from) for name in present}
    known = [f"{name_of(name)} {f1:.2f}" for name, (f1, _) in scores.items() if f1 is not None]
    unknown = [code for _, codes in scores.values() for code in codes]
    notes = []
    if known:
        notes.append(
            f"F1 of the tagger: {', '.join(known)}. Its mistakes change these figures: since techniques go "
            "together, an association may be smaller or larger than it looks, or have the other sign."
        )
    if unknown:
        notes.append(
            f"How well the tagger finds {', '.join(unknown)} is not known, so that what was counted from "
            "them is graded uncertain whatever the figures say. Add it to study.toml, below [tagger], as "
            f"f1 = {{ {unknown[0]} = 0.75 }}: measured on messages that people coded too, or, where people "
            "did the counting, how well two of them agree."
        )
    if spec.from_card:
        notes.append(f"F1 from the card of {spec.tagger_version}: {', '.join(spec.from_card)}.")
    return notes
