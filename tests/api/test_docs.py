"""The description of the API: valid, complete, and readable under the policy of the site."""

import os
import re
import shutil
from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from playwright.sync_api import Page, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
WORD = re.compile(r"<\w+:(\w+)>")


def test_the_schema_is_valid_and_nothing_in_it_is_guessed(db: None) -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_endpoint_stands_in_the_schema(client: Client, db: None) -> None:
    described = client.get("/api/v1/schema/", headers={"accept": "application/json"}).json()[
        "paths"
    ]
    resolver = next(
        one for one in get_resolver().url_patterns if getattr(one, "namespace", "") == "api"
    )
    wanted = {
        "/api/v1/" + WORD.sub(r"{\1}", str(entry.pattern))
        for group in resolver.url_patterns
        for entry in getattr(group, "url_patterns", [])
    }
    pk = {"/api/v1/attachments/{pk}/", "/api/v1/attachments/{id}/"}
    assert wanted - pk == set(described) - pk
    assert len(wanted) >= 11


def test_the_page_of_the_description_has_no_code_of_its_own(client: Client, db: None) -> None:
    answer = client.get("/api/v1/docs/")
    page = answer.content.decode()
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "<style" not in page
    assert re.search(r"<script(?! src=)", page) is None
    assert set(re.findall(r'(?:src|href)="(\w+:)?//', page)) == set()


@pytest.fixture
def page(
    transactional_db: None, django_db_serialized_rollback: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Page]:
    """A page of a browser."""
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser.new_page()
        browser.close()


@pytest.mark.browser
@pytest.mark.skipif(
    not CHROMIUM and not os.environ.get("REQUIRE_BROWSER"),
    reason="no Chromium here: browser tests need one",
)
def test_the_description_is_drawn_without_a_word_from_the_policy(page: Page, live_server) -> None:
    said: list[str] = []
    hosts: set[str] = set()
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: hosts.add(request.url.partition("://")[2].split("/")[0]))
    page.goto(f"{live_server.url}/api/v1/docs/")
    expect(page.locator("#operations-tickets-tickets_create")).to_be_visible(timeout=20_000)
    page.locator("#operations-tickets-tickets_create").click()
    expect(page.get_by_text("Request body", exact=True)).to_be_visible()
    assert said == []
    assert {host for host in hosts if host} == {live_server.url.partition("://")[2]}
