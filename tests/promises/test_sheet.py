"""docs/promises.md is what docs/promises.json says, and that fits the code which measures."""

from __future__ import annotations

import ast
import json
import re
from functools import cache
from pathlib import Path

import pytest

from bench.app import ROOT
from bench.promises import p26_feedback_never_missing, sheet
from bench.promises.__main__ import modules
from bench.promises.sheet import Figure
from feedback.evidence.published import published_study

ROWS = json.loads(sheet.STORE.read_text())
UNKNOWN = object()  # a limit that is worked out while measuring
MODULES = {
    sheet.key(module.NUMBER, runner, getattr(module, "PART", "")): module
    for module in modules()
    for runner in module.RUNNERS
}


def test_the_page_is_made_of_the_rows():
    assert sheet.PAGE.read_text() == sheet.page(ROWS)


def test_every_promise_is_measured_or_said_to_be_held_elsewhere():
    assert sorted([*sheet.numbers(), *sheet.ELSEWHERE]) == list(range(1, 29))
    assert f"{len(sheet.numbers())} of 28 promises" in " ".join((ROOT / "README.md").read_text().split())
    for _, where in sheet.ELSEWHERE.values():
        files = re.findall(r"`((?:bench|tests)/[^`]+)`", where)
        assert files and all((ROOT / file).is_file() for file in files)


def test_a_row_says_when_and_with_which_code(monkeypatch, tmp_path):
    monkeypatch.setattr(sheet, "STORE", tmp_path / "promises.json")
    monkeypatch.setattr(sheet, "PAGE", tmp_path / "promises.md")
    sheet.keep(2, "a title", "embedded", 7, 1.2, [Figure("lost", 0, "", 0)])
    [row] = json.loads(sheet.STORE.read_text()).values()
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", row["date"]) and row["commit"] == sheet.commit()
    assert f"| 2 | a title | embedded | 7 | {row['date']}" in sheet.PAGE.read_text()
    old = {key: value for key, value in row.items() if key not in ("date", "commit")}
    said = sheet.page({"x": {**old, "earlier": "nothing was lost on purpose"}})
    assert "a title; *made with earlier code: nothing was lost on purpose* | embedded | 7 | before" in said


@pytest.mark.parametrize("name", ROWS)
def test_a_row_is_what_its_module_would_measure(name):
    """Its title, and of each figure the name, unit and limit, as far as the source tells; and no figure that
    the module always makes is lacking. A row that was made with earlier code says so."""
    row, module = ROWS[name], MODULES[name]
    if row.get("earlier"):
        return
    title = getattr(module, "TITLES", {}).get(row["runner"], module.TITLE)
    assert (row["title"], row["count"]) == (title, module.FULL)
    own, known = written(Path(module.__file__)), [*written(Path(module.__file__)), *helpers()]
    for figure in row["figures"]:
        fitting = [one for one in known if re.fullmatch(one.name, figure["name"])]
        assert any(one.fits(figure) for one in fitting), figure
    there = [figure["name"] for figure in row["figures"]]
    lacking = [one.name for one in own if one.always and not any(re.fullmatch(one.name, n) for n in there)]
    assert lacking == []


class Written:
    """A call of Figure in the source: its name as a pattern, and unit and limit where they are constants."""

    def __init__(self, call: ast.Call, *, always: bool) -> None:
        given = dict(zip(("name", "value", "unit", "limit", "at_least"), call.args, strict=False))
        given |= {word.arg: word.value for word in call.keywords}
        self.name = pattern(given["name"])
        self.unit, self.limit = constant(given.get("unit"), ""), constant(given.get("limit"), None)
        self.always = always and isinstance(given["name"], ast.Constant)

    def fits(self, figure: dict) -> bool:
        return self.unit in (UNKNOWN, figure["unit"]) and self.limit in (UNKNOWN, figure["limit"])


def pattern(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return re.escape(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(pattern(part) if isinstance(part, ast.Constant) else ".+" for part in node.values)
    return ".+"


def constant(node: ast.expr | None, otherwise: object) -> object:
    if node is None:
        return otherwise
    return node.value if isinstance(node, ast.Constant) else UNKNOWN


@cache
def written(path: Path) -> list[Written]:
    """Always made are those in the list that `measure` returns."""
    tree = ast.parse(path.read_text())
    measure = [node for node in tree.body if getattr(node, "name", "") == "measure"]
    ends = [node.value for one in measure for node in ast.walk(one) if isinstance(node, ast.Return)]
    always = {id(item) for end in ends if isinstance(end, ast.List) for item in end.elts}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [
        Written(call, always=id(call) in always)
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id == "Figure" and call.args
    ]


@cache
def helpers() -> list[Written]:
    folder = Path(sheet.__file__).parent
    others = [path for path in folder.glob("*.py") if not re.match(r"p\d\d_", path.name)]
    return [one for path in others for one in written(path)]


def test_the_study_that_the_bench_expects_is_the_shipped_one():
    study = published_study()
    assert f"{study.slug} {study.version}" == p26_feedback_never_missing.SHIPPED_STUDY
