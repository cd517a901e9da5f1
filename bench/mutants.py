"""Small wrong changes to the product, to see whether its tests notice.

A mutant changes one place of one file in a copy of the tree: a comparison or "and"/"or" turned, a "not" or a
statement dropped, a number or a truth moved, an answer replaced by None. Left alone is what no test should
pin: docstrings, annotations, log lines and what only decides about them, the words of errors, what only a
type checker reads; and False stays False, since None means the same wherever it is asked.

python -m bench.mutants 20 --seed 3
"""

from __future__ import annotations

import argparse
import ast
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.app import ROOT

SECONDS = 180  # a mutant that runs longer hangs, and so is noticed
TREE = ("peersupport", "skills", "feedback", "templates", "static", "tests", "bench", "docs")
# module -> the test files that are its own
TESTS: dict[str, tuple[str, ...]] = {
    "peersupport/jobs/queue.py": ("test_jobs_queue", "test_jobs_page"),
    "peersupport/jobs/running.py": ("test_jobs_queue", "test_loops", "test_turn", "test_metrics"),
    "peersupport/jobs/registry.py": ("test_jobs_queue",),
    "peersupport/jobs/sweeper.py": ("test_jobs_queue", "test_loops", "test_healthcheck", "test_metrics"),
    "peersupport/jobs/canary.py": ("test_jobs_queue", "test_health", "test_healthcheck", "test_metrics"),
    "peersupport/people/access.py": ("test_access", "test_access_matrix"),
    "peersupport/people/erasure.py": ("test_erasure", "test_erased_chats", "test_report_file"),
    "peersupport/people/erasure_list.py": ("test_erasure_list", "test_erased_chats"),
    "peersupport/people/own_data.py": ("test_own_data", "test_own_html"),
    "peersupport/audit/chain.py": ("test_audit", "test_audit_sealers"),
    "peersupport/practice/chats.py": ("test_posting", "test_turn", "test_report_job"),
    "peersupport/safety/rules.py": ("test_safety_rules", "test_safety_cues"),
    "peersupport/safety/normalise.py": ("test_safety_rules",),
    "peersupport/safety/policy.py": ("test_safety_helplines", "test_safety_rules", "test_compose"),
    "peersupport/safety/helplines.py": ("test_safety_helplines",),
    "feedback/evidence/grades.py": ("test_grades",),
    "feedback/coach/guard.py": ("test_guard",),
    "feedback/reports/ratios.py": ("test_ratios",),
    "skills/packing.py": ("test_packing",),
    "skills/tagger/types.py": ("test_fit", "test_tagger_deciding"),
    "skills/review/corrections.py": ("test_corrections",),
}
_COMPARE = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult}


@dataclass(frozen=True)
class Mutant:
    path: str
    line: int
    what: str
    source: str  # the whole file, changed

    def __str__(self) -> str:
        return f"{self.path}:{self.line} {self.what}"


def places(path: str) -> list[tuple[str, int, int]]:
    """(file, number of the node in `ast.walk`, number of the change) wherever a change may be possible."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    open_nodes = _open_nodes(tree)
    nodes = [place for place, node in enumerate(ast.walk(tree)) if node in open_nodes]
    return [(path, place, number) for place in nodes for number in range(2)]


def mutant(path: str, place: int, number: int) -> Mutant | None:
    """The file with that one change, or None where the node has no change of that number."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    node = next(node for at, node in enumerate(ast.walk(tree)) if at == place)
    what = _change(tree, node, number)
    return Mutant(path, node.lineno, what, ast.unparse(ast.fix_missing_locations(tree))) if what else None


def _open_nodes(tree: ast.AST) -> set[ast.AST]:
    """Nodes that a test may be expected to pin."""
    closed: set[ast.AST] = set()
    for node in ast.walk(tree):
        for part in _closed_parts(node):
            closed.update(ast.walk(part))
    return set(ast.walk(tree)) - closed


def _closed_parts(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [*node.decorator_list, *([node.returns] if node.returns else [])]
    if isinstance(node, ast.ClassDef):
        return node.decorator_list
    if isinstance(node, ast.arg | ast.AnnAssign):
        return [node.annotation] if node.annotation else []
    if isinstance(node, ast.Raise):
        return [node.exc] if node.exc else []
    if isinstance(node, ast.Expr):
        return [node] if isinstance(node.value, ast.Constant) or _logs(node) else []
    if isinstance(node, ast.If):
        only_logs = not node.orelse and all(isinstance(part, ast.Expr) and _logs(part) for part in node.body)
        return [node] if only_logs or "TYPE_CHECKING" in ast.unparse(node.test) else []
    return []


def _logs(node: ast.Expr) -> bool:
    return ast.unparse(node).startswith(("logger.", "print("))


def _change(tree: ast.AST, node: ast.AST, number: int) -> str:
    """Change the node in place and say how; "" where there is no change of that number."""
    if isinstance(node, ast.Compare) and number < len(node.ops) and type(node.ops[number]) in _COMPARE:
        old = type(node.ops[number])
        node.ops[number] = _COMPARE[old]()
        return f"{old.__name__} -> {_COMPARE[old].__name__}"
    if number:
        return ""
    if isinstance(node, ast.BoolOp):
        node.op = ast.And() if isinstance(node.op, ast.Or) else ast.Or()
        return f"-> {type(node.op).__name__}"
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC and not _is_text(node):
        old = type(node.op)
        node.op = _ARITHMETIC[old]()
        return f"{old.__name__} -> {type(node.op).__name__}"
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
        old = node.value
        node.value = not old if isinstance(old, bool) else old + 1
        return f"{old} -> {node.value}"
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return _replace(tree, node, node.operand, "not dropped")
    if isinstance(node, ast.Return) and node.value is not None and not _means_no(node.value):
        old, node.value = ast.unparse(node.value), ast.Constant(None)
        return f"return {old[:40]} -> return None"
    if isinstance(node, ast.Expr | ast.AugAssign):
        return _replace(tree, node, ast.Pass(), f"dropped: {ast.unparse(node)[:50]}")
    return ""


def _means_no(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


def _is_text(node: ast.BinOp) -> bool:
    return any(isinstance(getattr(side, "value", None), str) or isinstance(side, ast.JoinedStr)
               for side in (node.left, node.right))  # fmt: skip


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST, what: str) -> str:
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, name, ast.copy_location(new, old))
                return what
            if isinstance(value, list) and any(item is old for item in value):
                value[value.index(old)] = ast.copy_location(new, old)
                return what
    return ""


def sample(count: int, seed: int) -> list[Mutant]:
    """Mutants drawn at random: a file comes up as often as there is something to change in it."""
    drawn = [place for path in TESTS for place in places(path)]
    random.Random(seed).shuffle(drawn)
    found = (made for made in (mutant(*place) for place in drawn) if made)
    return list(itertools.islice(found, count))


def _test_files(path: str) -> Iterator[str]:
    for name in TESTS[path]:
        [found] = (ROOT / "tests").rglob(f"{name}.py")
        yield str(found.relative_to(ROOT))


NOTICED, SURVIVED, BROKE = "noticed", "survived", "broke before a test ran"


@dataclass(frozen=True)
class Found:
    """What became of one mutant, and whether it was noticed by running out of time alone."""

    mutant: Mutant
    outcome: str
    timed_out: bool = False


def run_tests(mutant: Mutant) -> int | None:
    """pytest's exit code for the module's own tests on a copy with the mutant; None: they ran too long."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in TREE:
            shutil.copytree(
                ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__", "screens")
            )
        for part in ("pyproject.toml", "manage.py"):
            shutil.copy(ROOT / part, folder / part)
        (folder / mutant.path).write_text(mutant.source, encoding="utf-8")
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not slow and not browser"]
        env = {**os.environ, "DATA_DIR": str(folder / "data"), "OMP_NUM_THREADS": "1"}
        for outer in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE", "PYTEST_ADDOPTS"):
            env.pop(outer, None)
        try:
            done = subprocess.run(
                [*command, "-p", "no:cacheprovider", *_test_files(mutant.path)],
                cwd=folder, env=env, capture_output=True, text=True, timeout=SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return None
    return done.returncode


def judge(mutant: Mutant) -> Found:
    """Noticed is a test that failed, or a hang; a tree that cannot be loaded says nothing about the tests."""
    code = run_tests(mutant)
    if code == 5:
        raise RuntimeError(f"no tests for {mutant.path}")
    outcome = {0: SURVIVED, 1: NOTICED, None: NOTICED}.get(code, BROKE)
    return Found(mutant, outcome, timed_out=code is None)


def unchanged(path: str) -> Mutant:
    """The file written anew as a mutant is, with nothing changed in it."""
    source = ast.unparse(ast.parse((ROOT / path).read_text(encoding="utf-8")))
    return Mutant(path, 0, "unchanged", source)


def check_unchanged(paths: list[str], *, at_once: int = 2) -> None:
    """Raises RuntimeError where a module's tests are red, or too slow, without any mutant."""
    with ThreadPoolExecutor(at_once) as pool:
        codes = list(pool.map(lambda path: run_tests(unchanged(path)), paths))
    red = [f"{path} ({code})" for path, code in zip(paths, codes, strict=True) if code != 0]
    if red:
        raise RuntimeError(f"tests that fail without a mutant say nothing: {', '.join(red)}")


def try_all(mutants: list[Mutant], *, at_once: int = 2) -> list[Found]:
    """What became of each, once the tests of their modules were seen to pass without them."""
    check_unchanged(sorted({mutant.path for mutant in mutants}), at_once=at_once)
    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(judge, mutants))


def main() -> int:
    parser = argparse.ArgumentParser(description="Say how many random mutants the tests notice.")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=28)
    options = parser.parse_args()
    found = try_all(sample(options.count, options.seed))
    for one in found:
        if one.outcome != NOTICED:
            print(f"{one.outcome}: {one.mutant}")
    print(f"{sum(one.outcome == NOTICED for one in found)} of {len(found)} noticed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
