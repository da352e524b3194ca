"""The app itself; tickets learn of articles from it."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal import exchange


class KbConfig(AppConfig):
    """Its name and its place."""

    name = "kb"
    verbose_name = _("Knowledge base")

    def ready(self) -> None:
        """Give tickets what they may know; models must be ready for that, hence not at the top."""
        from kb import offered  # noqa: PLC0415

        exchange.give_articles(offered)
