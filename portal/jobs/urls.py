"""Addresses of jobs."""

from django.urls import path

from portal.jobs import views

app_name = "jobs"
urlpatterns = [
    path("", views.listed, name="list"),
    path("<uuid:key>/", views.job, name="job"),
    path("<uuid:key>/file/", views.download, name="download"),
    path("<uuid:key>/stop/", views.stop, name="stop"),
    path("<uuid:key>/resume/", views.resume, name="resume"),
]
