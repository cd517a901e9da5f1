"""Run an outcome study on files: no server, no database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = (
        "How chats and techniques are associated with symptom scores: matched periods and technique models. "
        "Writes result.json, tables, plots, report.html and, where rows were left out, errors.csv."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--assessments", required=True, type=Path, help="CSV or Parquet")
        parser.add_argument("--chats", required=True, type=Path)
        parser.add_argument("--seekers", type=Path)
        parser.add_argument("--providers", type=Path)
        parser.add_argument(
            "--messages", type=Path, help="chat_id, role, text: techniques are counted by the serving tagger"
        )
        parser.add_argument(
            "--spec", type=Path, help="study.toml: what is to be done, written before it is done"
        )
        parser.add_argument("--output", required=True, type=Path, help="folder for the results")

    def handle(self, *args: Any, **options: Any) -> None:
        from feedback.evidence.study import output
        from feedback.evidence.study.pipeline import Files, run
        from feedback.evidence.study.placing import refuse_other
        from feedback.evidence.study.problems import StudyError
        from feedback.evidence.study.spec import read_spec
        from feedback.studies.report import render
        from feedback.studies.tagging import tag_with, tagged_by, with_card

        folder: Path = options["output"]
        files = Files(
            *(options[name] for name in ("assessments", "chats", "seekers", "providers", "messages"))
        )
        try:
            spec, tag = read_spec(options["spec"]), None
            refuse_other(folder, spec.title, files.digest)
            if files.messages is not None:
                from skills.tagger import load_tagger

                tagger = load_tagger()
                spec, tag = tagged_by(spec, tagger), tag_with(tagger)
            spec = with_card(spec)
            result, problems = run(
                files, spec, lambda share, words: self.stderr.write(f"{share:4.0%} {words}"), tag
            )
            output.write(result, problems, folder, {"report.html": render(result)})
        except StudyError as error:
            raise CommandError(f"{error} Nothing was written.") from None
        except OSError as error:
            raise CommandError(f"{error.filename or folder}: {error.strerror}. Give another path.") from None
        self._say(result, problems)

    def _say(self, result: dict[str, Any], problems) -> None:
        for notice in result["notices"]:
            self.stderr.write(notice)
        for words, n in problems.counts.items():
            self.stderr.write(f"{n} rows left out or changed: {words} (see errors.csv)")
        for row in result["partial"]:
            self.stderr.write(f"{row['part']} on {row['instrument']} was not possible: {row['error']}")
        for name, part in result["rq1"].items():
            if "terms" in part:
                term = part["terms"]["treated"]
                low, high = term["ci"]
                self.stdout.write(
                    f"{name}: a chat is associated with {term['beta']:+.3f} points "
                    f"({low:+.3f} to {high:+.3f}), {part['matched_pairs']} matched pairs"
                )
