"""Chats into periods: sums per period of what happened in it, and of what had happened before it.

Chats come in pieces and only numbers are kept: seeker and provider as codes, the moment, and for each
instrument the sums of its periods. Memory: some 40 bytes a chat of an assessed seeker.
"""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.assessments import DAY
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.reading import moments, numbers, pieces
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import PREFIX, leaves_of, rolled

_SHIFT = np.int64(1) << np.int64(36)  # room for seconds beside a seeker's code in one sortable number
_EPOCH = np.int64(1) << np.int64(34)  # so that moments before 1970 sort, too


def _key(seeker, at):
    return np.asarray(seeker, np.int64) * _SHIFT + np.asarray(at, np.int64) + _EPOCH


@dataclass
class Chats:
    """Everything that periods need of the chats. `seekers` [s] are the assessed ones; `at` [c] etc. hold one
    value per chat of theirs; `columns` are the optional ones there were, NaN where a cell was empty. `rows`
    counts all chats, `of_others` those of seekers who were not assessed; `others` names some of these, as
    many as it takes to know whether they are few."""

    seekers: pd.Index
    providers: list[str] = field(default_factory=list)
    seeker: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    provider: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int32))
    at: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, np.ndarray] = field(default_factory=dict)
    rows: int = 0
    of_others: int = 0
    others: set[str] = field(default_factory=set)
    counted: dict[str, list[str]] = field(default_factory=dict)  # technique -> codes there were columns of


def chats_inside(path: Path, cut: pd.DataFrame, spec: Spec, problems: Problems) -> pd.Index:
    """The ids of the chats inside a period of `cut` (`assessments.periods`), on whatever instrument.

    Raises StudyError where the chats count techniques."""
    seekers, names = pd.Index(cut["seeker_id"].unique()), []
    bounds = []
    for _, part in cut.groupby("instrument"):
        code = seekers.get_indexer(part["seeker_id"])
        start, end = _key(code, part["start"]), _key(code, part["end"])
        order = np.argsort(start)
        bounds.append((start[order], end[order]))
    for piece in pieces(path, "chats", problems, []):
        if doubled := [name for name in piece.columns if name.startswith(PREFIX)]:
            raise StudyError(
                f"the chats count techniques themselves ({doubled[0]}), and there are messages to count them "
                "in: leave one of the two out."
            )
        at, good = moments(piece, "start", "chats", spec, problems)
        code = seekers.get_indexer(piece["seeker_id"])
        key, inside = _key(code, at), np.zeros(len(piece), bool)
        for start, end in bounds:
            before = np.searchsorted(start, key, side="right") - 1  # the last period that begins before it
            inside |= (before >= 0) & (key < end[before])
        names.append(piece["chat_id"][inside & good & (code >= 0)])
    return pd.Index(pd.concat(names).unique(), name="chat_id")


def read_chats(
    path: Path,
    seekers: pd.Index,
    spec: Spec,
    problems: Problems,
    notices: list[str],
    counts: pd.DataFrame | None = None,
) -> Chats:
    """The chats of the assessed seekers; those of others are counted and left out. `counts` of techniques by
    chat (`messages.count`) stand for columns of the table, which has none."""
    found, parts, hashes = Chats(seekers), [], []
    index: dict[str, int] = {}
    for piece in pieces(path, "chats", problems, notices):
        if counts is not None:
            piece = _with_counts(piece, counts, problems)
        at, good = moments(piece, "start", "chats", spec, problems)
        code = seekers.get_indexer(piece["seeker_id"])
        found.rows += len(piece)
        found.of_others += int((code < 0).sum())
        if len(found.others) < spec.suppress:
            found.others |= set(piece["seeker_id"][code < 0].dropna().unique()[: spec.suppress])
        part = _measures(piece, problems, empty=0.0 if counts is None else np.nan)
        found.counted = found.counted or _codes_of(piece)
        keep = good & (code >= 0)
        part = {name: values[keep] for name, values in part.items()}
        part |= {"seeker": code[keep].astype(np.int32), "at": at[keep], "line": piece.line.to_numpy()[keep]}
        part["provider"] = _codes(piece, index)[keep]
        hashes.append(pd.util.hash_array(piece["chat_id"].to_numpy(dtype=object)[keep]))
        parts.append(part)
    names = sorted({name for part in parts for name in part})
    joined = {name: np.concatenate([_column(part, name) for part in parts]) for name in names}
    first = _first_of_each(np.concatenate(hashes) if hashes else np.zeros(0, np.uint64))
    if not first.all():
        problems.add_many(
            "chats", joined["line"][~first], "chat_id", "the same chat_id twice",
            "Give every chat an id of its own; the first one was kept.",
        )  # fmt: skip
    joined.pop("line")
    found.seeker, found.provider, found.at = (joined.pop(n)[first] for n in ("seeker", "provider", "at"))
    found.columns = {name: values[first] for name, values in joined.items()}
    found.providers = list(index)
    return found


def _column(part: dict, name: str) -> np.ndarray:
    return part[name] if name in part else np.full(len(part["at"]), np.nan, np.float32)


def _codes(piece: pd.DataFrame, index: dict[str, int]) -> np.ndarray:
    """Each provider as a number, the same in every piece; -1 where none is named."""
    if "provider_id" not in piece:
        return np.full(len(piece), -1, np.int32)
    codes, names = pd.factorize(piece["provider_id"])
    for name in names:
        index.setdefault(name, len(index))
    table = np.array([*(index[name] for name in names), -1], np.int32)
    return table[codes]


def _measures(piece: pd.DataFrame, problems: Problems, *, empty: float) -> dict[str, np.ndarray]:
    """Of each chat; `empty` is what an empty count of a technique stands for."""
    found: dict[str, np.ndarray] = {}
    for name in piece.columns:
        technique = rolled(name.removeprefix(PREFIX)) if name.startswith(PREFIX) else None
        if technique:
            values = numbers(piece, name, "chats", problems, least=0)
            values = np.nan_to_num(values, nan=empty).astype(np.float32)
            found[technique] = found[technique] + values if technique in found else values
        elif name in ("turns", "seeker_negative", "seeker_positive"):
            least = 0 if name == "turns" else None
            found[name] = numbers(piece, name, "chats", problems, least=least).astype(np.float32)
    return found


def _with_counts(piece: pd.DataFrame, counts: pd.DataFrame, problems: Problems) -> pd.DataFrame:
    row = counts.index.get_indexer(piece["chat_id"])
    values = np.zeros((len(piece), counts.shape[1]), np.float32)  # outside every period
    values[row >= 0] = counts.to_numpy()[row[row >= 0]]
    without = np.isnan(values).any(axis=1)
    if without.any():
        problems.add_many(
            "chats", piece.line.to_numpy()[without], "chat_id", "what was said in this chat is not known",
            "No message of it was brought, or one cannot be read: its period is left out of what is said of "
            "techniques.",
        )  # fmt: skip
    added = pd.DataFrame(values, index=piece.index, columns=counts.columns)
    return pd.concat([piece, added], axis=1)


def _codes_of(piece: pd.DataFrame) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in piece.columns:
        code = name.removeprefix(PREFIX)
        if name.startswith(PREFIX) and (technique := rolled(code)):
            found.setdefault(technique, []).extend(leaves_of(technique) if code == technique else (code,))
    return found


def _first_of_each(hashes: np.ndarray) -> np.ndarray:
    """Which of them are the first with their value."""
    order = np.argsort(hashes, kind="stable")
    same = np.zeros(len(hashes), bool)
    same[1:] = hashes[order][1:] == hashes[order][:-1]
    first = np.ones(len(hashes), bool)
    first[order[same]] = False
    return first


def observations(
    periods: pd.DataFrame,
    found: Chats,
    seekers: pd.DataFrame | None,
    providers: pd.DataFrame | None,
    spec: Spec,
) -> pd.DataFrame:
    """The periods of one instrument with `chats` (in [start, end)), `treated`, `prior_chats`, `active_days`
    (days of the specification's time zone with a chat before the start), `tenure_days` (since joining; since
    the first assessment for whom no day is known), `age`, the techniques' sums (NaN where a chat was not
    read), `turns` (sum; chats for which none is known count as the mean of the others), mean sentiment of the
    chats for which it is known, and what is known of the providers. NaN: nothing is known. Columns whose data
    were not brought are missing."""
    made = periods.copy()
    code = found.seekers.get_indexer(made["seeker_id"])
    start, end = _key(code, made["start"]), _key(code, made["end"])
    order = np.argsort(_key(found.seeker, found.at), kind="stable")
    keys = _key(found.seeker, found.at)[order]
    first, last = np.searchsorted(keys, start), np.searchsorted(keys, end)
    begins = np.searchsorted(keys, _key(code, np.full(len(code), -_EPOCH)))
    made["chats"] = last - first
    made["treated"] = (made["chats"] > 0).astype(float)
    made["prior_chats"] = (first - begins).astype(float)
    day, who = _days(found.at[order], spec), found.seeker[order]
    days = np.ones(len(keys), bool)
    days[1:] = (day[1:] != day[:-1]) | (who[1:] != who[:-1])
    counted = np.r_[0, np.cumsum(days)]
    made["active_days"] = (counted[first] - counted[begins]).astype(float)
    for name, values in found.columns.items():
        if name in ("turns", "seeker_negative", "seeker_positive"):
            mean = _mean(values[order], first, last)
            made[name] = np.where(made["chats"] > 0, mean * made["chats"], 0) if name == "turns" else mean
        else:
            made[name] = _sum(values[order], first, last)
    _people(made, code, found, order, first, last, seekers, providers)
    return made


def _days(at, spec: Spec):
    """The day of each moment [n] (seconds, UTC) in the specification's time zone, as a number."""
    local = pd.to_datetime(pd.Series(at), unit="s", utc=True).dt.tz_convert(zoneinfo.ZoneInfo(spec.timezone))
    return local.dt.tz_localize(None).to_numpy().astype("datetime64[D]").astype(np.int64)


def _sum(values, first, last):
    """Sum of `values` [n] from `first` [m] to before `last` [m]; NaN where one of them is not known."""
    sums = np.r_[0.0, np.cumsum(np.nan_to_num(values), dtype=np.float64)]
    unknown = np.r_[0, np.cumsum(np.isnan(values))]
    return np.where(unknown[last] == unknown[first], sums[last] - sums[first], np.nan)


def _mean(values, first, last):
    """Mean of those of `values` [n] that are known, from `first` [m] to before `last` [m]; NaN where none."""
    sums = np.r_[0.0, np.cumsum(np.nan_to_num(values), dtype=np.float64)]
    known = np.r_[0, np.cumsum(~np.isnan(values))]
    n = known[last] - known[first]
    return np.where(n > 0, (sums[last] - sums[first]) / np.maximum(n, 1), np.nan)


def _people(made, code, found: Chats, order, first, last, seekers, providers) -> None:
    seen = pd.Series(made["start"].to_numpy()).groupby(code).transform("min").to_numpy()
    if seekers is not None:
        rows = seekers.set_index("seeker_id").reindex(made["seeker_id"])
        if "age" in rows:
            made["age"] = rows["age"].to_numpy()
        if "joined" in rows and rows["joined"].notna().any():
            joined = rows["joined"].to_numpy(dtype=float)
            since = np.where(np.isnan(joined), seen, joined)
            made["tenure_days"] = np.maximum(0, (made["start"].to_numpy() - since) / DAY)
    if not found.providers:
        return
    pair = found.seeker[order].astype(np.int64) * (len(found.providers) + 1) + found.provider[order]
    again = ~_first_of_each(pair.astype(np.uint64)) & (found.provider[order] >= 0)
    per_chat = {"repeat_contact": again.astype(float)}
    if providers is not None:
        rows = providers.set_index("provider_id").reindex(found.providers)
        for name in ("age", "modules", "prior_chats"):
            if name in rows:
                table = np.r_[rows[name].to_numpy(dtype=float), np.nan]
                per_chat[f"provider_{name}"] = table[found.provider[order]]
    for name, values in per_chat.items():
        made[name] = _mean(values, first, last)
