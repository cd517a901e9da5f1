"""Which versions serve now. Upper packages name theirs in `AppConfig.ready`; ids and hashes only."""

from __future__ import annotations

from collections.abc import Callable, Iterable

_versions: dict[str, Callable[[], str]] = {}
_used: list[Callable[[Iterable[str]], dict[str, str]]] = []


def register(name: str, version: Callable[[], str]) -> None:
    """`version()` says which version of `name` serves now; at most one short query, nothing heavy."""
    _versions[name] = version


def register_used(find: Callable[[Iterable[str]], dict[str, str]]) -> None:
    """`find(message ids)` says which version tagged each of them: {message id: version}."""
    if find not in _used:
        _used.append(find)


def serving() -> dict[str, str]:
    return {name: version() for name, version in sorted(_versions.items())}


def used_for(message_ids: Iterable[str]) -> dict[str, str]:
    """{message id: the version that tagged it}; one query, none for no messages."""
    ids = list(message_ids)
    return {key: version for find in _used for key, version in find(ids).items()} if ids else {}
