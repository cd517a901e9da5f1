"""The seeker's room can be lifted out: it imports the standard library and itself alone."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOM = ROOT / "peersupport" / "seeker"


def test_the_room_imports_the_standard_library_and_itself():
    wrong = []
    for path in ROOM.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            wrong += [
                (path.name, name)
                for name in names
                if name.split(".")[0] not in sys.stdlib_module_names
                and not name.startswith("peersupport.seeker")
            ]
    assert list(ROOM.rglob("*.py"))
    assert wrong == []


def test_the_room_runs_without_anything_installed(tmp_path):
    """A bare interpreter (no site-packages) with nothing but a copy of the room plays a turn."""
    package = tmp_path / "peersupport"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "seeker").symlink_to(ROOM)
    script = """
from peersupport.seeker import advance, choose_reply, hear, initial_state, lexical_rank, load_scenarios
scenario = load_scenarios()["plain-dispatch"]
before = initial_state(scenario)
heard = hear("How old are you?", techniques={"closed_question"})
state, _ = advance(before, heard, scenario)
print(choose_reply(scenario, state, before=before, heard=heard, counselor_text="How old are you?",
                   said=set(), rank=lexical_rank, seed=1).line_id)
"""
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-B", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "age"
