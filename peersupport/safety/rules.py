"""Crisis rules: does a message speak of suicide, self-harm, harm to others, or abuse and present danger?

Lexical on purpose: fast enough to run inside the request, the same on every machine, readable by the
people who answer for them (`rules.toml`), and working while every worker is down. They miss things, which
is why `judge.py` puts the learned cue model beside them. Level "none" never means "safe".

Levels follow the two upper rows of the Columbia scale's screener (Posner et al. 2011, items 1 and 2),
simplified to what an untrained volunteer needs, which is the same for both: notice, ask, refer.
explicit: the writer's own thoughts, plan or act of suicide or self-harm, intent to harm somebody, or
violence done to the writer. passive: a wish not to live or wake, being a burden, thoughts said to be
over, or somebody else who may be at risk.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from peersupport.safety.normalise import Normal, normalise

RULES_FILE = Path(__file__).with_name("rules.toml")
LEVELS = ("none", "passive", "explicit")
KINDS = ("suicide", "self_harm", "harm_to_others", "abuse", "other_at_risk")
ROLES = ("seeker", "counselor")
WINDOW = 160  # characters around a match that its exceptions may look at
MATCHES_PER_RULE = 40  # beyond this many, a match counts without a closer look: noticing is the safe side
SPANS = 12

_SENTENCE_END = re.compile(r"[.!?;\n]")
_QUOTED = re.compile(r'"[^"\n]{1,400}"')
_CLAUSE = re.compile(
    r"[,:()\"]| but | because | if | (?:so|and) (?:i|im|ive|id|ill) | then i | though | except "
)
_JOIN = re.compile(r"[,:()\"]| (?:and|but|because|then|so|if|though|except|before|after|when|while|since) ")
_AGAIN = re.compile(r"\b(?:again|another time|once more|any ?more)\b")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True)
class Finding:
    """What the rules saw. `spans` are [start, end) character offsets in the message as it was written."""

    level: str
    kinds: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()
    rules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    id: str
    kind: str
    level: str
    needs: tuple[str, ...]
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None
    disclosure: bool
    denies: bool
    past: str
    first_person: bool
    bare: bool
    petty: bool


@dataclass(frozen=True)
class Guards:
    """Shared exceptions of all rules; what each is for stands beside it in `rules.toml`."""

    denial: re.Pattern[str]
    not_a_denial: re.Pattern[str]
    never_so: re.Pattern[str]
    past: re.Pattern[str]
    still: re.Pattern[str]
    attempt: re.Pattern[str]
    reported: re.Pattern[str]
    own_clause: re.Pattern[str]
    own_too: re.Pattern[str]
    attributed: re.Pattern[str]
    asking: re.Pattern[str]
    supposed: re.Pattern[str]
    own_state: re.Pattern[str]
    laugh: re.Pattern[str]
    serious: re.Pattern[str]
    petty: re.Pattern[str]
    petty_people: re.Pattern[str]
    weighty: re.Pattern[str]
    asked: re.Pattern[str]
    answered_no: re.Pattern[str]
    said_no: re.Pattern[str]
    taken_back: re.Pattern[str]
    set_aside: re.Pattern[str]
    fiction: re.Pattern[str]
    first_person: frozenset[str]
    somebody_else: frozenset[str]


@dataclass(frozen=True)
class RuleSet:
    version: str
    rules: tuple[Rule, ...]
    guards: Guards


NOTHING = Finding("none")


def read_message(text: str, *, role: str) -> Normal:
    """The plain form of a message; what a counselor quotes is blanked. ValueError for an unknown role."""
    if role not in ROLES:
        raise ValueError("role is seeker or counselor")
    message = normalise(text, keep_quotes=role == "counselor")
    if role == "seeker":
        return message
    return Normal(_QUOTED.sub(lambda found: " " * len(found[0]), message.text), message.origin)


def apply_rules(message: Normal, *, role: str) -> Finding:
    """Level, kinds, spans and rule ids of one message; about a millisecond, linear in its length.

    role "seeker" (default meaning of the rules) or "counselor": then only a disclosure in the first
    person counts, never asking about suicide, reflecting it, or quoting the seeker.
    """
    plain = message.text
    ruleset = load_rules()
    found: list[tuple[str, Rule, int, int]] = []
    for rule in ruleset.rules:
        if (role == "counselor" and not rule.disclosure) or not any(word in plain for word in rule.needs):
            continue
        for level, start, end in _hits(rule, ruleset.guards, plain, role):
            found.append((level, rule, start, end))
            if len(found) >= 4 * SPANS:
                break
    return _finding(found, message) if found else NOTHING


@cache
def load_rules(path: Path = RULES_FILE) -> RuleSet:
    raw = path.read_bytes()
    data = tomllib.loads(raw.decode())
    words: dict[str, str] = {}
    for name, pattern in data["words"].items():
        words[name] = _expand(pattern, words)
    guards = {
        name: frozenset(value) if isinstance(value, list) else re.compile(_expand(value, words))
        for name, value in data["guards"].items()
    }
    rules = tuple(_rule(entry, words) for entry in data["rule"])
    version = f"safety-{data['version']}-{hashlib.sha256(raw).hexdigest()[:6]}"
    return RuleSet(version, rules, Guards(**guards))


def _rule(entry: dict, words: dict[str, str]) -> Rule:
    if entry["kind"] not in KINDS or entry["level"] not in LEVELS[1:]:
        raise ValueError(f"rule {entry['id']}: unknown kind or level")
    return Rule(
        id=entry["id"],
        kind=entry["kind"],
        level=entry["level"],
        needs=tuple(entry["needs"]),
        pattern=re.compile(_expand(entry["pattern"], words)),
        unless=re.compile(f"(?<![a-z])(?:{_expand(entry['unless'], words)})") if "unless" in entry else None,
        disclosure=entry.get("disclosure", False),
        denies=entry.get("negation", "denies") == "denies",
        past=entry.get("past", "keeps"),
        first_person=entry.get("subject", "first") == "first",
        bare=entry.get("bare", False),
        petty=entry.get("petty", False),
    )


def _expand(pattern: str, words: dict[str, str]) -> str:
    pattern = re.sub(r"\{([a-z_]+)\}", lambda found: words[found[1]], pattern)
    return re.sub(r"<(\d)>", r"(?:[a-z0-9]{1,20},? ){0,\1}", pattern)


def _hits(rule: Rule, guards: Guards, plain: str, role: str) -> Iterator[tuple[str, int, int]]:
    for number, match in enumerate(rule.pattern.finditer(plain)):
        start, end = match.span()
        if start == end:
            continue
        if number >= MATCHES_PER_RULE:
            yield rule.level, start, end
            return
        window, offset = _sentence(plain, start, end)
        if not _silenced(rule, guards, window, start - offset, end - offset, role) and not _no_cue(
            rule, guards, plain, window, start, end, offset
        ):
            yield _level(rule, guards, window, start - offset), start, end


def _sentence(plain: str, start: int, end: int) -> tuple[str, int]:
    """The match's sentence, at most WINDOW characters each side, and where it starts in the message."""
    low = max(0, start - WINDOW)
    for stop in _SENTENCE_END.finditer(plain, low, start):
        low = stop.end()
    stop = _SENTENCE_END.search(plain, end, min(len(plain), end + WINDOW))
    return plain[low : stop.end() if stop else min(len(plain), end + WINDOW)], low


def _silenced(rule: Rule, guards: Guards, window: str, start: int, end: int, role: str) -> bool:
    if rule.unless and _excused(rule, window, start, end):
        return True
    lead, matched = window[:start], window[start:end]
    clause = _CLAUSE.split(lead)[-1]
    begins = matched.split(" ", 1)[0]
    opens = begins in guards.first_person
    said = clause[-60:] + (matched if not rule.first_person else begins if opens else "")
    so = guards.never_so.search(clause[-60:] + window[start : end + 25])
    if rule.denies and not so and guards.denial.search(guards.not_a_denial.sub(" ", said)):
        return True
    if role == "seeker":
        return rule.first_person and not opens and _nearest_subject(clause[-50:], guards) == "other"
    own_clause = guards.own_clause.search(lead)
    told = own_clause["own"] if own_clause else lead
    if guards.reported.search(told) and not guards.own_too.match(window, end):
        return True
    if guards.attributed.match(window, end):
        return True
    supposed = rule.kind == "abuse" and guards.supposed.search(window[:end].rstrip())
    if supposed and not _AGAIN.search(window, start):
        return True
    own = guards.own_state.search(window) is not None
    if rule.bare:
        return not own
    subject = _nearest_subject(matched, guards)
    if not own and subject != "first" and guards.asking.search(lead):
        return True
    return (subject or _nearest_subject(lead[-70:], guards)) != "first"


def _excused(rule: Rule, window: str, start: int, end: int) -> bool:
    """By an exception in the sentence; for violence, no clause may begin between it and the match."""
    if rule.kind != "abuse":
        return rule.unless.search(window) is not None
    for said in rule.unless.finditer(window):
        between = window[end : said.start()] if said.start() >= end else window[said.end() : start]
        if not _JOIN.search(between):
            return True
    return False


def _no_cue(rule: Rule, guards: Guards, plain: str, window: str, start: int, end: int, offset: int) -> bool:
    """A joke, a mention that is taken back, an answer of no, or a story; `window` begins at `offset`."""
    at = start - offset
    lead, after = window[:at], plain[end : end + 70]
    clause = _CLAUSE.split(lead)[-1]
    small = guards.petty.search(window)
    cause = small or (rule.level == "explicit" and guards.petty_people.search(window))
    if cause and rule.kind != "abuse" and guards.laugh.search(window) and not guards.serious.search(window):
        return True
    if small and rule.petty and not guards.weighty.search(window):
        return True
    if guards.taken_back.match(after) or guards.set_aside.search(clause + window[at : at + 22]):
        return True
    if guards.answered_no.match(after) and ("?" in after[:30] or guards.asked.search(lead)):
        return True
    if guards.asked.search(lead) and guards.said_no.match(after):
        return True
    return rule.kind == "suicide" and guards.fiction.search(clause + window[at : at + 3]) is not None


def _nearest_subject(text: str, guards: Guards) -> str:
    """ "first", "other" or "", by the last word in `text` that names a person."""
    for word in reversed(_WORD.findall(text)):
        if word in guards.first_person:
            return "first"
        if word in guards.somebody_else:
            return "other"
    return ""


def _level(rule: Rule, guards: Guards, window: str, start: int) -> str:
    over = guards.past.search(window) and not guards.still.search(window)
    if rule.level == "passive" or rule.past == "keeps" or not over:
        return rule.level
    if rule.past == "attempt" and guards.attempt.search(window, max(0, start - 40)):
        return rule.level
    return "passive"


def _finding(found: list[tuple[str, Rule, int, int]], message: Normal) -> Finding:
    level = max((level for level, *_ in found), key=LEVELS.index)
    kinds = {rule.kind: None for rank in reversed(LEVELS) for at, rule, *_ in found if at == rank}
    spans = sorted({message.span(start, end) for _, _, start, end in found})
    fired = dict.fromkeys(rule.id for _, rule, *_ in found)
    return Finding(level, tuple(kinds), _merged(spans)[:SPANS], tuple(fired))


def _merged(spans: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)
