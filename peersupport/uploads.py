"""One file of bounded length in one form; everywhere else files are dropped unread (FILE_UPLOAD_HANDLERS)."""

from __future__ import annotations

from pathlib import PurePath

from django.core.files.uploadhandler import FileUploadHandler, SkipFile


class OneFile(FileUploadHandler):
    """Keeps the first file of a form in memory, up to `limit` bytes; what is beyond is read and thrown away.

    `content` is None where no file came. Of its name only the suffix is kept: names of files name people.
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit
        self.content: bytes | None = None
        self.suffix = ""
        self.too_long = False
        self._parts: list[bytes] = []
        self._size = 0

    def new_file(self, field_name, file_name, *args, **kwargs) -> None:
        if self.content is not None:
            raise SkipFile
        self.content = b""
        self.suffix = PurePath(file_name or "").suffix.lower()[:10]

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self._size += len(raw_data)
        if self._size > self.limit:
            self.too_long = True
            self._parts.clear()
            raise SkipFile
        self._parts.append(raw_data)

    def file_complete(self, file_size: int) -> None:
        self.content = b"".join(self._parts)
        self._parts.clear()
