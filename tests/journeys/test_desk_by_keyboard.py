"""The desk by keyboard alone: triage, a reply with a macro and an article, a merge and its undoing, a hand-over with ETA."""

import re
from datetime import date, timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tickets.models import Draft, Macro, Ticket

pytestmark = [pytest.mark.browser, pytest.mark.ignore_template_errors]
SERGEY, GALINA = "sergey@hotbot.example", "galina@hotbot.example"


@pytest.fixture
def new(portal):
    """A Russian incident of anna that nobody has triaged or answered."""
    return _unanswered(0)


def _unanswered(place):
    found = Ticket.objects.filter(status__in=["new", "open"], responded_at=None, language="ru")
    return found.order_by("id")[place]


def _press(page, *keys):
    for key in keys:
        page.keyboard.press(key)


def _tab_to(page, selector, most=60):
    """Move the focus by Tab until it stands on an element."""
    for _step in range(most):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab does not lead to {selector}")


def _open(page, ticket):
    page.goto(f"/desk/{ticket.number}/")
    expect(page.locator(".composer[data-mode]")).to_be_visible()


def test_triage(enter, new):
    page = enter(SERGEY)
    _open(page, new)
    page.keyboard.press("KeyT")
    expect(page.locator(".matrix input:focus")).to_have_count(1)
    for _step in range(20):
        if page.evaluate("document.activeElement.value") == "incident:medium":
            break
        page.keyboard.press("ArrowRight")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    new.refresh_from_db()
    assert (new.category, new.priority) == ("incident", "medium")


def test_a_reply_with_a_macro_and_an_article(enter, new):
    page = enter(SERGEY)
    _open(page, new)
    page.keyboard.press("KeyM")
    expect(page.locator("[data-macro-filter]")).to_be_focused()
    page.keyboard.type("снимок")
    expect(page.locator(".macros li:visible")).to_have_count(1)
    page.keyboard.press("Enter")
    editor = page.locator(".composer textarea")
    expect(editor).to_be_focused()
    expect(editor).to_have_value(re.compile("снимка экрана"))
    expect(page.locator("#macro")).to_contain_text("Нужны снимок и время")
    expect(page.locator("[name=after]")).to_have_value("wait")
    # Nothing has happened yet.
    new.refresh_from_db()
    assert new.messages.filter(is_from_staff=True, kind="public").count() == 0

    page.keyboard.press("Escape")
    page.keyboard.press("KeyE")
    expect(page.locator("#article")).to_be_focused()
    page.keyboard.type("предоплат")
    expect(page.locator("[data-articles] [role=option]").first).to_be_visible()
    _press(page, "ArrowDown", "Enter")
    expect(editor).to_be_focused()
    expect(editor).to_have_value(re.compile(r": http\S+/to/\w+"))
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    new.refresh_from_db()
    said = new.messages.latest("id")
    assert "/to/" in said.text
    assert (new.status, new.assignee.email) == ("waiting_customer", SERGEY)
    assert not Draft.objects.filter(ticket=new).exists()


def test_merge_and_undo(enter, new):
    other = Ticket.objects.filter(requester=new.requester, status__in=["new", "open"])
    other = other.exclude(pk=new.pk).first() or _twin(new)
    page = enter(SERGEY)
    _open(page, new)
    _tab_to(page, "#connect a", most=120)
    page.keyboard.press("Enter")
    expect(page.locator("#other")).to_be_visible()
    _tab_to(page, "#other", most=120)
    page.keyboard.type(str(other.number))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/desk/{other.number}/"))
    new.refresh_from_db()
    assert (new.merged_into, new.status) == (other, "closed")

    _tab_to(page, f"#connected a[href='/desk/{new.number}/']", most=120)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    _tab_to(page, "form[action$='/merge/undo/'] button", most=60)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    new.refresh_from_db()
    assert (new.merged_into, new.is_open) == (None, True)


def test_a_hand_over_with_an_eta_and_its_move(enter, new):
    page, first = enter(SERGEY), _same_in_every_country(after=timezone.localdate())
    _open(page, new)
    with page.expect_navigation():
        page.keyboard.press("KeyD")
    _fill(page, "title", "Календарь не открывается на телефоне")
    _fill(page, "brief", "Открыть календарь на телефоне: белый экран. Должны быть цены.")
    _fill(page, "tracker_url", "https://tracker.example/CAL-7")
    _fill(page, "tracker_key", "CAL-7")
    _fill_day(page, "eta_on", first)
    _fill_day(page, "news_due_at", first, hour="1111")
    _fill(page, "customer_text", "Нашли причину, чиним календарь.")
    with page.expect_navigation():
        _tab_to_button_and_press(page)
    new.refresh_from_db()
    assert (new.status, new.development.eta_on) == ("in_development", first)
    assert new.development.tracker_key == "CAL-7"
    expect(page.locator("[aria-labelledby=developed]")).to_contain_text("CAL-7")

    with page.expect_navigation():
        page.keyboard.press("KeyD")
    second = _same_in_every_country(after=first)
    _fill_day(page, "eta_on", second)
    _fill_day(page, "news_due_at", second, hour="1111")
    _fill(page, "reason", "Ошибка глубже, чем казалось.")
    _fill(page, "customer_text", "Нужно больше времени, вот новый срок.")
    with page.expect_navigation():
        _tab_to_button_and_press(page)
    new.development.refresh_from_db()
    assert new.development.eta_on == second
    assert [eta.eta_on for eta in new.development.etas.order_by("number")] == [first, second]

    cabinet = enter(new.requester.email)
    cabinet.goto(f"/cabinet/{new.number}/")
    expect(cabinet.locator("main")).to_contain_text("Нужно больше времени, вот новый срок.")
    expect(cabinet.locator("main")).not_to_contain_text("Ошибка глубже")


def _same_in_every_country(after):
    """Give a day that is typed alike whether the day or the month comes first: 12.12."""
    days = [date(after.year + year, n, n) for year in (0, 1) for n in range(1, 13)]
    return next(day for day in days if day > after + timedelta(days=1))


def _fill(page, name, text):
    _tab_to(page, f"[name={name}]")
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def _fill_day(page, name, day, hour=""):
    _tab_to(page, f"[name={name}]")
    page.keyboard.type(f"{day:%m%d%Y}")
    if hour:
        # A year may have six digits here, so the clock is a key further; "A" is for countries
        # whose day has twice twelve hours.
        page.keyboard.press("ArrowRight")
        page.keyboard.type(f"{hour}A")


def _tab_to_button_and_press(page):
    _tab_to(page, "main form button[data-kind=primary]")
    page.keyboard.press("Enter")


def _twin(ticket):
    from uuid import uuid4  # noqa: PLC0415 (one use)

    from tickets import actions, identity  # noqa: PLC0415

    return actions.file_ticket(
        person=ticket.requester,
        property=ticket.property,
        category="incident",
        subject="И ещё раз о том же",
        description="Всё ещё не работает, посмотрите, пожалуйста.",
        evidence=identity.session(),
        form_key=uuid4(),
        at=timezone.now(),
    )


def test_a_colleague_sees_what_is_begun_and_goes_on_with_it(enter, new):
    one, other = enter(SERGEY), enter(GALINA)
    _open(one, new)
    one.keyboard.press("KeyR")
    with one.expect_response(re.compile("/draft/")):
        one.keyboard.type("Начал писать")
    _open(other, new)
    expect(other.locator("#drafts")).to_contain_text("Сергей")
    _tab_to(other, "#drafts summary", most=120)
    other.keyboard.press("Enter")
    _tab_to(other, "#drafts button")
    with other.expect_navigation():
        other.keyboard.press("Enter")
    expect(other.locator(".composer textarea")).to_have_value("Начал писать")


def test_names_are_completed_in_notes(enter, new):
    page = enter(SERGEY)
    _open(page, new)
    page.keyboard.press("KeyN")
    page.keyboard.type("Посмотрите, @Гал")
    expect(page.locator("#mentions [role=option]")).to_have_count(1)
    page.keyboard.press("Tab")
    expect(page.locator(".composer textarea")).to_have_value(re.compile("@Галина [А-Я]"))
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert new.watchers.get().person.email == GALINA
    expect(page.locator("[data-kind=mention]")).to_contain_text("@Галина")


def test_the_sheet_and_the_way_back(enter, new):
    page = enter(SERGEY)
    _open(page, new)
    page.keyboard.press("Shift+Slash")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    page.keyboard.press("KeyG")
    with page.expect_navigation():
        page.keyboard.press("KeyQ")
    expect(page).to_have_url(re.compile(r"/desk/(\?|$)"))
    assert Macro.objects.exists()
