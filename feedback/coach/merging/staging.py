"""The output while it is made: a folder beside its place, which it takes when it is whole.

A journal has a line for every tensor that is written, with its checksum. A merge that was killed, cancelled
or ran out of disk goes on behind the last sound line; a folder of another merge is thrown away.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
import threading
import zlib
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch

from feedback.coach.merging.errors import DiskError, InUseError, MergeError
from feedback.coach.merging.layout import Layout

_SYNC_BYTES = 1 << 27
_JOURNAL, _KEPT, _LOCK = "journal.jsonl", "survey.json", "lock"


class Staging:
    """OUTPUT.partial. Use as a context manager; `finish` moves it to its place. Different tensors may be
    written from different threads.

    Raises MergeError where the output exists, another process writes it, or the disk is too small.
    """

    def __init__(self, output: Path, fingerprint: str, layout: Layout) -> None:
        self.output, self.layout = output, layout
        self.folder = output.with_name(f"{output.name}.partial")
        self.done: dict[str, dict[str, Any]] = {}
        self._files: dict[str, int] = {}
        self._checksums: dict[str, int] = {}
        self._one = threading.Lock()
        self._syncing = ThreadPoolExecutor(1, "sync")
        self._syncs: list[Future[None]] = []
        self._unsynced = 0
        if output.exists() and (not output.is_dir() or any(output.iterdir())):
            raise MergeError(f"{output} exists already: choose another folder, or move it away")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
        except OSError as error:
            raise _told(error, self.folder, 0, len(layout.places)) from error
        try:
            self._resume(fingerprint)
            self._room()
            self._journal = (self.folder / _JOURNAL).open("a", encoding="utf-8")
        except OSError as error:
            self._close()
            raise _told(error, self.folder, 0, len(layout.places)) from error
        except BaseException:
            self._close()
            raise

    def __enter__(self) -> Staging:
        return self

    def __exit__(self, *ignored: object) -> None:
        self._journal.close()
        self._close()

    def write(self, name: str, start: int, values: torch.Tensor) -> None:
        """Some entries of a tensor, from entry `start` on; each tensor in order from its first."""
        place = self.layout.places[name]
        raw = values.detach().contiguous().cpu().reshape(-1).view(torch.uint8).numpy()
        at = place.offset + start * place.dtype.itemsize
        self._checksums[name] = zlib.crc32(raw, self._checksums.get(name, 0) if start else 0)
        try:
            view = memoryview(raw)
            while view:
                written = os.pwrite(self._shard(place.shard), view, at)
                view, at = view[written:], at + written
        except OSError as error:
            raise _told(error, self.folder, len(self.done), len(self.layout.places)) from error

    def commit(self, name: str, facts: dict[str, Any]) -> None:
        """The tensor is whole; `facts` come back in `done` when the merge goes on."""
        entry = {"name": name, "crc": self._checksums[name], "facts": facts}
        with self._one:
            try:
                self._journal.write(json.dumps(entry) + "\n")
                self._journal.flush()
            except OSError as error:
                raise _told(error, self.folder, len(self.done), len(self.layout.places)) from error
            self.done[name] = facts
            self._unsynced += self.layout.places[name].size
            if self._unsynced >= _SYNC_BYTES:  # so that little is left to wait for at the end
                self._unsynced = 0
                handle = self._files[self.layout.places[name].shard]
                self._syncs.append(self._syncing.submit(os.fdatasync, handle))

    def kept(self) -> dict[str, Any] | None:
        """What `keep` kept, also by an earlier run."""
        try:
            return json.loads((self.folder / _KEPT).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None

    def keep(self, value: dict[str, Any]) -> None:
        (self.folder / _KEPT).write_text(json.dumps(value), encoding="utf-8")

    def finish(self, files: dict[str, str | bytes | Path]) -> None:
        """Adds the other files (text, bytes, or one to copy), makes everything durable, and takes the
        place.
        """
        try:
            for one in self._syncs:
                one.result()
            for name, content in files.items():
                _put(self.folder / name, content)
            for path in self.folder.iterdir():
                if path.name not in (_JOURNAL, _KEPT, _LOCK):
                    _synced(path)
            for name in (_KEPT, _JOURNAL, _LOCK):
                (self.folder / name).unlink(missing_ok=True)
            if self.output.is_dir():
                self.output.rmdir()
            self.folder.rename(self.output)
            _synced(self.output.parent)
        except OSError as error:
            raise _told(error, self.folder, len(self.done), len(self.layout.places)) from error

    def discard(self) -> None:
        """Throws away what was written."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _close(self) -> None:
        self._syncing.shutdown()
        for handle in self._files.values():
            os.close(handle)
        self._files = {}
        os.close(self._lock)

    def _locked(self) -> int:
        handle = os.open(self.folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise InUseError(f"another merge is writing {self.output}: wait for it, or stop it") from None
        return handle

    def _resume(self, fingerprint: str) -> None:
        journal = self.folder / _JOURNAL
        lines = journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []
        entries = [entry for entry in map(_parsed, lines) if entry]
        if not entries or entries[0].get("merge") != fingerprint:
            for path in self.folder.iterdir():
                if path.name != _LOCK:
                    path.unlink()
            entries = [{"merge": fingerprint}]
        sound = {entry["name"]: entry for entry in entries[1:] if self._sound(entry)}
        self.done = {name: entry["facts"] for name, entry in sound.items()}
        with journal.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(entry) + "\n" for entry in [entries[0], *sound.values()])

    def _sound(self, entry: dict[str, Any]) -> bool:
        """Whether the bytes on disk are those that were written: a power cut may have lost some."""
        place = self.layout.places[entry["name"]]
        crc, at, end = 0, place.offset, place.offset + place.size
        while at < end:
            read = os.pread(self._shard(place.shard), min(1 << 22, end - at), at)
            if not read:
                return False
            crc, at = zlib.crc32(read, crc), at + len(read)
        return crc == entry["crc"]

    def _shard(self, name: str) -> int:
        with self._one:
            if name not in self._files:
                handle = os.open(self.folder / name, os.O_CREAT | os.O_RDWR, 0o644)
                os.ftruncate(handle, self.layout.sizes[name])
                os.pwrite(handle, self.layout.headers[name], 0)
                self._files[name] = handle
            return self._files[name]

    def _room(self) -> None:
        needed = sum(place.size for name, place in self.layout.places.items() if name not in self.done)
        free = shutil.disk_usage(self.folder).free
        if free < needed + (16 << 20):
            raise MergeError(
                f"the disk of {self.output.parent} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB "
                "are needed: make room, or write elsewhere"
            )


def _told(error: OSError, folder: Path, done: int, total: int) -> DiskError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskError(
            f"the disk is full after {done} of {total} tensors: make room and run the same again, it goes on "
            f"from there ({folder.name} may be deleted instead)"
        )
    return DiskError(f"{folder} cannot be written: {error.strerror}")


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:  # the last line of a process that was killed
        return None


def _put(path: Path, content: str | bytes | Path) -> None:
    if isinstance(content, Path):
        shutil.copyfile(content, path)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content, encoding="utf-8")


def _synced(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
