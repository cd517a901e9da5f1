"""Every model of the app, gathered from its rooms for Django's one migrations folder."""

from peersupport.audit.models import AuditEvent, AuditHead
from peersupport.authoring.models import ScenarioDraft, ScenarioLines
from peersupport.jobs.models import Job
from peersupport.organisation.models import OrganisationVersion
from peersupport.people.models import Cohort, Consent, Membership, User
from peersupport.practice.models import (
    AfterChat,
    Assignment,
    ChatEvent,
    Message,
    PracticeChat,
    Scenario,
    SeekerStateRecord,
    TranscriptDraft,
)

__all__ = [
    "AfterChat",
    "Assignment",
    "AuditEvent",
    "AuditHead",
    "ChatEvent",
    "Cohort",
    "Consent",
    "Job",
    "Membership",
    "Message",
    "OrganisationVersion",
    "PracticeChat",
    "Scenario",
    "ScenarioDraft",
    "ScenarioLines",
    "SeekerStateRecord",
    "TranscriptDraft",
    "User",
]
