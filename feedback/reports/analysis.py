"""A transcript from anywhere as a session report: the practice room's rules, without a database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import peersupport
from feedback.coach.engine import Coach, NoCoach
from feedback.coach.turns import Turn
from feedback.evidence.study_types import Study
from feedback.reports.session import session_report
from peersupport.practice.transcripts import Transcript, find_speaker, guess_counselor
from peersupport.safety import Finding, assess, safety_version
from skills.tagger import TagInput, TagResult
from skills.tagger.card import read_card

FORMAT = "analysis-1"


@dataclass(frozen=True)
class Machines:
    """What tags, judges and words: the tagger, the evidence study, and the coach (or none)."""

    tagger: Any
    study: Study
    coach: Coach | NoCoach


def analyse(
    transcript: Transcript, machines: Machines, *, counselor: str = "", topic: str = "general"
) -> dict[str, Any]:
    """The report of `session_report` with, beside it, where each message stands in the file::

        format      "analysis-1"
        transcript  {"format", "messages": int, "speakers": [str], "counselor": str, "notices": [str]}
        messages    as in `session_report`, each with "line", "speaker" and "risk": {"level", "kinds"}
        versions    as in `session_report`, with "tagger_sha256", "safety" and "peersupport"

    Everyone but the counselor counts as a seeker. Messages are numbered from 1. The same transcript and
    versions give the same values. Raises TranscriptError when nobody is called `counselor`.
    """
    notices = list(transcript.notices)
    if counselor:
        speaker = find_speaker(transcript, counselor)
    else:
        guess = guess_counselor(transcript)
        speaker = guess.speaker
        if guess.notice:
            notices.append(f"{guess.notice} If that is wrong, say who it is with --counselor.")
    findings = [assess(u.text, role=_role(u.speaker, speaker)) for u in transcript.turns]
    card = read_card()
    report = session_report(
        _turns(transcript, speaker, findings, machines.tagger),
        study=machines.study,
        card=card,
        topic=topic,
        embed=machines.tagger.embed,
        retag=machines.tagger.tag,
        reword=machines.coach.reword,
        coach=machines.coach.name,
    )
    for entry, said, finding in zip(report["messages"], transcript.turns, findings, strict=True):
        del entry["message_id"]  # there is no row behind it
        entry |= {"line": said.line, "speaker": said.speaker}
        entry["risk"] = {"level": finding.level, "kinds": list(finding.kinds)}
    report["versions"] |= {
        "tagger_sha256": card["sha256"],
        "safety": safety_version(),
        "peersupport": peersupport.__version__,
    }
    about = {
        "format": transcript.format,
        "messages": len(transcript.turns),
        "speakers": list(transcript.speakers),
        "counselor": speaker,
        "notices": notices,
    }
    return {"format": FORMAT, "transcript": about, **report}


def _role(speaker: str, counselor: str) -> str:
    return "counselor" if speaker == counselor else "seeker"


def _turns(transcript: Transcript, counselor: str, findings: list[Finding], tagger: Any) -> list[Turn]:
    inputs, heard = [], ""
    for said in transcript.turns:
        if said.speaker == counselor:
            inputs.append(TagInput(text=said.text, previous=heard))
        else:
            heard = said.text
    results = iter(tagger.tag(inputs))
    turns = []
    for index, (said, finding) in enumerate(zip(transcript.turns, findings, strict=True), start=1):
        role = _role(said.speaker, counselor)
        tags: TagResult | None = next(results) if role == "counselor" else None
        turns.append(Turn(index=index, role=role, text=said.text, tags=tags, risk_level=finding.level))
    return turns
