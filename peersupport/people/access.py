"""The only door to other people's objects. What views read of chats and messages lies within a
queryset from here.

Rule: what a person has no tie to does not exist for them (404); a page of another role is
forbidden (403). Ties are read from the current memberships at every request, so access ends
the moment a cohort assignment ends.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404

from peersupport.people.models import Cohort, Membership, Role, User


def role_required(*roles: Role) -> Callable:
    """View decorator: 403 for a signed-in person of another role."""

    def decorate(view):
        @wraps(view)
        def wrapped(request, *args, **kwargs):
            if request.user.role not in roles:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        wrapped.allowed_roles = roles
        return wrapped

    return decorate


def cohorts_for_user(user: User) -> QuerySet[Cohort]:
    """Cohorts the person belongs to now; an admin sees all."""
    if user.is_admin:
        return Cohort.objects.all()
    return Cohort.objects.filter(memberships__in=Membership.objects.current().filter(user=user)).distinct()


def cohort_for_user(user: User, cohort_id: int) -> Cohort:
    """A cohort the person trains now, or any for an admin. PermissionDenied for volunteers."""
    if user.is_volunteer:
        raise PermissionDenied
    return _one_or_404(cohorts_for_user(user), pk=cohort_id)


def assignment_for_user(user: User, assignment_id: int):
    """An assignment of a cohort that the person trains now."""
    if not user.is_trainer:
        raise PermissionDenied
    rows = apps.get_model("peersupport", "Assignment").objects.filter(cohort__in=cohorts_for_user(user))
    return _one_or_404(rows, pk=assignment_id)


def volunteers_for_user(user: User) -> QuerySet[User]:
    """Volunteers whose practice the person may see: the trainer's current cohorts, or oneself."""
    if user.is_trainer:
        members = Membership.objects.current().filter(cohort__in=cohorts_for_user(user))
        return User.objects.filter(role=Role.VOLUNTEER, is_active=True, memberships__in=members).distinct()
    return User.objects.filter(pk=user.pk, role=Role.VOLUNTEER)


def trainers_for_user(user: User) -> QuerySet[User]:
    """Trainers who may read the person's practice now."""
    members = Membership.objects.current().filter(cohort__in=cohorts_for_user(user))
    return User.objects.filter(role=Role.TRAINER, is_active=True, memberships__in=members).distinct()


def chats_for_user(user: User) -> QuerySet:
    """Practice chats the person may read: a volunteer their own; a trainer those that volunteers of their
    cohorts share, once they have ended, so that the volunteer sees first. Admins read no chats: they see
    counts and tags."""
    chats = apps.get_model("peersupport", "PracticeChat").objects.select_related("scenario", "volunteer")
    if user.is_volunteer:
        return chats.filter(volunteer=user)
    if user.is_trainer:
        ended = chats.model.Status.ENDED
        return chats.filter(volunteer__in=volunteers_for_user(user), shared=True, status=ended)
    return chats.none()


def _one_or_404(queryset: QuerySet, **lookup):
    found = queryset.filter(**lookup).first()
    if found is None:
        raise Http404
    return found


def chat_for_user(user: User, chat_id):
    """A chat the person may read. Raises Http404 for outsiders, PermissionDenied for admins."""
    if user.is_admin:
        raise PermissionDenied
    return _one_or_404(chats_for_user(user), pk=chat_id)


def own_chat_for_user(user: User, chat_id):
    """A chat the person may write in, or delete: only the volunteer's own. A trainer of it gets 403."""
    chat = chat_for_user(user, chat_id)
    if chat.volunteer_id != user.pk:
        raise PermissionDenied
    return chat


def first_answer_for_user(user: User, chat):
    """The message that a try answers anew; None where the person may not read the chat it stands in."""
    if chat.parent_message_id is None:
        return None
    readable = chat.volunteer_id == user.pk or chats_for_user(user).filter(pk=chat.parent_id).exists()
    return chat.parent_message if readable else None


def imported_chat_for_user(user: User, chat_id):
    """An imported chat that the person may share: only their own."""
    chat = own_chat_for_user(user, chat_id)
    if not chat.is_imported:
        raise Http404
    return chat


def drafts_for_user(user: User) -> QuerySet:
    """Transcripts that the person has begun to bring; nobody else's, whatever their role."""
    return apps.get_model("peersupport", "TranscriptDraft").objects.filter(owner=user)


def draft_for_user(user: User, draft_id):
    """Raises Http404 for a draft of somebody else, PermissionDenied for who brings no transcripts."""
    if not user.is_volunteer:
        raise PermissionDenied
    return _one_or_404(drafts_for_user(user), pk=draft_id)


def reviewed_chat_for_user(user: User, chat_id):
    """A chat that the person may comment on: trainers of the volunteer's cohort only. Its volunteer gets
    403, others are not told that it exists."""
    chat = chat_for_user(user, chat_id)
    if not user.is_trainer:
        raise PermissionDenied
    return chat


def message_for_user(user: User, message_id):
    """A message of a chat the person may read, same errors as `chat_for_user`."""
    if user.is_admin:
        raise PermissionDenied
    messages = apps.get_model("peersupport", "Message").objects.select_related(
        "chat__scenario", "chat__volunteer"
    )
    return _one_or_404(messages.filter(chat__in=chats_for_user(user)), pk=message_id)


def reviewed_message_for_user(user: User, message_id):
    """A message that the person may correct: trainers of the volunteer's cohort only."""
    if not user.is_trainer:
        raise PermissionDenied
    return message_for_user(user, message_id)


def people_for_user(user: User) -> QuerySet[User]:
    """Accounts the person may list: all for an admin, nobody for others."""
    if not user.is_admin:
        raise PermissionDenied
    return User.objects.order_by("role", "username")


def person_for_user(user: User, person_id: int) -> User:
    """An account the person may manage; same errors as `people_for_user`."""
    return _one_or_404(people_for_user(user), pk=person_id)
