"""A merge as a TOML file: read, checked in full, and told what to mend."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from feedback.coach.merging.catalog import METHODS, PARAMETERS, RULES, Method
from feedback.coach.merging.errors import MergeError

Parameters = dict[str, float | str]
_KEYS = {"method", "rule", "base", "seed", "dtype", "out_dtype", "experts", "parameters", "groups"}
_COMPUTED = ("float32", "float64")
_WRITTEN = ("float64", "float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Expert:
    """`path`: folder of a checkpoint, or of a LoRA adapter of the base where `adapter` is set."""

    path: Path
    weight: float = 1.0
    adapter: bool = False


@dataclass(frozen=True)
class Group:
    """Tensors whose name matches the glob have these parameters; the first group that matches counts."""

    match: str
    parameters: Parameters


@dataclass(frozen=True)
class Recipe:
    """`dtype`: what is computed in; `out_dtype`: what is written, the base's where empty."""

    method: str
    base: Path
    experts: tuple[Expert, ...]
    rule: str = "paper"
    seed: int = 0
    dtype: str = "float32"
    out_dtype: str = ""
    parameters: Parameters = field(default_factory=dict)
    groups: tuple[Group, ...] = ()

    def __post_init__(self) -> None:
        _check(self)

    @property
    def about(self) -> Method:
        return METHODS[self.method]

    def group_of(self, name: str) -> int:
        """Place of the first group that matches the tensor, or -1."""
        return next((i for i, group in enumerate(self.groups) if fnmatchcase(name, group.match)), -1)

    def settings(self, name: str) -> Parameters:
        """The method's parameters for one tensor: defaults, then the recipe's, then its group's."""
        place = self.group_of(name)
        own = self.groups[place].parameters if place >= 0 else {}
        return {**self.about.defaults, **self.parameters, **own}

    def as_dict(self) -> dict[str, Any]:
        """The recipe in full, defaults written out, without folders beyond their names."""
        return {
            "method": self.method,
            "rule": self.rule,
            "base": self.base.name,
            "seed": self.seed,
            "dtype": self.dtype,
            "out_dtype": self.out_dtype,
            "experts": [
                {"path": one.path.name, "weight": one.weight, "adapter": one.adapter} for one in self.experts
            ],
            "parameters": {**self.about.defaults, **self.parameters},
            "groups": [{"match": one.match, **one.parameters} for one in self.groups],
        }


def read_recipe(path: Path) -> Recipe:
    """Raises MergeError for a file that is missing, no TOML, or does not say a merge. Paths in it are
    relative to its folder."""
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise MergeError(f"the recipe {path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MergeError(f"the recipe {path.name} is no TOML: {error}") from error
    return recipe_of(table, path.parent)


def recipe_of(table: Mapping[str, Any], folder: Path) -> Recipe:
    """The recipe that a parsed TOML table says."""
    _known(table, _KEYS, "the recipe")
    for key in ("method", "rule", "dtype", "out_dtype"):
        if not isinstance(table.get(key, ""), str):
            raise MergeError(f'{key} has to be a word in quotes: {key} = "…"')
    experts = table.get("experts")
    if not isinstance(experts, list) or not experts:
        raise MergeError("the recipe names no experts: add one [[experts]] table with a path for each")
    if not isinstance(table.get("base"), str):
        raise MergeError('the recipe needs the folder of the model that all experts come from: base = "…"')
    plain = {key: table[key] for key in ("rule", "seed", "dtype", "out_dtype") if key in table}
    return Recipe(
        method=table.get("method", ""),
        base=folder / table["base"],
        experts=tuple(_expert(one, folder, place) for place, one in enumerate(experts, start=1)),
        parameters=_table(table.get("parameters", {}), "[parameters]"),
        groups=tuple(_group(one) for one in _list(table.get("groups", []))),
        **plain,
    )


def _expert(table: Any, folder: Path, place: int) -> Expert:
    where = f"expert {place}"
    _known(_table(table, where), {"path", "weight", "adapter"}, where)
    if not isinstance(table.get("path"), str):
        raise MergeError(f'{where} needs its folder: path = "…"')
    weight, adapter = table.get("weight", 1.0), table.get("adapter", False)
    if not _number(weight):
        raise MergeError(f"{where}: weight has to be a number")
    if not isinstance(adapter, bool):
        raise MergeError(f"{where}: adapter has to be true or false")
    return Expert(folder / table["path"], float(weight), adapter)


def _group(table: Any) -> Group:
    table = dict(_table(table, "[[groups]]"))
    match = table.pop("match", None)
    if not isinstance(match, str) or not match:
        raise MergeError('each of [[groups]] needs the names it is for: match = "*.mlp.*"')
    return Group(match, table)


def _check(recipe: Recipe) -> None:
    if recipe.method not in METHODS:
        raise MergeError(f"unknown method {recipe.method!r}: one of {', '.join(METHODS)}")
    method = recipe.about
    if recipe.rule not in RULES:
        raise MergeError(f"unknown rule {recipe.rule!r}: paper or mergekit")
    if recipe.rule == "mergekit" and not method.in_mergekit:
        raise MergeError(f'mergekit has no {method.name}: leave out rule = "mergekit"')
    if isinstance(recipe.seed, bool) or not isinstance(recipe.seed, int) or recipe.seed < 0:
        raise MergeError("seed has to be a whole number, 0 or more")
    if recipe.dtype not in _COMPUTED:
        raise MergeError(f"dtype is what is computed in: {' or '.join(_COMPUTED)}")
    if recipe.out_dtype and recipe.out_dtype not in _WRITTEN:
        raise MergeError(f"out_dtype is what is written: {', '.join(_WRITTEN)}")
    if len(recipe.experts) < method.at_least:
        raise MergeError(f"{method.name} needs at least {method.at_least} experts")
    _check_weights(recipe)
    _check_parameters(method, recipe.parameters, "[parameters]")
    for group in recipe.groups:
        _check_parameters(method, group.parameters, f"the group {group.match!r}")
    for own in ({}, *(group.parameters for group in recipe.groups)):
        _check_window({**method.defaults, **recipe.parameters, **own})


def _check_weights(recipe: Recipe) -> None:
    weights = [expert.weight for expert in recipe.experts]
    if not all(_number(weight) for weight in weights):
        raise MergeError("the experts' weights have to be finite numbers")
    if not recipe.about.weights and any(weight != 1 for weight in weights):
        raise MergeError(f"{recipe.method} takes no weights; rewarded_soup is the weighted mean")
    if recipe.method == "rewarded_soup" and (min(weights) < 0 or sum(weights) <= 0):
        raise MergeError("rewarded_soup needs weights that are not negative and not all zero")


def _check_parameters(method: Method, given: Parameters, where: str) -> None:
    _known(given, set(method.defaults), f"{where} of {method.name}")
    for name, value in given.items():
        words, allowed = PARAMETERS[name]
        if isinstance(allowed[0], str):
            if value not in allowed:
                raise MergeError(f"{where}: {name} ({words}) is one of {', '.join(map(str, allowed))}")
        elif (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not allowed[0] <= value <= allowed[1]
        ):
            raise MergeError(f"{where}: {name} ({words}) lies between {allowed[0]:g} and {allowed[1]:g}")


def _check_window(settings: Parameters) -> None:
    if "window" not in settings:
        return
    density, window = settings["density"], settings["window"]
    if density < 1 and not 0 < density - window <= density + window < 1:  # type: ignore[operator]
        raise MergeError("density ± window has to lie between 0 and 1")


def _known(table: Mapping[str, Any], allowed: set[str], where: str) -> None:
    wrong = sorted(set(table) - allowed)
    if wrong:
        known = ", ".join(sorted(allowed)) or "no parameters"
        raise MergeError(f"{where} has {', '.join(wrong)}, which is not known there: {known}")


def _table(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MergeError(f"{where} has to be a table")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise MergeError("groups are written as [[groups]]")
    return value


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
