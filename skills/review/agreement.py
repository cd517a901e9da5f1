"""How far trainers agree with each other, and with the tagger, technique by technique.

Only messages that were coded blind count: a trainer who sees the tagger's tags tends to leave them. Alpha is
Krippendorff's (nominal, two values: coded or not) between the trainers; kappa is Cohen's between the codes
that trainers ended up with and those of one version of the tagger. Intervals are percentiles of a bootstrap
over chats, since messages of one chat are alike. numpy and krippendorff are loaded with the page only.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet

from peersupport.people import access
from peersupport.people.models import User
from skills.models import Review, SkillTag, Tagging
from skills.taxonomy import CODES, TECHNIQUES

RESAMPLES = 1000
SEED = 20261126
LEAST = 20  # messages below which a figure is shown with a warning
LEAST_PRESENT = 5  # times a technique was coded below which there is no figure


@dataclass(frozen=True)
class Measure:
    """`n` messages; `present`: in how many somebody coded it. `value` is None where it says nothing: the
    technique was coded too seldom, or by everybody in every message. `low`, `high`: 95 %, None where chats
    are too few to resample."""

    n: int
    present: int
    value: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def few(self) -> bool:
        return self.n < LEAST


@dataclass(frozen=True)
class Row:
    code: str
    name: str
    trainers: Measure
    tagger: Measure

    @property
    def says(self) -> bool:
        return self.trainers.value is not None or self.tagger.value is not None


@dataclass(frozen=True)
class VersionRow:
    """One tagger version over the same coded messages: `kappa` is over all techniques together."""

    version: str
    kappa: Measure
    exact: int  # messages in which it found just the trainers' codes


@dataclass(frozen=True)
class Agreement:
    rows: list[Row]
    versions: list[VersionRow]
    doubly: int  # messages coded by two trainers
    coded: int  # messages coded blind by at least one
    chats: int
    open_reviews: int
    unsettled: int = 0  # coded by two who differ: in alpha, but in no figure of the tagger

    @property
    def silent(self) -> list[str]:
        return [row.name for row in self.rows if not row.says]


def reviews_for_user(user: User) -> QuerySet[Review]:
    """Codings the person may have figures of: those in chats they may read; all for an admin."""
    if user.is_admin:
        return Review.objects.all()
    if not user.is_trainer:
        raise PermissionDenied
    return Review.objects.filter(message__chat__in=access.chats_for_user(user))


def agreement_for(user: User) -> Agreement:
    """4 queries."""
    reviews = reviews_for_user(user)
    opened = list(reviews.filter(kind=Review.Kind.OPEN).order_by().values_list("message_id", flat=True))
    by_message: dict[Any, list[Review]] = defaultdict(list)
    kept = reviews.exclude(kind=Review.Kind.OPEN).order_by("id")
    for row in kept.select_related("message").only("message__chat_id", "kind", "codes", "holds", "message"):
        by_message[row.message_id].append(row)
    blind = {pk: [r for r in rows if r.kind == Review.Kind.BLIND] for pk, rows in by_message.items()}
    blind = {pk: rows for pk, rows in blind.items() if rows}
    chat_of = {pk: rows[0].message.chat_id for pk, rows in blind.items()}
    pairs = {pk: [set(r.codes) for r in rows] for pk, rows in blind.items() if len(rows) > 1}
    truth = {pk: codes for pk in blind if (codes := _ended_up_with(by_message[pk])) is not None}
    found = _tagged(truth)
    newest = found[0] if found else ("", {})
    rows = []
    for code in CODES:
        between = _alpha(
            [[code in codes for codes in pairs[pk]] for pk in pairs], [chat_of[pk] for pk in pairs]
        )
        mine, chats = _both(truth, newest[1], chat_of, code)
        rows.append(Row(code, TECHNIQUES[code].name, between, _kappa(mine, chats)))
    versions = []
    for version, tagged in found:
        cells, chats = [], []
        for pk, codes in tagged.items():
            cells += [(code in truth[pk], code in codes) for code in CODES]
            chats += [chat_of[pk]] * len(CODES)
        measure = _kappa(cells, chats, n=len(tagged))
        versions.append(VersionRow(version, measure, sum(truth[pk] == codes for pk, codes in tagged.items())))
    doubly, chats = len(pairs), len(set(chat_of.values()))
    unsettled = len(blind.keys() - truth.keys() - set(opened))
    return Agreement(rows, versions, doubly, len(blind), chats, len(opened), unsettled)


def _ended_up_with(rows: Sequence[Review]) -> set[str] | None:
    """Of a message's codings but open ones, oldest first: settled or agreed, else the one coding there is;
    None where two differ and nobody has settled it."""
    holding = [row for row in rows if row.holds]
    codings = holding[-1:] or [row for row in rows if row.kind == Review.Kind.BLIND]
    first, *others = (set(row.codes) for row in codings)
    return first if all(codes == first for codes in others) else None


def _tagged(truth: Mapping[Any, set]) -> list[tuple[str, dict[Any, set]]]:
    """[(version, {message id: its codes})], the newest version first. 2 queries."""
    found: dict[str, dict[Any, set]] = defaultdict(dict)
    rows = Tagging.objects.filter(message__in=list(truth)).order_by("-id")
    for pk, version in rows.values_list("message_id", "version"):
        found[version][pk] = set()
    tags = SkillTag.objects.filter(tagging__message__in=list(truth)).order_by()
    for pk, version, code in tags.values_list("tagging__message_id", "tagging__version", "code"):
        found[version][pk].add(code)
    return list(found.items())


def _both(truth, tagged, chat_of, code) -> tuple[list[tuple[bool, bool]], list]:
    return [(code in truth[pk], code in codes) for pk, codes in tagged.items()], [
        chat_of[pk] for pk in tagged
    ]


def _alpha(units: Sequence[Sequence[bool]], chats: Sequence[Any]) -> Measure:
    """`units`: for each message who coded it, yes or no, two or more each."""
    present = sum(any(unit) for unit in units)
    if present < LEAST_PRESENT:
        return Measure(len(units), present)
    import krippendorff
    import numpy as np

    counts = np.array([[unit.count(False), unit.count(True)] for unit in units])
    if not counts[:, 0].any():  # nothing varies: there is no chance agreement to compare with
        return Measure(len(units), present)
    value = krippendorff.alpha(value_counts=counts, level_of_measurement="nominal")
    # Per chat: disagreeing pairs, and values coded no and yes. Alpha is a ratio of their sums.
    of_unit = np.stack([counts[:, 0] * counts[:, 1] / (counts.sum(axis=1) - 1), *counts.T], axis=1)
    low, high = _interval(of_unit, chats, _alpha_of)
    return Measure(len(units), present, float(value), low, high)


def _alpha_of(sums):
    apart, no, yes = sums[:, 0], sums[:, 1], sums[:, 2]
    return 1 - (no + yes - 1) * apart / (no * yes)


def _kappa(cells: Sequence[tuple[bool, bool]], chats: Sequence[Any], *, n: int | None = None) -> Measure:
    """`cells`: (trainers, tagger) each."""
    present = sum(a or b for a, b in cells)
    n = len(cells) if n is None else n
    if present < LEAST_PRESENT:
        return Measure(n, present)
    import numpy as np

    first, second = np.array(cells, dtype=float).T
    of_unit = np.stack(
        [first * second, first * (1 - second), (1 - first) * second, (1 - first) * (1 - second)], axis=1
    )
    value = float(_kappa_of(of_unit.sum(axis=0, keepdims=True))[0])
    low, high = _interval(of_unit, chats, _kappa_of)
    return Measure(n, present, None if np.isnan(value) else value, low, high)


def _kappa_of(sums):
    both, first, second, neither = sums.T
    total = sums.sum(axis=1)
    observed = (both + neither) / total
    chance = ((both + first) * (both + second) + (neither + first) * (neither + second)) / total**2
    return (observed - chance) / (1 - chance)


def _interval(of_unit, chats: Sequence[Any], statistic) -> tuple[float | None, float | None]:
    """The 2.5th and 97.5th percentile over resampled chats; None below five chats."""
    import numpy as np

    names = {chat: number for number, chat in enumerate(dict.fromkeys(chats))}
    if len(names) < 5:
        return None, None
    sums = np.zeros((len(names), of_unit.shape[1]))
    np.add.at(sums, [names[chat] for chat in chats], of_unit)
    chance = np.random.default_rng(SEED)
    drawn = chance.multinomial(len(names), [1 / len(names)] * len(names), size=RESAMPLES)
    with np.errstate(divide="ignore", invalid="ignore"):
        values = statistic(drawn @ sums)
    values = values[np.isfinite(values)]
    if len(values) < RESAMPLES / 2:
        return None, None
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
