"""Where dials lie and which of them serve, for pages and for the engine. Light: nothing heavy is imported.

A model's own dials lie beside its weights, in `dials/<behaviour>.safetensors`, and serve unless an admin
switched them off. Those that an admin had calibrated lie in a folder `home`, and serve once chosen:

    home/serving.json                              {fingerprint: {behaviour: "" (off) | folder's name}}
    home/<fingerprint's beginning>/<name>/vector.safetensors
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "dials"  # of a model's own
VECTOR = "vector.safetensors"
POINTER = "serving.json"
MOST = 1_000_000  # bytes of a header that is read; ours have a few thousand

Choices = Mapping[str, str]  # behaviour -> name of a folder; "" is off


def header(path: Path) -> dict[str, Any]:
    """What a dial's file says of itself: "behaviour", "model", "fingerprint", "dial" {…}; {} where it cannot
    be read. The directions are not read."""
    try:
        with path.open("rb") as file:
            (size,) = struct.unpack("<Q", file.read(8))
            if size > MOST:
                return {}
            found = json.loads(file.read(size))["__metadata__"]
        return {**found, "dial": json.loads(found["dial"])}
    except (OSError, ValueError, KeyError, TypeError, struct.error):
        return {}


def shipped(folder: Path) -> dict[str, Path]:
    """The dials beside a model's weights, by behaviour."""
    return {path.stem: path for path in sorted((folder / FOLDER).glob("*.safetensors"))}


def place(home: Path, fingerprint: str) -> Path:
    """The folder of the dials that were made for these weights."""
    return home / fingerprint[:16]


def choices(home: Path, fingerprint: str) -> dict[str, str]:
    """What admins chose for these weights; {} where nobody chose, or the file cannot be read."""
    try:
        found = json.loads((home / POINTER).read_text(encoding="utf-8")).get(fingerprint, {})
        return {str(name): str(chosen) for name, chosen in found.items()}
    except (OSError, ValueError, AttributeError):
        return {}


def write_choices(home: Path, every: Mapping[str, Choices]) -> None:
    """Replaces the file whole; nobody ever reads half of it. Leaves it alone where it says so already."""
    text = json.dumps(every, indent=1, sort_keys=True) + "\n"
    file = home / POINTER
    if (file.read_text(encoding="utf-8") if file.is_file() else json.dumps({}) + "\n") == text:
        return
    home.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{POINTER}.{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    os.replace(part, file)


def serving(folder: Path, home: Path | None, fingerprint: str) -> dict[str, Path]:
    """The dials that serve with these weights, by behaviour."""
    found = shipped(folder)
    for name, chosen in (choices(home, fingerprint) if home else {}).items():
        found.pop(name, None)
        if chosen:
            found[name] = place(home, fingerprint) / chosen / VECTOR
    return found


def stamp(home: Path | None) -> tuple[int, int]:
    """Changes whenever the choices do."""
    try:
        seen = (home / POINTER).stat() if home else None
    except OSError:
        seen = None
    return (seen.st_mtime_ns, seen.st_ino) if seen else (0, 0)
