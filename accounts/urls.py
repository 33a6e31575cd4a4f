from django.conf import settings
from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("profile/", views.profile, name="profile"),
    path("authenticator/", views.authenticator, name="authenticator"),
    path("stay/", views.stay, name="stay"),
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/end/", views.end_session, name="end-session"),
    path("profile/delete/", views.delete, name="delete"),
]
if settings.MAILBOX_PAGE:
    urlpatterns.append(path("mailbox/", views.mailbox, name="mailbox"))
