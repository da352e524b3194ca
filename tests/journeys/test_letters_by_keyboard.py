"""Letters that wait, by keyboard alone: a code for one, another discarded and put back; clean for axe."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from portal.delivery.models import Delivery
from tickets.models import IncomingLetter

pytestmark = [pytest.mark.browser, pytest.mark.ignore_template_errors]
SERGEY, GALINA = "sergey@hotbot.example", "galina@hotbot.example"
ANNA = "anna@severnaya-verf.example"
AXE_OPTIONS = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture
def forged(portal):
    """The letter in anna's name."""
    return IncomingLetter.objects.get(reason="unsigned")


def _to_row(page, letter):
    """Move down to a letter, row by row."""
    for _step in range(20):
        page.keyboard.press("KeyJ")
        if page.evaluate("document.activeElement.id") == f"letter-{letter.pk}":
            return
    raise AssertionError("the letter is in no row")


def test_a_code_for_one_another_away_and_back(enter, forged):
    page = enter(SERGEY)
    page.goto("/desk/")
    page.keyboard.press("KeyG")
    with page.expect_navigation():
        page.keyboard.press("KeyE")
    expect(page.locator(".letters tbody tr")).to_have_count(5)

    _to_row(page, forged)
    with page.expect_navigation():
        page.keyboard.press("KeyO")
    page.keyboard.press("KeyC")
    expect(page.locator("[data-key=KeyC]")).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert Delivery.objects.get(letter="proof_code").recipient == ANNA
    expect(page.locator("[name=answer-code]")).to_be_visible()

    page.locator("body").press("KeyQ")
    other = IncomingLetter.objects.get(reason="backscatter")
    expect(page.locator(f"#letter-{other.pk}")).to_be_visible()
    _to_row(page, other)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.keyboard.press("KeyD")
    expect(page.locator("#reason")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    other.refresh_from_db()
    assert (other.state, other.reason) == ("discarded", "forged")

    page.keyboard.press("KeyB")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    other.refresh_from_db()
    assert (other.state, other.reason) == ("quarantined", "backscatter")


def test_spam_is_chosen_and_discarded_from_the_list(enter, forged):
    page = enter(SERGEY)
    page.goto("/desk/letters/")
    _to_row(page, forged)
    page.keyboard.press("KeyX")
    page.keyboard.press("KeyD")
    expect(page.locator("#bulk-reason")).to_be_focused()
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    forged.refresh_from_db()
    assert (forged.state, forged.reason) == ("discarded", "spam")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(enter, forged, theme):
    mailed = IncomingLetter.objects.get(state="done").ticket
    paths = [
        "/desk/letters/",
        "/desk/letters/?state=away",
        "/desk/letters/?state=all",
        "/desk/letters/?q=абракадабра",
        *(f"/desk/letters/{one.pk}/" for one in IncomingLetter.objects.all()),
        f"/desk/letters/{forged.pk}/?charset=cp1251",
        f"/desk/{mailed.number}/",
    ]
    axe, found = Axe(), {}
    page = enter(GALINA, viewport={"width": 320, "height": 800})
    page.emulate_media(color_scheme=theme)
    for path in paths:
        page.goto(path)
        for violation in axe.run(page, options=AXE_OPTIONS).response["violations"]:
            found[path, violation["id"]] = violation["nodes"][0]["html"][:160]
        if page.evaluate("document.scrollingElement.scrollWidth") > 320:
            found[path, "wide"] = page.evaluate("document.scrollingElement.scrollWidth")
    assert found == {}
