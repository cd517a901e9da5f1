"""SHA-256 of the input files, in a thread beside the merge: reading them is what takes the time."""

from __future__ import annotations

import hashlib
import mmap
import threading
from pathlib import Path

_BLOCK = 1 << 20


class Hashes:
    """Starts at once; `found` waits for the end. `stop` ends it early."""

    def __init__(self, files: dict[str, list[Path]]) -> None:
        self._files = files
        self._found: dict[str, dict[str, str]] = {}
        self._error: OSError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="input-hashes", daemon=True)
        self._thread.start()

    def found(self) -> dict[str, dict[str, str]]:
        """{who: {file name: sha256}}. Raises OSError where a file went away."""
        self._thread.join()
        if self._error:
            raise self._error
        return self._found

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            for who, paths in self._files.items():
                self._found[who] = {path.name: self._hash(path) for path in paths}
        except OSError as error:
            self._error = error

    def _hash(self, path: Path) -> str:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            if not path.stat().st_size:
                return digest.hexdigest()
            with (
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
                memoryview(mapped) as view,
            ):
                for start in range(0, len(view), _BLOCK):
                    if self._stopping.is_set():
                        break
                    with view[start : start + _BLOCK] as block:
                        digest.update(block)
        return digest.hexdigest()
