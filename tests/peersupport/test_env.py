"""Environment helpers: strict, and able to read a file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from peersupport.env import envbool, envchoice, envint, envlist, envsecret, envstr

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


def test_envchoice(monkeypatch):
    monkeypatch.setenv("X", "")
    assert envchoice("X", "a", {"a", "b"}) == "a"
    monkeypatch.setenv("X", "c")
    with pytest.raises(ImproperlyConfigured, match="one of a, b"):
        envchoice("X", "a", {"a", "b"})


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


OTHERS = {"ALLOWED_HOSTS": "peersupport.example"}
GOOD_KEY = "".join(chr(33 + i) for i in range(60))


def check(tmp_path, *arguments: str, **extra: str) -> subprocess.CompletedProcess:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **extra}
    command = [sys.executable, "manage.py", "check", *arguments]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize(
    ("extra", "complaint"),
    [
        (OTHERS, "SECRET_KEY (or SECRET_KEY_FILE) must be set"),
        ({"BEHIND_PROXY": "true"}, "SECRET_KEY (or SECRET_KEY_FILE) must be set"),
        ({"CSRF_TRUSTED_ORIGINS": "https://x.example"}, "SECRET_KEY (or SECRET_KEY_FILE) must be set"),
        ({**OTHERS, "SECRET_KEY": ""}, "SECRET_KEY (or SECRET_KEY_FILE) must be set"),
        ({**OTHERS, "SECRET_KEY": GOOD_KEY[:49]}, "has 49 characters and needs 50"),
        ({**OTHERS, "SECRET_KEY": "x" * 60}, "1 different characters only"),
        ({**OTHERS, "SECRET_KEY": "django-insecure-" + GOOD_KEY}, "stands in examples"),
        ({**OTHERS, "SECRET_KEY": "ChangeMe" + GOOD_KEY}, "stands in examples"),
        ({**OTHERS, "SECRET_KEY": GOOD_KEY, "DEBUG": "1"}, "DEBUG shows internals"),
        ({"JOB_LEASE_SECONDS": "soon"}, "JOB_LEASE_SECONDS"),
        ({"SECOND_FACTOR": "perhaps"}, "SECOND_FACTOR must be true or false"),
    ],
)
def test_unsafe_or_broken_settings_stop_the_start(tmp_path, extra, complaint):
    done = check(tmp_path, **extra)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert extra.get("SECRET_KEY", "")[20:] == "" or extra["SECRET_KEY"][20:] not in done.stderr


def test_production_settings_pass_the_deployment_check(tmp_path):
    deploy = ("--deploy", "--fail-level", "WARNING")
    done = check(tmp_path, *deploy, **OTHERS, SECRET_KEY=GOOD_KEY, HTTPS="true")
    assert done.returncode == 0, done.stderr


def values(tmp_path, expression: str, **extra: str) -> str:
    env = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **extra}
    command = [sys.executable, "-c", f"from peersupport import settings as s; print({expression})"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_cookies_belong_to_this_host_and_to_https_where_others_are_served(tmp_path):
    expression = "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE"
    served = values(tmp_path, expression, **OTHERS, SECRET_KEY=GOOD_KEY)
    assert served == "__Host-sessionid __Host-csrftoken True True"
    assert values(tmp_path, expression) == "sessionid csrftoken False False"


def test_https_is_demanded_for_a_year_and_for_subdomains(tmp_path):
    expression = "s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS"
    assert values(tmp_path, expression, **OTHERS, SECRET_KEY=GOOD_KEY) == "True 31536000 True"


@pytest.mark.parametrize(("extra", "required"), [({**OTHERS, "SECRET_KEY": GOOD_KEY}, "True"), ({}, "False")])
def test_the_second_factor_is_required_where_others_are_served(tmp_path, extra, required):
    assert values(tmp_path, "s.SECOND_FACTOR", **extra) == required
