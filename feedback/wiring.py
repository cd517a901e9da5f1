"""What this package offers to the pages and job runners below it."""

from __future__ import annotations

from feedback.bases import runs as bases
from feedback.bases import switching
from feedback.coach import serving
from feedback.dials import runs as dial_runs
from feedback.dials import serving as dial_serving
from feedback.exports import files as export_files
from feedback.inbox import items, notes
from feedback.replies import counts as line_counts
from feedback.replies import wording as line_wording
from feedback.reports import cohort, files, goals, missed, own_rows, requests, retagged, wordings
from feedback.signoff import certificate, ratings
from feedback.studies import rows as studies
from feedback.study_imports import runs
from peersupport.jobs import sweeper
from peersupport.jobs.models import Lane
from peersupport.jobs.registry import Kind, register_warm_up
from peersupport.jobs.registry import register as register_kind
from peersupport.operations import versions
from peersupport.people import erasure, own_data
from peersupport.practice import slots
from peersupport.practice.chats import TRANSCRIPT, TURN
from skills.review import queue


def register() -> None:
    register_kind(
        Kind(
            name=TURN,
            lane=Lane.LIVE,
            run="feedback.turn.run",
            on_quarantine="feedback.turn.on_quarantine",
            on_requeue="feedback.turn.on_requeue",
            batch=16,
            seconds=30,
        )
    )
    register_kind(
        Kind(
            name=TRANSCRIPT,
            lane=Lane.COACH,
            run="feedback.transcript.run",
            on_quarantine="feedback.transcript.on_quarantine",
            on_requeue="feedback.transcript.on_requeue",
            seconds=300,
        )
    )
    register_kind(
        Kind(
            name=requests.REPORT,
            lane=Lane.COACH,
            run="feedback.report.run",
            on_quarantine="feedback.report.on_quarantine",
            on_requeue="feedback.report.on_requeue",
            batch=8,
            seconds=300,
        )
    )
    register_kind(
        Kind(
            name=wordings.WORDING,
            lane=Lane.COACH,
            run="feedback.reports.wording_job.run",
            on_quarantine="feedback.reports.wording_job.on_quarantine",
            on_requeue="feedback.reports.wording_job.on_requeue",
            seconds=120,
            attempts=2,
        )
    )
    # Words of the seeker: somebody waits for them, and the second job speaks if the first does not.
    register_kind(
        Kind(
            name=line_wording.WORD,
            lane=Lane.COACH,
            run="feedback.replies.jobs.run",
            on_quarantine="feedback.replies.jobs.on_quarantine",
            batch=8,
            seconds=300,
            attempts=2,
        )
    )
    register_kind(
        Kind(
            name=line_wording.DUE,
            lane=Lane.LIVE,
            run="feedback.replies.jobs.run_due",
            on_quarantine="feedback.replies.jobs.on_quarantine",
            batch=16,
            seconds=30,
            attempts=5,
        )
    )
    register_kind(
        Kind(name=files.REPORT_FILE, lane=Lane.COACH, run="feedback.reports.pdf.run", seconds=120, attempts=2)
    )
    register_kind(
        Kind(
            name=certificate.CERTIFICATE,
            lane=Lane.COACH,
            run="feedback.signoff.pdf.run",
            seconds=120,
            attempts=2,
        )
    )
    register_warm_up(Lane.COACH, "feedback.reports.loaded.warm_up")
    register_warm_up(Lane.COACH, "feedback.replies.jobs.warm_up")
    # A million rows take minutes; a worker killed now and then begins anew.
    register_kind(
        Kind(
            name=export_files.EXPORT,
            lane=Lane.BATCH,
            run="feedback.exports.job.run",
            on_quarantine="feedback.exports.job.on_quarantine",
            on_requeue="feedback.exports.job.on_requeue",
            seconds=3600,
        )
    )
    # A study of eight million chats takes minutes, one of a million messages an hour: what was counted in
    # them is kept, the rest begins anew after a worker was killed.
    for name, run in ((runs.CHECK, "run_checks"), (runs.RUN, "run_studies")):
        register_kind(
            Kind(
                name=name, lane=Lane.BATCH, run=f"feedback.study_imports.jobs.{run}", seconds=3600, attempts=4
            )
        )
    # Minutes for a small model, hours for a large one; what was measured is never measured again.
    register_kind(
        Kind(
            name=dial_runs.CALIBRATE,
            lane=Lane.BATCH,
            run="feedback.dials.job.run",
            on_quarantine="feedback.dials.job.on_quarantine",
            on_requeue="feedback.dials.job.on_requeue",
            seconds=6 * 3600,
            attempts=4,
        )
    )
    sweeper.register_chore(dial_serving.point)
    # A large model takes hours: what was merged and measured is kept when its worker ends.
    register_kind(
        Kind(
            name=bases.MERGE,
            lane=Lane.BATCH,
            run="feedback.bases.job.run",
            on_quarantine="feedback.bases.job.on_quarantine",
            on_requeue="feedback.bases.job.on_requeue",
            seconds=3600,
            attempts=8,
        )
    )
    sweeper.register_chore(switching.chore)
    sweeper.register_chore(runs.forget)
    erasure.register_step(files.forget)
    erasure.register_chat_step(files.forget_chat)
    erasure.register_chat_step(certificate.forget_chat)
    erasure.register_step(export_files.forget)
    erasure.register_chat_step(export_files.forget_chat)
    sweeper.register_chore(export_files.expire)
    queue.register_missed(missed.missed_cues)
    versions.register("study", studies.serving_name)
    versions.register("coach", lambda: serving.resolved().name or "authored")
    slots.register_shipped("studies", studies.sync_published)
    slots.register(slots.TAG_GRADES, studies.grades_for)
    slots.register(slots.REPLIES_AWAITED, line_wording.awaited)
    slots.register(slots.SEEKER_WORDED, line_wording.is_on)
    slots.register(slots.CHAT_ENDED, requests.request_report)
    slots.register(slots.CHAT_REPORTS, requests.statuses)
    slots.register(slots.CHATS_RETAGGED, retagged.chats_retagged)
    slots.register(slots.CHATS_KEPT, ratings.rated)
    slots.register(slots.CHATS_SIGNED_OFF, ratings.count_signed_off)
    slots.register(slots.CHATS_WAITING, cohort.without_feedback)
    slots.register(slots.PRACTICE_GOALS, goals.open_goals)
    slots.register(slots.CHAT_NOTES, notes.notes_of)
    slots.register(slots.INBOX_UNREAD, items.unread)
    own_data.register("reports", own_rows.reports, own_rows.objects)
    own_data.register("suggestion_ratings", own_rows.suggestion_ratings)
    own_data.register("other_wordings", wordings.rows)
    own_data.register("reader_dials", wordings.dial_rows)
    own_data.register("seeker_lines", line_counts.rows_of)
    own_data.register("goals", goals.rows)
    own_data.register("notes", notes.rows, notes.objects)
    own_data.register("mock_ratings", ratings.rows, ratings.objects)
    own_data.register("exports", export_files.rows_of)
    own_data.register("inbox_read_until", notes.read_until)
