"""Whoever reads a download slowly keeps no connection to the database from others meanwhile."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.urls import reverse

from tests.staff import rows_of_staff


@pytest.fixture
def addresses(people, chat) -> dict[str, tuple]:
    export = rows_of_staff(people, chat)["export_id"]
    return {
        "people:own-data-download": (people.volunteer,),
        "people:own-data-read": (people.volunteer,),
        "feedback:export-tags": (people.admin,),
        "feedback:export-file": (people.admin, export),
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "name",
    ["people:own-data-download", "people:own-data-read", "feedback:export-tags", "feedback:export-file"],
)
def test_between_two_blocks_no_connection_is_held(name, addresses, client, monkeypatch):
    monkeypatch.setattr("peersupport.people.own_views.BLOCK_CHARACTERS", 200)
    monkeypatch.setattr("feedback.exports.views.PIECE_BYTES", 2)
    user, *keys = addresses[name]
    client.force_login(user)
    answer = client.get(reverse(name, args=keys))
    held: list[bool] = []

    async def read() -> None:
        async for _ in answer:
            held.append(await sync_to_async(lambda: connection.connection is not None)())

    async_to_sync(read)()
    assert held and not any(held)
