"""Every model of the app, gathered from its rooms for Django's one migrations folder."""

from feedback.bases.models import CoachMerge, CoachSwitch
from feedback.coach.models import LoadedModel, SuggestionCount, SuggestionRating
from feedback.dials.models import DialCalibration, DialSwitch, OtherWording, ReaderDials
from feedback.exports.models import Export
from feedback.inbox.models import InboxSeen, TrainerNote
from feedback.replies.models import SeekerLine
from feedback.reports.models import PracticeGoal, SessionReport
from feedback.signoff.models import MockRating
from feedback.studies.models import EvidenceStudy, StudyPublication, TechniqueEffect
from feedback.study_imports.models import StudyImport

__all__ = [
    "CoachMerge",
    "CoachSwitch",
    "DialCalibration",
    "DialSwitch",
    "EvidenceStudy",
    "Export",
    "InboxSeen",
    "LoadedModel",
    "MockRating",
    "OtherWording",
    "PracticeGoal",
    "ReaderDials",
    "SeekerLine",
    "SessionReport",
    "StudyImport",
    "StudyPublication",
    "SuggestionCount",
    "SuggestionRating",
    "TechniqueEffect",
    "TrainerNote",
]
