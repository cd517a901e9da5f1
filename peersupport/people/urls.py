from django.urls import path

from peersupport.people import (
    account_views,
    invite_views,
    own_views,
    person_views,
    retention_views,
    views,
)
from peersupport.people import second_factor_views as factor

app_name = "people"
urlpatterns = [
    path("login/", views.Login.as_view(), name="login"),
    path("logout/", views.Logout.as_view(), name="logout"),
    path("account/", account_views.account, name="account"),
    path("account/password/", account_views.password, name="account-password"),
    path("account/time-zone/", account_views.time_zone, name="account-time-zone"),
    path("second-factor/", factor.overview, name="second-factor"),
    path("second-factor/set-up/", factor.set_up, name="second-factor-set-up"),
    path("second-factor/check/", factor.check, name="second-factor-check"),
    path("second-factor/renew/", factor.renew, name="second-factor-renew"),
    path("second-factor/remove/", factor.remove, name="second-factor-remove"),
    path("people/", views.people, name="list"),
    path("people/invite/", invite_views.invite, name="invite"),
    path("people/<int:person_id>/", person_views.person, name="person"),
    path("people/<int:person_id>/role/", person_views.set_role, name="set-role"),
    path("people/<int:person_id>/cohorts/add/", person_views.add_to_cohort, name="cohort-add"),
    path("people/<int:person_id>/cohorts/end/", person_views.end_in_cohort, name="cohort-end"),
    path("people/<int:person_id>/close/", person_views.close_account, name="close"),
    path("people/<int:person_id>/open/", person_views.open_account, name="open"),
    path("people/<int:person_id>/link/", invite_views.new_link, name="new-link"),
    path("welcome/<str:uidb64>/<str:token>/", invite_views.Welcome.as_view(), name="welcome"),
    path("retention/", retention_views.page, name="retention"),
    path("retention/start/", retention_views.start, name="retention-start"),
    path("people/<int:person_id>/second-factor/reset/", factor.reset, name="second-factor-reset"),
    path("people/<int:person_id>/erase/", own_views.erase_person, name="erase"),
    path("your-data/", own_views.own_data, name="own-data"),
    path("your-data/download/", own_views.own_data_download, name="own-data-download"),
    path("your-data/read/", own_views.own_data_read, name="own-data-read"),
    path("your-data/choices/", own_views.own_choices, name="own-choices"),
    path("your-data/erase/", own_views.erase_own, name="erase-own"),
]
