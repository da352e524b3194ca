"""The app itself."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FeedbackConfig(AppConfig):
    """Its name and its place."""

    name = "portal.feedback"
    verbose_name = _("Feedback")
