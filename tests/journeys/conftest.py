"""A live portal with the demo in it, and ways to enter it as somebody."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page

from accounts.models import User
from portal.demo.load import load

BACKEND = "accounts.backends.Backend"


@pytest.fixture(scope="session")
def static(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Static files, collected once."""
    return tmp_path_factory.mktemp("static")


@pytest.fixture
def portal(
    chromium: Browser,
    transactional_db: None,
    django_db_serialized_rollback: None,
    settings,
    tmp_path: Path,
    static: Path,
    live_server,
) -> str:
    """The address of a portal with the demo in it."""
    settings.STATIC_ROOT = static
    if not any(static.iterdir()):
        call_command("collectstatic", link=True, interactive=False, verbosity=0)
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"
    settings.MAIL_ROOT = tmp_path / "mail"
    settings.LETTERS_FOLDER = tmp_path / "letters"
    settings.SITE_URL = live_server.url
    load(at=timezone.now(), tell=lambda _line: None)
    return live_server.url


@pytest.fixture
def enter(chromium: Browser, portal: str) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody (nobody without an address), in a context of their own."""
    contexts: list[BrowserContext] = []

    def opened(email: str = "", **options: object) -> Page:
        context = chromium.new_context(base_url=portal, locale="ru-RU", **options)
        contexts.append(context)
        context.set_default_timeout(15_000)
        if email:
            client = Client()
            client.force_login(User.objects.get(email=email), backend=BACKEND)
            context.add_cookies(
                [{"name": "sid", "value": client.cookies["sid"].value, "url": portal}]
            )
        return context.new_page()

    yield opened
    for context in contexts:
        context.close()
