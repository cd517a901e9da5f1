"""Rules of the house that a test can hold: import direction, a light web process, migrations."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command

ROOT = Path(__file__).parent.parent
# What each package may import of ours.
ALLOWED = {
    "peersupport": {"peersupport"},
    "skills": {"skills", "peersupport"},
    "feedback": {"feedback", "skills", "peersupport"},
}
# Rooms that are libraries: they run without Django and without the rest of the house.
PURE = {
    "peersupport/seeker": {"peersupport.seeker"},
    "peersupport/safety": {"peersupport.safety"},
    "peersupport/practice/transcripts": {"peersupport.practice.transcripts", "peersupport.decoding"},
    "skills/tagger": {"skills.tagger", "skills.taxonomy", "skills.corpora"},
    "skills/corpora": {"skills.corpora", "skills.taxonomy"},
    "feedback/coach/steering": {"feedback.coach.steering"},
    "feedback/coach/merging": {"feedback.coach.merging"},
    "feedback/coach/corpus": {"feedback.coach.corpus"},
    "feedback/coach/experts": {
        "feedback.coach.experts",
        "feedback.coach.corpus",
        "feedback.coach.mini.prompting",
        "feedback.coach.mini.notes",
        "feedback.evidence.published",
    },
    "feedback/evidence": {"feedback.evidence", "skills.taxonomy"},
}
HEAVY = ["torch", "transformers", "onnxruntime", "scipy", "statsmodels", "weasyprint", "sklearn", "pandas"]


def imported_modules(path: Path) -> set[str]:
    """Every absolute module name that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("package", ALLOWED)
def test_imports_run_one_way(package):
    ours = set(ALLOWED)
    wrong = [
        (str(path.relative_to(ROOT)), module)
        for path in (ROOT / package).rglob("*.py")
        for module in imported_modules(path)
        if module.split(".")[0] in ours - ALLOWED[package]
    ]
    assert wrong == []


def test_people_know_practice_only_where_they_erase_it():
    """What both need lies beside them, in neither."""
    room = ROOT / "peersupport" / "people"
    wrong = {
        path.name
        for path in room.rglob("*.py")
        for module in imported_modules(path)
        if module.startswith("peersupport.practice")
    }
    assert (
        wrong - {"erasure.py", "erasure_list.py", "retention.py", "context.py"} == set()
    )  # the last by a slot


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_know_neither_django_nor_the_house(room):
    paths = list((ROOT / room).rglob("*.py"))
    assert paths, f"{room} is gone: mend this list"
    wrong = [
        (str(path.relative_to(ROOT)), module)
        for path in paths
        for module in imported_modules(path)
        if module.split(".")[0] == "django"
        or (
            module.split(".")[0] in ALLOWED
            and not any(module == own or module.startswith(f"{own}.") for own in PURE[room])
        )
    ]
    assert wrong == []


def test_the_web_process_imports_nothing_heavy():
    """A fresh process that loads the ASGI application and every URL's view, and answers once."""
    script = f"""
import os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "peersupport.settings"
import peersupport.asgi
from django.urls import get_resolver
get_resolver().url_patterns
from django.test import Client
assert Client().get("/healthz", headers={{"host": "localhost"}}).status_code == 200
print(sorted(set({HEAVY}) & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.django_db
def test_no_pending_migrations():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_no_file_outgrows_its_room():
    limits = {"views.py": 400, "settings.py": 300, "taxonomy.py": 450}  # a closed set is one table
    long = [
        (str(path.relative_to(ROOT)), lines)
        for package in ALLOWED
        for path in (ROOT / package).rglob("*.py")
        if "migrations" not in path.parts
        and (lines := len(path.read_text(encoding="utf-8").splitlines())) > limits.get(path.name, 350)
    ]
    assert long == []
