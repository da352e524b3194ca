"""The WSGI entry for the web server."""

import gc
import os

import django
from django.core.wsgi import get_wsgi_application

from portal.checks import refuse_half_configured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")

django.setup()
refuse_half_configured()
application = get_wsgi_application()
# What lives as long as the process need not be looked through again and again.
gc.collect()
gc.freeze()
gc.set_threshold(20_000, 20, 20)
