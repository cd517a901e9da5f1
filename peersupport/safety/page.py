"""docs/crisis.md, made of measured scores: what the rules and the cue model see, and what they do not."""

from __future__ import annotations

from peersupport.safety.evaluate import Scores, Share

_HEAD = """# Crisis cues: what is seen, and what is not

Made by `manage.py evaluate_safety --write`; do not edit. Version `{version}`.

Every message is read where it is posted, in the request, before any worker: by written rules
(`peersupport/safety/rules.toml`) and by a small log-linear word model (`cues.py`, trained by
`manage.py train_cues`). The higher of the two levels counts. **"None" never means "safe".**

- A cue in a **seeker's** message opens the organisation's checklist (`CRISIS_POLICY`) beside the chat
  and in the report, and overrides all feedback on skills.
- A **volunteer's** own disclosure opens a fixed panel with real help lines, at once and without any
  worker. Asking about suicide, reflecting it or quoting the seeker is none; how often it is taken for one
  stands below.

## Measured on the frozen lines

{frozen_n} lines of own writing ([what counts as what](../peersupport/safety/lines/README.md)), kept
apart from rules and training. Recall is the share noticed at any level. In brackets: Wilson intervals,
95 %. The bars were .95 for explicit and .85 for passive mentions: {bars}.
"""
_COUNSELOR = """
## On a volunteer's messages

{n} lines of own writing, measured only, with the role of a volunteer: questions about suicide,
reflections and quotes, of which none may open the panel, and own disclosures, which should. Written
after a reader had found the rules of version 2.0 to take questions for disclosures, and before they were
changed.
"""
_ABUSE = """
## On violence at home

{n} lines of own writing, measured only: violence, threats and force by people close to the seeker, and
everyday sentences with the same words. Written when and as those above.
"""
_LIMITS = """
## What it cannot see

From the mistakes on the train lines only:

- **Hints without a word of the matter**: arrangements ("found a home for the cat"), places ("I know the
  timetable by heart"), things left out, a goodbye that could be a leave-taking, new pictures.
- **Irony, and a laugh that is meant**: a joke about a small everyday cause counts as a joke, also when
  it is not one.
- **Somebody else at risk** told indirectly ("he gives his records away", "she stopped answering").
- **What one message does not hold**: each is read alone; a "yes" to the question before it is only a
  "yes".
- **Other languages**, unusual spellings, and code words younger than the lists.
- It **mistakes for a cue**: denials with much else beside them, bereavement, fear of dying, films and
  news told in the first person, figures of speech that are not in the lists.

The lines come from one hand, which also knew the rules. Strangers write otherwise: expect less in the
field, and let a person read along.
"""
BARS = {"explicit": 0.95, "passive": 0.85}


def crisis_page(scores: dict[str, dict[str, Scores]], scenarios: dict[str, Share], version: str) -> str:
    """`scores` by set (of `evaluate_safety`) and eyes ("both", "rules", "model"), `scenarios` by name."""
    frozen = scores["frozen"]
    bars = ", ".join(
        f"{level} {'reached' if share.value >= BARS[level] else 'missed'} at {share.value:.3f}"
        for level, share in frozen["both"].noticed.items()
    )
    parts = [
        _HEAD.format(version=version, frozen_n=_lines(frozen), bars=bars),
        _overview(frozen),
        _kinds(frozen),
    ]
    for name, head in (("counselor", _COUNSELOR), ("abuse", _ABUSE)):
        parts += [head.format(n=_lines(scores[name])), _levels(scores[name]), _kinds(scores[name])]
    parts += [
        "\n## On the lines it learnt from (in sample: no proof of anything)\n",
        _overview(scores["train"]),
    ]
    parts += [
        "\n## The scenarios' own lines (those without risk taught the model what no cue is)\n",
        _scenarios(scenarios),
        _LIMITS,
    ]
    return "\n".join(parts)


def _lines(by_eyes: dict[str, Scores]) -> int:
    both = by_eyes["both"]
    return both.alarms.n + sum(share.n for share in both.noticed.values())


def _levels(by_eyes: dict[str, Scores]) -> str:
    """The overview, without rows for levels that no line carries."""
    levels = [level for level, share in by_eyes["both"].noticed.items() if not share.n]
    rows = _overview(by_eyes).splitlines()
    return "\n".join(row for row in rows if not any(f", {level} |" in row for level in levels))


def _overview(by_eyes: dict[str, Scores]) -> str:
    rows = ["| | rules and model | rules alone | model alone |", "| --- | --- | --- | --- |"]
    order = [by_eyes[eyes] for eyes in ("both", "rules", "model")]
    for level in ("explicit", "passive"):
        rows.append(_row(f"recall, {level}", [one.noticed[level] for one in order]))
        rows.append(_row(f"… at the labelled level, {level}", [one.exact[level] for one in order]))
    rows.append(_row("precision", [one.precision for one in order]))
    rows.append(_row("false alarms", [one.alarms for one in order]))
    return "\n".join(rows)


def _kinds(by_eyes: dict[str, Scores]) -> str:
    rows = ["\n| kind of line | labelled | noticed |", "| --- | --- | --- |"]
    for (kind, level), share in by_eyes["both"].by_kind.items():
        rows.append(f"| {kind.replace('_', ' ')} | {level} | {share} |")
    return "\n".join(rows)


def _row(label: str, shares: list[Share]) -> str:
    return f"| {label} | " + " | ".join(str(share) for share in shares) + " |"


def _scenarios(found: dict[str, Share]) -> str:
    rows = ["| scenario | lines with a cue |", "| --- | --- |"]
    return "\n".join(rows + [f"| {name} | {share} |" for name, share in found.items()])
