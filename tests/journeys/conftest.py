"""A browser, a live portal with the demo in it, and ways to sign in."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from accounts.models import User
from portal.demo.load import load

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
BACKEND = "accounts.backends.Backend"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip with a clear line where there is no browser; fail where one is required."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and not CHROMIUM and not os.environ.get("REQUIRE_BROWSER"):
            item.add_marker(pytest.mark.skip(reason="no Chromium here: browser tests need one"))


@pytest.fixture(scope="session", autouse=True)
def _async_unsafe() -> Iterator[None]:
    # Playwright keeps an event loop in this thread; Django would refuse the database because of it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all journeys."""
    assert CHROMIUM, "REQUIRE_BROWSER is set, but there is no Chromium"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def portal(transactional_db: None, django_db_serialized_rollback: None, live_server, settings, tmp_path) -> str:
    """The address of a portal with the demo in it."""
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"
    settings.LETTERS_FOLDER = tmp_path / "letters"
    settings.SITE_URL = live_server.url
    load(at=timezone.now(), tell=lambda _line: None)
    return live_server.url


@pytest.fixture
def enter(browser: Browser, portal: str) -> Iterator[Callable[..., Page]]:
    """Open a page as somebody (nobody without an address), in a context of their own."""
    contexts: list[BrowserContext] = []

    def opened(email: str = "", **options: object) -> Page:
        context = browser.new_context(base_url=portal, locale="ru-RU", **options)
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
