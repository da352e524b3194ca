"""What every answer carries: policy, headers, page or fragment, rates."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from kb import actions
from kb.models import Article, Section
from portal import http

SignIn = Callable[[User | None], Client]


def directives(response: Any) -> dict[str, set[str]]:
    written = response.headers["Content-Security-Policy"]
    return {one.split()[0]: set(one.split()[1:]) for one in written.split(";")}


@pytest.mark.parametrize(
    "address", ["/", "/about-support/", "/kb/search", "/accounts/login/", "/nowhere/", "/healthz"]
)
def test_every_answer_comes_with_the_strict_policy(address: str, client: Client, db: None) -> None:
    answer = client.get(address)
    found = directives(answer)
    assert found["default-src"] == {"'none'"}
    assert found["script-src"] == found["style-src"] == {"'self'"}
    assert found["frame-ancestors"] == found["object-src"] == found["base-uri"] == {"'none'"}
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["X-Frame-Options"] == "DENY"


@pytest.mark.ignore_template_errors
def test_the_admin_has_a_policy_of_its_own_that_still_loads_nothing_from_elsewhere(
    sign_in: SignIn, admin: User
) -> None:
    answer = sign_in(admin).get("/admin/")
    found = directives(answer)
    assert found["script-src"] == {"'self'", "'unsafe-eval'"}
    assert found["default-src"] == {"'none'"}
    assert not [one for allowed in found.values() for one in allowed if "://" in one or one == "*"]
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.ignore_template_errors
def test_only_pages_with_an_editor_allow_inline_scripts_and_a_preview_is_as_strict_as_the_site(
    sign_in: SignIn, admin: User
) -> None:
    client = sign_in(admin)
    section = Section.objects.create(slug="rates", title_ru="Тарифы", title_en="Rates", order=1)
    article = Article.objects.create(section=section, slug="sale")
    words = {"title": "Скидки", "summary": "", "body": "<p>Слова</p>"}
    actions.save(article=article, author=admin, at=timezone.now(), **words)
    inline = {}
    for name in ("change", "diff", "review", "preview"):
        answer = client.get(reverse(f"admin:kb_article_{name}", args=[article.pk]))
        inline[name] = "'unsafe-inline'" in directives(answer)["script-src"]
    inline["add"] = (
        "'unsafe-inline'" in directives(client.get("/admin/kb/article/add/"))["script-src"]
    )
    assert inline == {"change": True, "diff": False, "review": False, "preview": False, "add": True}
    preview = client.get(reverse("admin:kb_article_preview", args=[article.pk]))
    assert directives(preview)["script-src"] == directives(preview)["style-src"] == {"'self'"}


def test_an_address_that_only_looks_like_the_admins_stays_strict(client: Client, db: None) -> None:
    for address in ("/kb/admin/", "/administration/", "/api/v1/admin/"):
        assert "unsafe" not in client.get(address).headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("headers", "wants_part"),
    [
        ({}, False),
        ({"HX-Request": "true"}, True),
        ({"HX-Request": "true", "HX-Boosted": "true"}, False),
    ],
)
def test_a_fragment_is_for_htmx_alone(
    headers: dict, wants_part: bool, rf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(_request: Any, template: str, _context: Any, status: int) -> HttpResponse:
        return HttpResponse(template, status=status)

    monkeypatch.setattr(http, "render", render)
    request = rf.get("/", headers=headers)
    request.htmx = "HX-Request" in headers
    answer = http.page(request, "page.html", "_part.html", {}, status=422)
    assert answer.content.decode() == ("_part.html" if wants_part else "page.html")
    assert answer.status_code == 422
    # Or a cache would show a fragment to whoever asks for the page.
    assert answer.headers["Vary"] == "HX-Request, Cookie"


def test_a_rate_is_counted_by_address_until_it_is_used_up(
    rf: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setitem(settings.ACCOUNT_RATE_LIMITS, "feedback", "2/h/ip")

    def met(address: str) -> bool:
        request = rf.post("/", REMOTE_ADDR=address)
        request.user = SimpleNamespace(is_authenticated=False)
        return http.within_rate(request, "feedback")

    assert [met("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert met("192.0.2.2")


def test_a_forged_address_of_a_proxy_changes_nothing(
    rf: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.clear()
    monkeypatch.setitem(settings.ACCOUNT_RATE_LIMITS, "feedback", "1/h/ip")

    def met(forged: str) -> bool:
        request = rf.post("/", REMOTE_ADDR="192.0.2.1", headers={"x-forwarded-for": forged})
        request.user = SimpleNamespace(is_authenticated=False)
        return http.within_rate(request, "feedback")

    assert [met("198.51.100.1"), met("198.51.100.2")] == [True, False]
