"""Who a session or a password belongs to, with what holds in the organisation at that moment."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.backends import ModelBackend

from peersupport.organisation.current import carrying
from peersupport.people.models import User


class CarryingBackend(ModelBackend):
    """Django's own, but for one column more (see `organisation.current`) and demo people, whose password
    everybody knows: where others are served, nobody is one of them, with a session from before or without."""

    def user_can_authenticate(self, user: User) -> bool:
        return super().user_can_authenticate(user) and (settings.IS_LOCAL or not user.is_demo)

    def get_user(self, user_id) -> User | None:
        user = carrying(User.objects.all()).filter(pk=user_id).first()
        return user if user is not None and self.user_can_authenticate(user) else None
