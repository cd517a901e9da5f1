"""SHA-256 of the input files, in threads beside the merge."""

from __future__ import annotations

import hashlib
import mmap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

_BLOCK = 1 << 20


class Hashes:
    """Starts at once, a file a thread; `found` waits for the end. `stop` ends it early."""

    def __init__(self, files: dict[str, list[Path]], threads: int) -> None:
        self._stopping = threading.Event()
        self._pool = ThreadPoolExecutor(max(1, threads), "input-hashes")
        self._files = {
            who: {path.name: self._pool.submit(self._hash, path) for path in paths}
            for who, paths in files.items()
        }

    def found(self) -> dict[str, dict[str, str]]:
        """{who: {file name: sha256}}. Raises OSError where a file went away."""
        return {
            who: {name: future.result() for name, future in each.items()} for who, each in self._files.items()
        }

    def stop(self) -> None:
        self._stopping.set()
        self._pool.shutdown(cancel_futures=True)

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
