"""The queue by keyboard alone: moving, choosing, views, keys, the palette; in a Russian layout too."""

from uuid import uuid4

import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import Property
from tickets import actions, identity
from tickets.models import Ticket

QUEUE = reverse("desk:queue")
REFRESH = "() => htmx.trigger(document.querySelector('#rows'), 'refresh')"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("django_db_serialized_rollback", "transactional_db"),
]


@pytest.fixture
def four(anna, hotel):
    """Four incidents of anna's, the oldest first."""
    return [filed(anna, hotel, number) for number in range(4)]


def filed(person, hotel: Property, number: int) -> Ticket:
    return actions.file_ticket(
        person=person,
        property=hotel,
        category="incident",
        subject=f"Broken {number}",
        description="The page is empty.",
        evidence=identity.session(),
        form_key=uuid4(),
        at=timezone.now(),
    )


@pytest.fixture
def page(chromium, settings, tmp_path, live_server, sign_in, sergey, four):
    """A page of sergey's browser; whatever it complains about fails the test."""
    settings.STATIC_ROOT = tmp_path / "static"
    call_command("collectstatic", link=True, interactive=False, verbosity=0)
    context = chromium.new_context(base_url=live_server.url, locale="en-GB")
    cookies = {"sid": sign_in(sergey).cookies["sid"].value, "language": "en"}
    context.add_cookies(
        [{"name": name, "value": one, "url": live_server.url} for name, one in cookies.items()]
    )
    shown = context.new_page()
    complaints = []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.goto(QUEUE)
    yield shown
    context.close()
    assert complaints == []


def press(page, code, key, **modifiers):
    """Press a key by its place, as a Russian layout gives it: another letter, the same place."""
    page.evaluate(
        """([code, key, modifiers]) => document.activeElement.dispatchEvent(
            new KeyboardEvent("keydown", { code, key, bubbles: true, cancelable: true, ...modifiers }))""",
        [code, key, modifiers],
    )


def test_rows_are_moved_through_chosen_and_taken_without_a_mouse(page, four, sergey):
    bulk = page.locator("#bulk")
    expect(bulk).to_be_hidden()
    for code, key in (("KeyJ", "о"), ("KeyX", "ч"), ("KeyJ", "о"), ("KeyJ", "о"), ("KeyX", "ч")):
        press(page, code, key)
    expect(page.locator("[data-chosen]")).to_have_text("Chosen: 2")
    with page.expect_navigation():
        page.keyboard.press("a")
    expect(page.locator("tr .sr", has_text="Сергей Орлов")).to_have_count(2)
    taken = set(Ticket.objects.filter(assignee=sergey).values_list("subject", flat=True))
    assert taken == {"Broken 0", "Broken 2"}


def test_the_row_under_the_cursor_is_triaged(page, four):
    page.keyboard.press("j")
    page.keyboard.press("t")
    expect(page.locator("#bulk-cell")).to_be_focused()
    page.locator("#bulk-cell").select_option("incident:high")
    page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert Ticket.objects.get(priority="high").subject == "Broken 0"


def test_enter_and_o_open_the_ticket_under_the_cursor(page, four):
    for key in ("o", "Enter"):
        page.goto(QUEUE)
        page.keyboard.press("j")
        page.keyboard.press("j")
        page.keyboard.press(key)
        page.wait_for_url(f"**{reverse('desk:ticket', args=[four[1].number])}")


def test_g_and_a_letter_lead_to_a_view(page):
    page.keyboard.press("g")
    page.keyboard.press("m")
    page.wait_for_url("**view=mine")
    expect(page.locator("h1")).to_have_text("Mine")
    press(page, "KeyG", "п")
    press(page, "KeyU", "г")
    page.wait_for_url("**view=untriaged")


def test_the_sheet_of_keys_keeps_the_focus_and_gives_it_back(page):
    page.keyboard.press("j")
    page.keyboard.press("?")
    sheet = page.get_by_role("dialog", name="Keys")
    expect(sheet).to_be_visible()
    for _time in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('#keys')"
        )
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("tr[data-cursor] .subj a")).to_be_focused()


def test_shift_chooses_all_rows_between_two(page):
    boxes = page.locator("tbody [name=ticket]")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.locator("tbody [name=ticket]:checked")).to_have_count(3)
    page.get_by_label("Choose all of this page").check()
    expect(page.locator("[data-chosen]")).to_have_text("Chosen: 4")
    page.get_by_role("button", name="Choose none").click()
    expect(page.locator("#bulk")).to_be_hidden()


def test_a_refresh_brings_what_is_new_and_keeps_the_choice_and_the_cursor(page, four, anna, hotel):
    page.keyboard.press("j")
    page.keyboard.press("x")
    with page.expect_response(lambda answer: answer.status == 304):
        page.evaluate(REFRESH)
    expect(page.locator("tbody tr")).to_have_count(4)
    filed(anna, hotel, 5)
    page.keyboard.press("r")
    expect(page.locator("tbody tr")).to_have_count(5)
    expect(page.locator("tbody [name=ticket]:checked")).to_have_count(1)
    expect(page.locator("tr[data-cursor] .subj a")).to_have_text("Broken 0")
    with page.expect_response(lambda answer: answer.status == 304):
        page.keyboard.press("r")


def test_the_palette_leads_to_views_tickets_words_and_commands(page, four):
    def ask(words, entry):
        press(page, "KeyK", "л", ctrlKey=True)
        box = page.get_by_role("combobox", name="Ticket, person, command")
        expect(box).to_be_focused()
        box.fill(words)
        expect(page.locator("#palette [aria-selected=true]")).to_contain_text(entry)
        page.keyboard.press("Enter")

    ask("late", "Late")
    page.wait_for_url("**view=late")
    ask(str(four[2].number), "Open ticket")
    page.wait_for_url(f"**{reverse('desk:ticket', args=[four[2].number])}")
    ask("broken", "Search tickets")
    page.wait_for_url("**q=broken")
    ask("all keys", "Show all keys")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()


def test_the_palette_is_left_by_escape_and_by_its_own_key(page):
    page.keyboard.press("j")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("dialog", name="Commands")
    expect(page.get_by_role("option", name="Whole team")).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(page.locator("#palette [role=option]").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.locator("tr[data-cursor] .subj a")).to_be_focused()
    page.keyboard.press("Control+k")
    page.keyboard.press("Control+k")
    expect(palette).to_be_hidden()


def test_without_scripts_the_same_is_done_by_forms(chromium, page, live_server, sergey, four):
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    context.add_cookies(page.context.cookies())
    plain = context.new_page()
    plain.goto(QUEUE)
    plain.get_by_label(f"Choose № {four[3].number}").check()
    plain.get_by_role("button", name="I take them").click()
    assert Ticket.objects.get(assignee=sergey) == four[3]
    context.close()


def test_the_filter_offers_the_names_of_organizations_once_it_is_opened(page, verf):
    offered = page.locator("#organizations option")
    expect(offered).to_have_count(0)
    page.locator("details.filter summary").first.click()
    expect(offered).to_have_attribute("value", verf.name)
