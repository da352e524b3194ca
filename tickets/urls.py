"""Addresses of cabinet, desk and files."""

from django.urls import URLPattern, URLResolver, include, path

from tickets.views import files, rating

urlpatterns: list[URLPattern | URLResolver] = [
    path("cabinet/", include("tickets.views.cabinet.urls")),
    path("desk/", include("tickets.views.desk.urls")),
    path("rate/<str:token>/", rating.rate, name="rate"),
    path("rate/<str:token>/<int:score>/", rating.rate, name="rate_score"),
    path("attachments/<uuid:pk>/", files.attachment, name="attachment"),
    path("attachments/<uuid:pk>/preview/", files.preview, name="attachment_preview"),
]
