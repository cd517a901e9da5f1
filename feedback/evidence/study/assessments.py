"""Assessments into observation periods: two consecutive assessments of one seeker on one instrument."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.few import counted
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.reading import moments, numbers, pieces
from feedback.evidence.study.spec import Instrument, Spec

DAY = 86_400


def read_assessments(path: Path, spec: Spec, problems: Problems, notices: list[str]) -> pd.DataFrame:
    """`seeker_id`, `instrument`, `at` (seconds, UTC), `score`; what is wrong is left out and reported."""
    read = [_piece(piece, spec, problems) for piece in pieces(path, "assessments", problems, notices)]
    found = pd.concat(read, ignore_index=True)
    return _without_doubles(found, problems)


def _piece(piece: pd.DataFrame, spec: Spec, problems: Problems) -> pd.DataFrame:
    at, good = moments(piece, "date", "assessments", spec, problems)
    name = piece["instrument"].astype("string").str.strip().str.upper()
    names = {key.upper(): key for key in spec.instruments}
    known = name.isin(names).to_numpy(dtype=bool, na_value=False)
    if (~known).any():
        problems.add_many(
            "assessments", piece.line.to_numpy()[~known], "instrument", "instrument is not known",
            f"Use {', '.join(spec.instruments)}, or describe yours in study.toml.",
        )  # fmt: skip
    instrument = name.map(names).to_numpy(dtype=object)
    score = _scores(piece, instrument, spec, problems)
    good &= known & ~np.isnan(score)
    for key, row in spec.instruments.items():
        mine = good & (instrument == key)
        out = mine & ((score < row.low) | (score > row.high))
        if out.any():
            problems.add_many(
                "assessments", piece.line.to_numpy()[out], "score",
                f"score is outside the range of {key} ({row.low:g} to {row.high:g})",
                "Check the instrument's name and the sum.",
            )  # fmt: skip
        good &= ~out
    frame = {"seeker_id": piece["seeker_id"], "instrument": instrument, "at": at, "score": score}
    return pd.DataFrame(frame | {"line": piece.line})[good]


def _scores(piece: pd.DataFrame, instrument, spec: Spec, problems: Problems):
    n = len(piece)
    given = numbers(piece, "score", "assessments", problems) if "score" in piece else np.full(n, np.nan)
    items = sorted((c for c in piece.columns if c.startswith("item_")), key=lambda c: (len(c), c))
    if items:
        table = np.column_stack([numbers(piece, c, "assessments", problems) for c in items])
        for key, row in spec.instruments.items():
            if row.items:
                given = _summed(piece, table, given, instrument == key, row, problems)
    silent = np.isnan(given) & (piece["score"].isna().to_numpy() if "score" in piece else True)
    if np.any(silent):
        problems.add_many(
            "assessments", piece.line.to_numpy()[silent], "score", "score is missing",
            "Give the sum, or every item.",
        )  # fmt: skip
    return given


def _summed(piece, table, given, mine, row: Instrument, problems: Problems):
    """Sums of complete items where no sum is given; items outside 0-3 and sums that disagree are problems."""
    part = table[:, : row.items]
    with np.errstate(invalid="ignore"):
        out = mine & ((part < 0) | (part > 3)).any(1)
    total = part.sum(1) if part.shape[1] == row.items else np.full(len(given), np.nan)
    other = mine & ~np.isnan(given) & ~np.isnan(total) & (given != total)
    for bad, words, todo in (
        (out, "an item is outside 0 to 3", "Correct the item."),
        (other, "score is not the sum of its items", "Correct the one that is wrong."),
    ):
        if bad.any():
            problems.add_many("assessments", piece.line.to_numpy()[bad], "item_1", words, todo)
    given = np.where(mine & np.isnan(given), total, given)
    return np.where(out | other, np.nan, given)


def _without_doubles(found: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    key = ["seeker_id", "instrument", "at"]
    same = found.duplicated([*key, "score"])
    if same.any():
        problems.add_many(
            "assessments", found.line[same].to_numpy(), "date", "the same assessment twice",
            "Nothing to do: it was counted once.",
        )  # fmt: skip
    found = found[~same]
    clash = found.duplicated(key, keep=False)
    if clash.any():
        problems.add_many(
            "assessments", found.line[clash].to_numpy(), "score",
            "two scores of one seeker at the same moment", "Keep the right one; both were left out.",
        )  # fmt: skip
    return found[~clash]


def periods(found: pd.DataFrame, spec: Spec, flow: dict[str, dict[str, int | str]]) -> pd.DataFrame:
    """`seeker_id`, `instrument`, `start`, `end` (seconds), `pre`, `post`; sorted by all but the last.

    `flow[instrument]` counts what was left out on the way. Raises StudyError where nobody has two
    assessments on the same instrument, or none so near to each other as `spec.days` wants.
    """
    found = found.sort_values(["instrument", "seeker_id", "at"], kind="stable")
    same = (found.seeker_id == found.seeker_id.shift(-1)) & (found.instrument == found.instrument.shift(-1))
    made = pd.DataFrame(
        {
            "seeker_id": found.seeker_id,
            "instrument": found.instrument,
            "start": found["at"],
            "end": found["at"].shift(-1),
            "pre": found.score,
            "post": found.score.shift(-1),
        }
    )[same.to_numpy(dtype=bool)]
    made["end"] = made["end"].astype("int64")
    long = (made.end - made.start) > spec.days * DAY if spec.days else pd.Series(False, made.index)
    for name, mine in found.groupby("instrument", sort=True):
        flow[str(name)] = _flow(mine, made[made.instrument == name], long, spec)
    if made.empty:
        raise StudyError(
            "no seeker has two assessments on the same instrument: there is no period to look at. One "
            "assessment says how somebody is, not how that changed."
        )
    if long.all():
        raise StudyError(
            f"every period between two assessments is longer than the {spec.days} days that study.toml "
            "allows. Raise days there, or set it to 0 for any."
        )
    return made[~long].reset_index(drop=True)


def _flow(mine: pd.DataFrame, made: pd.DataFrame, long: pd.Series, spec: Spec) -> dict[str, int | str]:
    """Counts of one instrument's assessments and periods; what is of few people is not told, nor what would
    tell it by subtracting."""
    sizes = mine.groupby("seeker_id").size()
    alone = int((sizes == 1).sum())
    long = long[made.index]
    several, slow, quick = (rows["seeker_id"].nunique() for rows in (made, made[long], made[~long]))
    return {
        "assessments": counted(len(mine), len(sizes), spec, several, slow),
        "seekers assessed": counted(len(sizes), len(sizes), spec),
        "seekers with one assessment only, left out": counted(alone, alone, spec, several),
        "periods": counted(len(made), several, spec, slow),
        "periods longer than allowed, left out": counted(int(long.sum()), slow, spec, quick),
    }
