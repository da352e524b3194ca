"""Every page: no axe finding, no sideways scroll, no error of the console; useful without scripts."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from kb.models import Article, Section
from tickets.models import Ticket

pytestmark = pytest.mark.browser
ANNA, BORIS = "anna@severnaya-verf.example", "boris@severnaya-verf.example"
SERGEY, GALINA = "sergey@hotbot.example", "galina@hotbot.example"
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def pages() -> list[tuple[str, str]]:
    """Who opens what; objects come from the demo."""
    article = Article.objects.filter(language="ru", status="published", access="public").order_by(
        "id"
    )
    section = Section.objects.order_by("order").values_list("slug", flat=True)[0]
    annas = Ticket.objects.filter(requester__email=ANNA).order_by("id")
    open_one, done_one = annas.open().first(), annas.done().first()
    public = [
        "/", "/about-support/", "/feedback/", "/feedback/thanks/", "/kb/search?q=бронирование",
        "/kb/search?q=абракадабра", f"/kb/sections/{section}/", "/accounts/login/",
        "/accounts/login/code/", "/accounts/password/reset/", "/no-such-page/",
        *(one.get_absolute_url() for one in article[:3]),
    ]  # fmt: skip
    cabinet = [
        "/cabinet/", "/cabinet/?view=solved", "/cabinet/new/", "/cabinet/new/?category=incident",
        f"/cabinet/{open_one.number}/", f"/cabinet/{done_one.number}/", "/profile/",
        "/accounts/2fa/", "/accounts/sessions/", "/accounts/password/change/", "/accounts/email/",
        "/accounts/logout/",
    ]  # fmt: skip
    desk = [
        "/desk/",
        "/desk/?view=untriaged",
        "/desk/?view=mine",
        f"/desk/{open_one.number}/",
        f"/desk/{done_one.number}/",
        *(
            f"/desk/{done_one.number}/{name}/"
            for name in ("macros", "history", "ledger", "connect")
        ),
    ]
    return [
        *(("", path) for path in public),
        *((ANNA, path) for path in cabinet),
        *((SERGEY, path) for path in desk),
    ]


def shown(page, path: str, language: str, theme: str) -> None:
    base = page.url.split("/", 3)[:3]
    page.context.add_cookies([{"name": "language", "value": language, "url": "/".join(base)}])
    page.emulate_media(color_scheme=theme)
    page.goto(path)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(enter, language, theme):
    axe, found, by_person = Axe(), {}, {}
    for email, path in pages():
        if email not in by_person:
            by_person[email] = enter(email, viewport={"width": 1280, "height": 900})
            by_person[email].goto("/")
        page = by_person[email]
        shown(page, path, language, theme)
        for violation in axe.run(page, options=AXE_OPTIONS).response["violations"]:
            found.setdefault(violation["id"], []).append(
                (path, violation["nodes"][0]["html"][:160])
            )
    assert found == {}


def test_no_page_scrolls_sideways_at_320_pixels(enter):
    wide, by_person = {}, {}
    for email, path in pages():
        if email not in by_person:
            by_person[email] = enter(email, viewport={"width": 320, "height": 700})
        page = by_person[email]
        page.goto(path)
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 320:
            wide[path] = width
    assert wide == {}


def test_the_policy_refuses_nothing_that_a_page_needs(enter):
    refused, by_person = [], {}
    for email, path in pages():
        if email not in by_person:
            by_person[email] = enter(email)
            by_person[email].on(
                "console",
                lambda message: refused.append(message.text) if message.type == "error" else None,
            )
        by_person[email].goto(path)
    assert [text for text in refused if "404" not in text] == []


def test_every_page_is_useful_without_scripts(enter):
    empty, by_person = [], {}
    for email, path in pages():
        if email not in by_person:
            by_person[email] = enter(email, java_script_enabled=False)
        page = by_person[email]
        page.goto(path)
        if page.locator("main h1, main h2").count() == 0:
            empty.append(path)
    assert empty == []


def test_a_ticket_is_filed_without_scripts(enter):
    page = enter(ANNA, java_script_enabled=False)
    page.goto("/cabinet/new/?category=information_request")
    page.locator("[name=category][value=information_request]").check(force=True)
    page.locator("main select[name=property]").select_option(index=1)
    page.locator("main [name=subject]").fill("Как выгрузить отчёт за квартал")
    page.locator("main [name=description]").fill(
        "Нужен отчёт по каналам за третий квартал, где его взять?"
    )
    page.locator("main form button[data-kind=primary]").last.click()
    assert (
        Ticket.objects.get(subject="Как выгрузить отчёт за квартал").category
        == "information_request"
    )
