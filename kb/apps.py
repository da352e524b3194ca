"""The app itself; tickets learn of articles from it."""

from django.apps import AppConfig
from django.core.signals import request_finished
from django.utils.translation import gettext_lazy as _

from portal import exchange


class KbConfig(AppConfig):
    """Its name and its place."""

    name = "kb"
    verbose_name = _("Knowledge base")

    def ready(self) -> None:
        """Give tickets what they may know; models must be ready for that, hence not at the top."""
        from kb import counting, offered  # noqa: PLC0415

        exchange.give_articles(offered)
        # After the answer: nobody waits until searches are written down.
        request_finished.connect(counting.write_when_due, dispatch_uid="kb.counting")
