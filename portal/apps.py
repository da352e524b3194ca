"""Start-up: binds Celery, registers checks, keeps CKEditor's dangerous files out of the site."""

from pathlib import PurePosixPath
from typing import Any

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.contrib.staticfiles.apps import StaticFilesConfig as DjangoStaticFilesConfig
from django.contrib.staticfiles.finders import AppDirectoriesFinder
from django.contrib.staticfiles.utils import matches_patterns

# A pattern is matched against the bare name and against the whole path of a file, not of a folder.
# docs/decisions/0002: CKEditor 4 ships demos and plugins with known holes.
CKEDITOR = "ckeditor/ckeditor"
DANGEROUS_PLUGINS = (
    "adobeair",
    "codesnippetgeshi",
    "devtools",
    "exportpdf",
    "flash",
    "iframe",
    "iframedialog",
    "preview",
    "scayt",
    "uploadfile",
    "uploadimage",
    "uploadwidget",
    "wsc",
)


class PortalConfig(AppConfig):
    """The ground: outside of it nothing knows that Celery or the checks exist."""

    name = "portal"
    verbose_name = "Portal"

    def ready(self) -> None:
        """Import what registers itself; it needs the settings, hence not at the top."""
        from portal import celery, checks  # noqa: F401, PLC0415


class AdminConfig(DjangoAdminConfig):
    """Django's admin on our own site."""

    default_site = "portal.admin_site.AdminSite"


class StaticFilesConfig(DjangoStaticFilesConfig):
    """Static files without the parts of CKEditor that no author needs."""

    ignore_patterns = [
        "CVS",
        ".*",
        "*~",
        "bender-runner.config.json",
        f"{CKEDITOR}/samples/*",
        f"{CKEDITOR}/plugins/*/tests/*",
        f"{CKEDITOR}/plugins/*/samples/*",
        *(f"{CKEDITOR}/plugins/{name}/*" for name in DANGEROUS_PLUGINS),
    ]


class AppFinder(AppDirectoriesFinder):
    """Finds static files of apps for the development server, without what is never collected."""

    def find_in_app(self, app: str, path: str) -> Any:
        """Find a file, unless it or a folder above it is kept out."""
        names = [path, PurePosixPath(path).name]
        if any(matches_patterns(name, StaticFilesConfig.ignore_patterns) for name in names):
            return None
        return super().find_in_app(app, path)
