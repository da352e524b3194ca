"""The cabinet in a browser: what its scripts add to pages that work without them."""

from uuid import uuid4

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import expect

from tickets import actions, identity
from tickets.models import Ticket

NEW = "/cabinet/new/"
PASTE = """() => {
  const carrier = new DataTransfer();
  const dots = Uint8Array.from(atob("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="), (c) => c.charCodeAt(0));
  carrier.items.add(new File([dots], "image.png", { type: "image/png" }));
  document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: carrier, bubbles: true, cancelable: true }));
}"""
DRAFTS = "() => Object.keys(localStorage).filter((name) => name.startsWith('draft:')).length"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("django_db_serialized_rollback", "transactional_db"),
]


@pytest.fixture
def page(chromium, settings, tmp_path, live_server, sign_in, anna):
    """A page of anna's browser; whatever it complains about fails the test."""
    settings.STATIC_ROOT = tmp_path / "static"
    call_command("collectstatic", link=True, interactive=False, verbosity=0)
    context = chromium.new_context(base_url=live_server.url, locale="en-GB")
    cookies = {"sid": sign_in(anna).cookies["sid"].value, "language": "en"}
    context.add_cookies(
        [{"name": name, "value": one, "url": live_server.url} for name, one in cookies.items()]
    )
    shown = context.new_page()
    complaints = []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    yield shown
    context.close()
    assert complaints == []


def write(page):
    page.get_by_role("radio", name="It broke").check()
    page.get_by_label("The matter in a few words").fill("Guests cannot pay")
    page.get_by_label("What happened, or what do you need?").fill("The bank did not answer. " * 5)


def on_a_ticket(page):
    page.wait_for_url(lambda url: url.rstrip("/").rsplit("/", 1)[-1].isdigit())


def test_the_promise_and_the_fields_follow_the_chosen_category(page):
    page.goto(NEW)
    promises = page.locator("[data-promises] > div:visible")
    expect(promises).to_have_count(2)
    page.get_by_role("radio", name="I have a question").check()
    expect(promises).to_have_count(1)
    expect(page.get_by_label("What did you do, step by step?")).to_be_hidden()
    page.get_by_role("radio", name="It broke").check()
    expect(page.get_by_label("What did you do, step by step?")).to_be_visible()


def test_the_meter_counts_while_somebody_writes(page):
    page.goto(NEW)
    page.get_by_role("radio", name="It broke").check()
    words = page.locator("[data-meter-words]")
    expect(words).to_have_text("Clear on 2 of 8")
    write(page)
    expect(words).to_have_text("Clear on 3 of 8")


def test_a_pasted_screenshot_is_listed_can_be_removed_and_is_sent(page):
    page.goto(NEW)
    write(page)
    for _twice in range(2):
        page.evaluate(PASTE)
    rows = page.locator("[data-files-list] .file")
    expect(rows).to_have_count(2)
    rows.first.get_by_role("button").click()
    expect(rows).to_have_count(1)
    page.get_by_role("button", name="Send").click()
    on_a_ticket(page)
    assert Ticket.objects.get().messages.get().attachments.get().content_type == "image/png"


def test_a_draft_survives_a_closed_tab_and_is_forgotten_after_sending(page):
    page.goto(NEW)
    write(page)
    expect(page.locator("[data-draft-saved]")).to_contain_text("Draft kept")
    page.goto("/cabinet/")
    page.goto(NEW)
    expect(page.get_by_label("The matter in a few words")).to_have_value("Guests cannot pay")
    expect(page.get_by_role("radio", name="It broke")).to_be_checked()
    page.get_by_role("button", name="Send").click()
    on_a_ticket(page)
    assert page.evaluate(DRAFTS) == 0
    page.goto(NEW)
    expect(page.get_by_label("The matter in a few words")).to_have_value("")


def test_a_refused_form_comes_back_in_place_with_its_files(page):
    page.goto(NEW)
    write(page)
    page.get_by_label("The matter in a few words").fill("")
    page.evaluate(PASTE)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_label("The matter in a few words")).to_be_focused()
    expect(page.locator("input[name=kept]")).to_be_checked()
    expect(page.get_by_label("What happened, or what do you need?")).not_to_have_value("")
    page.get_by_label("The matter in a few words").fill("Now with a name")
    page.get_by_role("button", name="Send").click()
    on_a_ticket(page)
    assert Ticket.objects.get().messages.get().attachments.count() == 1


def test_without_a_connection_nothing_is_lost(page):
    page.goto(NEW)
    write(page)
    page.context.set_offline(True)
    page.get_by_role("button", name="Send").click()
    expect(page.locator("[data-form-error]")).to_contain_text("there is no connection")
    expect(page.get_by_label("The matter in a few words")).to_have_value("Guests cannot pay")
    page.context.set_offline(False)
    page.get_by_role("button", name="Send").click()
    on_a_ticket(page)
    assert Ticket.objects.count() == 1


def test_an_answer_shows_up_beside_what_is_being_typed(page, anna, hotel, sergey):
    at = timezone.now()
    ticket = actions.file_ticket(
        person=anna,
        property=hotel,
        category="incident",
        subject="Не открывается шахматка",
        description="С утра белый экран.",
        evidence=identity.session(),
        form_key=uuid4(),
        at=at,
    )
    page.goto(f"/cabinet/{ticket.number}/")
    page.get_by_label("Add something").fill("Half a sentence")
    actions.reply(
        ticket=ticket,
        author=sergey,
        text="Which browser?",
        waits_for_customer=True,
        form_key=uuid4(),
        at=at,
    )
    for _twice in range(2):
        page.evaluate("htmx.trigger('#thread', 'refresh')")
        expect(page.get_by_text("Which browser?")).to_have_count(1)
    expect(page.locator("#state")).to_contain_text("Waiting for you")
    expect(page.get_by_label("Add something")).to_have_value("Half a sentence")


def test_without_scripts_a_ticket_is_filed_and_answered(
    chromium, settings, tmp_path, live_server, sign_in, anna
):
    settings.STATIC_ROOT = tmp_path / "static"
    call_command("collectstatic", link=True, interactive=False, verbosity=0)
    context = chromium.new_context(base_url=live_server.url, java_script_enabled=False)
    cookies = {"sid": sign_in(anna).cookies["sid"].value, "language": "en"}
    context.add_cookies(
        [{"name": name, "value": one, "url": live_server.url} for name, one in cookies.items()]
    )
    page = context.new_page()
    page.goto(NEW)
    write(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_label("Add something").fill("And on the phone too.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("And on the phone too.")).to_be_visible()
    context.close()
    assert Ticket.objects.get().messages.count() == 2
