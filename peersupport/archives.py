"""Unpacking an archive that somebody brings: by what it declares and by what comes out, nothing unexpected.

A small file can unpack to a full disk, a header can ask for gigabytes of memory, a member can point
outside its folder. Each is refused before it is done.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Collection
from pathlib import Path
from typing import IO

MAX_RATIO = 100  # a database with its text and indexes packs three to twenty times smaller
FREE_RATIO_BYTES = 64 * 1024 * 1024  # below this the ratio is not asked
MAX_MEMBERS = 10_000
MAX_READ = 1024 * 1024  # of one read; tarfile asks for more only for an oversized header
KEEP_FREE = 64 * 1024 * 1024


class UnsafeArchive(Exception):
    """The archive is damaged or must not be unpacked; the message goes on after the archive's name."""


def unpack(source: Path, folder: Path, *, names: Collection[str]) -> None:
    """Unpack a .tar.gz of plain files and folders under `names` into `folder`. Raises UnsafeArchive."""
    room = shutil.disk_usage(folder).free - KEEP_FREE
    try:
        limit = min(room, max(FREE_RATIO_BYTES, MAX_RATIO * source.stat().st_size))
        with gzip.open(source) as unzipped:
            stream = _Measured(unzipped, limit)
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                _members(archive, folder, names, limit)
    except (OSError, tarfile.TarError, zlib.error, ValueError, EOFError, OverflowError) as error:
        raise UnsafeArchive(f"is no whole backup ({type(error).__name__}). Take another copy.") from error
    except (RecursionError, MemoryError) as error:
        raise UnsafeArchive("is no backup of this program: its headers are nested too deep.") from error


def _members(archive: tarfile.TarFile, folder: Path, names: Collection[str], limit: int) -> None:
    seen: set[str] = set()
    declared = 0
    for member in archive:
        name = member.name
        if not (member.isreg() or member.isdir()) or member.issparse() or name in seen:
            raise UnsafeArchive("holds a link, a device or the same name twice: no backup does. Refused.")
        if name.split("/")[0] not in names or ".." in name.split("/"):
            raise UnsafeArchive("holds files that no backup has. Refused.")
        seen.add(name)
        declared += member.size
        if declared > limit or len(seen) > MAX_MEMBERS:
            raise UnsafeArchive(_too_much(limit))
        archive.extract(member, folder, filter="data")


def _too_much(limit: int) -> str:
    return (
        f"would unpack to more than {limit // 1024**2:,} MiB or {MAX_MEMBERS:,} files: too much for its "
        "size or for the disk. If you trust it, make room and unpack it by hand."
    )


class _Measured:
    """A stream that counts what is taken out of it, and never gives more than MAX_READ at once."""

    def __init__(self, stream: IO[bytes], limit: int) -> None:
        self._stream, self._limit, self._taken = stream, limit, 0

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > MAX_READ:
            raise UnsafeArchive("asks for more memory than a backup needs. Refused.")
        block = self._stream.read(size)
        self._taken += len(block)
        # Headers and padding are small change beside the members.
        if self._taken > self._limit + MAX_MEMBERS * 2048:
            raise UnsafeArchive(_too_much(self._limit))
        return block

    def seek(self, offset: int, whence: int = 0) -> int:
        """Forward only, and not far: members are taken in order, so that only padding is skipped."""
        if whence != 0 or not 0 <= offset - self._stream.tell() <= MAX_READ:
            raise tarfile.ReadError("out of order")
        self.read(offset - self._stream.tell())
        return self._stream.tell()

    def tell(self) -> int:
        return self._stream.tell()

    def close(self) -> None:
        self._stream.close()
