"""What was counted in messages until a run stopped, in one file beside the tables: ids of chats, numbers."""

from __future__ import annotations

import os
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np


@dataclass(frozen=True)
class Counted:
    """Of chats whose messages were all read: their ids [c], counts [c, codes] in the order of the caller's
    codes, which hold a message that could not be read [c], and the lines of such messages."""

    chats: np.ndarray
    table: np.ndarray
    unread: np.ndarray
    lines: np.ndarray

    def write(self, path: Path, key: str) -> None:
        """`key`: what the counts depend on. The file is whole or the one before."""
        part = path.with_name(f"{path.stem}.part.npz")
        np.savez(part, key=key, **vars(self))
        os.replace(part, path)


def read(path: Path, key: str) -> Counted | None:
    """None where there is no file, one of another key, or one that cannot be read."""
    try:
        with np.load(path, allow_pickle=False) as kept:
            if str(kept["key"]) != key:
                return None
            return Counted(kept["chats"], kept["table"], kept["unread"], kept["lines"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
