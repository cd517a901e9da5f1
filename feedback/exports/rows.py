"""The rows of each table that can be exported, read block by block in the order of their keys.

De-identified, a table about volunteers holds those who agree to research now. A full export is for running
the organisation, not for research: it holds what trainers may read, with names and words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db.models import Count, Q, QuerySet

from feedback.exports.columns import Row
from feedback.exports.names import Names
from feedback.models import SessionReport, TechniqueEffect
from feedback.reports import exports as tags_file
from peersupport.audit.models import AuditEvent
from peersupport.people.consents import consenting
from peersupport.people.models import Consent
from peersupport.practice.models import Message, PracticeChat
from skills.models import Correction, Review, SkillTag

BLOCK = 2000  # rows in one query


def _allowed(full: bool, chat: str = "") -> Q:
    """Which chats may stand in the file; `chat` leads to the chat from the rows' model."""
    path = f"{chat}__" if chat else ""
    if full:
        return Q(**{f"{path}shared": True})
    agreeing = Q(**{f"{path}volunteer__in": consenting(Consent.Purpose.RESEARCH)})
    return agreeing & (Q(**{f"{path}kind": PracticeChat.Kind.PRACTICE}) | Q(**{f"{path}shared": True}))


def _blocks(rows: QuerySet, fields: tuple[str, ...], make: Callable[..., Row]) -> Iterator[list[Row]]:
    """Rows by keyset on their primary key, which is the first of the fields."""
    rows, last = rows.order_by("pk"), None
    while True:
        found = rows if last is None else rows.filter(pk__gt=last)
        values = list(found.values_list("pk", *fields)[:BLOCK])
        if not values:
            return
        last = values[-1][0]
        yield [make(*value) for value in values]


def counted(queryset: Callable[[bool], QuerySet]) -> Callable[[bool], int]:
    return lambda full: queryset(full).count()


# Chats
def chats(full: bool) -> QuerySet:
    return PracticeChat.objects.filter(_allowed(full))


def chat_blocks(names: Names) -> Iterator[list[Row]]:
    own = Count("messages", filter=Q(messages__role=Message.Role.COUNSELOR, messages__copied=False))
    seeker = Count("messages", filter=Q(messages__role=Message.Role.SEEKER, messages__copied=False))
    fields = (
        "volunteer_id", "kind", "scenario__slug", "scenario__version", "scenario__topic",
        "scenario__difficulty", "scenario__baseline", "parent_id", "status", "own", "said", "created_at",
        "ended_at",
    )  # fmt: skip

    def make(pk, volunteer, kind, slug, version, topic, difficulty, baseline, parent, *rest) -> Row:
        scenario = (slug or "", version or "", topic or "", difficulty, baseline)
        first = names.chat(parent)
        return (names.chat(pk), names.chat(pk), names.person(volunteer), kind, *scenario, first, *rest)

    return _blocks(chats(names.full).annotate(own=own, said=seeker), fields, make)


# Messages
def messages(full: bool) -> QuerySet:
    return Message.objects.filter(_allowed(full, "chat"), copied=False)


def message_blocks(names: Names) -> Iterator[list[Row]]:
    fields = ("chat_id", "chat__volunteer_id", "index", "role", "text", "risk_level", "created_at")

    def make(pk, chat, volunteer, index, role, text, risk, created) -> Row:
        chat = names.chat(chat)
        return (
            names.row("message", pk),
            chat,
            names.person(volunteer),
            index,
            role,
            len(text),
            risk,
            text,
            created,
        )

    return _blocks(messages(names.full), fields, make)


# Tags
def tags(full: bool) -> QuerySet:
    return SkillTag.objects.filter(_allowed(full, "tagging__message__chat"), tagging__current=True)


def added(full: bool) -> QuerySet:
    return tags_file.added_by_trainers().filter(_allowed(full, "message__chat"))


def tag_blocks(names: Names) -> Iterator[list[Row]]:
    """The tagger's tags with what trainers said of them, then the tags that only a trainer saw."""
    said: dict = {}
    path = "tagging__message__"
    fields = (
        f"{path}id", f"{path}chat_id", f"{path}chat__volunteer_id", f"{path}chat__scenario__slug",
        f"{path}chat__kind", f"{path}index", "code", "probability", "start", "end", "tagging__version",
        "tagging__created_at",
    )  # fmt: skip

    def make(
        pk, message, chat, volunteer, slug, kind, index, code, chance, start, end, version, created
    ) -> Row:
        corrected = said.get((message, code), "")
        return (
            names.row("tag", pk), names.chat(chat), names.person(volunteer), slug or kind, index, code,
            "tagger", round(chance, 4), start, end, version, corrected, created,
        )  # fmt: skip

    rows, last = tags(names.full).order_by("pk"), 0
    while values := list(rows.filter(pk__gt=last).values_list("pk", *fields)[:BLOCK]):
        last, messages = values[-1][0], {value[1] for value in values}
        said.clear()
        corrections = Correction.objects.filter(message__in=messages).order_by("pk")
        for message, code, action in corrections.values_list("message_id", "code", "action"):
            said[message, code] = tags_file.WORDS[action]
        yield [make(*value) for value in values]
    more = (
        "message__chat_id", "message__chat__volunteer_id", "message__chat__scenario__slug",
        "message__chat__kind", "message__index", "code", "start", "end", "created_at",
    )  # fmt: skip

    def make_added(pk, chat, volunteer, slug, kind, index, code, start, end, created) -> Row:
        return (
            names.row("correction", pk), names.chat(chat), names.person(volunteer), slug or kind, index, code,
            "trainer", None, start, end, "", "added", created,
        )  # fmt: skip

    yield from _blocks(added(names.full), more, make_added)


# Corrections and codings
def corrections(full: bool) -> QuerySet:
    return Correction.objects.filter(_allowed(full, "message__chat"))


def correction_blocks(names: Names) -> Iterator[list[Row]]:
    fields = (
        "message__chat_id", "message__chat__volunteer_id", "message__index", "code", "action", "start", "end",
        "trainer_id", "note", "created_at",
    )  # fmt: skip

    def make(pk, chat, volunteer, index, code, action, start, end, trainer, note, created) -> Row:
        who = names.person(trainer)
        return (
            names.row("correction", pk), names.chat(chat), names.person(volunteer), index, code, action,
            start, end, who, note, created,
        )  # fmt: skip

    return _blocks(corrections(names.full), fields, make)


def reviews(full: bool) -> QuerySet:
    return Review.objects.filter(_allowed(full, "message__chat"))


def review_blocks(names: Names) -> Iterator[list[Row]]:
    fields = (
        "message__chat_id", "message__chat__volunteer_id", "message__index", "trainer_id", "kind",
        "codes", "holds", "note", "saved_at",
    )  # fmt: skip

    def make(pk, chat, volunteer, index, trainer, kind, codes, holds, note, saved) -> Row:
        who, listed = names.person(trainer), " ".join(codes)
        key = names.row("review", pk)
        return (key, names.chat(chat), names.person(volunteer), index, who, kind, listed, holds, note, saved)

    return _blocks(reviews(names.full), fields, make)


# Reports
def reports(full: bool) -> QuerySet:
    return SessionReport.objects.filter(_allowed(full, "chat"))


def report_blocks(names: Names) -> Iterator[list[Row]]:
    fields = (
        "chat_id", "chat__volunteer_id", "status", "study__slug", "study__version", "tagger_version",
        "body__ratios", "body__strengths", "body__points", "body__crisis__level", "created_at", "finished_at",
    )  # fmt: skip

    def make(
        pk, chat, volunteer, status, study, version, tagger, ratios, strengths, points, level, *times
    ) -> Row:
        found = ratios or {}
        both, deep, wide = (
            found.get(key) or {}
            for key in ("reflections_to_questions", "complex_reflections", "open_questions")
        )
        counts = [(found.get(key) or {}).get("count") for key in ("mi_adherent", "mi_non_adherent")]
        return (
            names.row("report", pk), names.chat(chat), names.person(volunteer), status,
            f"{study} {version}" if study else "", tagger, found.get("n_messages"), both.get("reflections"),
            both.get("questions"), deep.get("count"), wide.get("count"), *counts, len(strengths or ()),
            len(points or ()), level or "", *times,
        )  # fmt: skip

    return _blocks(reports(names.full), fields, make)


# Evidence
def evidence(full: bool) -> QuerySet:
    return TechniqueEffect.objects.all()


def evidence_blocks(names: Names) -> Iterator[list[Row]]:
    fields = ("study__slug", "study__version", "study__kind", "technique", "instrument", "body")

    def make(pk, slug, version, kind, technique, instrument, body) -> Row:
        low, high = body.get("ci") or (None, None)
        figures = (body.get("beta"), body.get("se"), low, high, body.get("survives_bh"))
        counts = (body.get("n_seekers"), body.get("n_obs"), body.get("tagger_f1"))
        codes = " ".join(body.get("code_keys") or ())
        return (
            f"e{pk}",
            slug,
            version,
            kind,
            technique,
            codes,
            instrument,
            *figures,
            *counts,
            body.get("source", ""),
        )

    return _blocks(evidence(names.full), fields, make)


# Audit
def audit(full: bool) -> QuerySet:
    return AuditEvent.objects.all()


def audit_blocks(names: Names) -> Iterator[list[Row]]:
    fields = ("at", "actor_id", "verb", "object_kind", "object_id", "position", "hash")
    kinds: dict[str, str] = {"user": "person", "practicechat": "chat"}  # as in the other tables

    def make(pk, moment, actor, verb, kind, key, position, digest) -> Row:
        what = names.thing(kinds.get(kind, kind), key)
        return (names.row("audit", pk), moment, names.person(actor), verb, kind, what, position, digest)

    return _blocks(audit(names.full), fields, make)
