"""Imports of study tables for the tests of their pages: made-up files, and one that is finished."""

from __future__ import annotations

import json

from feedback.evidence.study.spec import Spec
from feedback.models import StudyImport
from feedback.study_imports import files

TERM = {"beta": -0.05, "se": 0.01, "p": 0.0001, "ci": [-0.07, -0.03], "survives_bh": True}
RESULT = {
    "format": "study-1",
    "title": "Our line",
    "partial": [{"part": "empathy", "instrument": "PHQ-2", "error": "too few periods"}],
    "rq1": {"PHQ-2": {"error": "no match within the caliper"}},
    "rq2": {
        "PHQ-2": {
            "mi": {
                "terms": {"reflection": TERM}, "vif": {"reflection": 1.2}, "n_seekers": 900, "n_obs": 1400,
                "r2": 0.3, "method": "random intercept", "notes": [], "bootstrap": {},
            },
            "empathy": {"error": "too few periods"},
        }
    },
    "flow": {"PHQ-2": {"assessments": 2400, "periods": 1400}},
    "notices": [],
    "problems": {"total": 1, "counts": {"chats: start is no ISO date": 1}},
    "spec": Spec().as_dict(),
    "data_sha256": "0" * 64,
    "tagger_version": "tagger-1",
}  # fmt: skip
PREVIEW = {
    "tables": {"chats": {"columns": ["chat_id"], "more": 0, "first": [["c1"]], "rows": 3}},
    "flow": RESULT["flow"], "ranges": {"PHQ-2": [0, 6]}, "notices": ["chats: a notice"], "errors": [],
    "counts": RESULT["problems"]["counts"], "problems": 1, "timezone": "UTC", "title": "Our line",
}  # fmt: skip
ASSESSMENTS = "seeker_id,instrument,date,score\n" + "".join(
    f"s{n},PHQ-2,2026-0{month}-01,{score}\n"
    for n in range(6)
    for month, score in ((1, n % 4 + 1), (2, (n * 2) % 5))
)
CHATS = "chat_id,seeker_id,start,technique:affirm\n" + "".join(
    f"c{n},s{n},2026-01-1{n},{n}\n" for n in range(3)
)


def finished_import(**fields) -> StudyImport:
    """A report without a study, its files still there, one row of them bad."""
    texts = {"version": "2026.1", "seen": json.dumps(PREVIEW), "found": json.dumps(RESULT)}
    row = StudyImport.objects.create(**(texts | fields))
    folder = files.folder_of(row.pk)
    folder.mkdir(parents=True)
    (folder / "assessments.csv").write_text(ASSESSMENTS)
    (folder / "chats.csv").write_text(CHATS)
    (folder / files.ERRORS).write_text("file,line,column,what,todo\nchats,4,start,no ISO date,Mend it\n")
    return row
