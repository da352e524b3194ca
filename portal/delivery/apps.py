"""The app itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DeliveryConfig(AppConfig):
    """Its name and its place."""

    name = "portal.delivery"
    verbose_name = _("Letters")
