from django.urls import path

from feedback import views

app_name = "feedback"
urlpatterns = [
    path("chats/<uuid:chat_id>/report/", views.report, name="report"),
    path("chats/<uuid:chat_id>/report/retry/", views.report_retry, name="report-retry"),
    path("evidence/", views.evidence, name="evidence"),
    path("evidence/<slug:code>/", views.evidence_card, name="evidence-card"),
    path("exports/", views.exports, name="exports"),
    path("exports/tags.csv", views.export_tags, name="export-tags"),
]
