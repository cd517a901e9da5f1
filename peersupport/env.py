"""Strict readers of environment variables.

Every helper also reads `NAME_FILE` (a path whose content is the value), the convention of
Docker and Kubernetes secrets. A value that does not parse is an error at start-up, never a
silent default.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def envstr(name: str, default: str = "") -> str:
    """The variable's text, or that of the file `NAME_FILE` names, or the default."""
    if name in os.environ:
        return os.environ[name]
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read: {error}") from error


def envbool(name: str, default: bool) -> bool:
    value = envstr(name, "true" if default else "false").strip().lower()
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}")


def envint(name: str, default: int, *, minimum: int | None = None) -> int:
    value = envstr(name, str(default)).strip()
    try:
        number = int(value)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}") from error
    if minimum is not None and number < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {number}")
    return number


def envchoice(name: str, default: str, choices: set[str]) -> str:
    value = envstr(name, default).strip() or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(sorted(choices))}, not {value!r}")
    return value


def envlist(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in envstr(name, default).split(",") if part.strip()]


def envsecret(name: str, *, fallback_file: Path | None = None, length: int = 50) -> str:
    """A secret from the environment, else one kept in `fallback_file` (made once, mode 0600).

    Raises ImproperlyConfigured where neither is given, so that production never runs on a
    default secret.
    """
    value = envstr(name)
    if value:
        return value
    if fallback_file is None:
        raise ImproperlyConfigured(f"{name} (or {name}_FILE) must be set")
    if fallback_file.exists():
        return fallback_file.read_text(encoding="utf-8").strip()
    from django.core.management.utils import get_random_string

    secret = get_random_string(length)
    fallback_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(fallback_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return fallback_file.read_text(encoding="utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(secret)
    return secret


_KNOWN_SECRETS = ("django-insecure", "changeme", "change-me", "change_me", "secret", "password", "example")
_MAKE_ONE = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'"


def refuse_weak_secret(name: str, value: str, *, length: int = 50) -> None:
    """Raises ImproperlyConfigured for a secret that others know or could guess; never quotes it."""
    plain = value.lower()
    known = next((word for word in _KNOWN_SECRETS if plain.startswith(word)), None)
    if known:
        fault = f"begins like one that stands in examples ({known}…)"
    elif len(value) < length:
        fault = f"has {len(value)} characters and needs {length}"
    elif len(set(value)) < 12:
        fault = f"consists of {len(set(value))} different characters only"
    else:
        return
    raise ImproperlyConfigured(f"{name} {fault}: whoever guesses it can sign in as anybody. {_MAKE_ONE}")
