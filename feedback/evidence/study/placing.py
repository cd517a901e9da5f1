"""One study in one folder: its files come in together, or not at all, and never beside another study's.

All is written into UNFINISHED first. Then the files of the run before go, `result.json` first, and the new
ones come in, `result.json` last: whenever that is broken off, the folder holds files of one run only, and
no `result.json` unless they are complete.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from feedback.evidence.study.problems import StudyError
from feedback.evidence.study.spec import Spec

RESULT = "result.json"
UNFINISHED = ".unfinished"
OURS = re.compile(
    r"result\.json|report\.html|errors\.csv|flow\.csv"
    r"|(rq1|balance|rq2)-[a-z0-9-]*\.csv|(love|dose|forest-rq1|forest-rq2)-[a-z0-9-]*\.svg"
)


def refuse_other(folder: Path, title: str, data: Callable[[], str]) -> None:
    """Raises StudyError where the folder holds a result of a study with another title, one of other data
    (`data` gives their digest) where nobody gave it a title, or a `result.json` that is of none."""
    try:
        found = json.loads((folder / RESULT).read_text(encoding="utf-8"))
        there = found["title"] if "rq2" in found else None
    except FileNotFoundError:
        return
    except (ValueError, KeyError, TypeError):
        there = None
    if there is None:
        raise StudyError(
            f"{folder} holds a {RESULT} that is no study's. Give another --output, or remove it."
        )
    if there != title:
        raise StudyError(
            f"{folder} holds the study “{there}”, and this one is “{title}”. Give another --output, or "
            "remove that folder first."
        )
    if title == Spec.title and found.get("data_sha256") != data():
        raise StudyError(
            f"{folder} holds a study of other data, and neither has a title. Give another --output, or a "
            "title in study.toml."
        )


def place(folder: Path, title: str, write: Callable[[Path], list[str]], data: Callable[[], str]) -> list[str]:
    """What `write` writes into the folder that it is given, in place of an earlier run of the same study;
    the names of the files. Other files of the folder stay. Raises StudyError as `refuse_other` does."""
    refuse_other(folder, title, data)
    folder.mkdir(parents=True, exist_ok=True)
    new = folder / UNFINISHED
    broken_off = new.exists()
    if broken_off:
        shutil.rmtree(new)
    new.mkdir()
    names = sorted(dict.fromkeys(write(new)), key=lambda name: name == RESULT)
    if broken_off or (folder / RESULT).exists():
        old = [path.name for path in folder.iterdir() if OURS.fullmatch(path.name)]
        for name in sorted(old, key=lambda name: name != RESULT):
            (folder / name).unlink()
    for name in names:
        (new / name).replace(folder / name)
    new.rmdir()
    return names
