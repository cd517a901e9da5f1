"""Reading scenarios from TOML: `lines/<slug>.toml` for a person, `styles/<style>.toml` for shared small talk.

Lines stand under `[lines.<kind>.<layer>]`, the key is the line's id and the value its text, or a table
`{text, cues, after, tells}` (see `scenario.Line`). Every mistake is a `BankError` naming file and key.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from peersupport.seeker.scenario import KINDS, STYLE_WORDS, TOP_LAYER, TOPICS, Line, Scenario
from peersupport.seeker.spelling import TYPINGS

HERE = Path(__file__).parent
LEAST_LINES = 60
LONGEST_LINE = 600
# Where layers 1 to 3 open unless a scenario says otherwise: (openness, trust).
LAYER_GATES = ((0.36, 0.34), (0.52, 0.5), (0.66, 0.64))
_KEYS = {
    "version": str, "title": str, "topic": str, "difficulty": int, "style": str, "content_warning": str,
    "name": str, "persona": str, "opening": str, "facts": list, "start": dict, "lines": dict,
}  # fmt: skip
_OPTIONAL = {"risk": bool, "baseline": bool, "typing": str, "layers": list}


class BankError(ValueError):
    """A mistake in a scenario's file; says which file and which key."""

    def __init__(self, file: str, key: str, message: str) -> None:
        super().__init__(f"{file}: {key}: {message}" if key else f"{file}: {message}")
        self.file, self.key = file, key


def load_scenarios(folder: Path | None = None) -> dict[str, Scenario]:
    """All scenarios of a folder by slug, easiest first; each file is read once per process."""
    return dict(_load(folder or HERE / "lines"))


@lru_cache(maxsize=8)
def _load(folder: Path) -> tuple[tuple[str, Scenario], ...]:
    scenarios = [parse_scenario(path.read_bytes(), slug=path.stem) for path in sorted(folder.glob("*.toml"))]
    scenarios.sort(key=lambda scenario: (scenario.difficulty, scenario.title))
    for scenario in [scenario for scenario in scenarios if scenario.baseline][1:]:
        raise BankError(f"{scenario.slug}.toml", "baseline", "another scenario is the baseline already")
    return tuple((scenario.slug, scenario) for scenario in scenarios)


def parse_scenario(source: bytes | str, *, slug: str) -> Scenario:
    """A scenario from the bytes or text of its TOML. Raises BankError."""
    file = f"{slug}.toml"
    raw = source.encode() if isinstance(source, str) else source
    table = _toml(raw, file)
    _check_keys(table, file)
    digest = hashlib.sha256(raw + b"\0" + (HERE / "styles" / f"{table['style']}.toml").read_bytes())
    lines = list(_lines(table["lines"], file))
    if len(lines) < LEAST_LINES:
        raise BankError(file, "lines", f"needs at least {LEAST_LINES} lines, has {len(lines)}")
    scenario = _scenario(table, lines, slug=slug, file=file, sha256=digest.hexdigest())
    return replace(scenario, signs=_signs().get(slug, {}))


@cache
def _signs() -> dict[str, dict[str, str]]:
    return _toml((HERE / "risk.toml").read_bytes(), "risk.toml")


def compose_scenario(table: Mapping[str, Any], *, slug: str, sha256: str) -> Scenario:
    """A scenario from a table of the same shape as a file's, written on a page rather than in a file. It may
    have fewer lines: moments without a line of its own get those of `common.toml`. Raises BankError."""
    _check_keys(table, slug)
    lines = list(_lines(table["lines"], slug))
    kinds = {line.kind for line in lines}
    common = _toml((HERE / "common.toml").read_bytes(), "common.toml")
    passing = {kind: layers for kind, layers in common["lines"].items() if kind not in kinds}
    lines += _shared_lines({"lines": passing}, "common", typing=table.get("typing", "standard"))
    return _scenario(table, lines, slug=slug, file=slug, sha256=sha256)


def shared_texts(style: str, typing: str = "standard") -> set[str]:
    """Every line that a composed scenario of this style may get besides its own."""
    found = set()
    for file in (HERE / "common.toml", HERE / "styles" / f"{style}.toml"):
        table = _toml(file.read_bytes(), file.name)
        found |= {line.text for line in _shared_lines(table, file.stem, typing=typing)}
    return found


def _scenario(table: Mapping[str, Any], lines: list[Line], *, slug: str, file: str, sha256: str) -> Scenario:
    shared_raw = (HERE / "styles" / f"{table['style']}.toml").read_bytes()
    shared = _toml(shared_raw, f"styles/{table['style']}.toml")
    lines += _shared_lines(shared, table["style"], typing=table.get("typing", "standard"))
    _check_lines(lines, file)
    return Scenario(
        slug=slug,
        **{key: table[key] for key in ("version", "title", "topic", "difficulty", "style", "name")},
        content_warning=table["content_warning"].strip(),
        persona=" ".join(table["persona"].split()),
        opening=table["opening"].strip(),
        risk=table.get("risk", False),
        baseline=table.get("baseline", False),
        sha256=sha256,
        start=_start(table["start"], file),
        layers=_gates(table.get("layers"), file),
        facts=tuple(table["facts"]),
        lines=tuple(lines),
    )


def _toml(raw: bytes, file: str) -> dict[str, Any]:
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise BankError(file, "", f"is not UTF-8 (byte {error.start}); save it as UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise BankError(file, "", f"is not valid TOML: {error}") from None


def _check_keys(table: Mapping[str, Any], file: str) -> None:
    for key, kind in _KEYS.items():
        if key not in table:
            raise BankError(file, key, "is missing")
        _check_type(table[key], kind, file, key)
    for key in table.keys() - _KEYS.keys():
        if key not in _OPTIONAL:
            raise BankError(file, key, f"is not a known key; known are {', '.join([*_KEYS, *_OPTIONAL])}")
        _check_type(table[key], _OPTIONAL[key], file, key)
    for key in ("version", "title", "name", "persona", "opening"):
        if not table[key].strip():
            raise BankError(file, key, "must not be empty")
    for key, known in (("topic", TOPICS), ("style", STYLE_WORDS)):
        if table[key] not in known:
            raise BankError(file, key, f"must be one of {', '.join(known)}")
    if not 1 <= table["difficulty"] <= 3:
        raise BankError(file, "difficulty", "must be 1, 2 or 3")
    if table.get("typing", "standard") not in TYPINGS:
        raise BankError(file, "typing", f"must be one of {', '.join(TYPINGS)}")
    if table.get("baseline") and table.get("risk"):
        raise BankError(file, "baseline", "is met by everybody, so it must not be a risk scenario")
    if not table["facts"] or not all(isinstance(fact, str) for fact in table["facts"]):
        raise BankError(file, "facts", "must list at least one sentence that every line agrees with")


def _check_type(value: Any, kind: type, file: str, key: str) -> None:
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        names = {str: "text", int: "a whole number", list: "a list", dict: "a table", bool: "true or false"}
        raise BankError(file, key, f"must be {names[kind]}")


def _start(table: Mapping[str, Any], file: str) -> dict[str, float]:
    names = ("openness", "distress", "trust", "resistance")
    for name in names:
        value = table.get(name)
        if not _is_share(value):
            raise BankError(file, f"start.{name}", "must be a number from 0 to 1")
    for name in table.keys() - set(names):
        raise BankError(file, f"start.{name}", f"is not a known key; known are {', '.join(names)}")
    return {name: float(table[name]) for name in names}


def _gates(value: list | None, file: str) -> tuple[tuple[float, float], ...]:
    gates = LAYER_GATES if value is None else value
    if len(gates) != TOP_LAYER or not all(
        isinstance(gate, (list, tuple)) and len(gate) == 2 and all(map(_is_share, gate)) for gate in gates
    ):
        raise BankError(file, "layers", f"must be {TOP_LAYER} pairs of openness and trust, each from 0 to 1")
    if any(a[0] >= b[0] for a, b in pairwise(gates)):
        raise BankError(file, "layers", "each layer must need more openness than the one before")
    return tuple((float(a), float(b)) for a, b in gates)


def _is_share(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= 1


def _lines(kinds: Mapping[str, Any], file: str) -> Iterator[Line]:
    for kind, layers in kinds.items():
        if kind not in KINDS:
            raise BankError(file, f"lines.{kind}", f"is not a kind; kinds are {', '.join(KINDS)}")
        _check_type(layers, dict, file, f"lines.{kind}")
        for layer, lines in layers.items():
            if layer not in {str(number) for number in range(TOP_LAYER + 1)}:
                raise BankError(file, f"lines.{kind}.{layer}", f"layers are 0 to {TOP_LAYER}")
            _check_type(lines, dict, file, f"lines.{kind}.{layer}")
            for line_id, value in lines.items():
                yield _line(line_id, value, kind=kind, layer=int(layer), file=file)


def _line(line_id: str, value: Any, *, kind: str, layer: int, file: str) -> Line:
    key = f"lines.{kind}.{layer}.{line_id}"
    table = {"text": value} if isinstance(value, str) else value
    _check_type(table, dict, file, key)
    text = table.get("text")
    if not isinstance(text, str) or not text.strip():
        raise BankError(file, key, "needs a text")
    if len(text) > LONGEST_LINE:
        raise BankError(file, key, f"is longer than {LONGEST_LINE} characters")
    for name in table.keys() - {"text", "cues", "after", "tells"}:
        raise BankError(file, f"{key}.{name}", "is not a known key; known are text, cues, after, tells")
    for name in ("cues", "after"):
        value = table.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
            raise BankError(file, f"{key}.{name}", "must be a list of texts")
    _check_type(table.get("tells", ""), str, file, f"{key}.tells")
    return Line(
        id=line_id, kind=kind, layer=layer, text=text.strip(), cues=tuple(table.get("cues", ())),
        after=tuple(table.get("after", ())), tells=table.get("tells", ""),
    )  # fmt: skip


def _shared_lines(table: Mapping[str, Any], origin: str, *, typing: str) -> Iterator[Line]:
    """Small talk of a style or of anybody, written once and spelled as this person types."""
    for line in _lines(table["lines"], f"{origin}.toml"):
        text = TYPINGS[typing](line.text)
        yield Line(f"{origin}.{line.id}", line.kind, line.layer, text, line.cues, shared=True)


def _check_lines(lines: list[Line], file: str) -> None:
    by_id: dict[str, Line] = {}
    by_text: dict[str, Line] = {}
    for line in lines:
        key = f"lines.{line.kind}.{line.layer}.{line.id}"
        if line.id in by_id:
            raise BankError(file, key, "this id is used twice")
        same = by_text.get(line.text.casefold())
        if same is not None:
            raise BankError(file, key, f"has the same text as {same.id}")
        by_id[line.id] = by_text[line.text.casefold()] = line
    for line in lines:
        for earlier in line.after:
            key = f"lines.{line.kind}.{line.layer}.{line.id}.after"
            if earlier not in by_id:
                raise BankError(file, key, f"names a line that does not exist: {earlier}")
            if by_id[earlier].layer > line.layer:
                raise BankError(file, key, f"names a line of a deeper layer: {earlier}")
    present = {line.kind for line in lines}
    for kind in KINDS:
        if kind not in present:
            raise BankError(file, f"lines.{kind}", "has no line; every moment needs one")
    for layer in range(1, TOP_LAYER + 1):
        if not any(line.kind == "disclose" and line.layer == layer for line in lines):
            raise BankError(file, f"lines.disclose.{layer}", "has no line; each layer opens with one")
