"""What changes for everybody when an own study is published or withdrawn: shown before anybody says yes."""

from __future__ import annotations

from typing import Any

from feedback.evidence.grades import LOOKS, grade
from feedback.evidence.published import published_study
from feedback.evidence.study import words
from feedback.evidence.study_types import Study
from feedback.models import EvidenceStudy, StudyImport
from feedback.studies import rows as studies
from skills.taxonomy import EMPATHY, TECHNIQUES

BALANCED = 10.0  # % of a standard deviation between matched groups; above it they are unlike


def change(study: EvidenceStudy, step: str) -> dict[str, Any]:
    """`now` and `then`: the studies that serve; `rows`: what is graded otherwise then, with both grades;
    `same`: how many techniques keep theirs. At most 4 queries."""
    serving = studies.serving_row()
    later = studies.serving_row(without=study) if step == "withdraw" else study
    now, then = _value(serving), _value(later)
    rows = []
    for entry in (*TECHNIQUES.values(), *EMPATHY.values()):
        before, after = grade(entry.code, now), grade(entry.code, then)
        if before.key != after.key:
            rows.append({"name": entry.name, "looks": (LOOKS[before.key], LOOKS[after.key])})
    same = len(TECHNIQUES) + len(EMPATHY) - len(rows)
    return {"now": now, "then": then, "rows": rows, "same": same, "moves": serving != later}


def _value(row: EvidenceStudy | None) -> Study:
    return studies.study_of(row) if row else published_study()


def _size(percent: float | None) -> float:
    """JSON has no NaN: what could not be told is no balance."""
    return float("inf") if percent is None else abs(percent)


def doubts(study: EvidenceStudy) -> dict[str, Any]:
    """What speaks against leaning on a study: `unlike`, covariates that matching left apart, `undone`, the
    families of techniques that failed, `unmatched`, the instruments on which having a chat could not be
    compared, `unknown` where no result was kept to tell. 1 query."""
    brought = StudyImport.objects.filter(study=study).first()
    if brought is None or not brought.found:
        return {"unknown": True, "unlike": [], "undone": [], "unmatched": []}
    unlike = [
        {"instrument": instrument, "name": words.covariate(name), "percent": _size(row["after"])}
        for instrument, part in brought.result.get("rq1", {}).items()
        for name, row in part.get("balance", {}).items()
        if _size(row["after"]) > BALANCED
    ]
    failed = brought.result.get("partial", [])
    unmatched = [row for row in failed if row["part"] == "rq1"]
    undone = [{**row, "family": words.family(row["part"])} for row in failed if row["part"] != "rq1"]
    return {"unknown": False, "unlike": unlike, "undone": undone, "unmatched": unmatched}
