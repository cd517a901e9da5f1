"""What an authenticator app does, for tests: the code that a key shows now, or some steps later."""

from __future__ import annotations

import time

from django.contrib.auth import get_user_model
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from peersupport.people import second_factor

PASSWORD = "a-long-password"


def app_code(key: str, *, steps: int = 0) -> str:
    return f"{totp(bytes.fromhex(key), t0=-30 * steps):06d}"


def give_device(user) -> tuple[TOTPDevice, list[str]]:
    """A confirmed device whose next code is free, and the recovery codes."""
    key = second_factor.new_key()
    device, codes = second_factor.confirm(user, key, app_code(key))
    forget_use(device)
    return device, codes


def forget_use(device: TOTPDevice) -> None:
    """As if half a minute had passed: the code of this step counts as unused, and no try was wrong."""
    TOTPDevice.objects.filter(pk=device.pk).update(
        last_t=int(time.time()) // 30 - 5, throttling_failure_count=0, throttling_failure_timestamp=None
    )


def has_passed(client) -> bool:
    session = client.session
    user = get_user_model().objects.get(pk=session["_auth_user_id"])
    device = second_factor.device_of(user)
    return device is not None and session.get(DEVICE_ID_SESSION_KEY) == device.persistent_id
