from django.urls import path

from skills import views

app_name = "skills"
urlpatterns = [
    path("messages/<uuid:message_id>/corrections/", views.correct, name="correct"),
]
