"""The admin: no axe finding in two languages, light and dark; no sideways scroll; no refused code."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from kb.models import Article
from portal.feedback.models import Feedback
from tests.journeys.test_every_page import AXE_OPTIONS, GALINA, shown
from tickets.models import Ticket

PAGES_OF_AN_ARTICLE = ("differences", "review", "preview", "votes")
# Unfold's own templates read variables that may be missing.
pytestmark = [pytest.mark.browser, pytest.mark.ignore_template_errors]


def pages() -> list[str]:
    """What the head of support opens; objects come from the demo."""
    article = Article.objects.filter(status="published").order_by("id")[0]
    given, ticket = Feedback.objects.order_by("id")[0], Ticket.objects.order_by("id")[0]
    return [
        "/admin/", "/admin/feedback/feedback/", f"/admin/feedback/feedback/{given.pk}/change/",
        "/admin/tickets/ticket/", f"/admin/tickets/ticket/{ticket.pk}/change/",
        "/admin/tickets/target/", "/admin/support/hours/", "/admin/support/channel/",
        "/admin/support/hoursexception/add/", "/admin/delivery/delivery/", "/admin/accounts/user/",
        f"/admin/accounts/user/{ticket.requester_id}/change/", "/admin/kb/article/",
        "/admin/kb/section/", "/admin/tickets/mailbox/", "/admin/tickets/mailbox/add/",
        "/admin/tickets/incomingletter/", "/admin/tickets/deadaddress/",
        "/admin/kb/askedquestion/", "/admin/kb/article/in-and-out/", "/admin/kb/article/?waits=care",
        *(f"/admin/kb/article/{article.pk}/{name}/" for name in PAGES_OF_AN_ARTICLE),
    ]  # fmt: skip


def test_axe_finds_nothing_in_the_admin_and_the_policy_refuses_nothing(enter):
    axe, found, refused = Axe(), {}, []
    page = enter(GALINA, viewport={"width": 1280, "height": 900})
    page.on(
        "console",
        lambda message: refused.append(message.text) if message.type == "error" else None,
    )
    page.goto("/")
    # Contrast depends on the theme and names on the language: two rounds meet all four.
    for language, theme in (("ru", "light"), ("en", "dark")):
        for path in pages():
            shown(page, path, language, theme)
            for violation in axe.run(page, options=AXE_OPTIONS).response["violations"]:
                nodes = [node["html"][:200] for node in violation["nodes"]]
                place = (path, language, theme, len(nodes), nodes[0])
                found.setdefault(violation["id"], []).append(place)
    assert found == {}
    assert refused == []


def test_no_page_of_the_admin_scrolls_sideways_at_320_pixels(enter):
    page, wide = enter(GALINA, viewport={"width": 320, "height": 700}), {}
    for path in pages():
        page.goto(path)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 320:
            wide[path] = width
    assert wide == {}
