"""The page of one's own data, and the file with everything in it."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from peersupport.audit.log import record
from peersupport.audit.models import AuditEvent
from peersupport.people import own_data, own_views
from peersupport.practice import chats
from skills.review.corrections import correct_tags
from skills.taxonomy import CODES


def download(client, person) -> dict:
    client.force_login(person)
    answer = client.get(reverse("people:own-data-download"))
    assert answer.status_code == 200
    assert answer["Content-Disposition"].startswith('attachment; filename="your-data-')
    return json.loads(async_to_sync(whole)(answer))


async def whole(answer) -> bytes:
    return b"".join([part async for part in answer])


@pytest.fixture
def practised(people, chat, say, drain):
    """A finished chat with a report, a correction and a trainer's visit."""
    message = say("What matters most to you in all of this?")
    drain()
    correct_tags(message, codes=["affirm"], trainer=people.trainer, note="An affirmation, I would say.")
    chats.end_chat(chat)
    drain()
    record(people.trainer, "read", chat)
    return message


def test_everything_about_a_person_is_in_the_file(client, people, practised):
    found = download(client, people.volunteer)
    assert found["format"] == "own-data-1"
    assert found["account"][0]["username"] == "volunteer"
    assert [row["cohort__name"] for row in found["memberships"]] == ["North"]
    [chat] = found["chats"]
    assert practised.text in [message["text"] for message in chat["messages"]]
    assert all(message["seeker_state"] for message in chat["messages"])
    [tagging] = found["taggings"]
    assert set(tagging["probabilities"]) == set(CODES)
    assert tagging["version"]
    assert "An affirmation, I would say." in [row["note"] for row in found["corrections"]]
    assert found["reports"][0]["body"]["messages"]
    assert ("trainer", "read") in [(row["by"], row["did"]) for row in found["audit"]]
    assert [row["did"] for row in found["audit"] if row["by"] == "you"] == ["sign_in", "export"]
    assert len(found["signed_in"]) == 1
    assert set(found) >= {"second_factor", "wrong_passwords"}


def test_what_others_did_to_the_account_itself_is_in_it(client, people):
    record(people.admin, "change_role", people.volunteer)
    record(people.admin, "change_role", people.peer)
    lines = download(client, people.volunteer)["audit"]
    done = [(row["by"], row["did"], row["to"], row["id"]) for row in lines if row["by"] != "you"]
    assert done == [("admin", "change_role", "user", str(people.volunteer.pk))]


def test_wrong_passwords_and_a_second_factor_are_told_of_without_their_secrets(client, people):
    Client().post(reverse("people:login"), {"username": "volunteer", "password": "guessed wrong"})
    device = TOTPDevice.objects.create(user=people.peer, name="phone", confirmed=True)
    [tried] = own_data._wrong_passwords(people.volunteer)
    assert (tried["failures_since_start"], "guessed" in str(tried)) == (1, False)
    assert download(client, people.volunteer)["second_factor"] == []
    [row] = own_data._second_factor(people.peer)
    assert (row["name"], device.key in str(row)) == ("phone", False)


def test_nothing_of_others_and_no_secret_is_in_it(client, people, practised):
    assert download(client, people.peer)["chats"] == []
    text = json.dumps(download(client, people.trainer))
    assert practised.text not in text
    assert 'by_you": true' in text  # the corrections the trainer made
    for secret in (people.trainer.password, client.session.session_key):
        assert secret not in text
    people.trainer.first_name = "Gwendolyn"
    people.trainer.save()
    assert "Gwendolyn" not in json.dumps(download(client, people.volunteer))


def test_each_download_leaves_one_line(client, people):
    download(client, people.volunteer)
    [line] = AuditEvent.objects.filter(verb="export")
    assert (line.actor_id, line.object_kind, line.object_id) == (
        people.volunteer.pk,
        "user",
        str(people.volunteer.pk),
    )


def test_a_download_stops_when_the_session_ends(client, people, practised, monkeypatch):
    monkeypatch.setattr(own_views, "BLOCK_CHARACTERS", 9)
    client.force_login(people.volunteer)
    answer = client.get(reverse("people:own-data-download"))

    async def read_until_stopped() -> list[bytes]:
        pieces = aiter(answer.streaming_content)
        got = [await anext(pieces)]
        await sync_to_async(client.session.flush)()
        with pytest.raises(asyncio.CancelledError):
            await anext(pieces)
        return got

    [first] = async_to_sync(read_until_stopped)()
    assert first.startswith(b'{"format"')
    assert AuditEvent.objects.filter(verb="export_stopped", actor_id=people.volunteer.pk).count() == 1


def test_the_page_leads_to_both(client, people, chat):
    client.force_login(people.volunteer)
    page = client.get(reverse("people:own-data")).content.decode()
    assert reverse("people:own-data-download") in page
    assert reverse("people:erase-own") in page


def test_a_section_has_one_owner():
    with pytest.raises(ValueError, match="registered twice"):
        own_data.register("chats", lambda user: [])
