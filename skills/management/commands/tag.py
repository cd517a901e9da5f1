"""Tag helper messages: JSON lines in, JSON lines out, in input order."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from peersupport.files import replacing

CHUNK = 256


class Command(BaseCommand):
    help = (
        'Tag messages. Each input line: {"id", "text", "previous"?}. Each output line: {"id", "tags", '
        '"present", "perhaps", "empathy", "tagger"}: codes over their threshold, and in perhaps what '
        "a family gives (docs/tagger.md). A bad line stops the command and nothing is written."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser) -> None:
        parser.add_argument("--input", required=True, help="JSON lines to tag")
        parser.add_argument("--output", required=True, help="file to write; replaced only when all is done")
        parser.add_argument("--weights", help="weights folder (default: the shipped one)")

        parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="messages at once")

    def handle(self, *args: Any, **options: Any) -> None:
        from skills.tagger import load_tagger

        source, target = Path(options["input"]), Path(options["output"])
        try:
            lines = source.open("rb")
        except OSError as error:
            raise _failure(f"Cannot read {source}: {error.strerror}. Check the --input path.") from error
        with lines:
            messages = _messages(lines)
            tagger = load_tagger(options["weights"])
            done = _write(target, tagger, max(1, options["threads"]), messages)
        self.stderr.write(f"{done} messages tagged by {tagger.version}")


def _write(target: Path, tagger, threads: int, messages: Iterator[tuple[Any, Any]]) -> int:
    try:
        with replacing(target) as [output]:
            return _stream(output, tagger, threads, messages)
    except OSError as error:
        raise _failure(f"Cannot write {target}: {error.strerror}. Check the --output path.") from error


def _stream(output: IO[str], tagger, threads: int, messages: Iterator[tuple[Any, Any]]) -> int:
    done = 0
    chunk: list[tuple[Any, Any]] = []
    for message in messages:
        chunk.append(message)
        if len(chunk) == CHUNK:
            done += _chunk(output, tagger, threads, chunk)
            chunk = []
    return done + _chunk(output, tagger, threads, chunk)


def _chunk(output: IO[str], tagger, threads: int, chunk: list[tuple[Any, Any]]) -> int:
    results = tagger.tag([message for _, message in chunk], threads=threads)
    for (name, _), result in zip(chunk, results, strict=True):
        row = {
            "id": name,
            "tags": {code: round(chance, 6) for code, chance in result.probabilities.items()},
            "present": [code for code in result.present if code not in result.by_family],
            "perhaps": result.by_family,
            "empathy": result.empathy,
            "tagger": tagger.version,
        }
        output.write(json.dumps(row) + "\n")
    return len(chunk)


def _messages(lines: IO[bytes]) -> Iterator[tuple[Any, Any]]:
    from skills.tagger import TagInput

    for number, raw in enumerate(lines, start=1):
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if not raw.strip():
            continue
        try:
            row = json.loads(raw.decode("utf-8"))
        except UnicodeDecodeError:
            raise _bad(number, "is not UTF-8. Save the file as UTF-8") from None
        except (ValueError, RecursionError):
            raise _bad(number, "is not valid JSON. Write one JSON object per line") from None
        if not isinstance(row, dict):
            raise _bad(number, 'is not a JSON object. Write {"id": ..., "text": ...}')
        if not isinstance(row.get("id"), str | int) or isinstance(row.get("id"), bool):
            raise _bad(number, 'has no usable "id". Give a text or a whole number')
        if not isinstance(row.get("text"), str):
            raise _bad(number, 'has no "text". Give the message as a text, "" if it is empty')
        if not isinstance(row.get("previous"), str | None):
            raise _bad(number, 'has a "previous" that is no text. Give a text, or leave it out')
        yield row["id"], TagInput(text=row["text"], previous=row.get("previous") or "")


def _bad(number: int, fault: str) -> CommandError:
    return _failure(f"Line {number} {fault}. Nothing was written.")


def _failure(message: str) -> CommandError:
    return CommandError(message, returncode=2)
