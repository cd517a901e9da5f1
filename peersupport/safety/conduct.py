"""What a counselor's message must not do: call names, make trouble smaller, or move the contact elsewhere.

Written rules (`conduct.toml`), as those for signs of risk are: readable by the people who answer for them,
and the same on every machine. They set no tag and no grade. A message that they point at carries a short
note, is praised for nothing and waits in the trainers' queue; whoever reads it there decides.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from peersupport.safety.rules import read_message

RULES_FILE = Path(__file__).with_name("conduct.toml")
KINDS = ("insult", "minimising", "contact")
HURTS = frozenset({"insult", "minimising"})
# Beside these no question is a right one.
VOIDS = frozenset({"told_to_die", "told_to_end_it", "nobody_would_mind", "shames_for_it"})
_SENTENCE_END = re.compile(r"[.!?;\n]")
_SENTENCES = re.compile(r"[^.!?…\n]+[.!?…\n]*")
_CLAUSE = re.compile(r"[,:] | but ")
_CONCLUDES = re.compile(r"(?:so|then|well)\b")


@dataclass(frozen=True)
class Concern:
    """One kind of trouble in one message; `note` is what its writer reads."""

    kind: str
    rule: str
    note: str


@dataclass(frozen=True)
class Rule:
    id: str
    kind: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    excused: bool
    near: bool
    unless: re.Pattern[str] | None
    elsewhere: re.Pattern[str] | None
    note: str


@dataclass(frozen=True)
class RuleSet:
    notes: dict[str, str]
    guards: dict[str, re.Pattern[str]]
    rules: tuple[Rule, ...]


def concerns(text: str) -> tuple[Concern, ...]:
    """At most one of each kind, the gravest first. What the message quotes is not looked at."""
    plain, ruleset = read_message(text, role="counselor").text, load_rules()
    found: dict[str, Concern] = {}
    for rule in ruleset.rules:
        looked_at = rule.kind not in found and any(word in plain for word in rule.needs)
        if looked_at and _found(rule, ruleset.guards, plain):
            found[rule.kind] = Concern(rule.kind, rule.id, rule.note)
    return tuple(found[kind] for kind in KINDS if kind in found)


def hurts(text: str) -> bool:
    """Whether it calls names or makes trouble smaller."""
    return any(concern.kind in HURTS for concern in concerns(text))


def spared(text: str) -> str:
    """The sentences that hurt nobody, where a right question may stand; none beside one that says to die,
    that nobody would mind, or that shames for wanting it."""
    found = concerns(text)
    if any(concern.rule in VOIDS for concern in found):
        return ""
    if not any(concern.kind in HURTS for concern in found):
        return text
    return "".join(sentence for sentence in _SENTENCES.findall(text) if not hurts(sentence))


def _found(rule: Rule, guards: dict[str, re.Pattern[str]], plain: str) -> bool:
    if rule.elsewhere and rule.elsewhere.search(plain):
        return False
    for hit in rule.pattern.finditer(plain):
        # A match may begin with the stop of the sentence before it.
        start = hit.start() + len(hit[0]) - len(hit[0].lstrip(".!?,; \n"))
        low = max((stop.end() for stop in _SENTENCE_END.finditer(plain, 0, start)), default=0)
        stop = _SENTENCE_END.search(plain, hit.end())
        sentence = plain[low : stop.start() if stop else len(plain)]
        if rule.unless and rule.unless.search(sentence):
            continue
        if rule.excused and stop and guards["behind"].match(plain, stop.end()):
            continue
        if not (rule.excused and _excused(guards, plain[low:start], hit[0], near=rule.near)):
            return True
    return False


def _excused(guards: dict[str, re.Pattern[str]], lead: str, matched: str, *, near: bool) -> bool:
    """By the words of the sentence in front of the match."""
    said = lead.split(" but ")[-1]
    clause = _CLAUSE.split(lead)[-1]
    told = said
    if near and (not guards["spoken"].search(said) or _CONCLUDES.match(matched.lstrip(" ,"))):
        told = clause
    return bool(
        guards["reported"].search(told)
        or guards["denied"].search(clause)
        or guards["in_question"].search(said)
    )


@cache
def load_rules(path: Path = RULES_FILE) -> RuleSet:
    """Raises ValueError for a kind without a note."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    words: dict[str, str] = {}

    def expand(pattern: str) -> str:
        return re.sub(r"\{([a-z_]+)\}", lambda name: words[name[1]], pattern)

    for name, pattern in data["words"].items():
        words[name] = expand(pattern)
    rules = []
    for entry in data["rule"]:
        if entry["kind"] not in KINDS or entry["kind"] not in data["notes"]:
            raise ValueError(f"rule {entry['id']}: unknown kind")
        unless, elsewhere = (
            re.compile(expand(entry[name])) if name in entry else None for name in ("unless", "elsewhere")
        )
        pattern = re.compile(expand(entry["pattern"]))
        excused, near = entry.get("excused", True), entry.get("near", False)
        note = entry.get("note", data["notes"][entry["kind"]])
        needs = tuple(entry["needs"])
        rules.append(Rule(entry["id"], entry["kind"], needs, pattern, excused, near, unless, elsewhere, note))
    guards = {name: re.compile(expand(pattern)) for name, pattern in data["guards"].items()}
    return RuleSet(data["notes"], guards, tuple(rules))
