"""Who a session or a password belongs to, with what holds in the organisation at that moment."""

from __future__ import annotations

from django.contrib.auth.backends import ModelBackend

from peersupport.organisation.current import carrying
from peersupport.people.models import User


class CarryingBackend(ModelBackend):
    """Django's own, but for one column more: see `organisation.current`."""

    def get_user(self, user_id) -> User | None:
        user = carrying(User.objects.all()).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
