"""Addresses of the API, version 1."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

app_name = "api"
# The page of the package carries an inline style, which our policy forbids.
DOCS = SpectacularSwaggerSplitView.as_view(
    url_name="api:schema", template_name="portal/api_docs.html"
)
urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("kb.api")),
    path("", include("tickets.api")),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("docs/", DOCS, name="docs"),
]
