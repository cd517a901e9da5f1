from django.urls import path

from peersupport.organisation import views

app_name = "organisation"
urlpatterns = [path("", views.page, name="settings")]
