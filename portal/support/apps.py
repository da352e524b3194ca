"""The app itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SupportConfig(AppConfig):
    """Its name and its place."""

    name = "portal.support"
    verbose_name = _("Support")
