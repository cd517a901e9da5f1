"""Reading the five tables (CSV or Parquet) piece by piece; bad rows are set aside with a reason.

Columns: assessments `seeker_id, instrument, date, score` (or items `item_1…`); chats `chat_id, seeker_id,
provider_id, start, turns`, optional `technique:<code>`, `seeker_negative`, `seeker_positive`; seekers
`seeker_id, age, joined`; providers `provider_id, age, modules, prior_chats`; messages `chat_id, role, text`.
Others are named and ignored.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from feedback.evidence.study.columns import NEEDED, OPTIONAL
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import KNOWN_LEAVES, PREFIX

CHUNK = 500_000
OF_MESSAGES = 20_000  # as they are longer than any other row
YEARS = (1900, 2100)  # of a date that can be meant


QUOTE = "Save it again as CSV, with quotation marks around what holds a comma or a line break."


def is_known(kind: str, name: str) -> bool:
    """Whether a study reads a column of this name in this table."""
    if kind == "chats" and name.startswith(PREFIX):
        return name.removeprefix(PREFIX) in KNOWN_LEAVES
    known = name in NEEDED[kind] or name in OPTIONAL[kind]
    return known or (kind == "assessments" and name.startswith("item_"))


def pieces(path: Path, kind: str, problems: Problems, notices: list[str]) -> Iterator[pd.DataFrame]:
    """The table in pieces with the columns that a study knows, all as text (Parquet: as stored), and `line`.

    Raises StudyError where the file cannot be read at all or a needed column is missing.
    """
    wanted = partial(is_known, kind)
    line, seen = 2, False
    for piece in _raw(path, kind):
        piece.columns = [str(name).strip().lstrip("\ufeff") for name in piece.columns]
        if not seen:
            _check_columns(list(piece.columns), kind, path, wanted, notices)
            seen = True
        piece = piece[[name for name in piece.columns if wanted(name)]].copy()
        piece["line"] = np.arange(line, line + len(piece))
        line += len(piece)
        problems.rows_read[kind] = problems.rows_read.get(kind, 0) + len(piece)
        for name in ("seeker_id", "provider_id", "chat_id"):
            if name in piece:
                piece[name] = piece[name].astype("string").str.strip()
        key = NEEDED[kind][0]
        empty = piece[key].isna() | (piece[key] == "")
        if empty.any():
            problems.add_many(kind, piece.line[empty].to_numpy(), key, f"{key} is empty", "Fill it in.")
        yield piece[~empty]
    if not seen:
        raise StudyError(f"{path.name} holds no rows.")


# Read as text whatever they look like; of the rest pandas sees for itself which columns are numbers.
TEXT = ("seeker_id", "provider_id", "chat_id", "instrument", "date", "start", "joined", "role", "text")


def first_rows(path: Path, kind: str, n: int = 5) -> pd.DataFrame:
    """The first rows, with the columns that a study knows. Raises StudyError as `pieces` does."""
    found = next(_raw(path, kind, n), None)
    if found is None:
        raise StudyError(f"{path.name} holds no rows.")
    found.columns = [str(name).strip().lstrip("\ufeff") for name in found.columns]
    _check_columns(list(found.columns), kind, path, partial(is_known, kind), [])
    return found[[name for name in found.columns if is_known(kind, name)]].head(n)


def _raw(path: Path, kind: str, size: int = 0) -> Iterator[pd.DataFrame]:
    size = size or (OF_MESSAGES if kind == "messages" else CHUNK)
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            yield from _parquet(path, size)
            return
        with pd.read_csv(
            path, dtype=dict.fromkeys(TEXT, "string"), chunksize=size, encoding="utf-8-sig",
            keep_default_na=False, na_values=[""], on_bad_lines="error",
        ) as chunks:  # fmt: skip
            for piece in chunks:
                if not isinstance(piece.index, pd.RangeIndex):  # pandas takes what is too much as an index
                    raise StudyError(f"{path.name}: line 2 has more cells than line 1 has names. {QUOTE}")
                yield piece
    except pd.errors.EmptyDataError as error:
        raise StudyError(f"{path.name} is empty: {kind} need a line of column names first.") from error
    except pd.errors.ParserError as error:
        raise StudyError(f"{path.name} is no table: {error}. {QUOTE}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path.name} is not in UTF-8. Save it again as CSV UTF-8.") from error
    except OSError as error:
        raise StudyError(f"{path.name} cannot be read: {error.strerror or error}") from error


def _parquet(path: Path, size: int) -> Iterator[pd.DataFrame]:
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise StudyError("Parquet files need pyarrow: pip install 'peersupport[parquet]'.") from error
    try:
        for batch in ParquetFile(path).iter_batches(batch_size=size):
            yield batch.to_pandas()
    except ArrowInvalid as error:
        raise StudyError(f"{path.name} is no Parquet file: {error}") from error


def _check_columns(columns: list[str], kind: str, path: Path, wanted, notices: list[str]) -> None:
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise StudyError(f"{path.name} has the column {', '.join(doubled)} twice.")
    missing = [name for name in NEEDED[kind] if name not in columns]
    if kind == "assessments" and "score" not in columns and "item_1" not in columns:
        missing.append("score")
    if missing:
        raise StudyError(
            f"{path.name} lacks the column {', '.join(missing)}. {kind.capitalize()} need: "
            f"{', '.join(NEEDED[kind])}; may have: {', '.join(OPTIONAL[kind])}."
        )
    ignored = [name for name in columns if not wanted(name)]
    if ignored:
        notices.append(f"{kind}: columns not known to a study were ignored: {', '.join(ignored)}.")


def numbers(piece: pd.DataFrame, name: str, kind: str, problems: Problems, *, least: float | None = None):
    """The column as float64, NaN where empty; text, infinities and values below `least` are problems."""
    given = piece[name]
    if pd.api.types.is_bool_dtype(given.dtype):
        given = given.astype("string")  # "True" is no number
    values = (
        pd.to_numeric(given, errors="coerce")
        .astype("float64")
        .to_numpy(na_value=np.nan, dtype=float, copy=True)
    )
    bad = np.isnan(values) & given.notna().to_numpy() | np.isinf(values)
    if least is not None:
        with np.errstate(invalid="ignore"):
            bad |= values < least
    if bad.any():
        words = f"{name} is no number" + ("" if least is None else f" from {least:g} up")
        problems.add_many(kind, piece.line.to_numpy()[bad], name, words, "Correct it or leave it empty.")
    values[bad] = np.nan
    return values


def moments(piece: pd.DataFrame, name: str, kind: str, spec: Spec, problems: Problems):
    """The column as int64 seconds since 1970 (UTC), and which rows are good. Times without an offset are of
    the specification's zone. Years outside YEARS are problems: some systems write 9999 for "none"."""
    given, zone = piece[name], zoneinfo.ZoneInfo(spec.timezone)
    if pd.api.types.is_datetime64_any_dtype(given.dtype):
        stamps, far = _plausible(given)
    else:
        stamps, far = _parse(given.astype("string"), zone)
    stamps = _localised(stamps, zone).dt.tz_convert("UTC").dt.tz_localize(None)
    good, far = stamps.notna().to_numpy(copy=True), far.to_numpy(dtype=bool)
    if far.any():
        problems.add_many(
            kind, piece.line.to_numpy()[far], name, f"{name} is before {YEARS[0]} or after {YEARS[1]}",
            "Correct the year. Where no day is known, leave it empty or the row out.",
        )  # fmt: skip
    if (bad := ~good & ~far).any():
        problems.add_many(
            kind, piece.line.to_numpy()[bad], name, f"{name} is no ISO date",
            "Write it as 2026-03-31 or 2026-03-31T18:05.",
        )  # fmt: skip
    seconds = np.zeros(len(piece), dtype=np.int64)
    seconds[good] = stamps[good].to_numpy().astype("datetime64[s]").astype(np.int64)
    return seconds, good


def _parse(given: pd.Series, zone: zoneinfo.ZoneInfo) -> tuple[pd.Series, pd.Series]:
    """(stamps, which are implausible): naive ones where no row has an offset, else all in UTC."""
    if (given.str[-1:] == "Z").all():
        return _plausible(pd.to_datetime(given, errors="coerce", format="ISO8601", utc=True))
    offset = given.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$", regex=True, na=False) & given.str.contains("T| ")
    if not offset.any():
        return _plausible(pd.to_datetime(given, errors="coerce", format="ISO8601"))
    naive, far = _plausible(pd.to_datetime(given.where(~offset), errors="coerce", format="ISO8601"))
    aware = pd.to_datetime(given.where(offset), errors="coerce", format="ISO8601", utc=True)
    aware, further = _plausible(aware)
    return _localised(naive, zone).dt.tz_convert("UTC").fillna(aware), far | further


def _plausible(stamps: pd.Series) -> tuple[pd.Series, pd.Series]:
    """(those of a year within YEARS, which are not): before a zone is applied, which overflows at 9999."""
    far = stamps.notna() & ~stamps.dt.year.between(*YEARS)
    return (stamps.mask(far) if far.any() else stamps), far


def _localised(stamps: pd.Series, zone: zoneinfo.ZoneInfo) -> pd.Series:
    """Naive stamps as of the zone; those that have one as they are."""
    if getattr(stamps.dt, "tz", None) is not None:
        return stamps
    return stamps.dt.tz_localize(zone, ambiguous=True, nonexistent="shift_forward")
