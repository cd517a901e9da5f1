"""The second factor: a code from an authenticator app, or one of ten recovery codes.

A session has passed it when it names the person's own confirmed device; a removed device therefore
takes every session that passed with it back to half signed in.
"""

from __future__ import annotations

import math
import secrets
import time
from enum import Enum

import django_otp
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice, default_key

from peersupport.audit.log import record
from peersupport.people.models import Role, User

REQUIRED_ROLES = (Role.TRAINER, Role.ADMIN)
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike on paper
_DIGITS, _STEP, _TOLERANCE = 6, 30, 1


class State(Enum):
    """How far a signed-in person has come."""

    OPEN = "open"
    CHECK = "check"  # has a device and has not given its code in this session
    SET_UP = "set up"  # must have a device and has none


class WrongCode(Exception):
    """The code was refused; the message says what to do."""


def device_of(user: User) -> TOTPDevice | None:
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def state(user: User, session_device: str | None, device: TOTPDevice | None) -> State:
    """Where the person stands. `session_device`: what the session says which device it passed with."""
    if device is not None:
        return State.OPEN if session_device == device.persistent_id else State.CHECK
    required = settings.SECOND_FACTOR and user.role in REQUIRED_ROLES
    return State.SET_UP if required else State.OPEN


def new_key() -> str:
    """A secret for a phone, as hex; kept in the session of who sets it up until it is confirmed."""
    return default_key()


def unsaved_device(user: User, key: str) -> TOTPDevice:
    return TOTPDevice(user=user, key=key, name="phone", step=_STEP, digits=_DIGITS, tolerance=_TOLERANCE)


def confirm(user: User, key: str, code: str) -> tuple[TOTPDevice, list[str]]:
    """Make the phone that shows `code` the person's device. Returns it and the recovery codes, in plain.

    Raises WrongCode; also where the person has a device already, so that nobody replaces one by this.
    """
    totp = TOTP(bytes.fromhex(key), _STEP, 0, _DIGITS)
    totp.time = time.time()
    code = _plain(code)
    if not _is_number(code) or not totp.verify(int(code), _TOLERANCE):
        raise WrongCode(
            "That is not the code the app shows for this key. Wait for the next one and check that the "
            "phone's clock is right."
        )
    with transaction.atomic():
        User.objects.select_for_update().get(pk=user.pk)
        if device_of(user) is not None:
            raise WrongCode("A second factor is set up already. Remove it first.")
        device = unsaved_device(user, key)
        device.last_t = totp.t()  # the code that confirmed is used up
        device.save()
        codes = _new_codes(user)
        record(user, "second_factor_set_up", user)
    return device, codes


def verify(user: User, code: str) -> TOTPDevice:
    """Check a code of the app or a recovery code, each good once. Raises WrongCode; leaves a line."""
    device, code = device_of(user), _plain(code)
    if device is None:
        raise WrongCode("There is no second factor for this account.")
    by_app = _is_number(code)
    asked = device if by_app else StaticDevice.objects.filter(user=user).first()
    if asked is None:
        raise WrongCode("There are no recovery codes for this account.")
    _refuse_throttled(asked)
    # django-otp locks the device's row, counts the failure, and uses the code up.
    token = code if by_app else _digest(user, code)
    if django_otp.verify_token(user, asked.persistent_id, token) is None:
        record(user, "second_factor_failed", user)
        raise WrongCode("That code is wrong or was used before. Take the next one.")
    record(user, "second_factor_passed" if by_app else "recovery_code_used", user)
    return device


def renew_codes(user: User) -> list[str]:
    """Ten new recovery codes in place of the old ones."""
    with transaction.atomic():
        codes = _new_codes(user)
        record(user, "recovery_codes_renewed", user)
    return codes


def codes_left(user: User) -> int:
    return StaticToken.objects.filter(device__user=user).count()


def remove(user: User, *, actor: User | None, verb: str) -> bool:
    """Take the second factor away, recovery codes included. False where there was none."""
    with transaction.atomic():
        found = [model.objects.filter(user=user).delete()[0] for model in (TOTPDevice, StaticDevice)]
        if any(found):
            record(actor, verb, user)
    return any(found)


def _refuse_throttled(device: TOTPDevice | StaticDevice) -> None:
    allowed, why = device.verify_is_allowed()
    if not allowed:
        seconds = max(1, math.ceil((why["locked_until"] - timezone.now()).total_seconds()))
        wait = f"{seconds} seconds" if seconds < 120 else f"{math.ceil(seconds / 60)} minutes"
        raise WrongCode(f"There were wrong codes before. Please wait {wait}, then try again.")


def _new_codes(user: User) -> list[str]:
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    device, _made = StaticDevice.objects.get_or_create(user=user, defaults={"name": "recovery codes"})
    device.token_set.all().delete()
    StaticToken.objects.bulk_create(StaticToken(device=device, token=_digest(user, code)) for code in codes)
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def _digest(user: User, code: str) -> str:
    """What is kept of a recovery code: whoever reads the database cannot sign in with it."""
    digest = salted_hmac(f"recovery.{user.pk}", code, secret=settings.SECRET_KEY, algorithm="sha256")
    return digest.hexdigest()[:16]


def _plain(code: str) -> str:
    return "".join(char for char in code[:64].lower() if char.isalnum())


def _is_number(code: str) -> bool:
    return code.isascii() and code.isdigit() and len(code) == _DIGITS
