"""Addresses of cabinet, desk and files."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("cabinet/", include("tickets.views.cabinet.urls")),
]
