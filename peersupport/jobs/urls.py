from django.urls import path

from peersupport.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.jobs, name="list"),
    path("<int:job_id>/retry/", views.retry, name="retry"),
]
