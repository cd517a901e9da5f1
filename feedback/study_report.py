"""The printable report of a study: one HTML page that needs nothing beside itself."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from feedback.evidence.study.output import drawn, slug
from feedback.evidence.study.spec import LEAST_GROUPS
from feedback.evidence.study.techniques import FAMILIES, name_of


def render(result: dict[str, Any]) -> str:
    """The page."""
    return render_to_string("feedback/study_report.html", context(result))


def context(result: dict[str, Any]) -> dict[str, Any]:
    """What `_study_report_body.html` shows. Plots are drawn from the figures beside them."""
    plots = {name: mark_safe(svg) for name, svg in drawn(result)}  # noqa: S308 - our own, names escaped
    first = [
        {"instrument": name, "part": part, **_plots(plots, name)} for name, part in result["rq1"].items()
    ]
    second = [
        {
            "instrument": name,
            "families": list(_families(part)),
            "forest": plots.get(f"forest-rq2-{slug(name)}", ""),
        }
        for name, part in result["rq2"].items()
    ]
    return {"result": result, "first": first, "second": second, "least": LEAST_GROUPS}


def _plots(plots: dict[str, str], instrument: str) -> dict[str, str]:
    return {kind: plots.get(f"{kind}-{slug(instrument)}", "") for kind in ("love", "dose", "forest-rq1")} | {
        "forest": plots.get(f"forest-rq1-{slug(instrument)}", "")
    }


def _families(families: dict[str, Any]):
    for family, part in families.items():
        rows = [
            {
                "name": name_of(name) if name in FAMILIES[family] else name,
                "technique": name in FAMILIES[family],
                "vif": part["vif"].get(name),
                **term,
            }
            for name, term in part.get("terms", {}).items()
        ]
        title = "Motivational interviewing" if family == "mi" else "Empathy"
        yield {"title": title, "part": part, "rows": rows}
