"""Filing in the cabinet: the form, the promise, files, and everything that may be wrong with it."""

import io
from dataclasses import replace
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.models import Property
from portal import files
from tickets import rules
from tickets.forms import FilingForm
from tickets.models import Attachment, Message, Ticket

NEW = "/cabinet/new/"


def picture(name="Снимок.png"):
    out = io.BytesIO()
    Image.new("RGB", (8, 6), "teal").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/png")


@pytest.fixture
def said(hotel):
    """What anna types into the form."""
    return {
        "form_key": str(uuid4()),
        "category": "incident",
        "addressee": "support",
        "property": hotel.pk,
        "subject": "Гости не могут оплатить картой",
        "description": "С утра «банк не ответил».",
        "steps": "1. Выбрали номер.\n2. Нажали «Оплатить».",
        "goal": "",
        "interface": "Модуль бронирования",
    }


@pytest.fixture
def english(sign_in, anna):
    client = sign_in(anna)
    client.cookies["language"] = "en"
    return client


def text_of(response):
    return BeautifulSoup(response.content, "html.parser").get_text(" ", strip=True)


def values(response):
    """What stands in the fields of the form that came back."""
    form = BeautifulSoup(response.content, "html.parser").select_one("#filing")
    typed = {field["name"]: field.get("value", "") for field in form.select("input[type=text]")}
    typed |= {area["name"]: area.text.lstrip("\n") for area in form.select("textarea")}
    return typed


def test_a_sent_form_makes_a_ticket_with_all_that_was_said(sign_in, anna, hotel, said):
    response = sign_in(anna).post(NEW, said)
    ticket = Ticket.objects.get()
    assert response.url == f"/cabinet/{ticket.number}/?sent={said['form_key']}"
    assert (ticket.requester, ticket.property) == (anna, hotel)
    assert (ticket.category, ticket.subject) == ("incident", said["subject"])
    assert ticket.details == {"steps": said["steps"], "interface": said["interface"]}
    assert ticket.messages.get().text == said["description"]
    assert ticket.promised_at is not None
    assert ticket.proofs.get().method == "session"


def test_htmx_is_led_to_the_ticket_too(sign_in, anna, said):
    response = sign_in(anna).post(NEW, said, headers={"HX-Request": "true"})
    assert response.headers["HX-Redirect"].startswith(f"/cabinet/{Ticket.objects.get().number}/")


def test_a_form_sent_twice_makes_one_ticket(sign_in, anna, said):
    client = sign_in(anna)
    assert client.post(NEW, said).url == client.post(NEW, said).url
    assert Ticket.objects.count() == 1
    assert Message.objects.count() == 1


def test_the_form_sent_twice_with_files_makes_one_ticket(sign_in, anna, said):
    client = sign_in(anna)
    first = client.post(NEW, {**said, "files": picture()})
    second = client.post(NEW, {**said, "files": picture()})
    assert first.url == second.url
    assert Ticket.objects.get().messages.get().attachments.count() == 1


def test_going_back_and_writing_something_else_files_something_else(sign_in, anna, said):
    client = sign_in(anna)
    client.post(NEW, said)
    client.post(NEW, {**said, "subject": "И ещё не приходят письма"})
    assert Ticket.objects.count() == 2


def test_the_page_shows_the_promise_of_each_category_before_sending(english):
    page = BeautifulSoup(english.get(NEW).content, "html.parser")
    promised = {block["data-for"] for block in page.select("[data-promises] > [data-for]")}
    assert promised == {"incident", "information_request"}  # what an employee may file
    assert "Moscow time" in page.select_one("[data-promises]").text


def test_the_promise_says_the_readers_own_time_where_it_differs(sign_in, anna):
    anna.time_zone = "Asia/Vladivostok"
    anna.save(update_fields=["time_zone"])
    client = sign_in(anna)
    client.cookies["language"] = "en"
    assert "For you it is" in text_of(client.get("/cabinet/new/promise/"))


def test_categories_outside_the_role_are_shown_disabled_with_whom_to_ask(english, boris):
    page = BeautifulSoup(english.get(NEW).content, "html.parser")
    cards = {card.input["value"]: card for card in page.select(".option")}
    assert set(cards) == {category.value for category in rules.Category}
    assert [code for code, card in cards.items() if card.input.has_attr("disabled")] == [
        "service_request",
        "change_request",
    ]
    assert boris.full_name in cards["change_request"].text


def test_a_category_outside_the_role_is_refused_where_it_was_chosen(sign_in, anna, said):
    response = sign_in(anna).post(NEW, {**said, "category": "change_request"})
    assert response.status_code == 422
    assert "category" in response.context["form"].errors
    assert values(response)["subject"] == said["subject"]
    assert not Ticket.objects.exists()


def test_another_organizations_hotel_is_refused_and_not_named(sign_in, anna, said, lighthouse):
    response = sign_in(anna).post(NEW, {**said, "property": lighthouse.pk})
    assert response.status_code == 422
    assert "property" in response.context["form"].errors
    assert lighthouse.name not in response.content.decode()


@pytest.mark.parametrize("hotel_id", ["", "0", "-1", "9" * 30, "верфь", "1\x00"])
def test_a_hotel_that_does_not_exist_is_refused_with_words(sign_in, anna, said, hotel_id):
    response = sign_in(anna).post(NEW, {**said, "property": hotel_id})
    assert response.status_code == 422
    assert "property" in response.context["form"].errors


def test_a_priority_smuggled_into_the_form_changes_nothing(sign_in, anna, said):
    sign_in(anna).post(NEW, {**said, "category": "information_request", "priority": "critical"})
    assert Ticket.objects.get().priority is None


@pytest.mark.parametrize("field", ["category", "subject", "description"])
def test_what_is_missing_is_said_beside_its_field_and_the_rest_stays(sign_in, anna, said, field):
    response = sign_in(anna).post(NEW, {**said, field: "  \n "})
    page = BeautifulSoup(response.content, "html.parser")
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert len(page.select(".field[data-invalid] .error")) == 1
    kept = values(response)
    for name in {"subject", "description", "steps", "interface"} - {field}:
        assert kept[name] == said[name]


def test_what_no_text_has_is_dropped_and_the_ticket_is_filed(sign_in, anna, said):
    dirty = {"subject": "Опл\x00ата", "description": "Бан\x00к \ud83d".encode("utf-8", "replace")}
    sign_in(anna).post(NEW, {**said, **dirty})
    ticket = Ticket.objects.get()
    assert ticket.subject == "Оплата"
    assert "\x00" not in ticket.messages.get().text


def test_lone_surrogates_in_raw_bytes_do_no_harm(sign_in, anna, said):
    body = "&".join(f"{name}={value}" for name, value in said.items() if name != "description")
    raw = body.encode() + b"&description=%ED%A0%80%00abc"
    response = sign_in(anna).post(NEW, raw, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 302
    assert "abc" in Ticket.objects.get().messages.get().text


def test_the_form_itself_drops_surrogates(anna, said, at):
    form = FilingForm({**said, "subject": "Оплата\ud800"}, person=anna, at=at)
    assert form.is_valid()
    assert form.cleaned_data["subject"] == "Оплата"


def test_too_long_a_subject_is_refused_and_kept(sign_in, anna, said):
    long = "о" * 201
    response = sign_in(anna).post(NEW, {**said, "subject": long})
    assert response.status_code == 422
    assert values(response)["subject"] == long


def test_a_broken_form_key_costs_nothing(sign_in, anna, said):
    assert sign_in(anna).post(NEW, {**said, "form_key": "не ключ"}).status_code == 302
    assert Ticket.objects.count() == 1


def test_files_go_with_the_ticket(sign_in, anna, said):
    sign_in(anna).post(NEW, {**said, "files": [picture(), picture("Второй.png")]})
    names = Ticket.objects.get().messages.get().attachments.values_list("name", flat=True)
    assert set(names) == {"Снимок.png", "Второй.png"}


def test_a_mistake_elsewhere_loses_no_file(sign_in, anna, said):
    client = sign_in(anna)
    refused = client.post(NEW, {**said, "subject": "", "files": picture()})
    kept = Attachment.objects.get()
    box = BeautifulSoup(refused.content, "html.parser").select_one("input[name=kept]")
    assert (box["value"], box.has_attr("checked")) == (str(kept.id), True)
    client.post(NEW, {**said, "kept": box["value"]})
    assert Ticket.objects.get().messages.get().attachments.get() == kept


def test_a_kept_file_that_is_unticked_stays_behind(sign_in, anna, said):
    client = sign_in(anna)
    client.post(NEW, {**said, "subject": "", "files": picture()})
    client.post(NEW, said)
    assert not Ticket.objects.get().messages.get().attachments.exists()


def test_nobody_attaches_the_kept_file_of_another(sign_in, anna, boris, said):
    sign_in(boris).post(NEW, {**said, "subject": "", "files": picture()})
    theirs = Attachment.objects.get()
    sign_in(anna).post(NEW, {**said, "kept": str(theirs.id)})
    theirs.refresh_from_db()
    assert theirs.message is None


def test_an_svg_is_refused_by_name_and_the_other_file_is_kept(english, said):
    drawing = SimpleUploadedFile("логотип.svg", b"<svg><script>alert(1)</script></svg>")
    response = english.post(NEW, {**said, "files": [drawing, picture()]})
    assert response.status_code == 422
    assert "логотип.svg" in str(response.context["form"].errors["files"])
    assert Attachment.objects.get().name == "Снимок.png"
    assert values(response)["description"] == said["description"]


def test_a_file_beyond_its_limit_is_refused_with_the_limit(english, said, monkeypatch):
    small = {**files.KINDS, "png": replace(files.KINDS["png"], limit=10)}
    monkeypatch.setattr(files, "KINDS", small)
    response = english.post(NEW, {**said, "files": picture()})
    assert response.status_code == 422
    assert "Снимок.png" in str(response.context["form"].errors["files"])


def test_more_files_than_a_message_takes_are_refused_with_words(sign_in, anna, said):
    client = sign_in(anna)
    refused = client.post(NEW, {**said, "subject": "", "files": [picture() for _n in range(9)]})
    boxes = BeautifulSoup(refused.content, "html.parser").select("input[name=kept]")
    again = {**said, "kept": [box["value"] for box in boxes], "files": [picture(), picture()]}
    response = client.post(NEW, again)
    assert response.status_code == 422
    assert "files" in response.context["form"].errors
    assert not Ticket.objects.exists()


def test_many_files_at_once_are_refused_with_words_and_kept(english, said):
    response = english.post(NEW, {**said, "files": [picture(f"{n}.png") for n in range(12)]})
    assert response.status_code == 422
    assert "up to 10 files" in str(response.context["form"].errors["files"])
    assert values(response)["description"] == said["description"]
    assert Attachment.objects.count() == 12


def test_a_text_of_many_megabytes_is_answered_without_an_accident(sign_in, anna, said):
    response = sign_in(anna).post(NEW, {**said, "description": "о" * 4_000_000})
    assert response.status_code == 400
    assert not Ticket.objects.exists()


def test_the_only_hotel_is_chosen_already_and_of_several_one_is_asked_for(sign_in, anna, verf):
    client = sign_in(anna)
    page = BeautifulSoup(client.get(NEW).content, "html.parser")
    assert page.select_one("input[name=property]")["type"] == "hidden"
    Property.objects.create(organization=verf, name="Причал")
    page = BeautifulSoup(client.get(NEW).content, "html.parser")
    assert [option.text for option in page.select("select[name=property] option")][1:] == [
        "Верфь",
        "Причал",
    ]


def test_my_manager_is_offered_by_name_and_gets_the_ticket(sign_in, anna, maxim, said):
    client = sign_in(anna)
    assert maxim.full_name in text_of(client.get(NEW))
    client.post(NEW, {**said, "addressee": "manager"})
    ticket = Ticket.objects.get()
    assert (ticket.addressee, ticket.assignee) == ("manager", maxim)


def test_without_a_manager_none_is_offered_and_none_can_be_smuggled_in(sign_in, anna, said):
    client = sign_in(anna)
    page = BeautifulSoup(client.get(NEW).content, "html.parser")
    assert not page.select("input[name=addressee]")
    response = client.post(NEW, {**said, "addressee": "manager"})
    assert response.status_code == 422
    assert not Ticket.objects.exists()


def test_a_search_brings_its_words_along(sign_in, anna):
    response = sign_in(anna).get(NEW, {"subject": "не видно <b>цен", "category": "incident"})
    assert values(response)["subject"] == "не видно <b>цен"
    chosen = BeautifulSoup(response.content, "html.parser").select("input[name=category][checked]")
    assert [one["value"] for one in chosen] == ["incident"]


def test_the_meter_counts_what_was_given(sign_in, anna, said):
    response = sign_in(anna).post(NEW, {**said, "subject": "", "files": picture()})
    page = BeautifulSoup(response.content, "html.parser")
    given = {one["data-check"] for one in page.select("[data-check][data-on]")}
    assert given == {"steps", "interface", "screenshot"}


def test_the_words_of_the_subject_are_looked_up_in_the_knowledge_base(sign_in, anna):
    response = sign_in(anna).get("/cabinet/new/matches/", {"subject": "оплата & возврат"})
    assert response.status_code == 302
    assert "q=" in response.url
    assert "%26" in response.url


@pytest.mark.parametrize("address", [NEW, "/cabinet/new/promise/", "/cabinet/new/matches/"])
def test_these_pages_are_for_customers_alone(sign_in, address, anna, sergey, elena):
    assert sign_in(anna).get(address).status_code in {200, 302}
    assert sign_in(None).get(address).url.startswith("/accounts/login/")
    assert sign_in(elena).get(address).status_code == 403
    assert sign_in(sergey).get(address).url == "/desk/"


def test_wrong_methods_are_refused(sign_in, anna, said):
    client = sign_in(anna)
    assert client.put(NEW).status_code == 405
    assert client.post("/cabinet/new/promise/", said).status_code == 405
    assert client.post("/cabinet/new/matches/", said).status_code == 405


def test_the_desk_cannot_file_through_the_cabinet(sign_in, sergey, said):
    assert sign_in(sergey).post(NEW, said).status_code == 403
    assert not Ticket.objects.exists()


def test_an_expired_form_is_answered_with_words_and_not_filed(anna, said, client):
    strict = type(client)(enforce_csrf_checks=True)
    strict.force_login(anna, backend="accounts.backends.Backend")
    response = strict.post(NEW, said)
    assert response.status_code == 403
    assert said["description"] in text_of(response)
    assert not Ticket.objects.exists()


def test_a_deactivated_person_files_nothing(sign_in, anna, said):
    client = sign_in(anna)
    anna.is_active = False
    anna.deactivated_at = timezone.now()
    anna.save(update_fields=["is_active", "deactivated_at"])
    assert client.post(NEW, said).status_code in {302, 403}
    assert not Ticket.objects.exists()


def test_the_form_costs_the_same_however_many_hotels_there_are(
    sign_in, anna, verf, django_assert_max_num_queries
):
    client = sign_in(anna)
    client.get(NEW)
    with django_assert_max_num_queries(20) as few:
        client.get(NEW)
    for number in range(9):
        Property.objects.create(organization=verf, name=f"Корпус {number}")
    with django_assert_max_num_queries(20) as many:
        client.get(NEW)
    assert len(many) <= len(few) + 1  # the list of hotels to choose from
