"""What an erasure leaves in the database's own files and catalogs: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from axes.models import AccessAttempt
from django.db import connection

from peersupport.people import erasure
from peersupport.people.models import User

pytestmark = pytest.mark.usefixtures("list_of_its_own")


@pytest.mark.skipif(connection.vendor != "sqlite", reason="of SQLite's files")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("most", [0, 2**40])
def test_no_byte_is_left_in_sqlites_files_copied_or_not(most, people, chat, say, monkeypatch):
    monkeypatch.setattr(erasure, "VACUUM_MOST_BYTES", most)
    word = "kwyxqzebra"
    for number in range(40):
        say(f"{number}: {word} " + "and so it goes on. " * number)
    path = Path(connection.settings_dict["NAME"])

    def found() -> int:
        return sum(
            one.read_bytes().count(word.encode())
            for one in path.parent.glob(f"{path.name}*")
            if one.is_file()
        )

    assert found() >= 40
    erasure.erase_now(people.volunteer, by=None)
    erasure.tidy()
    assert found() == 0


@pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL's planner")
@pytest.mark.django_db(transaction=True)
def test_no_name_is_in_the_planners_samples(people):
    User.objects.bulk_create(User(username=f"beside-{number}") for number in range(300))
    AccessAttempt.objects.create(username="guessed", ip_address="192.0.2.1", failures_since_start=1)
    with connection.cursor() as cursor:

        def sampled() -> str:
            cursor.execute("SELECT string_agg(s::text, ' ') FROM pg_stats s WHERE schemaname = 'public'")
            return cursor.fetchone()[0]

        cursor.execute("SET default_statistics_target = 1000")
        cursor.execute("ANALYZE")
        cursor.execute("RESET default_statistics_target")
        before, moment = sampled(), f"{people.volunteer.date_joined:%Y-%m-%d %H:%M:%S.%f}".rstrip("0")
        assert not [word for word in ("beside-1", "192.0.2.1", "guessed") if word in before]
        assert moment in before
        erasure.erase_now(people.volunteer, by=None)
        erasure.tidy()
        assert moment not in sampled()
