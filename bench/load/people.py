"""The volunteers of a load, signed in ahead of time: hashing 500 passwords is not what is measured."""

from __future__ import annotations

# Run in the application's own environment (`Place.ask`): the key of one live session a volunteer.
SIGN_IN = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.utils import timezone
from peersupport.people.models import Cohort, Membership, User

store = import_module(settings.SESSION_ENGINE).SessionStore
answer = []
for number in range({count}):
    user = User(username=f"load{{number}}", role="volunteer")
    user.set_unusable_password()
    user.save()
    cohort, _ = Cohort.objects.get_or_create(name=f"Load {{number // 20}}")
    Membership.objects.create(user=user, cohort=cohort, since=timezone.now())
    session = store()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    answer.append(session.session_key)
"""
