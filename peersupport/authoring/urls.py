from django.urls import path

from peersupport.authoring import views

app_name = "authoring"
urlpatterns = [
    path("", views.scenarios, name="scenarios"),
    path("new/", views.new, name="new"),
    path("<int:own_id>/", views.edit, name="edit"),
    path("<int:own_id>/preview/", views.preview, name="preview"),
    path("<int:own_id>/publish/", views.publish, name="publish"),
    path("<int:own_id>/take-back/", views.take_back, name="take-back"),
    path("<int:own_id>/delete/", views.delete, name="delete"),
]
