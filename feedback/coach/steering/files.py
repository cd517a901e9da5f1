"""Files of a folder that belong together: written aside, then put in place."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(folder: Path) -> Iterator[Path]:
    """An empty folder inside `folder`; what the block writes there takes its place in `folder` once all of it
    is written, each file at once. A block that fails leaves `folder` as it was.
    """
    aside = folder / ".writing"
    shutil.rmtree(aside, ignore_errors=True)  # of a process that was killed
    aside.mkdir(parents=True)
    try:
        yield aside
        for path in sorted(aside.iterdir()):
            os.replace(path, folder / path.name)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
