"""An analysed transcript as one HTML page that needs nothing beside it, in the site's own style."""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from feedback.evidence.cards import LOW_RELIABILITY_F1, LOW_RELIABILITY_N
from feedback.evidence.grades import LOOKS
from feedback.reports.quotes import with_quotes

SHEETS = ("tokens", "peersupport", "controls", "tags", "chat", "report", "progress", "signoff", "print")


def page(body: dict[str, Any], name: str) -> str:
    """HTML of an `analyse` result; `name` is the transcript's file name."""
    context = {
        "name": name,
        "body": body,
        **with_quotes(body),
        "looks": LOOKS.values(),
        "low": {"f1": f"{LOW_RELIABILITY_F1:.2f}", "n": LOW_RELIABILITY_N},
        "versions": [(what.replace("_", " "), name or "none") for what, name in body["versions"].items()],
        # Our own files, not a person's text.
        "style": mark_safe(style()),  # noqa: S308
        "icons": mark_safe(static_text("icons.svg")),  # noqa: S308
    }
    return render_to_string("analyse/report.html", context)


def style() -> str:
    """All sheets of the site as one text."""
    sheets = "\n".join(static_text(f"css/{sheet}.css") for sheet in SHEETS)
    return re.sub(r"@import[^;]*;", "", sheets)


def static_text(name: str) -> str:
    """One of our own static files."""
    return (settings.BASE_DIR / "static" / name).read_text(encoding="utf-8")
