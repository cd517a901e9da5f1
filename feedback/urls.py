from django.urls import path

from feedback.bases import views as base_views
from feedback.coach import views as coach_views
from feedback.dials import views as dial_views
from feedback.exports import views as export_views
from feedback.inbox import views as inbox_views
from feedback.reports import cohort_views, compare_views, progress_views
from feedback.reports import views as report_views
from feedback.signoff import views as signoff_views
from feedback.studies import evidence_views
from feedback.studies import views as study_views
from feedback.study_imports import views as import_views

app_name = "feedback"
urlpatterns = [
    path("chats/<uuid:chat_id>/report/", report_views.report, name="report"),
    path("chats/<uuid:chat_id>/report/retry/", report_views.report_retry, name="report-retry"),
    path("chats/<uuid:chat_id>/report/file/", report_views.report_file, name="report-file"),
    path("chats/<uuid:chat_id>/report/file/make/", report_views.report_file_make, name="report-file-make"),
    path(
        "chats/<uuid:chat_id>/report/replies/<int:index>/",
        coach_views.rate_suggestion,
        name="rate-suggestion",
    ),
    path(
        "chats/<uuid:chat_id>/report/replies/<int:index>/wording/",
        coach_views.other_wording,
        name="other-wording",
    ),
    path("models/", coach_views.models_page, name="models"),
    path("models/dials/", dial_views.dials, name="dials"),
    path("models/dials/undo/", dial_views.undo, name="dial-undo"),
    path("models/dials/<slug:behaviour>/", dial_views.dial, name="dial"),
    path("models/dials/<slug:behaviour>/calibrate/", dial_views.calibrate, name="dial-calibrate"),
    path("models/dials/<slug:behaviour>/cancel/", dial_views.cancel, name="dial-cancel"),
    path("models/dials/<slug:behaviour>/switch/", dial_views.switch, name="dial-switch"),
    path("models/bases/", base_views.bases, name="coach-bases"),
    path("models/bases/merge/", base_views.start, name="coach-base-merge"),
    path("models/bases/undo/", base_views.undo, name="coach-base-undo"),
    path("models/bases/<int:merge_id>/", base_views.base, name="coach-base"),
    path("models/bases/<int:merge_id>/step/", base_views.step, name="coach-base-step"),
    path("chats/<uuid:chat_id>/notes/", inbox_views.write_note, name="note"),
    path("chats/<uuid:chat_id>/mock/", signoff_views.mock, name="mock"),
    path("mock-ratings/<int:rating_id>/withdraw/", signoff_views.mock_withdraw, name="mock-withdraw"),
    path("chats/<uuid:chat_id>/certificate/", signoff_views.certificate_page, name="certificate"),
    path("chats/<uuid:chat_id>/certificate/file/", signoff_views.certificate_file, name="certificate-file"),
    path("chats/<uuid:chat_id>/certificate/make/", signoff_views.certificate_make, name="certificate-make"),
    path("progress/", progress_views.progress, name="progress"),
    path("progress/goals/", progress_views.goal_set, name="goal-set"),
    path("progress/goals/<int:goal_id>/close/", progress_views.goal_close, name="goal-close"),
    path("inbox/", inbox_views.inbox, name="inbox"),
    path("inbox/read/", inbox_views.inbox_read, name="inbox-read"),
    path("chats/<uuid:try_id>/compare/", compare_views.compare, name="compare"),
    path("evidence/", evidence_views.evidence, name="evidence"),
    path("evidence/<slug:code>/", evidence_views.evidence_card, name="evidence-card"),
    path("studies/", study_views.study_list, name="studies"),
    path("studies/new/", import_views.new, name="study-new"),
    path("studies/imports/<uuid:import_id>/", import_views.study_import, name="study-import"),
    path("studies/imports/<uuid:import_id>/step/", import_views.step, name="study-import-step"),
    path("studies/imports/<uuid:import_id>/errors.csv", import_views.errors, name="study-import-errors"),
    path("studies/imports/<uuid:import_id>/report/", import_views.report, name="study-report"),
    path("studies/imports/<uuid:import_id>/report.html", import_views.report_file, name="study-report-file"),
    path("studies/<int:study_id>/", study_views.study_step, name="study-step"),
    path("cohorts/", cohort_views.cohorts, name="cohorts"),
    path("cohorts/<int:cohort_id>/", cohort_views.cohort, name="cohort"),
    path("cohorts/<int:cohort_id>/change/", cohort_views.cohort_change, name="cohort-change"),
    path("cohorts/<int:cohort_id>/mock-chats/", signoff_views.cohort_mocks, name="cohort-mocks"),
    path("cohorts/<int:cohort_id>/assign/", cohort_views.assign, name="assign"),
    path("assignments/<int:assignment_id>/close/", cohort_views.assignment_close, name="assignment-close"),
    path("exports/", export_views.exports, name="exports"),
    path("exports/make/", export_views.export_make, name="export-make"),
    path("exports/<uuid:export_id>/", export_views.export_file, name="export-file"),
    path("exports/<slug:table>/<slug:kind>.csv", export_views.export_codebook, name="export-codebook"),
    path("exports/tags.csv", export_views.export_tags, name="export-tags"),
]
