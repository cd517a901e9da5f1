"""Analyse a transcript from a file: no server, no database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from feedback.coach.bank import GENERAL, TOPICS
from peersupport.files import replacing
from peersupport.practice.transcripts import FORMATS, TranscriptError, read_transcript


class Command(BaseCommand):
    help = (
        "Tag the counselor's messages of a transcript (CSV with speaker,text; JSON lines; pasted text with "
        "speaker labels) and write the session report. An error names the line and writes nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--input", required=True, help="the transcript")
        parser.add_argument("--output", required=True, help="JSON file to write")
        parser.add_argument("--html", help="also write the report as one HTML page")
        parser.add_argument("--counselor", default="", help="whose messages to tag (default: guessed)")
        parser.add_argument("--format", choices=FORMATS, help="default: seen from the name and the content")
        parser.add_argument("--topic", choices=TOPICS, default=GENERAL, help="which alternatives fit")

    def handle(self, *args: Any, **options: Any) -> None:
        targets = [Path(options["output"])] + ([Path(options["html"])] if options["html"] else [])
        _check_names(Path(options["input"]), targets)
        try:
            with replacing(*targets) as files:
                body = self._body(options)
                json.dump(body, files[0], ensure_ascii=False, indent=1)
                files[0].write("\n")
                if options["html"]:
                    files[1].write(_page(body, Path(options["input"]).name))
        except TranscriptError as error:
            raise _failure(f"{options['input']}: {error} Nothing was written.") from None
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            name = error.filename2 or error.filename or options["output"]
            if Path(name) in targets:
                raise _failure(f"Cannot write {name}: {reason}. Give another path.") from None
            raise _failure(f"Cannot read {name}: {reason}. Nothing was written; check the file.") from None
        for notice in body["transcript"]["notices"]:
            self.stderr.write(notice)
        tagged = sum(entry["tagged"] for entry in body["messages"])
        tagger = body["versions"]["tagger"]
        self.stderr.write(f"{tagged} of {len(body['messages'])} messages tagged by {tagger}")

    def _body(self, options: dict[str, Any]) -> dict[str, Any]:
        transcript = read_transcript(options["input"], format=options["format"])
        from feedback.coach.engine import get_coach
        from feedback.evidence.published import published_study
        from feedback.reports.analysis import Machines, analyse
        from skills.tagger import load_tagger

        machines = Machines(tagger=load_tagger(), study=published_study(), coach=get_coach())
        return analyse(transcript, machines, counselor=options["counselor"], topic=options["topic"])


def _check_names(source: Path, targets: list[Path]) -> None:
    """The transcript is never overwritten, and one report never by the other."""
    if not all(target.name for target in targets):
        raise _failure("--output and --html need the name of a file. Give one.")
    places = [path.parent.resolve() / path.name for path in targets]
    if len(set(places)) < len(places):
        raise _failure("--output and --html name the same file. Give two names.")
    if source.resolve() in places or source.parent.resolve() / source.name in places:
        raise _failure("A report would replace the transcript. Give --output and --html other names.")


def _page(body: dict[str, Any], name: str) -> str:
    from feedback.reports.analysis_page import page

    return page(body, name)


def _failure(message: str) -> CommandError:
    return CommandError(message, returncode=2)
