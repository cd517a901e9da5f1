"""What holds in this organisation: what was decided on the settings page, else what the environment says.

Made to hold under whatever stands in a version's body: a part that cannot be used counts as missing, since
a panel of help lines must never fail.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.conf import settings

from peersupport import safety
from peersupport.safety import HelpLine, HelplineFileError
from peersupport.safety.helplines import EVERYWHERE

logger = logging.getLogger(__name__)
LINE_FIELDS = ("name", "phone", "text", "url", "hours", "checked")
PHONE = re.compile(r"\+?[0-9][0-9 ()/.-]{0,28}")
URL = re.compile(r"https://[a-z0-9-]+(?:\.[a-z0-9-]+)+(?:[/?#][!-~]*)?", re.IGNORECASE)
MOST_DAYS = 36_500


def digest_of(body: Mapping[str, Any]) -> str:
    text = json.dumps(body, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Values:
    """`body` is that of a version, {} where nothing was ever decided here; `decided` tells the two apart
    from a version that took everything back."""

    body: Mapping[str, Any]
    decided: bool = False

    def _text(self, key: str) -> str:
        value = self.body.get(key)
        return value.strip() if isinstance(value, str) else ""

    @property
    def name(self) -> str:
        return self._text("name") or settings.ORGANISATION_NAME

    @property
    def region(self) -> str:
        return self._text("region") or settings.REGION

    @property
    def policy(self) -> str:
        chosen = self._text("policy")
        return chosen if chosen in dict(safety.policies()) else settings.CRISIS_POLICY

    @property
    def policy_text(self) -> str:
        """The organisation's own words, shown above the steps; empty where it wrote none."""
        return self._text("policy_text")

    @property
    def retention_days(self) -> int:
        days = self.body.get("retention_days")
        return days if type(days) is int and 0 <= days <= MOST_DAYS else settings.RETENTION_DAYS

    def consent_text(self, purpose: str) -> str:
        """The organisation's own words for a purpose; empty: the shipped ones."""
        texts = self.body.get("consent")
        text = texts.get(purpose) if isinstance(texts, Mapping) else ""
        return text.strip() if isinstance(text, str) else ""

    @cached_property
    def own_lines(self) -> tuple[HelpLine, ...]:
        lines = self.body.get("lines")
        found = map(line_of, lines) if isinstance(lines, list) else ()
        return tuple(line for line in found if line is not None)

    @property
    def help_lines(self) -> tuple[HelpLine, ...]:
        """Own lines, or the region's; then the international directory. Never empty, never raises."""
        return self.own_lines + _lines(EVERYWHERE) if self.own_lines else _lines(self.region)


def _lines(region: str) -> tuple[HelpLine, ...]:
    try:
        return safety.help_lines(region, path=settings.HELP_LINES_FILE or None)
    except HelplineFileError as error:
        logger.warning("help lines as shipped: HELP_LINES_FILE cannot be used (%s)", type(error).__name__)
        return safety.help_lines(region)


def line_of(entry: Any) -> HelpLine | None:
    """A line that may be shown: a name, a number or an address that can be one, and when it was checked.
    None for anything else."""
    if not isinstance(entry, Mapping):
        return None
    found = {key: value.strip() for key in LINE_FIELDS if isinstance(value := entry.get(key), str)}
    phone, text, url = (found.get(key, "") for key in ("phone", "text", "url"))
    try:
        checked = datetime.date.fromisoformat(found.get("checked", ""))
    except ValueError:
        return None
    if (phone and not is_phone(phone)) or (text and not has_digit(text)):
        return None
    if (url and not URL.fullmatch(url)) or not found.get("name") or not (phone or text or url):
        return None
    return HelpLine(found["name"], phone, text, url, found.get("hours", ""), checked, rung=True)


def is_phone(text: str) -> bool:
    """Two digits at least: emergency numbers are short. A word or a letter in it is none."""
    return PHONE.fullmatch(text) is not None and sum(sign.isdigit() for sign in text) > 1


def is_emergency(line: HelpLine) -> bool:
    """Whether its number is as short as emergency numbers are, from 000 to 999."""
    return len(line.dial) == 3


def has_digit(text: str) -> bool:
    return any("0" <= sign <= "9" for sign in text)
