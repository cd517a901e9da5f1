"""Results take their places together: after a failure everything stands as before."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from peersupport.files import replacing


def write(*targets: Path) -> None:
    with replacing(*targets) as files:
        for file in files:
            file.write("new")


def write_half(target: Path) -> None:
    with replacing(target) as [file]:
        file.write("ne")
        raise ZeroDivisionError


@pytest.fixture
def second_place_is_closed(monkeypatch):
    """Renaming onto two.html fails, as for a mounted file or another person's in a shared folder."""
    rename = os.replace

    def closed(source, target):
        if Path(target).name == "two.html":
            raise PermissionError(1, "Operation not permitted", str(source), None, str(target))
        rename(source, target)

    monkeypatch.setattr("peersupport.files.os.replace", closed)


def test_all_are_written_and_nothing_is_left_beside_them(tmp_path):
    (tmp_path / "one.json").write_text("old")
    write(tmp_path / "one.json", tmp_path / "two.html")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "one.json": "new",
        "two.html": "new",
    }


@pytest.mark.usefixtures("second_place_is_closed")
@pytest.mark.parametrize("before", [{}, {"one.json": "old"}, {"one.json": "old", "two.html": "older"}])
@pytest.mark.parametrize("links", [True, False])
def test_when_the_second_cannot_take_its_place_the_first_gives_way(before, links, tmp_path, monkeypatch):
    if not links:

        def refused(*_args, **_options):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr("peersupport.files.os.link", refused)
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(PermissionError) as caught:
        write(tmp_path / "one.json", tmp_path / "two.html")
    assert caught.value.filename2 == str(tmp_path / "two.html")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before


def test_an_error_while_writing_leaves_what_was_there(tmp_path):
    (tmp_path / "one.json").write_text("old")
    with pytest.raises(ZeroDivisionError):
        write_half(tmp_path / "one.json")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"one.json": "old"}
