"""Unpacking an archive that somebody brings: by what it declares and by what comes out, nothing unexpected.

A small file can unpack to a full disk, a header can ask for gigabytes of memory, a member can point
outside its folder. Each is refused before it is done. `pack` and `check` see to it that what is written
here can be unpacked by the same rules.
"""

from __future__ import annotations

import gzip
import shutil
import tarfile
import zlib
from collections.abc import Callable, Collection, Iterator
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
    _read(source, names, room, lambda archive, member: archive.extract(member, folder, filter="data"))


def check(source: Path, *, names: Collection[str]) -> None:
    """Read a .tar.gz to its end by the rules of `unpack`, and write nothing. Raises UnsafeArchive."""
    _read(source, names, None, _pass_over)


def pack(archive: tarfile.TarFile, folder: Path, name: str) -> None:
    """Add a folder under `name`, with what its links lead to in place of the links: `unpack` takes none.

    `archive` is one that dereferences. Names that begin with .part- are left out: a job is writing them.
    Raises UnsafeArchive, before anything is added, for what `unpack` would not take.
    """
    found = []
    for path, inner in _inside(folder, name, (folder.resolve(),)):
        found.append((path, inner))
        if len(found) > MAX_MEMBERS:
            raise UnsafeArchive(f"would hold more than {MAX_MEMBERS:,} files. Take some out of {folder}.")
    for path, inner in found:
        archive.add(path, inner, recursive=False)


def _inside(folder: Path, name: str, above: tuple[Path, ...]) -> Iterator[tuple[Path, str]]:
    yield folder, name
    for path in sorted(folder.iterdir()):
        inner = f"{name}/{path.name}"
        if path.name.startswith(".part-"):
            continue
        if path.is_dir():
            real = path.resolve()
            if real in above:
                raise UnsafeArchive(f"would hold itself: {path} leads back up. Remove that link.")
            yield from _inside(path, inner, (*above, real))
        elif path.is_file():
            yield path, inner
        else:
            raise UnsafeArchive(f"would not be whole: {path} leads to no file. Mend or remove it.")


def _pass_over(archive: tarfile.TarFile, member: tarfile.TarInfo) -> None:
    if member.isreg():
        content = archive.extractfile(member)
        while content.read(MAX_READ // 2):
            pass


def _read(
    source: Path,
    names: Collection[str],
    room: int | None,
    take: Callable[[tarfile.TarFile, tarfile.TarInfo], None],
) -> None:
    try:
        limit = max(FREE_RATIO_BYTES, MAX_RATIO * source.stat().st_size)
        limit = limit if room is None else min(room, limit)
        with gzip.open(source) as unzipped:
            stream = _Measured(unzipped, limit)
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                _members(archive, names, limit, take)
    except (OSError, tarfile.TarError, zlib.error, ValueError, EOFError, OverflowError) as error:
        raise UnsafeArchive(f"is no whole backup ({type(error).__name__}). Take another copy.") from error
    except (RecursionError, MemoryError) as error:
        raise UnsafeArchive("is no backup of this program: its headers are nested too deep.") from error


def _members(archive: tarfile.TarFile, names: Collection[str], limit: int, take) -> None:
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
        take(archive, member)


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
