"""Every model of the app, gathered from its rooms for Django's one migrations folder."""

from peersupport.audit.models import AuditEvent
from peersupport.jobs.models import Job
from peersupport.people.models import Cohort, Membership, User
from peersupport.practice.models import (
    ChatEvent,
    Message,
    PracticeChat,
    Scenario,
    SeekerStateRecord,
)

__all__ = [
    "AuditEvent",
    "ChatEvent",
    "Cohort",
    "Job",
    "Membership",
    "Message",
    "PracticeChat",
    "Scenario",
    "SeekerStateRecord",
    "User",
]
