"""The app itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KbConfig(AppConfig):
    """Its name and its place."""

    name = "kb"
    verbose_name = _("Knowledge base")
