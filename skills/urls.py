from django.urls import path

from skills import views
from skills.gold import views as gold_views
from skills.review import dispute_views
from skills.review import views as review_views

app_name = "skills"
urlpatterns = [
    path("tagger/", views.tagger, name="tagger"),
    path("tagger/retag/", views.retag, name="retag"),
    path("tagger/versions/", gold_views.versions, name="tagger-versions"),
    path("tagger/versions/train/", gold_views.train, name="tagger-train"),
    path("tagger/versions/undo/", gold_views.undo, name="tagger-undo"),
    path("tagger/versions/<int:training_id>/", gold_views.version, name="tagger-version"),
    path("tagger/versions/<int:training_id>/switch/", gold_views.switch, name="tagger-switch"),
    path("messages/<uuid:message_id>/tags/<slug:code>/dispute/", dispute_views.dispute, name="dispute"),
    path("review/", review_views.review, name="review"),
    path("review/agreement/", review_views.agreement_page, name="agreement"),
    path("review/next/", review_views.review_next, name="review-next"),
    path("messages/<uuid:message_id>/corrections/", review_views.correct, name="correct"),
    path("messages/<uuid:message_id>/corrections/undo/", review_views.review_undo, name="review-undo"),
]
