"""Environment helpers: strict, and able to read a file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from peersupport.env import envbool, envint, envlist, envsecret, envstr

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(("text", "value"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_envbool(monkeypatch, text, value):
    monkeypatch.setenv("X", text)
    assert envbool("X", not value) is value


@pytest.mark.parametrize("text", ["", "maybe", "2"])
def test_envbool_refuses(monkeypatch, text):
    monkeypatch.setenv("X", text)
    with pytest.raises(ImproperlyConfigured, match="X must be true or false"):
        envbool("X", True)


def test_envint(monkeypatch):
    monkeypatch.setenv("X", "7")
    assert envint("X", 1) == 7
    with pytest.raises(ImproperlyConfigured, match="at least 8"):
        envint("X", 1, minimum=8)
    monkeypatch.setenv("X", "seven")
    with pytest.raises(ImproperlyConfigured, match="whole number"):
        envint("X", 1)


def test_envlist(monkeypatch):
    monkeypatch.setenv("X", " a, b,,c ")
    assert envlist("X") == ["a", "b", "c"]


def test_a_file_gives_the_value(monkeypatch, tmp_path):
    monkeypatch.delenv("X", raising=False)
    (tmp_path / "x").write_text("from a file\n")
    monkeypatch.setenv("X_FILE", str(tmp_path / "x"))
    assert envstr("X") == "from a file"
    monkeypatch.setenv("X_FILE", str(tmp_path / "absent"))
    with pytest.raises(ImproperlyConfigured, match="cannot be read"):
        envstr("X")


def test_a_secret_is_made_once_and_kept_private(monkeypatch, tmp_path):
    monkeypatch.delenv("X", raising=False)
    path = tmp_path / "deep" / "key"
    secret = envsecret("X", fallback_file=path)
    assert len(secret) == 50
    assert envsecret("X", fallback_file=path) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ImproperlyConfigured, match="must be set"):
        envsecret("X")


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        ({"ALLOWED_HOSTS": "practice.example.org"}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": "practice.example.org", "SECRET_KEY": "x" * 50, "DEBUG": "1"}, "DEBUG"),
        ({"JOB_LEASE_SECONDS": "soon"}, "JOB_LEASE_SECONDS"),
    ],
)
def test_unsafe_or_broken_settings_stop_the_start(tmp_path, extra, complaint):
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **extra}
    done = subprocess.run(
        [sys.executable, "manage.py", "check"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode != 0
    assert complaint in done.stderr


def test_production_settings_pass_the_deployment_check(tmp_path):
    env = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "ALLOWED_HOSTS": "practice.example.org",
        "SECRET_KEY": "".join(chr(33 + i) for i in range(60)),
    }
    command = [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
