"""The app of people and organizations."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """People, organizations, properties, roles."""

    name = "accounts"
    verbose_name = _("People")
