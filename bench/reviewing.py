"""Messages to review, made without a tagger."""

from __future__ import annotations

from django.utils import timezone

from peersupport.people.models import Membership, Role, User
from peersupport.practice.models import Message, PracticeChat
from skills import packing
from skills.models import SkillTag, Tagging
from skills.review import coding
from skills.review.queue import _limits
from skills.tagger.card import read_card
from skills.taxonomy import CODES


def second_trainer(cohort) -> User:
    user = User.objects.create_user(username="second", password="a-long-password", role=Role.TRAINER)
    Membership.objects.create(user=user, cohort=cohort, since=timezone.now())
    return user


def basis_of(message: Message, trainer: User) -> str:
    """What the form of this message rests on, opened by the trainer now."""
    return coding.basis(message, coding.coding_for(message, trainer))


def ended_chat(volunteer, scenario) -> PracticeChat:
    return PracticeChat.objects.create(
        volunteer=volunteer, scenario=scenario, seed=1, status="ended", ended_at=timezone.now()
    )


def tagged(
    chat, text: str = "You kept going, and that counts.", *, version: str = "", **chances: float
) -> Message:
    """A counselor message with these techniques present; 0 means: as near its threshold as can be."""
    index = chat.messages.count() + 1
    message = Message.objects.create(
        chat=chat, index=index, role="counselor", text=text, idempotency_key=str(index), turn="done"
    )
    retag(message, version or read_card()["version"], **chances)
    return message


def retag(message, version: str, **chances: float) -> None:
    limits = _limits()
    chances = {code: chance or limits[code][0] + 0.001 for code, chance in chances.items()}
    packed = packing.pack(dict.fromkeys(CODES, 0.0) | chances)
    Tagging.objects.filter(message=message).update(current=False)
    tagging = Tagging.objects.create(message=message, version=version, probabilities=packed)
    SkillTag.objects.bulk_create(
        SkillTag(tagging=tagging, code=code, probability=chance, start=0, end=len(message.text))
        for code, chance in chances.items()
    )
