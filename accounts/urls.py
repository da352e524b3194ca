"""Addresses of people's own pages."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("i18n/setlang/", views.switch_language, name="set_language"),
    path("after-login/", views.after_login, name="after_login"),
    path("profile/", views.profile, name="profile"),
    path("profile/sessions/<int:pk>/end/", views.end_session, name="end_session"),
    path("colleagues/", views.colleagues, name="colleagues"),
    path("colleagues/invite/", views.invite, name="invite"),
    path("colleagues/<int:pk>/deactivate/", views.deactivate, name="deactivate"),
    path("colleagues/invitations/<int:pk>/revoke/", views.revoke, name="revoke_invitation"),
    path("invitations/<str:token>/", views.accept_invitation, name="accept_invitation"),
]
