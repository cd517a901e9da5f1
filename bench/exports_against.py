"""The same tags through django-import-export, to compare `bench.exports` with; never needed otherwise.

It gets what makes it fastest: one query with every join, read in blocks, and no pseudonyms or corrections to
look up. `pip install --no-deps --target FOLDER django-import-export tablib diff-match-patch` makes FOLDER.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

FIELDS = (
    "id", "tagging__message__chat", "tagging__message__chat__volunteer",
    "tagging__message__chat__scenario__slug", "tagging__message__index", "code", "probability", "start",
    "end", "tagging__version", "tagging__created_at",
)  # fmt: skip
MISSING = "django-import-export is not in {folder}: see the head of bench/exports_against.py"


def write(folder: str, path: Path) -> dict:
    """Rows and seconds of one CSV, in a process that has done nothing else. Raises SystemExit without it."""
    sys.path.append(folder)  # behind ours: Django is the same for both
    try:
        import import_export
        from import_export import resources
        from import_export.formats.base_formats import CSV
    except ImportError as error:
        raise SystemExit(MISSING.format(folder=folder)) from error

    from skills.models import SkillTag

    class Tags(resources.ModelResource):
        class Meta:
            model = SkillTag
            fields = export_order = FIELDS

    rows = SkillTag.objects.select_related("tagging__message__chat__scenario").order_by("pk")
    began, worked = time.monotonic(), time.process_time()
    data = Tags().export(queryset=rows)
    path.write_text(CSV().export_data(data), encoding="utf-8-sig")
    seconds, worked = time.monotonic() - began, time.process_time() - worked
    return {"version": import_export.__version__, "rows": len(data), "seconds": seconds, "worked": worked}
