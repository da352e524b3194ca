"""The app itself; it knows its kinds of jobs."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from portal.jobs import kinds


class KbConfig(AppConfig):
    """Its name and its place."""

    name = "kb"
    verbose_name = _("Knowledge base")

    def ready(self) -> None:
        """Name the jobs; models must be ready for that, hence not at the top."""
        from kb.porting import jobs  # noqa: PLC0415

        for kind in (jobs.IMPORT, jobs.TRIAL, jobs.EXPORT):
            kinds.register(kind)
