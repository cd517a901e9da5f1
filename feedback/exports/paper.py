"""An export to read on paper: the rows as a table over A4 pages. Workers only: it imports WeasyPrint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

from django.template.loader import render_to_string

from feedback.exports.cells import cell
from feedback.exports.columns import Row

ROWS = 1_000  # more is no reading, and its layout would take minutes


@contextmanager
def writing(archive: ZipFile, name: str, header: Sequence[str], bom: bool, beside: Path) -> Iterator[object]:
    """As the writers of `writers`. Rows beyond ROWS are left out, and the first line says so."""
    kept: list[list] = []
    left = 0

    def write(rows: Iterable[Row]) -> None:
        nonlocal left
        for row in rows:
            if len(kept) < ROWS:
                kept.append([cell(value) for value in row])
            else:
                left += 1

    yield write
    from feedback.reports.pdf import as_pdf

    page = as_html(name, header, kept, left)
    archive.writestr(f"{name}.pdf", as_pdf(page), compress_type=ZIP_STORED)  # it is packed already


def as_html(name: str, header: Sequence[str], rows: Sequence[Sequence], left: int) -> str:
    """The page; `left`: how many rows more there are."""
    context = {"name": name, "header": header, "rows": rows, "left": left}
    return render_to_string("feedback/export_paper.html", context)
