"""Writing results whole: a file that is there is a finished one."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO


@contextmanager
def replacing(*targets: Path) -> Iterator[list[IO[str]]]:
    """Open one UTF-8 text file per target, in the target's folder; all take their places at the end.

    After an exception none does, and what stood there before still stands. Raises OSError, with the
    target as its filename, where a folder is missing or closed to us.
    """
    files: list[tuple[IO[str], str, Path]] = []
    try:
        for target in targets:
            files.append((*_open_beside(target), target))
        yield [file for file, _, _ in files]
        for file, _, _ in files:
            file.flush()
            os.fsync(file.fileno())
        _take_places([(name, target) for _, name, target in files])
    finally:
        for file, name, _ in files:
            file.close()
            Path(name).unlink(missing_ok=True)
            Path(f"{name}.old").unlink(missing_ok=True)


def _open_beside(target: Path) -> tuple[IO[str], str]:
    if target.is_dir():
        raise IsADirectoryError(21, "it is a folder", str(target))
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".part")
    except OSError as error:
        raise type(error)(error.errno, error.strerror, str(target)) from error
    return os.fdopen(handle, "w", encoding="utf-8", newline="\n"), name


def _take_places(made: list[tuple[str, Path]]) -> None:
    with ExitStack() as undo:
        for name, target in made:
            os.chmod(name, 0o666 & ~_umask())
            if target != made[-1][1]:  # nothing can fail after the last
                undo.callback(_put_back, target, _kept(target, f"{name}.old"))
            os.replace(name, target)
        undo.pop_all()


def _kept(target: Path, aside: str) -> str | None:
    """A second name for what stands at `target`; None where nothing does."""
    if not os.path.lexists(target):
        return None
    try:
        os.link(target, aside, follow_symlinks=False)
    except OSError:  # a file system without hard links
        shutil.copy2(target, aside, follow_symlinks=False)
    return aside


def _put_back(target: Path, aside: str | None) -> None:
    with suppress(OSError):  # the first error is the one to tell
        if aside is None:
            target.unlink(missing_ok=True)
        else:
            os.replace(aside, target)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
