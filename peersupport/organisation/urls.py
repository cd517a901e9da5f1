from django.urls import path

from peersupport.demo.views import change
from peersupport.organisation import views

app_name = "organisation"
urlpatterns = [path("", views.page, name="settings"), path("demo/", change, name="demo")]
