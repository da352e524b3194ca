"""The floor: what bare Django costs here to read one row by its key and render a small template."""

import os
import sys

from django.conf import settings
from django.http import HttpRequest, HttpResponse

if not settings.configured and os.environ.get("FLOOR_DATABASE"):
    import environ

    settings.configure(
        SECRET_KEY="floor",
        ALLOWED_HOSTS=["*"],
        DATABASES={
            "default": {
                **environ.Env.db_url_config(os.environ["FLOOR_DATABASE"]),
                "CONN_MAX_AGE": 600,
            }
        },
        INSTALLED_APPS=["django.contrib.contenttypes"],
        MIDDLEWARE=[],
        ROOT_URLCONF="tests.bench.floor",
        USE_TZ=True,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.locmem.Loader",
                            {
                                "row.html": "<!doctype html><html lang='ru'><head><meta charset='utf-8'>"
                                "<title>{{ row.model }}</title></head><body><h1>{{ row.model }}</h1>"
                                "<p>{{ row.app_label }}</p><p>{{ row.pk }}</p></body></html>"
                            },
                        )
                    ]
                },
            }
        ],
    )

import django
from django.urls import path

if not getattr(settings, "BASE_DIR", None):
    django.setup()

from django.contrib.contenttypes.models import ContentType
from django.core.wsgi import get_wsgi_application
from django.shortcuts import render


def row(request: HttpRequest, pk: int) -> HttpResponse:
    """Read one row by its key and show it."""
    return render(request, "row.html", {"row": ContentType.objects.filter(pk=pk).get()})


urlpatterns = [path("row/<int:pk>/", row)]
application = (
    get_wsgi_application()
    if "granian" in " ".join(sys.argv) or os.environ.get("FLOOR_DATABASE")
    else None
)
