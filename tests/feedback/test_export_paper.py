"""An export as PDF: a table to read on paper, and a clear word where it cannot be made."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.util import find_spec
from zipfile import ZipFile

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from feedback.exports import files, paper, writers
from feedback.models import Export
from tests.feedback.test_export_files import made, practised  # noqa: F401

PDF = Export.Format.PDF
weasyprint = pytest.mark.skipif(
    find_spec("weasyprint") is None, reason="WeasyPrint (the extra `pdf`) is not installed"
)


@weasyprint
def test_a_table_on_paper_lies_beside_its_codebook(practised, people, monkeypatch):  # noqa: F811
    pages = []
    real = paper.as_html
    monkeypatch.setattr(paper, "as_html", lambda *given: pages.append(real(*given)) or pages[-1])
    export = made(people.admin, "tags", PDF, labelled=True)
    with ZipFile(files.path_of(export.pk)) as archive:
        assert set(archive.namelist()) == {"tags.pdf", *writers.BESIDE}
        page = archive.read("tags.pdf")
    assert page.startswith(b"%PDF-") and page.rstrip().endswith(b"%%EOF")
    assert pages[0].count("<tr>") == export.rows + 1 > 1
    assert "Warn" in pages[0] and ">technique<" in pages[0]


def test_what_people_wrote_is_text_on_the_page_and_what_is_left_out_is_told():
    page = paper.as_html("tags", ["a", "b"], [("<script>x</script>", None)], 3)
    assert "&lt;script&gt;x&lt;/script&gt;" in page and "<script" not in page and "None" not in page
    assert "3 rows more are not shown here" in page
    assert "No rows." in paper.as_html("tags", ["a"], [], 0)


@weasyprint
def test_rows_beyond_a_readers_patience_are_told_and_not_laid_out(tmp_path, monkeypatch):
    monkeypatch.setattr(paper, "ROWS", 2)
    pages = []
    monkeypatch.setattr(paper, "as_html", lambda *given: pages.append(given) or "<p>x</p>")
    with (
        writers.new_archive(tmp_path / "x.zip") as archive,
        writers.writing(archive, "tags", PDF, ["a"], bom=False, beside=tmp_path) as put,
    ):
        put([(1,), (datetime(2026, 11, 3, 14, 5, tzinfo=UTC),), (3,)])
    assert pages == [("tags", ["a"], [[1], ["2026-11-03T14:05:00+00:00"]], 1)]


def test_what_cannot_be_a_pdf_is_said_before_a_worker_tries(practised, people, monkeypatch):  # noqa: F811
    monkeypatch.setattr(files.pdf, "installed", lambda: False)
    with pytest.raises(ValidationError, match="WeasyPrint is not installed"):
        files.request_export(people.admin, table="reports", form=PDF)
    assert not Export.objects.exists()
    client = Client()
    client.force_login(people.admin)
    assert 'value="pdf"' not in client.get(reverse("feedback:exports")).content.decode()
