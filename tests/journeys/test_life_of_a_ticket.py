"""The end of a ticket in a browser: rated from the letter, still broken, solved again, closed."""

from uuid import uuid4

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.models import User
from portal.delivery import letters, secrets
from portal.delivery.models import Delivery
from portal.feedback.models import Feedback
from tickets import actions
from tickets.models import Rating, Ticket

pytestmark = [pytest.mark.browser]
ANNA, SERGEY = "anna@severnaya-verf.example", "sergey@hotbot.example"


def solve(ticket: Ticket, text: str) -> str:
    """Let sergey solve it, and give the link of the letter that rates it."""
    sergey = User.objects.get(email=SERGEY)
    actions.resolve(ticket=ticket, actor=sergey, text=text, form_key=uuid4(), at=timezone.now())
    letter = Delivery.objects.filter(letter="ticket_resolved", recipient=ANNA).latest("id")
    link = secrets.unseal(letter.secret)["rate_url"]
    assert f"{link}2/" in letters.render(letter, with_secret=True).text
    return link


def test_a_solution_is_rated_from_the_letter_found_broken_solved_again_and_closed(enter):
    ticket = Ticket.objects.get(
        subject__startswith="Гости не могут оплатить картой", requester__email=ANNA
    )
    link = solve(ticket, "Переключили на запасной банк.")

    # A program that looks through mail opens the link with all its scripts: nothing is written.
    scanner = enter()
    scanner.goto(f"{link}2/")
    expect(scanner.locator("[name=score][value='2']")).to_be_checked()
    scanner.wait_for_load_state("networkidle")
    assert not Rating.objects.filter(ticket=ticket).exists()

    # A person opens it without signing in, and moves: that is the one tap.
    reader = enter()
    reader.goto(f"{link}2/")
    reader.locator("h1").hover()
    expect(reader.locator("textarea[name=comment]")).to_be_visible()
    rating = Rating.objects.get(ticket=ticket)
    assert (rating.score, rating.specialist.email) == (2, SERGEY)
    reader.locator("textarea[name=comment]").fill("Ночью никто не отвечал")
    reader.locator("main form button").click()
    expect(reader.locator("textarea[name=comment]")).to_have_value("Ночью никто не отвечал")
    given = Feedback.objects.get(form_key=f"rating:{rating.pk}")
    assert given.to == "head"
    assert "Ночью никто не отвечал" in given.text

    # In the cabinet she says that it is still broken: a new response cycle begins.
    anna = enter(ANNA)
    anna.goto(f"/cabinet/{ticket.number}/")
    anna.locator("form[action$='/close/'] a").click()
    anna.locator("#reply textarea").fill("Сегодня снова двое гостей не смогли оплатить")
    anna.locator("#reply button[value=broken]").click()
    expect(anna.locator("#state .pill")).to_have_attribute("data-state", "work")
    ticket.refresh_from_db()
    assert ticket.status == "open"
    assert ticket.due_at is not None
    answer = reader.goto(f"{link}5/")
    assert answer.status == 410
    expect(reader.locator("main form")).to_have_count(0)

    # Solved again: thanks leave it solved, one tap rates it, and she closes it.
    solve(ticket, "Банк исправил у себя, проверили оплату трижды.")
    anna.goto(f"/cabinet/{ticket.number}/")
    anna.locator("#reply textarea").fill("Теперь оплата проходит у всех")
    anna.locator("#reply button[value=thanks]").click()
    expect(anna.locator("#thread")).to_contain_text("проходит у всех")
    ticket.refresh_from_db()
    assert ticket.status == "resolved"
    anna.locator("#rating button[value='5']").click()
    expect(anna.locator("#rating [aria-pressed=true]")).to_have_text("5")
    anna.locator("form[action$='/close/'] button").click()
    expect(anna.locator("#state .pill")).to_have_attribute("data-state", "shut")
    ticket.refresh_from_db()
    assert ticket.status == "closed"
    assert sorted(Rating.objects.filter(ticket=ticket).values_list("score", flat=True)) == [2, 5]
    expect(anna.locator("#rating [aria-pressed=true]")).to_have_text("5")
