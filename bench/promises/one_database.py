"""Tests that promise 11 does not compare: each is about one database alone, or about a program beside it."""

from __future__ import annotations

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
_DURABLE = "tests/peersupport/test_durable.py"
# test, without its parameters -> the database it is about; it is skipped on the other
ONLY_ON = {
    "tests/feedback/test_seeker_wording.py::test_of_two_that_speak_at_once_one_is_heard": POSTGRESQL,
    f"{_DURABLE}::test_a_message_is_on_the_disk_once_it_is_kept": SQLITE,
    f"{_DURABLE}::test_a_message_posted_again_is_waited_for_again": SQLITE,
    f"{_DURABLE}::test_the_list_says_erased_once_the_database_cannot_take_it_back": SQLITE,
    f"{_DURABLE}::test_what_is_taken_back_is_waited_for_by_nobody": SQLITE,
    "tests/peersupport/test_backup.py::"
    "test_our_schema_comes_back_and_what_others_hold_beside_it_stays": POSTGRESQL,
    "tests/peersupport/test_erased_bytes.py::test_no_byte_is_left_in_sqlites_files_copied_or_not": SQLITE,
    "tests/peersupport/test_jobs_order.py::"
    "test_a_row_is_not_tried_again_beside_a_later_one_that_is_being_claimed": POSTGRESQL,
    "tests/peersupport/test_erased_bytes.py::test_no_name_is_in_the_planners_samples": POSTGRESQL,
}
# file of tests -> the program that they need, which no extra of ours installs
BESIDE = {
    "tests/feedback/test_merging_mergekit.py": "mergekit 0.1.5",
    "tests/feedback/test_steering_repeng.py": "repeng 0.4.0",
}


def node(classname: str, name: str) -> str:
    """`tests/folder/test_file.py::test_name` of a case in pytest's XML; the file alone where it was skipped
    as a whole."""
    if not classname:
        return f"{name.replace('.', '/')}.py"
    return f"{classname.replace('.', '/')}.py::{name.partition('[')[0]}"


def beside(test: str) -> str:
    """The program that the test needs, or "" where it needs none."""
    return BESIDE.get(test.partition("::")[0], "")


def listed() -> list[str]:
    """For people, one line a test or file."""
    alone = [f"{test}: {database} alone" for test, database in ONLY_ON.items()]
    return [*alone, *(f"{file}: where {program} is installed" for file, program in BESIDE.items())]
