from django.urls import path

from skills import dispute_views, views

app_name = "skills"
urlpatterns = [
    path("tagger/", views.tagger, name="tagger"),
    path("tagger/retag/", views.retag, name="retag"),
    path("messages/<uuid:message_id>/tags/<slug:code>/dispute/", dispute_views.dispute, name="dispute"),
    path("messages/<uuid:message_id>/corrections/", views.correct, name="correct"),
]
