"""The app itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Its name and its place."""

    name = "portal.jobs"
    verbose_name = _("Jobs")
