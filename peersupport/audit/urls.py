from django.urls import path

from peersupport.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.events, name="events"),
    path("check/", views.check_chain, name="check"),
]
