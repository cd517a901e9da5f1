"""docker-compose.yml as its engine would read it: merged, and with the variables put in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from bench.app import ROOT

FILE = ROOT / "docker-compose.yml"
_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}|(?P<plain>\$)")


def put_in(value: Any, variables: Mapping[str, str]) -> Any:
    """The value with `${NAME}`, `${NAME:-default}` and `${NAME:?complaint}` resolved in every string; a
    variable of an environment that has no value is passed on where it is set, and else left out."""
    if isinstance(value, dict):
        if isinstance(value.get("environment"), dict):
            given = value["environment"].items()
            passed = [(name, variables.get(name) if to is None else to) for name, to in given]
            value = {**value, "environment": {name: to for name, to in passed if to is not None}}
        return {key: put_in(inner, variables) for key, inner in value.items()}
    if isinstance(value, list):
        return [put_in(inner, variables) for inner in value]
    if not isinstance(value, str):
        return value

    def one(match: re.Match) -> str:
        assert not match["plain"], f"a $ that names no variable: {value}"
        found = variables.get(match["name"], "")
        if found or not match["kind"]:
            return found
        assert match["kind"] == ":-", match["rest"]
        return match["rest"]

    return _VARIABLE.sub(one, value)


def compose(**variables: str) -> dict[str, Any]:
    """The whole file. Raises AssertionError with the file's complaint for a variable that is missing."""
    return put_in(yaml.safe_load(FILE.read_text(encoding="utf-8")), variables)


def seconds(duration: str) -> int:
    assert re.fullmatch(r"\d+s", duration), duration
    return int(duration[:-1])
