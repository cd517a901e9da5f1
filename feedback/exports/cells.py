"""Text that a spreadsheet would run as a formula, made safe, and back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

_ACTIVE = ("=", "+", "-", "@", "\t", "\r")


def safe_cell(value: object) -> str:
    """The cell's text; one that a spreadsheet would run as a formula gets a leading apostrophe.

    So does one that would look as if it had got one, so that `plain_cell` always gives back what was there.
    """
    text = str(value)
    return f"'{text}" if text.lstrip("'").startswith(_ACTIVE) else text


def plain_cell(text: str) -> str:
    """What `safe_cell` was given."""
    return text[1:] if text.startswith("'") and text.lstrip("'").startswith(_ACTIVE) else text


def cell(value: Any) -> Any:
    """A value as every format can hold it: text, whole or other number, yes as 1, or nothing."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return value if isinstance(value, int | float) else str(value)
