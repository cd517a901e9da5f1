"""Help lines by region, from `helplines.toml` or an organisation's own file. None is written in code."""

from __future__ import annotations

import datetime
import tomllib
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

SHIPPED = Path(__file__).with_name("helplines.toml")
EVERYWHERE = "international"


class HelplineFileError(ValueError):
    """An organisation's file cannot be used; the message names the entry and the mend."""


@dataclass(frozen=True)
class HelpLine:
    """One service. `phone` is to call, `text` is what to send where; either may be empty. `checked`: the day
    somebody tried it, or where not `rung` the day it was written down from public pages."""

    name: str
    phone: str = ""
    text: str = ""
    url: str = ""
    hours: str = ""
    checked: datetime.date | None = None
    rung: bool = False

    @property
    def dial(self) -> str:
        """The number as a link to a telephone wants it."""
        return "".join(sign for sign in self.phone if sign.isdigit() or sign == "+")


@dataclass(frozen=True)
class Region:
    code: str
    name: str
    lines: tuple[HelpLine, ...]


def help_lines(region: str, *, path: str | Path | None = None) -> tuple[HelpLine, ...]:
    """The region's lines, then the international directory; an unknown region gets the directory alone.

    `path`: a TOML file of the shipped form whose regions replace the shipped ones of the same code.
    Raises HelplineFileError when that file cannot be used.
    """
    known = _regions(path)
    code = region.strip().lower()
    local = known[code].lines if code in known and code != EVERYWHERE else ()
    return local + known[EVERYWHERE].lines


def regions(*, path: str | Path | None = None) -> tuple[tuple[str, str], ...]:
    """(code, name) pairs by name, ready for a form's choices; "international" comes last."""
    known = _regions(path)
    pairs = [(code, entry.name) for code, entry in known.items()]
    return tuple(sorted(pairs, key=lambda pair: (pair[0] == EVERYWHERE, pair[1])))


def _regions(path: str | Path | None) -> dict[str, Region]:
    shipped = _load(SHIPPED, SHIPPED.stat().st_mtime_ns)
    if path is None:
        return shipped
    own = Path(path)
    try:
        return shipped | _load(own, own.stat().st_mtime_ns)
    except OSError as error:
        raise HelplineFileError(f"The help line file {own.name} cannot be read: {error.strerror}.") from error


@lru_cache(maxsize=8)
def _load(path: Path, _changed: int) -> dict[str, Region]:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HelplineFileError(f"{path.name} is not a TOML file in UTF-8: {error}") from error
    known = {}
    for code, entry in (data.get("region") or {}).items():
        lines = tuple(_line(path, code, line, data.get("checked")) for line in entry.get("line", ()))
        if not lines:
            mend = f"add a [[region.{code}.line]] or leave it out"
            raise HelplineFileError(f"{path.name}: region {code} has no line; {mend}.")
        known[code.lower()] = Region(code.lower(), str(entry.get("name", code.upper())), lines)
    if not known:
        raise HelplineFileError(f"{path.name} names no region; it needs at least one [region.xx].")
    return known


def _line(path: Path, code: str, entry: dict, checked: datetime.date | None) -> HelpLine:
    allowed = {field.name for field in fields(HelpLine)} - {"rung"}
    unknown = sorted(set(entry) - allowed)
    if unknown or not entry.get("name"):
        wrong = f"has the unknown key {unknown[0]}" if unknown else "has a line without a name"
        raise HelplineFileError(f"{path.name}: region {code} {wrong}; keys are {', '.join(sorted(allowed))}.")
    if not (entry.get("phone") or entry.get("text") or entry.get("url")):
        raise HelplineFileError(f"{path.name}: region {code}, {entry['name']}: give a phone, text or url.")
    if entry.get("url") and not str(entry["url"]).startswith("https://"):
        raise HelplineFileError(
            f"{path.name}: region {code}, {entry['name']}: the url must start with https://."
        )
    return HelpLine(**({"checked": checked} | entry), rung=path != SHIPPED)
