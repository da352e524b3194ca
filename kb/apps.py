"""The app itself; tickets learn of articles from it, and background work its kinds of jobs."""

from django.apps import AppConfig
from django.core.signals import request_finished
from django.utils.translation import gettext_lazy as _

from portal import exchange
from portal.jobs import kinds


class KbConfig(AppConfig):
    """Its name and its place."""

    name = "kb"
    verbose_name = _("Knowledge base")

    def ready(self) -> None:
        """Give what others may know; models must be ready for that, hence not at the top."""
        from kb import counting, offered  # noqa: PLC0415
        from kb.porting import jobs  # noqa: PLC0415

        exchange.give_articles(offered)
        # After the answer: nobody waits until searches are written down.
        request_finished.connect(counting.write_when_due, dispatch_uid="kb.counting")
        for kind in (jobs.IMPORT, jobs.TRIAL, jobs.EXPORT):
            kinds.register(kind)
