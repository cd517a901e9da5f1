"""The printable report of a study: one HTML page that needs nothing beside itself."""

from __future__ import annotations

from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from feedback.evidence.study import words
from feedback.evidence.study.output import drawn, slug
from feedback.evidence.study.spec import LEAST_GROUPS
from feedback.evidence.study.techniques import FAMILIES


def render(result: dict[str, Any]) -> str:
    """The page."""
    return render_to_string("feedback/study_report.html", context(result))


def context(result: dict[str, Any]) -> dict[str, Any]:
    """What `_study_report_body.html` shows. Plots are drawn from the figures beside them."""
    plots = {name: mark_safe(svg) for name, svg in drawn(result)}  # noqa: S308 - our own, names escaped
    first = [
        {
            "instrument": name,
            "part": part,
            "terms": [_term(key, term) for key, term in part.get("terms", {}).items()],
            "covariates": [words.covariate(key) for key in part.get("covariates", ())],
            **_plots(plots, name),
        }
        for name, part in result["rq1"].items()
    ]
    second = [
        {
            "instrument": name,
            "families": list(_families(part)),
            "forest": plots.get(f"forest-rq2-{slug(name)}", ""),
        }
        for name, part in result["rq2"].items()
    ]
    return {
        "result": result,
        "undone": words.undone(result),
        "first": first,
        "second": second,
        "least": LEAST_GROUPS,
    }


def _plots(plots: dict[str, str], instrument: str) -> dict[str, str]:
    return {kind: plots.get(f"{kind}-{slug(instrument)}", "") for kind in ("love", "dose", "forest-rq1")} | {
        "forest": plots.get(f"forest-rq1-{slug(instrument)}", "")
    }


def _term(name: str, term: dict[str, Any]) -> dict[str, Any]:
    return {**term, "name": words.term(name), "p_text": words.p_value(term["p"])}


def _families(families: dict[str, Any]):
    for family, part in families.items():
        rows = [
            {
                **_term(name, term),
                "technique": name in FAMILIES[family],
                "vif": part["vif"].get(name),
            }
            for name, term in part.get("terms", {}).items()
        ]
        yield {"title": words.family(family), "part": part, "rows": rows}
