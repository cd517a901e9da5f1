"""Which folder the coach's model is loaded from: COACH_MODEL's, or a merge of it that an admin switched on.

The file `DATA_DIR/models/coach/serving` names a folder beside it. It counts only where that folder is whole
and its merge was made from the very weights that COACH_MODEL names; otherwise those serve, and `why` tells.
Asked anew with each request, so that a switch needs no restart. For pages and workers: nothing heavy is
imported, and files are hashed once (`feedback.coach.digests`). `trust`: what another process has read counts;
for pages, which must not wait for gigabytes.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

from feedback.coach import digests
from feedback.coach.mini.prompting import STYLE

SHIPPED = Path(__file__).parent / "weights" / "coach-mini"  # what COACH_MODEL=coach-mini means
POINTER, MANIFEST, SUMS = "serving", "manifest.json", "sums.json"
GONE, DAMAGED, OTHER_BASE = "gone", "damaged", "other_base"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Serving:
    """`model`: folder or hub id to load, empty where none is configured; `merge`: name of the merge that it
    is, empty where it is COACH_MODEL's own; `wanted`: the merge that was switched on, and `why` it does not
    serve: GONE, DAMAGED or OTHER_BASE, empty where it does."""

    model: str
    merge: str = ""
    wanted: str = ""
    why: str = ""

    @property
    def name(self) -> str:
        return self.merge or Path(self.model).name


def home() -> Path:
    """Where merges lie, a folder each."""
    return settings.DATA_DIR / "models" / "coach"


def own_model() -> str:
    """What COACH_MODEL names: a folder or a hub id; empty without one."""
    return str(SHIPPED) if SHIPPED.name == settings.COACH_MODEL else settings.COACH_MODEL


def base_folder() -> Path | None:
    """COACH_MODEL's folder; None where it names none on this machine."""
    path = Path(own_model())
    return path.absolute() if settings.COACH_MODEL and (path / "config.json").is_file() else None


def resolved(*, trust: bool = True) -> Serving:
    """What serves now."""
    return standing_for(switched_on(), trust=trust)


def can_word_seekers() -> bool:
    """Whether what serves now can word a seeker's line: any model but coach-mini and its kin, which were
    taught counselor replies and nothing else. The tokenizer's own file says so: nothing is loaded."""
    model = resolved().model
    told = read_json(Path(model) / "tokenizer_config.json") if model else {}
    return bool(model) and told.get("prompt_style") != STYLE


def standing_for(wanted: str, *, trust: bool = True) -> Serving:
    """What serves where the merge of this name is switched on, or none (empty)."""
    model = own_model()
    if not model or not wanted:
        return Serving(model)
    if why := why_not(wanted, trust=trust):
        return Serving(model, wanted=wanted, why=why)
    return Serving(str(home() / wanted), merge=wanted, wanted=wanted)


def switched_on() -> str:
    """The name in the file; empty where there is none, or no name."""
    try:
        name = (home() / POINTER).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return name if _NAME.fullmatch(name) else ""


def why_not(name: str, *, trust: bool = False) -> str:
    """Why the merge of this name cannot serve beside COACH_MODEL; empty where it can."""
    folder, base = home() / name, base_folder()
    if not folder.is_dir():
        return GONE
    if not is_whole(folder, trust=trust):
        return DAMAGED
    made_from = base_sums(read_json(folder / MANIFEST))
    if base is None or not made_from or not _as_summed(base, made_from, trust):
        return OTHER_BASE
    return ""


def is_whole(folder: Path, *, trust: bool = False) -> bool:
    """Whether its files are those that were made."""
    sums = read_json(folder / SUMS)
    return bool(sums) and _as_summed(folder, sums, trust)


def base_sums(manifest: dict[str, Any]) -> dict[str, str]:
    """{file of the base: sha256} by the manifest of a merge; empty where it does not say."""
    for who, files in manifest.get("inputs", {}).items():
        if who.startswith("base: "):
            return files
    return {}


def sums_of(folder: Path) -> dict[str, str]:
    """{file: sha256} of what lies directly in a folder."""
    return {path.name: sha256(path) for path in sorted(folder.iterdir()) if path.is_file()}


def sha256(path: Path, *, trust: bool = False) -> str:
    """Empty for a file that cannot be read."""
    return digests.sha256(path, home(), trust=trust)


def read_json(path: Path) -> dict[str, Any]:
    """Empty where there is no table to be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _as_summed(folder: Path, sums: dict[str, str], trust: bool) -> bool:
    return all(sha256(folder / name, trust=trust) == digest for name, digest in sums.items())
