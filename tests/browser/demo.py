"""Addresses of every page of tests/test_site.py in the demo: with Vera's newest finished chat."""

from __future__ import annotations

import json
from collections.abc import Iterator

from django.urls import reverse

from bench.app import App
from tests.test_site import PAGES

DEMO = {"volunteer": "vera", "trainer": "tara", "admin": "ada"}
_VALUES = """
import json
from peersupport.people.models import User
from feedback.signoff import ratings
from feedback.signoff.scales import KEYS
from tests.feedback.dial_reports import finished_calibration
from tests.feedback.bases import finished_merge
from tests.feedback.study_imports import finished_import
from tests.peersupport.own_scenario import draft_of
from tests.skills.trainings import finished_training
from peersupport.practice import drafts, tries
from peersupport.practice.models import PracticeChat
ended = PracticeChat.objects.filter(volunteer__username="vera", status="ended", is_try=False)
chat = next(chat for chat in ended if ratings.can_be_rated(chat))  # other tests bring transcripts
given = {**dict.fromkeys(KEYS, "4"), "decision": "signed_off", "note": "You waited for her."}
if not chat.mock_ratings.exists():
    ratings.rate(chat, trainer=User.objects.get(username="tara"), given=given)
message = chat.messages.filter(role="counselor").first()
print(json.dumps({
    "draft_id": str(drafts.make(chat.volunteer, b"Anna: hello there\\nBen: I can't sleep\\n").pk),
    "try_id": str(tries.try_again(message).pk),
    "chat_id": str(chat.pk),
    "message_id": str(message.pk),
    "import_id": str(finished_import().pk),
    "scenario_id": chat.scenario_id,
    "person_id": User.objects.get(username="olga").pk,
    "code": "reflection_complex",
    "behaviour": finished_calibration(User.objects.get(username="ada")).behaviour,
    "training_id": finished_training(User.objects.get(username="ada")).pk,
    "merge_id": finished_merge(User.objects.get(username="ada")).pk,
    "uidb64": "MQ", "token": "used-up",
    "own_id": draft_of(chat.volunteer.memberships.first().cohort, None).pk,
    "cohort_id": chat.volunteer.memberships.first().cohort_id,
}))
"""


def addresses(app: App) -> Iterator[tuple[str, str, str]]:
    """(who, name of the page, its address)."""
    values = json.loads(app.manage("shell", "-v", "0", "-c", _VALUES).splitlines()[-1])
    for who, name, needed in PAGES:
        yield who, name, reverse(name, kwargs={key: values[key] for key in needed})


_BEGUN = """
import json
from peersupport.people.models import User
from peersupport.practice import chats
from peersupport.practice.models import Scenario
vera, offered = User.objects.get(username="vera"), Scenario.objects.filter(active=True)
begun = chats.start_chat(vera, offered.filter(risk=False, baseline=False).first())
chats.post_message(begun, text="It sounds like a long week. What weighs on you most?", key="one")
cue = chats.start_chat(vera, offered.get(slug="plain-grey"))  # whose first line holds a sign of risk
print(json.dumps({"begun": str(begun.pk), "risk": str(cue.pk)}))
"""


def begun_chats(app: App) -> Iterator[tuple[str, str, str]]:
    """As `addresses`: a chat that goes on, and one with the checklist beside it."""
    found = json.loads(app.manage("shell", "-v", "0", "-c", _BEGUN).splitlines()[-1])
    for name, key in found.items():
        yield "volunteer", f"practice:chat-{name}", reverse("practice:chat", args=[key])


def open_menu(page, label: str) -> None:
    """One of the header's menus, which hold an admin's links."""
    page.locator("header summary", has_text=label).click()
