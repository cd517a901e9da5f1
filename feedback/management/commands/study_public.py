"""The outcome study on public conversations with our own tags: exploratory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

PAGE = Path("docs") / "outcomes_public.md"
HEAD = """# The outcome study on public conversations

Made by `manage.py study_public --corpora DIR --output DIR --write`; do not edit. **Exploratory**: one session
a person, nobody without one, and a machine as the counselor in MIBot. Techniques were counted by our tagger
({version}). Per +1 SD of the technique, with the score before held constant: below zero is a lower score
after the session, which is better for distress and worse for the rulers of MIBot. Least squares with robust
standard errors and Student's t; no random intercept is possible.
"""


class Command(BaseCommand):
    help = "Tag public sessions, run the study on each and print the technique tables."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--corpora", required=True, type=Path)
        parser.add_argument("--output", required=True, type=Path)
        parser.add_argument("--only", default="", help="mibot or esconv")
        parser.add_argument("--write", action="store_true", help=f"write {PAGE}")

    def handle(self, *args: Any, **options: Any) -> None:
        from feedback.evidence.study import output
        from feedback.evidence.study.pipeline import Files, run
        from feedback.studies.public import SOURCES, write
        from feedback.studies.report import render
        from feedback.studies.tagging import measured
        from skills.tagger import load_tagger
        from skills.tagger.card import card_or_nothing

        tagger = load_tagger()
        f1 = measured(card_or_nothing())
        lines = [HEAD.format(version=tagger.version)]
        for source in SOURCES:
            if options["only"] not in ("", source.name):
                continue
            folder: Path = options["output"] / source.name
            try:
                tagged = write(source.read(options["corpora"]), tagger, folder)
            except OSError as error:
                raise CommandError(f"{error.filename}: {error.strerror}. Is --corpora right?") from None
            self.stderr.write(f"{source.name}: {tagged} messages tagged")
            files = Files(folder / "assessments.csv", folder / "chats.csv")
            result, problems = run(files, source.spec(tagger.version, f1))
            output.write(result, problems, folder / "result", {"report.html": render(result)})
            lines += list(_tables(source.title, tagged, result))
        text = "\n".join(lines) + "\n"
        self.stdout.write(text)
        if options["write"]:
            PAGE.write_text(text, encoding="utf-8")


def _tables(title: str, tagged: int, result: dict[str, Any]):
    from feedback.evidence.study import words
    from feedback.evidence.study.techniques import FAMILIES, name_of

    yield f"## {title}\n\n{tagged:,} messages tagged.\n"
    for instrument, families in result["rq2"].items():
        yield f"| {instrument} | estimate | 95 % | p | after correction | people |\n|---|---|---|---|---|---|"
        for family, part in families.items():
            for name in FAMILIES[family]:
                term = part.get("terms", {}).get(name)
                if term:
                    low, high = term["ci"]
                    holds = "holds" if term["survives_bh"] else "does not hold"
                    yield (
                        f"| {name_of(name)} | {term['beta']:+.3f} | {low:+.3f} to {high:+.3f} | "
                        f"{words.p_value(term['p'])} | {holds} | {part['n_seekers']} |"
                    )
                elif "terms" in part:
                    yield f"| {name_of(name)} | not enough data | | | | |"
        yield ""
    for row in result["partial"]:
        yield f"Not possible: {words.part(row['part'])}, {row['instrument']}: {row['error']}"
    yield ""
