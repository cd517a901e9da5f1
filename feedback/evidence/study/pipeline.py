"""From files to a result: read, cut into periods, both research questions, corrections.

What fails for one instrument or family is said in its place and the rest is kept; `result["partial"]` then
names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from feedback.evidence.study import messages, rq1, rq2
from feedback.evidence.study.assessments import periods, read_assessments
from feedback.evidence.study.chats import observations, read_chats
from feedback.evidence.study.corrections import survivors
from feedback.evidence.study.few import HIDDEN, counted
from feedback.evidence.study.people import read_people
from feedback.evidence.study.problems import Problems, StudyError
from feedback.evidence.study.spec import Spec
from feedback.evidence.study.techniques import FAMILIES

FORMAT = "study-2"  # 1 had normal intervals, which a stored report goes on to say
Report = Callable[[float, str], None]


@dataclass(frozen=True)
class Files:
    """Where the tables lie; seekers, providers and messages may be missing."""

    assessments: Path
    chats: Path
    seekers: Path | None = None
    providers: Path | None = None
    messages: Path | None = None

    def digest(self) -> str:
        """SHA-256 over the files' bytes, in this order: the data that a study is about."""
        whole = hashlib.sha256()
        more = (self.messages,) if self.messages is not None else ()  # else as before there were any
        for path in (self.assessments, self.chats, self.seekers, self.providers, *more):
            if path is not None:
                with path.open("rb") as handle:
                    while block := handle.read(1 << 20):
                        whole.update(block)
            whole.update(b"\0")
        return whole.hexdigest()


OF_MESSAGES = 0.9  # of a run that has them read


def _first(report: Report, share: float, words: str) -> None:
    report(OF_MESSAGES * share, words)


def _after_messages(files: Files, report: Report) -> Report:
    """What says how far the rest is, where messages were read before it."""
    if files.messages is None:
        return report
    return lambda share, words: report(OF_MESSAGES + (1 - OF_MESSAGES) * share, words)


def silent(share: float, words: str) -> None:
    """Reports to nobody."""


def load(
    files: Files,
    spec: Spec,
    report: Report = silent,
    problems: Problems | None = None,
    tag: messages.Tag | None = None,
    resume: messages.Resume = messages.ANEW,
) -> tuple[dict[str, pd.DataFrame], dict, Problems]:
    """({instrument: observations}, {"notices", "flow", "counted": {technique: the codes it was counted
    from}}, problems). Raises StudyError where there are none; the `problems` given hold what was found until
    then."""
    problems, notices, flow, counts = problems or Problems(), [], {}, None
    report(0.0, "reading assessments")
    cut = periods(read_assessments(files.assessments, spec, problems, notices), spec, flow)
    if files.messages is not None:
        if tag is None:
            raise StudyError("there are messages and nothing to tag them with.")
        first = partial(_first, report)
        counts = messages.count(files.messages, files.chats, cut, tag, spec, problems, notices, first, resume)
        report = _after_messages(files, report)
    seekers = pd.Index(cut["seeker_id"].unique())
    report(0.1, "reading chats")
    chats = read_chats(files.chats, seekers, spec, problems, notices, counts)
    about = read_people(files.seekers, "seekers", spec, problems, notices)
    providers = read_people(files.providers, "providers", spec, problems, notices)
    report(0.5, "cutting chats into periods")
    made = {
        str(name): observations(part.reset_index(drop=True), chats, about, providers, spec)
        for name, part in cut.groupby("instrument", sort=True)
    }
    for name, rows in made.items():
        had = rows["chats"] > 0
        some, none = (rows["seeker_id"][mask].nunique() for mask in (had, ~had))
        flow[name] |= {
            "chats in all": chats.rows,
            "chats of seekers without a period, left out": counted(chats.of_others, len(chats.others), spec),
            "chats inside a period": counted(int(rows["chats"].sum()), some, spec),
            "periods with a chat": counted(int(had.sum()), some, spec, none),
        }
    return made, {"notices": notices, "flow": flow, "counted": chats.counted}, problems


def analyse(
    made: dict[str, pd.DataFrame],
    spec: Spec,
    report: Report = silent,
    counted: dict[str, list[str]] | None = None,
) -> dict[str, Any]:
    """`rq1`, `rq2`, `partial` of the result; `counted` as `load` gives it."""
    result: dict[str, Any] = {"rq1": {}, "rq2": {}, "partial": []}
    steps = [(name, "rq1") for name in made] + [(name, family) for name in made for family in FAMILIES]
    for number, (name, what) in enumerate(steps):
        report(0.55 + 0.35 * number / len(steps), f"{what} on {name}")
        try:
            if what == "rq1":
                result["rq1"][name] = rq1.analyse(made[name], spec)
            else:
                result["rq2"].setdefault(name, {})[what] = rq2.analyse(made[name], what, spec, counted)
        except StudyError as error:
            place = result["rq1"] if what == "rq1" else result["rq2"].setdefault(name, {})
            place[name if what == "rq1" else what] = {"error": str(error)}
            result["partial"].append({"part": what, "instrument": name, "error": str(error)})
    _correct(result)
    return result


def _correct(result: dict[str, Any]) -> None:
    """`survives_bh` on every technique, over all technique tests of the study."""
    found = {}
    for name, families in result["rq2"].items():
        for family, part in families.items():
            for technique in FAMILIES[family]:
                if technique in part.get("terms", {}):
                    found[name, family, technique] = part["terms"][technique]
    kept = survivors({str(key): term["p"] for key, term in found.items()})
    for key, term in found.items():
        term["survives_bh"] = kept[str(key)]


def _untell(flow: dict[str, dict[str, int | str]], second: dict[str, dict[str, Any]]) -> None:
    """Hides the periods with a chat where a model left out those of few: its own number of periods would tell
    them by subtracting."""
    for name, families in second.items():
        if any(isinstance(part.get("left_out"), str) for part in families.values()):
            flow[name]["periods with a chat"] = HIDDEN


def run(
    files: Files,
    spec: Spec,
    report: Report = silent,
    tag: messages.Tag | None = None,
    resume: messages.Resume = messages.ANEW,
) -> tuple[dict[str, Any], Problems]:
    """The whole result but for its files; `tag` counts techniques where there are messages, going on where
    `resume` says. Raises StudyError where not even the periods can be made."""
    made, about, problems = load(files, spec, report, tag=tag, resume=resume)
    if files.messages is not None:
        by = spec.tagger_version or "a tagger"
        about["notices"].append(
            f"Techniques were counted by {by} in the messages of the chats inside a period."
        )
    result = analyse(made, spec, _after_messages(files, report), about["counted"])
    _untell(about["flow"], result["rq2"])
    return {
        "format": FORMAT,
        "title": spec.title,
        **result,
        **about,
        "problems": {"total": problems.total, "counts": problems.counts},
        "spec": spec.as_dict(),
        "data_sha256": files.digest(),
        "tagger_version": spec.tagger_version,
    }, problems
