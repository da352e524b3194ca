"""Short permanent links lead to a page whatever its address is today."""

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import get_resolver

from portal import links


@pytest.fixture(autouse=True)
def alone(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no link of a test stay behind, and none of the site's own be lost."""
    get_resolver().url_patterns  # noqa: B018 (pages register their links when they are loaded)
    monkeypatch.setattr(links, "_named", dict(links._named))
    monkeypatch.setattr(links, "_resolvers", [])


def test_a_named_link_leads_to_its_page(client: Client) -> None:
    links.register_name("here", "about_support")
    assert client.get("/to/here").headers["Location"] == "/about-support/"


def test_the_link_to_about_support_is_there_from_the_start(client: Client) -> None:
    assert client.get("/to/about-support").headers["Location"] == "/about-support/"


def test_apps_are_asked_in_turn_for_links_of_their_own(client: Client) -> None:
    def knows(slug: str, address: str) -> links.Resolver:
        return lambda _request, asked: address if asked == slug else None

    for slug, address in (("a", "/first/"), ("b", "/second/"), ("b", "/third/")):
        links.register_resolver(knows(slug, address))
    assert client.get("/to/a").headers["Location"] == "/first/"
    assert client.get("/to/b").headers["Location"] == "/second/"


def test_the_reader_is_told_to_whoever_knows_the_link(client: Client) -> None:
    seen: list[HttpRequest] = []
    links.register_resolver(lambda request, _slug: seen.append(request))
    client.get("/to/x?q=1")
    assert seen[0].GET["q"] == "1"


@pytest.mark.parametrize("slug", ["nowhere", "x" * 3000, "a%00b", "..%2F", "%F0%9F%98%80"])
def test_a_link_to_nothing_is_not_found(slug: str, client: Client) -> None:
    assert client.get(f"/to/{slug}").status_code == 404


def test_a_link_is_only_followed(client: Client) -> None:
    assert client.post("/to/about-support").status_code == 405
