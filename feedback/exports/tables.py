"""The tables that can be exported, with the meaning, unit and source of each column."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from feedback.exports import rows
from feedback.exports.columns import Column, Table
from feedback.models import MockRating, SessionReport
from feedback.signoff.scales import SCALES
from peersupport.practice.models import Message, PracticeChat
from skills.models import Correction, Review
from skills.taxonomy import TECHNIQUES

TECHNIQUE_NAMES = {code: technique.name for code, technique in TECHNIQUES.items()}
_ROW = ("row", "Row", "stands for this row in every export", "none", "the program")
ROW = Column(*_ROW)
CHAT = Column("chat", "Chat", "stands for one chat in every table", "none", "the program")
VOLUNTEER = Column("volunteer", "Volunteer", "stands for the person who practised", "none", "the program")
TRAINER = Column(
    "trainer", "Trainer", "stands for the trainer; empty where the account is gone", "none", "trainer"
)
MESSAGE = Column("message", "Message", "place of the message in its chat", "1, 2, …", "the program", "whole")
TECHNIQUE = Column("technique", "Technique", "what was seen", "code", "taxonomy", labels=TECHNIQUE_NAMES)
VERSION = Column("tagger_version", "Tagger", "version of the tagger that said it", "none", "the tagger")
NOTE = Column("note", "Note", "what the trainer wrote to it", "words", "trainer", full=True)


def at(name: str, meaning: str) -> Column:
    return Column(
        name, name.replace("_", " ").capitalize(), meaning, "ISO 8601 in UTC", "the program", "time"
    )


def whole(name: str, title: str, meaning: str, source: str = "the program") -> Column:
    return Column(name, title, meaning, "count", source, "whole")


def _share(name: str, title: str, meaning: str) -> Column:
    return Column(name, title, meaning, "share of 1", "the tagger", "number")


def _points(name: str, title: str, meaning: str) -> Column:
    unit = "points of the instrument per +1 SD of use"
    return Column(name, title, meaning, unit, "the study", "number")


COUNTS = (
    whole("messages", "Messages", "tagged messages of the counselor", "the tagger"),
    whole("reflections", "Reflections", "messages with a reflection", "the tagger"),
    whole("questions", "Questions", "messages with a question", "the tagger"),
    whole("complex_reflections", "Complex reflections", "of the reflections", "the tagger"),
    whole("open_questions", "Open questions", "of the questions", "the tagger"),
    whole("adherent", "MI-adherent", "affirmations, autonomy, collaboration", "the tagger"),
    whole("non_adherent", "MI-non-adherent", "what guidelines discourage", "the tagger"),
)
SCENARIO = Column(
    "scenario", "Scenario", "short name of the scenario; 'imported' for a transcript", "none", "author"
)
PLACE = (
    Column(
        "start",
        "Start",
        "first character of the stretch that shows it",
        "characters from 0",
        "see source",
        "whole",
    ),
    Column(
        "end", "End", "character after the stretch that shows it", "characters from 0", "see source", "whole"
    ),
)

TABLES: dict[str, Table] = {
    table.key: table
    for table in (
        Table(
            "chats", _("Chats"), _("one row a chat: scenario, length, when"),
            (
                ROW, CHAT, VOLUNTEER,
                Column("kind", "Kind", "practice or a transcript", "code", "the program",
                       labels=dict(PracticeChat.Kind.choices)),
                Column("scenario", "Scenario", "short name of the scenario", "none", "author"),
                Column("scenario_version", "Scenario version", "version of its file", "none", "author"),
                Column("topic", "Topic", "family of topics", "code", "author"),
                Column("difficulty", "Difficulty", "1 easy to 3 hard", "1-3", "author", "whole"),
                Column("baseline", "Baseline", "whether it is the same for everybody, to compare", "yes/no",
                       "author", "yes_no"),
                Column("another_try_of", "Another try of", "the chat that this one branched off", "none",
                       "the program"),
                Column("status", "Status", "in progress or ended", "code", "the program",
                       labels=dict(PracticeChat.Status.choices)),
                whole("own_messages", "Own messages", "messages of the counselor, none counted twice"),
                whole("seeker_messages", "Seeker messages", "messages of the seeker"),
                at("created_at", "when it began"), at("ended_at", "when it ended"),
            ),
            rows.chats, rows.chat_blocks,
        ),
        Table(
            "messages", _("Messages"), _("one row a message; the words only in a full export"),
            (
                ROW, CHAT, VOLUNTEER, MESSAGE,
                Column("role", "Role", "who wrote it", "code", "the program",
                       labels=dict(Message.Role.choices)),
                whole("characters", "Characters", "length of the text"),
                Column("risk_level", "Sign of risk", "level of the cue found by rule in a message of the"
                       " seeker; empty for the counselor's", "code", "safety rules",
                       labels=dict(Message.Risk.choices), version="2"),
                Column("text", "Text", "what was written", "words", "volunteer or scenario", full=True),
                at("created_at", "when it was written"),
            ),
            rows.messages, rows.message_blocks,
        ),
        Table(
            "tags", _("Tags"), _("one row a technique on a message, with what trainers said of it"),
            (
                ROW, CHAT, VOLUNTEER, SCENARIO, MESSAGE, TECHNIQUE,
                Column("source", "Source", "who saw it", "code", "the program",
                       labels={"tagger": _("Tagger"), "trainer": _("Trainer")}),
                _share("probability", "Probability", "calibrated chance; empty where only a trainer saw it"),
                *PLACE, VERSION,
                Column("corrected", "Corrected", "what a trainer said last", "code", "trainer",
                       labels={"confirmed": _("Confirmed"), "moved": _("Seen in another place"),
                               "removed": _("Taken away"), "added": _("Added")}),
                at("recorded_at", "when it was tagged or added"),
            ),
            rows.tags, rows.tag_blocks,
        ),
        Table(
            "corrections", _("Corrections"), _("every correction, in the order they were made"),
            (
                ROW, CHAT, VOLUNTEER, MESSAGE, TECHNIQUE,
                Column("action", "Action", "what the trainer did", "code", "trainer",
                       labels=dict(Correction.Action.choices)),
                *PLACE, TRAINER, NOTE, at("recorded_at", "when"),
            ),
            rows.corrections, rows.correction_blocks,
        ),
        Table(
            "codings", _("Codings"), _("what each trainer coded, also where nothing changed: for agreement"),
            (
                ROW, CHAT, VOLUNTEER, MESSAGE, TRAINER,
                Column("kind", "Kind", "in which way it was coded", "code", "trainer",
                       labels=dict(Review.Kind.choices)),
                Column("techniques", "Techniques", "codes with blanks between them", "codes", "trainer"),
                Column("holds", "Holds", "whether these became the message's techniques", "yes/no",
                       "the program", "yes_no"),
                NOTE, at("saved_at", "when"),
            ),
            rows.reviews, rows.review_blocks,
        ),
        Table(
            "reports", _("Reports"), _("one row a session report: its counts, not its words"),
            (
                ROW, CHAT, VOLUNTEER,
                Column("status", "Status", "how far the report is", "code", "the program",
                       labels=dict(SessionReport.Status.choices)),
                Column("study", "Study", "evidence study with its version", "none", "the program"),
                VERSION,
                *COUNTS,
                whole("strengths", "Strengths", "strengths named in the report"),
                whole("points", "Points", "points to try named in the report"),
                Column("risk_level", "Sign of risk", "highest level in the seeker's messages", "code",
                       "safety rules", labels=dict(Message.Risk.choices)),
                at("created_at", "when it was asked for"), at("finished_at", "when it was written"),
            ),
            rows.reports, rows.report_blocks,
        ),
        Table(
            "mock_ratings", _("Mock chats"), _("one row a rating of a mock chat, withdrawn ones as well"),
            (
                ROW, CHAT, VOLUNTEER, SCENARIO, TRAINER,
                *(Column(scale.key, scale.name, "global rating by hand, in the manner of MITI 4", "1-5",
                         "trainer", "whole") for scale in SCALES),
                Column("decision", "Decision", "what the rating says", "code", "trainer",
                       labels=dict(MockRating.Decision.choices)),
                Column("tagger_version", "Tagger",
                       "version behind the counts; empty where no report was there", "none", "the tagger"),
                *COUNTS, NOTE, at("rated_at", "when it was rated"),
                Column("stands", "Stands", "whether it was not withdrawn", "yes/no", "trainer", "yes_no"),
                at("withdrawn_at", "when it was withdrawn"),
                Column("withdrawn_by", "Withdrawn by", "stands for who withdrew it", "none", "trainer"),
                Column("reason", "Reason", "why it was withdrawn", "words", "trainer", full=True),
            ),
            rows.mock_ratings, rows.mock_rating_blocks,
        ),
        Table(
            "evidence", _("Evidence"), _("every effect of every study that is held here"),
            (
                ROW,
                Column("study", "Study", "short name of the study", "none", "the study"),
                Column("study_version", "Study version", "version of the study", "none", "the study"),
                Column("kind", "Kind", "published, or the organisation's own", "code", "the program",
                       labels={"published": _("Published"), "own": _("Own")}),
                Column("technique", "Technique", "as the study names it", "none", "the study"),
                Column("codes", "Codes", "codes of the taxonomy that it covers", "codes", "the program"),
                Column("instrument", "Instrument", "questionnaire; empty: satisfaction only", "none",
                       "the study"),
                Column("better", "Better end", "end of the instrument that is better; empty: lower for PHQ"
                       " and GAD, else figures kept turned so that below zero is better", "code", "the study",
                       labels={"lower": _("Lower"), "higher": _("Higher")}),
                _points("beta", "Beta", "association, not effect"),
                _points("se", "Standard error", "of beta"),
                _points("low", "Lower end", "of the 95 % interval of beta"),
                _points("high", "Upper end", "of the 95 % interval of beta"),
                Column("survives_bh", "Survives correction", "as the study states it", "yes/no", "the study",
                       "yes_no"),
                whole("n_seekers", "Seekers", "people in the study", "the study"),
                whole("n_obs", "Observations", "rows in the study", "the study"),
                Column("tagger_f1", "F1 of the study's tagger", "for this technique", "0-1", "the study",
                       "number"),
                Column("reference", "Reference", "where in the source the figure stands", "words",
                       "the study"),
            ),
            rows.evidence, rows.evidence_blocks, people=False,
        ),
        Table(
            "audit", _("Audit"), _("who did what to which object, with ids only"),
            (
                ROW, at("at", "when"),
                Column("actor", "Actor", "stands for who did it", "none", "the program"),
                Column("verb", "Verb", "what was done", "code", "the program"),
                Column("object_kind", "Object kind", "kind of the object", "code", "the program"),
                Column("object", "Object", "stands for the object", "none", "the program"),
                Column("position", "Position", "place in the sealed chain", "1, 2, …", "the program",
                       "whole"),
                # Over numbers of people in the clear: it would let pseudonyms be found by trying numbers.
                Column("hash", "Hash", "seals the line and all before it", "SHA-256", "the program",
                       full=True),
            ),
            rows.audit, rows.audit_blocks, people=False,
        ),
    )
}  # fmt: skip
