"""What lies beside the data: the codebook of its columns, and the same as a REDCap data dictionary."""

from __future__ import annotations

from feedback.exports.columns import Column, Row, Table

CODEBOOK = (
    "table", "column", "title", "meaning", "kind", "unit", "source", "codes", "version_of_column",
    "only_in_full_export",
)  # fmt: skip
# The header that REDCap's upload of a data dictionary asks for, in its order.
REDCAP = (
    "Variable / Field Name", "Form Name", "Section Header", "Field Type", "Field Label",
    "Choices, Calculations, OR Slider Labels", "Field Note", "Text Validation Type OR Show Slider Number",
    "Text Validation Min", "Text Validation Max", "Identifier?",
    "Branching Logic (Show field only if...)", "Required Field?", "Custom Alignment",
    "Question Number (surveys only)", "Matrix Group Name", "Matrix Ranking?", "Field Annotation",
)  # fmt: skip
_VALIDATION = {"number": "number", "whole": "integer"}


def codebook(table: Table, *, full: bool) -> list[Row]:
    rows: list[Row] = [CODEBOOK]
    for column in table.shown(full):
        codes = "; ".join(f"{code} = {word}" for code, word in column.labels.items())
        rows.append(
            (table.key, column.name, column.title, column.meaning, column.kind, column.unit, column.source,
             codes, column.version, column.full)
        )  # fmt: skip
    return rows


def redcap(table: Table, *, full: bool) -> list[Row]:
    """The first field is the record's id, as REDCap wants it. Times are text there: REDCap knows no zones.
    Codes are choices of a dropdown, as they stand in a raw export."""
    return [REDCAP, *(_field(table, column) for column in table.shown(full))]


def _field(table: Table, column: Column) -> Row:
    choices, kind = "", "text"
    if column.labels:
        kind = "dropdown"
        choices = " | ".join(f"{code}, {word}" for code, word in column.labels.items())
    elif column.kind == "yes_no":
        kind = "yesno"
    elif column.full:
        kind = "notes"
    identifier = "y" if column.full else ""
    note = f"{column.meaning}; unit: {column.unit}; source: {column.source}"
    validation = _VALIDATION.get(column.kind, "") if kind == "text" else ""
    return (
        column.name, table.key, "", kind, column.title, choices, note, validation, "", "", identifier, "", "",
        "", "", "", "", "",
    )  # fmt: skip


def readme(
    table: Table, *, full: bool, labelled: bool, rows: int, made: str, whose: str = "", words: str = ""
) -> str:
    """A few lines for whoever opens the archive without us. `whose`: the organisation; `words`: what those
    who are in it agreed to."""
    who = (
        "Full export: names and words of people, for running the organisation. It is not for research."
        if full
        else "De-identified: pseudonyms stand for people and chats, words are left out. The same person has "
        "the same pseudonym in every export of this installation."
    )
    return "\n".join(
        [
            f"Peersupport export of {table.key}, {rows} rows, made {made} (UTC).",
            *([f"Made by {whose}."] if whose else ()),
            who,
            f"Only those are in it who agreed to this when it was made: {words}"
            if table.people and not full
            else "",
            "Codes are written out." if labelled else "Codes are raw; codebook.csv says what they mean.",
            "Text that a spreadsheet would run as a formula begins with an apostrophe.",
            "codebook.csv: meaning, unit, source and version of every column.",
            "redcap_dictionary.csv: the same for REDCap's upload of a data dictionary.",
            "",
        ]
    )
