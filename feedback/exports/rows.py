"""The rows of each table that can be exported, read block by block in the order of their keys.

De-identified, a table about volunteers holds those who agree to research now. A full export is for running
the organisation, not for research: it holds what trainers may read, with names and words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db.models import Count, Exists, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from feedback.exports.columns import Row
from feedback.exports.names import Names
from feedback.models import MockRating, SessionReport, TechniqueEffect
from feedback.signoff.scales import KEYS
from peersupport.audit.models import AuditEvent
from peersupport.people.consents import consenting
from peersupport.people.models import Consent, Role, User
from peersupport.practice.models import Message, PracticeChat
from skills.models import Correction, Review, SkillTag

BLOCK = 2000  # rows in one query
PEOPLE = ("volunteer_id", "trainer_id", "withdrawn_by_id", "actor_id")
Make = Callable[..., Row]
WORDS = {
    Correction.Action.ADD: "confirmed",
    Correction.Action.MOVE: "moved",
    Correction.Action.REMOVE: "removed",
}


class Allowed:
    """Whether a chat may stand in the file. Asked row by row: asked in the query, it would cost a sort of
    the whole table for every block, as rows are read in the order of their own key."""

    def __init__(self, names: Names) -> None:
        self.full = names.full
        agreeing = consenting(Consent.Purpose.RESEARCH)
        # Not of somebody whose account is closed or whose role is another now: trainers see them no more.
        practising = User.objects.filter(role=Role.VOLUNTEER, is_active=True)
        whose = practising if self.full else agreeing
        self.whose = frozenset(whose.values_list("pk", flat=True))

    def __call__(self, volunteer: int, kind: str, shared: bool, status: str) -> bool:
        if volunteer not in self.whose:
            return False
        if self.full:
            return shared and status == PracticeChat.Status.ENDED
        return kind == PracticeChat.Kind.PRACTICE or shared


def _read(names: Names, rows: QuerySet, fields: tuple[str, ...]) -> Iterator[list[tuple]]:
    """Blocks of (key, *fields), by keyset; `names` knows whom each block names."""
    people = [place for place, field in enumerate(fields, 1) if field.endswith(PEOPLE)]
    rows, last = rows.order_by("pk"), None
    while True:
        found = rows if last is None else rows.filter(pk__gt=last)
        values = list(found.values_list("pk", *fields)[:BLOCK])
        if not values:
            return
        last = values[-1][0]
        names.meet(row[place] for row in values for place in people)
        yield values


def _of_chats(
    names: Names, rows: QuerySet, to: str, fields: tuple[str, ...], make: Make
) -> Iterator[list[Row]]:
    """`to` leads from the rows to their chat; `make` gets the key, the names of chat and volunteer, and the
    fields. A block is short, or empty, where chats may not be shown."""
    allowed = Allowed(names)
    whose = (f"{to}id", f"{to}volunteer_id", f"{to}kind", f"{to}shared", f"{to}status")
    for block in _read(names, rows, (*whose, *fields)):
        yield [
            make(pk, names.chat(chat), names.person(volunteer), *rest)
            for pk, chat, volunteer, kind, shared, status, *rest in block
            if allowed(volunteer, kind, shared, status)
        ]


def chats() -> QuerySet:
    return PracticeChat.objects.all()


def chat_blocks(names: Names) -> Iterator[list[Row]]:
    def said(role: str) -> Coalesce:
        rows = Message.objects.filter(chat=OuterRef("pk"), role=role, copied=False).order_by()
        number = rows.values("chat").annotate(n=Count("pk")).values("n")
        return Coalesce(Subquery(number, output_field=IntegerField()), 0)

    fields = (
        "kind", "scenario__slug", "scenario__version", "scenario__topic", "scenario__difficulty",
        "scenario__baseline", "parent_id", "status", "own", "theirs", "created_at", "ended_at",
    )  # fmt: skip

    def make(pk, chat, who, kind, slug, version, topic, difficulty, baseline, parent, *rest) -> Row:
        scenario = (slug or "", version or "", topic or "", difficulty, baseline)
        return (chat, chat, who, kind, *scenario, names.chat(parent), *rest)

    rows = chats().annotate(own=said("counselor"), theirs=said("seeker"))
    return _of_chats(names, rows, "", fields, make)


def messages() -> QuerySet:
    return Message.objects.filter(copied=False)


def message_blocks(names: Names) -> Iterator[list[Row]]:
    def make(pk, chat, who, index, role, text, risk, created) -> Row:
        # A cue in a counselor's message may be about the volunteer, which is for nobody else to know.
        risk = risk if role == Message.Role.SEEKER else ""
        return (names.row("message", pk), chat, who, index, role, len(text), risk, text, created)

    fields = ("index", "role", "text", "risk_level", "created_at")
    return _of_chats(names, messages(), "chat__", fields, make)


def agreed() -> tuple[int, int]:
    """(volunteers who agree to research, volunteers)."""
    volunteers = User.objects.filter(role=Role.VOLUNTEER, is_active=True)
    agreeing = consenting(Consent.Purpose.RESEARCH)
    return volunteers.filter(pk__in=agreeing.values("pk")).count(), volunteers.count()


def added_by_trainers() -> QuerySet[Correction]:
    """Techniques that hold and that only a trainer found: the correction that was last, where it added."""
    one = {"message": OuterRef("message"), "code": OuterRef("code")}
    later = Correction.objects.filter(**one, id__gt=OuterRef("id"))
    found = SkillTag.objects.filter(tagging__message=one["message"], tagging__current=True, code=one["code"])
    held = Correction.objects.filter(~Exists(later), ~Exists(found))
    return held.exclude(action=Correction.Action.REMOVE)


def tags() -> QuerySet:
    return SkillTag.objects.all()


def tag_blocks(names: Names) -> Iterator[list[Row]]:
    """The tagger's tags with what trainers said of them, then the tags that only a trainer saw."""
    allowed, to = Allowed(names), "tagging__message__"
    fields = (
        f"{to}chat__volunteer_id", f"{to}chat__kind", f"{to}chat__shared", f"{to}chat__status",
        "tagging__current", "tagging__message_id", f"{to}chat_id", f"{to}chat__scenario__slug", f"{to}index",
        "code", "probability", "start", "end", "tagging__version", "tagging__created_at",
    )  # fmt: skip
    for block in _read(names, tags(), fields):
        kept = [row for row in block if row[5] and allowed(*row[1:5])]
        said = _said({row[6] for row in kept})
        yield [
            (
                names.row("tag", pk), names.chat(chat), names.person(who), slug or kind, index, code,
                "tagger", round(chance, 4), start, end, version, said.get((message, code), ""), at,
            )
            for pk, who, kind, _shared, _status, _current, message, chat, slug, index, code, chance, start,
            end, version, at in kept
        ]  # fmt: skip

    def make(pk, chat, who, slug, kind, index, code, start, end, at) -> Row:
        row = names.row("correction", pk)
        return (row, chat, who, slug or kind, index, code, "trainer", None, start, end, "", "added", at)

    more = (
        "message__chat__scenario__slug", "message__chat__kind", "message__index", "code", "start", "end",
        "created_at",
    )  # fmt: skip
    yield from _of_chats(names, added_by_trainers(), "message__chat__", more, make)


def _said(messages: set) -> dict:
    """{(message, technique): what a trainer said last}."""
    found = {}
    rows = Correction.objects.filter(message__in=messages).order_by("pk")
    for message, code, action in rows.values_list("message_id", "code", "action"):
        found[message, code] = WORDS[action]
    return found


def corrections() -> QuerySet:
    return Correction.objects.all()


def correction_blocks(names: Names) -> Iterator[list[Row]]:
    def make(pk, chat, who, index, code, action, start, end, trainer, note, at) -> Row:
        row = names.row("correction", pk)
        return (row, chat, who, index, code, action, start, end, names.person(trainer), note, at)

    fields = ("message__index", "code", "action", "start", "end", "trainer_id", "note", "created_at")
    return _of_chats(names, corrections(), "message__chat__", fields, make)


def reviews() -> QuerySet:
    return Review.objects.all()


def review_blocks(names: Names) -> Iterator[list[Row]]:
    def make(pk, chat, who, index, trainer, kind, codes, holds, note, saved) -> Row:
        row = names.row("review", pk)
        return (row, chat, who, index, names.person(trainer), kind, " ".join(codes), holds, note, saved)

    fields = ("message__index", "trainer_id", "kind", "codes", "holds", "note", "saved_at")
    return _of_chats(names, reviews(), "message__chat__", fields, make)


def reports() -> QuerySet:
    return SessionReport.objects.all()


def _counts(ratios: dict | None) -> tuple:
    """The counts of a report's ratios, in the order of `tables.COUNTS`; None where there are none."""
    found = ratios or {}
    keys = ("reflections_to_questions", "complex_reflections", "open_questions")
    both, deep, wide = (found.get(key) or {} for key in keys)
    behaviour = ((found.get(key) or {}).get("count") for key in ("mi_adherent", "mi_non_adherent"))
    return (
        found.get("n_messages"), both.get("reflections"), both.get("questions"), deep.get("count"),
        wide.get("count"), *behaviour,
    )  # fmt: skip


def report_blocks(names: Names) -> Iterator[list[Row]]:
    fields = (
        "status", "study__slug", "study__version", "tagger_version", "body__ratios", "body__strengths",
        "body__points", "body__crisis__level", "created_at", "finished_at",
    )  # fmt: skip

    def make(pk, chat, who, status, study, version, tagger, ratios, *rest) -> Row:
        strengths, points, level, *times = rest
        return (
            names.row("report", pk), chat, who, status, f"{study} {version}" if study else "", tagger,
            *_counts(ratios), len(strengths or ()), len(points or ()), level or "", *times,
        )  # fmt: skip

    return _of_chats(names, reports(), "chat__", fields, make)


def mock_ratings() -> QuerySet:
    return MockRating.objects.all()


def mock_rating_blocks(names: Names) -> Iterator[list[Row]]:
    """Withdrawn ones as well: whoever counts ratings that stand leaves those out."""
    fields = (
        "chat__scenario__slug", "trainer_id", *KEYS, "decision", "figures", "note", "created_at",
        "withdrawn_at", "withdrawn_by_id", "reason",
    )  # fmt: skip

    def make(pk, chat, who, slug, trainer, *rest) -> Row:
        *steps, decision, figures, note, made, withdrawn, by, reason = rest
        return (
            names.row("mock_rating", pk), chat, who, slug or "", names.person(trainer), *steps, decision,
            figures.get("tagger") or "", *_counts(figures.get("ratios")), note, made, withdrawn is None,
            withdrawn, names.person(by), reason,
        )  # fmt: skip

    return _of_chats(names, mock_ratings(), "chat__", fields, make)


def evidence() -> QuerySet:
    return TechniqueEffect.objects.all()


def evidence_blocks(names: Names) -> Iterator[list[Row]]:
    def make(pk, slug, version, kind, technique, instrument, body) -> Row:
        low, high = body.get("ci") or (None, None)
        figures = (body.get("beta"), body.get("se"), low, high, body.get("survives_bh"))
        counts = (body.get("n_seekers"), body.get("n_obs"), body.get("tagger_f1"))
        what = (technique, " ".join(body.get("code_keys") or ()), instrument, body.get("better", ""))
        return (f"e{pk}", slug, version, kind, *what, *figures, *counts, body.get("source", ""))

    fields = ("study__slug", "study__version", "study__kind", "technique", "instrument", "body")
    for block in _read(names, evidence(), fields):
        yield [make(*row) for row in block]


def audit() -> QuerySet:
    return AuditEvent.objects.all()


def audit_blocks(names: Names) -> Iterator[list[Row]]:
    kinds = {"user": "person", "practicechat": "chat"}  # as in the other tables

    def make(pk, at, actor, verb, kind, key, position, digest) -> Row:
        what = names.thing(kinds.get(kind, kind), key)
        return (names.row("audit", pk), at, names.person(actor), verb, kind, what, position, digest)

    fields = ("at", "actor_id", "verb", "object_kind", "object_id", "position", "hash")
    for block in _read(names, audit(), fields):
        yield [make(*row) for row in block]
