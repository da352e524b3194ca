"""The ASGI entry for a web server that prefers it."""

import os

import django
from django.core.asgi import get_asgi_application

from portal.checks import refuse_half_configured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django.setup()
refuse_half_configured()
application = get_asgi_application()
