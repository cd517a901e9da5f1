"""The five tables as somebody who brings them needs to know them. No pandas here: pages show this."""

from __future__ import annotations

from dataclasses import dataclass

TABLES = ("assessments", "chats", "seekers", "providers", "messages")
REQUIRED = ("assessments", "chats")


@dataclass(frozen=True)
class Column:
    """`meaning` names the unit or the form; `example` is a cell that is read."""

    name: str
    needed: bool
    meaning: str
    example: str


COLUMNS: dict[str, tuple[Column, ...]] = {
    "assessments": (
        Column("seeker_id", True, "who filled it in: any code that stays the same, never a name", "s-0001"),
        Column("instrument", True, "which questionnaire, by the names below", "PHQ-2"),
        Column("date", True, "ISO date, or date and time", "2026-03-31"),
        Column("score", False, "sum in points; needed unless every item is there", "3"),
        Column("item_1", False, "points of the first item, 0 to 3; then item_2 and so on", ""),
    ),
    "chats": (
        Column("chat_id", True, "a code of its own for each chat", "c-0001"),
        Column("seeker_id", True, "as among the assessments", "s-0001"),
        Column("start", True, "ISO date and time; with an offset, or in the zone of study.toml",
               "2026-04-02T18:05+01:00"),
        Column("provider_id", False, "the counselor: a code, never a name", "p-07"),
        Column("turns", False, "how many messages the chat has, 0 or more", "24"),
        Column("technique:reflection_simple", False,
               "how often the technique was used in the chat; one column for each technique code", "2"),
        Column("seeker_negative", False, "how negative the seeker's messages are, any scale", "0.31"),
        Column("seeker_positive", False, "how positive they are, any scale", "0.12"),
    ),
    "seekers": (
        Column("seeker_id", True, "as among the assessments", "s-0001"),
        Column("age", False, "years, 0 or more", "34"),
        Column("joined", False, "ISO date on which they came", "2025-11-02"),
    ),
    "providers": (
        Column("provider_id", True, "as among the chats", "p-07"),
        Column("age", False, "years, 0 or more", "41"),
        Column("modules", False, "further training modules done, 0 or more", "3"),
        Column("prior_chats", False, "chats before the first one here, 0 or more", "120"),
    ),
    "messages": (
        Column("chat_id", True, "as among the chats; the rows of a chat together, in their order", "c-0001"),
        Column("role", True, "counselor or seeker", "counselor"),
        Column("text", True, "the message", "That sounds hard."),
    ),
}  # fmt: skip
NEEDED = {table: tuple(c.name for c in columns if c.needed) for table, columns in COLUMNS.items()}
OPTIONAL = {
    table: tuple(c.name for c in columns if not c.needed and c.name != "item_1" and ":" not in c.name)
    for table, columns in COLUMNS.items()
}
