"""The second factor from set-up to loss: what each page takes, refuses, and leaves as an audit line."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from peersupport.audit.models import AuditEvent
from peersupport.people import second_factor
from tests.peersupport.second_factor import PASSWORD, app_code, forget_use, give_device, has_passed

CHECK, SET_UP = reverse("people:second-factor-check"), reverse("people:second-factor-set-up")
RENEW, REMOVE = reverse("people:second-factor-renew"), reverse("people:second-factor-remove")


def signed_in(user) -> Client:
    client = Client()
    client.post(reverse("people:login"), {"username": user.username, "password": PASSWORD})
    return client


def verbs(user) -> list[str]:
    lines = AuditEvent.objects.filter(object_kind="user", object_id=str(user.pk)).order_by("id")
    return [verb for verb in lines.values_list("verb", flat=True) if not verb.startswith("sign_")]


def shown_codes(answer) -> list[str]:
    return re.findall(r"<li><code>([a-z0-9]{5}-[a-z0-9]{5})</code>", answer.content.decode())


def set_up(client, **fields):
    client.get(SET_UP)
    code = app_code(client.session["second_factor_key"])
    return client.post(SET_UP, {"password": PASSWORD, "code": code, **fields})


def test_a_trainer_sets_it_up_and_keeps_ten_codes(people, settings):
    settings.SECOND_FACTOR = True
    client = signed_in(people.trainer)
    page = client.get("/chats/", follow=True)
    assert page.redirect_chain == [(f"{SET_UP}?next=%2Fchats%2F", 302)]
    key = client.session["second_factor_key"]
    assert 'src="data:image/svg+xml' in page.content.decode()
    before = client.session.session_key
    answer = client.post(SET_UP, {"password": PASSWORD, "code": app_code(key), "next": "/chats/"})
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    codes = shown_codes(answer)
    assert len(set(codes)) == second_factor.RECOVERY_CODES
    assert 'href="/chats/"' in answer.content.decode()
    assert client.session.session_key != before
    assert "second_factor_key" not in client.session
    assert client.get("/chats/").status_code == 200
    assert verbs(people.trainer) == ["second_factor_set_up"]
    kept = set(StaticToken.objects.values_list("token", flat=True))
    assert len(kept) == 10 and not kept & {code.replace("-", "") for code in codes}
    assert client.get(SET_UP)["Location"] == reverse("people:second-factor")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"password": "wrong"}, "That is not your password"),
        ({"code": "000000"}, "not the code the app shows"),
        ({"code": "١٢٣٤٥٦"}, "not the code the app shows"),
        ({"code": ""}, "not the code the app shows"),
    ],
)
def test_set_up_refuses_and_keeps_the_key(people, fields, complaint):
    client = signed_in(people.volunteer)
    client.get(SET_UP)
    key = client.session["second_factor_key"]
    answer = set_up(client, **fields)
    assert answer.status_code == 400
    assert complaint in answer.content.decode()
    assert client.session["second_factor_key"] == key
    assert not TOTPDevice.objects.exists() and verbs(people.volunteer) == []


def test_the_key_of_one_session_is_not_shown_to_another(people):
    mine, theirs = signed_in(people.volunteer), signed_in(people.volunteer)
    mine.get(SET_UP), theirs.get(SET_UP)
    assert mine.session["second_factor_key"] != theirs.session["second_factor_key"]
    assert set_up(mine).status_code == 200
    assert theirs.get(SET_UP)["Location"].startswith(CHECK)  # who knows the password only is out
    assert TOTPDevice.objects.count() == 1


def test_after_the_password_comes_the_code_and_then_the_page_one_wanted(people):
    device, _ = give_device(people.volunteer)
    client = signed_in(people.volunteer)
    wanted = client.get("/chats/")["Location"]
    assert wanted == f"{CHECK}?next=%2Fchats%2F"
    assert client.get(wanted).status_code == 200
    before = client.session.session_key
    answer = client.post(CHECK, {"code": app_code(device.key), "next": "/chats/"})
    assert answer["Location"] == "/chats/"
    assert client.session.session_key != before and has_passed(client)
    assert client.get("/chats/").status_code == 200
    assert verbs(people.volunteer)[-1] == "second_factor_passed"
    assert client.get(CHECK)["Location"] == "/"


@pytest.mark.parametrize(
    "address", ["//elsewhere.example/", "https://elsewhere.example/", "a;b", "<b>", "\0"]
)
def test_the_way_on_never_leads_elsewhere(people, address):
    device, _ = give_device(people.volunteer)
    client = signed_in(people.volunteer)
    answer = client.post(CHECK, {"code": app_code(device.key), "next": address})
    assert answer["Location"] == "/"


def test_a_code_is_good_once_and_wrong_ones_slow_down(people):
    device, _ = give_device(people.volunteer)
    code = app_code(device.key)
    assert signed_in(people.volunteer).post(CHECK, {"code": code}).status_code == 302
    second = signed_in(people.volunteer)
    assert "used before" in second.post(CHECK, {"code": code}).content.decode()
    for _ in range(4):
        forget_use(device)
        TOTPDevice.objects.update(throttling_failure_count=4)
        second.post(CHECK, {"code": "000000"})
    forget_wait = TOTPDevice.objects.get()
    assert forget_wait.throttling_failure_count == 5
    answer = second.post(CHECK, {"code": app_code(device.key)})  # right, but too early
    assert (answer.status_code, has_passed(second)) == (400, False)
    assert re.search(r"wait 1[56] seconds", answer.content.decode())
    assert verbs(people.volunteer).count("second_factor_failed") == 5


def test_a_recovery_code_opens_once(people):
    _, codes = give_device(people.volunteer)
    client = signed_in(people.volunteer)
    assert client.post(CHECK, {"code": codes[3].upper().replace("-", " ")}).status_code == 302
    assert has_passed(client)
    assert verbs(people.volunteer)[-1] == "recovery_code_used"
    assert "9 recovery codes" in client.get(reverse("people:second-factor")).content.decode()
    again = signed_in(people.volunteer)
    assert again.post(CHECK, {"code": codes[3]}).status_code == 400
    assert not has_passed(again)
    assert verbs(people.volunteer)[-1] == "second_factor_failed"


def test_codes_of_one_person_are_nothing_to_another(people):
    give_device(people.trainer)
    _, codes = give_device(people.volunteer)
    client = signed_in(people.trainer)
    assert client.post(CHECK, {"code": codes[0]}).status_code == 400
    assert not has_passed(client)


@pytest.fixture
def passed(people):
    """The volunteer's device and a client that has given its code."""
    device, codes = give_device(people.volunteer)
    client = signed_in(people.volunteer)
    client.post(CHECK, {"code": app_code(device.key)})
    forget_use(device)
    return device, codes, client


def test_new_recovery_codes_need_password_and_code_and_end_the_old_ones(people, passed):
    device, old, client = passed
    for fields in ({"password": "wrong", "code": app_code(device.key)}, {"password": PASSWORD, "code": "1"}):
        assert client.post(RENEW, fields).status_code == 400
    forget_use(device)
    answer = client.post(RENEW, {"password": PASSWORD, "code": app_code(device.key)})
    fresh = shown_codes(answer)
    assert len(fresh) == 10 and not set(fresh) & set(old)
    assert "recovery_codes_renewed" in verbs(people.volunteer)
    assert signed_in(people.volunteer).post(CHECK, {"code": old[0]}).status_code == 400
    assert client.get("/practice/").status_code == 200  # still signed in


def test_removing_needs_password_and_code(people, passed):
    device, _, client = passed
    assert client.post(REMOVE, {"password": PASSWORD}).status_code == 400
    assert client.post(REMOVE, {"password": "", "code": app_code(device.key)}).status_code == 400
    forget_use(device)
    assert client.post(REMOVE, {"password": PASSWORD, "code": app_code(device.key)}).status_code == 302
    assert not TOTPDevice.objects.exists() and not StaticToken.objects.exists()
    assert verbs(people.volunteer)[-1] == "second_factor_removed"
    assert signed_in(people.volunteer).get("/practice/").status_code == 200


def test_guessing_the_password_here_counts_as_at_the_login(people, passed, settings):
    device, _, client = passed
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post(REMOVE, {"password": "wrong", "code": app_code(device.key)})
    assert answer.status_code == 429
    assert TOTPDevice.objects.exists()


def test_an_admin_resets_the_factor_of_others_only(people, settings):
    settings.SECOND_FACTOR = True
    own, _ = give_device(people.admin)
    give_device(people.trainer)
    trainer = signed_in(people.trainer)
    admin = signed_in(people.admin)
    admin.post(CHECK, {"code": app_code(own.key)})
    assert "second-factor/reset/" not in admin.get("/people/").content.decode()
    assert "second-factor/reset/" not in admin.get(f"/people/{people.admin.pk}/").content.decode()
    reset = reverse("people:second-factor-reset", args=[people.trainer.pk])
    page = admin.get(f"/people/{people.trainer.pk}/").content.decode()
    step = page[page.index("<summary>Reset the second factor") :].partition("</details>")[0]
    assert f'action="{reset}"' in step and "make sure that it is really this person" in step
    assert admin.post(reset).status_code == 302
    [line] = AuditEvent.objects.filter(verb="second_factor_reset")
    assert (line.actor_id, line.object_id) == (people.admin.pk, str(people.trainer.pk))
    assert second_factor.device_of(people.trainer) is None
    assert trainer.get("/chats/")["Location"].startswith(SET_UP)
    admin.post(reverse("people:second-factor-reset", args=[people.admin.pk]))
    assert second_factor.device_of(people.admin) is not None
    assert admin.post(reverse("people:second-factor-reset", args=[10**9])).status_code == 404


def test_the_last_admin_has_a_command(people, capsys):
    give_device(people.admin)
    call_command("reset_second_factor", "admin")
    assert "set the second factor up again" in capsys.readouterr().out
    assert second_factor.device_of(people.admin) is None
    assert verbs(people.admin)[-1] == "second_factor_reset"
    for name in ("admin", "nobody"):
        with pytest.raises(CommandError):
            call_command("reset_second_factor", name)


def test_a_wrong_password_gives_no_hint_of_a_device(people):
    give_device(people.trainer)
    client = Client()
    answers = [
        client.post(reverse("people:login"), {"username": name, "password": "wrong"}).content.decode()
        for name in ("trainer", "peer", "nobody")
    ]
    plain = {re.sub(r'value="[^"]*"', "", answer) for answer in answers}
    assert len(plain) == 1
