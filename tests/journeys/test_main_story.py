"""The whole story in a browser: read, file, be answered, close, complain, be answered by the head."""

import re
from io import BytesIO

import pytest
from django.core import mail
from PIL import Image
from playwright.sync_api import expect

from portal.delivery import sending
from portal.delivery.models import Delivery
from portal.feedback.models import Feedback
from tickets.models import Ticket

# The admin's own templates read variables that are not always there.
pytestmark = [pytest.mark.browser, pytest.mark.ignore_template_errors]
ANNA, SERGEY, GALINA = (
    "anna@severnaya-verf.example",
    "sergey@hotbot.example",
    "galina@hotbot.example",
)


def screenshot() -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 400), "#d8e4e0").save(out, "PNG")
    return out.getvalue()


def test_a_customer_is_answered_in_time_and_the_head_reads_what_they_think(enter):
    # An anonymous reader searches with a typo and reads.
    reader = enter()
    reader.goto("/")
    reader.locator("main input[name=q]").first.fill("бранирование предаплата")
    reader.keyboard.press("Enter")
    reader.locator(".results a").first.click()
    expect(reader.locator("article .prose")).to_be_visible()

    # A customer signs in, files an incident with a screenshot, and sees the promise.
    anna = enter()
    anna.goto("/accounts/login/")
    anna.locator("[name=login]").fill(ANNA)
    anna.locator("[name=password]").fill("hotel-demo")
    anna.locator("form:has([name=password]) button").first.click()
    anna.wait_for_url(re.compile("/cabinet/"))
    anna.goto("/cabinet/new/")
    anna.locator("[name=category][value=incident]").check(force=True)
    if anna.locator("select[name=property]").count():
        anna.locator("select[name=property]").select_option(index=1)
    anna.locator("main [name=subject]").fill("Гости не могут оплатить картой")
    anna.locator("main [name=description]").fill(
        "С утра у троих гостей «банк не ответил», номера держим вручную."
    )
    anna.locator("main [name=steps]").fill("Выбрали номер, ввели карту, нажали «Оплатить»")
    anna.locator("input[type=file]").set_input_files(
        {"name": "Оплата.png", "mimeType": "image/png", "buffer": screenshot()}
    )
    expect(anna.locator("[data-kind=promise]").first).to_contain_text(re.compile(r"\d\d:\d\d"))
    anna.locator("main form button[data-kind=primary]").last.click()
    anna.wait_for_url(re.compile(r"/cabinet/\d+/"))
    ticket = Ticket.objects.get(subject="Гости не могут оплатить картой", requester__email=ANNA)
    assert ticket.promised_at is not None
    assert ticket.messages.get().attachments.get().name == "Оплата.png"
    expect(anna.locator(".file")).to_contain_text("Оплата.png")

    # A specialist triages it to high and replies.
    sergey = enter(SERGEY)
    sergey.goto(f"/desk/{ticket.number}/")
    sergey.locator("[name=cell][value='incident:high']").check(force=True)
    sergey.locator("form[action$='/triage/'] button").click()
    expect(sergey.locator("#standing .prio")).to_have_attribute("data-level", "high")
    sergey.locator(".composer textarea").fill("Переключили на запасной банк, попробуйте ещё раз.")
    sergey.locator(".composer button[data-kind=primary]").click()
    expect(sergey.locator(".thread")).to_contain_text("запасной банк")

    # The customer reads it, closes it, and tells the head of support what they think.
    anna.goto(f"/cabinet/{ticket.number}/")
    expect(anna.locator(".thread")).to_contain_text("запасной банк")
    anna.locator("form[action$='/close/'] button").click()
    expect(anna.locator("body")).to_contain_text("Закрыто")
    anna.goto("/feedback/?to=head")
    anna.locator("[name=kind][value=praise]").check(force=True)
    anna.locator("main [name=text]").fill("Сергей ответил за десять минут, спасибо!")
    anna.locator("main form button[data-kind=primary]").click()
    anna.wait_for_url(re.compile("/feedback/thanks/"))
    given = Feedback.objects.get(text__startswith="Сергей ответил")
    assert given.to == "head"

    # The head of support answers that in the admin.
    galina = enter(GALINA)
    galina.goto("/admin/feedback/feedback/")
    expect(galina.locator("body")).to_contain_text("Сергей ответил")
    galina.goto(f"/admin/feedback/feedback/{given.pk}/change/")
    galina.locator("[name=answer]").fill("Передала Сергею. Спасибо, что написали!")
    galina.locator("[name=_save]").click()
    expect(galina.locator("body")).to_contain_text(ANNA)

    # The letters exist.
    while sending.drain():
        pass
    letters = set(
        Delivery.objects.filter(recipient=ANNA, state="sent").values_list("letter", flat=True)
    )
    assert {"ticket_received", "ticket_reply", "feedback_thanks", "feedback_answered"} <= letters
    ticket.refresh_from_db()
    assert (ticket.status, ticket.priority, ticket.due_at) == ("closed", "high", None)
    assert sum(message.to == [ANNA] for message in mail.outbox) >= len(letters)
