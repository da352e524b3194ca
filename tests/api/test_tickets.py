"""Tickets for programs of customers: what they see, file and write."""

from collections.abc import Callable
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from accounts.models import Property, User
from tickets import actions
from tickets.models import Attachment, Message, Ticket

File = Callable[..., Ticket]
Program = Callable[[User | None], Client]
JSON = "application/json"
TICKETS = "/api/v1/tickets/"
PNG = BytesIO()
Image.new("RGB", (8, 8), "#d8e4e0").save(PNG, "PNG")
ASKED = {"category": "incident", "subject": "Нет оплаты", "description": "Страница пустая"}


def send(client: Client, address: str = TICKETS, **said: Any) -> Any:
    return client.post(address, said, content_type=JSON)


def refused(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    error = answer.json()["error"]
    assert set(error) == {"code", "message", "fields"}
    assert error["message"]
    return error


def numbers(client: Client) -> set[int]:
    return {row["number"] for row in client.get(TICKETS).json()["results"]}


@pytest.fixture(autouse=True)
def stored(settings: Any, tmp_path: Any) -> None:
    """Keep the files of a test with the test."""
    settings.ATTACHMENT_ROOT = tmp_path


def test_each_program_lists_what_its_person_may_read(
    file: File, program: Program, anna: User, boris: User, vera: User
) -> None:
    hers, his, foreign = file(anna).number, file(boris).number, file(vera).number
    assert numbers(program(anna)) == {hers}
    assert numbers(program(boris)) == {hers, his}
    assert numbers(program(vera)) == {foreign}


def test_tickets_of_others_are_as_good_as_none(
    file: File, program: Program, anna: User, vera: User
) -> None:
    number = file(anna).number
    assert refused(program(vera).get(f"{TICKETS}{number}/"), 404)["code"] == "not_found"
    refused(send(program(vera), f"{TICKETS}{number}/messages/", text="Пустите"), 404)
    refused(program(vera).get(f"{TICKETS}99999999999999999999999/"), 404)
    assert Message.objects.count() == 1


@pytest.mark.parametrize("persona", ["sergey", "galina", "maxim", "daria", "elena", "admin"])
def test_the_staff_works_at_the_desk_and_not_here(
    persona: str, file: File, program: Program, anna: User, request: pytest.FixtureRequest
) -> None:
    number, client = file(anna).number, program(request.getfixturevalue(persona))
    for answer in (
        client.get(TICKETS),
        client.get(f"{TICKETS}{number}/"),
        client.get("/api/v1/properties/"),
        client.post("/api/v1/uploads/", {"file": SimpleUploadedFile("a.txt", b"a")}),
        send(client, **ASKED),
        send(client, f"{TICKETS}{number}/messages/", text="Ответ"),
    ):
        assert refused(answer, 403)["code"] == "permission_denied"


def test_the_properties_are_those_of_the_own_organization(
    program: Program, anna: User, hotel: Property, vera: User, verf: Any
) -> None:
    Property.objects.create(organization=verf, name="Закрытая", is_active=False)
    assert program(anna).get("/api/v1/properties/").json() == [
        {"id": hotel.pk, "name": "Верфь", "site": "verf.example"}
    ]


def test_a_ticket_shows_the_conversation_and_nothing_that_is_the_staffs_own(
    file: File, program: Program, anna: User, sergey: User, at: datetime
) -> None:
    ticket = file(anna)
    said = {"ticket": ticket, "author": sergey, "at": at}
    actions.note(text="Между нами: СЕКРЕТ", form_key=uuid4(), **said)
    actions.reply(text="Смотрим", form_key=uuid4(), **said)
    answer = program(anna).get(f"{TICKETS}{ticket.number}/")
    found = answer.json()
    assert [message["text"] for message in found["messages"]] == ["Страница пустая.", "Смотрим"]
    assert "СЕКРЕТ" not in answer.content.decode()
    assert set(found) == {
        "number", "subject", "category", "priority", "status", "addressee", "requester",
        "property", "received_at", "due_at", "last_message_at", "promised_at", "details",
        "messages",
    }  # fmt: skip
    assert set(found["messages"][0]) == {
        "id", "author", "is_from_staff", "text", "created_at", "attachments",
    }  # fmt: skip


def test_a_note_never_moves_a_ticket_in_the_list_of_customers(
    file: File, program: Program, anna: User, sergey: User, at: datetime
) -> None:
    ticket = file(anna)
    before = program(anna).get(TICKETS).json()["results"][0]
    later = at + timedelta(hours=1)
    actions.note(ticket=ticket, author=sergey, text="Тихо", form_key=uuid4(), at=later)
    assert program(anna).get(TICKETS).json()["results"][0] == before


def test_a_program_files_a_ticket_with_everything(
    program: Program, anna: User, hotel: Property
) -> None:
    client = program(anna)
    sent = client.post("/api/v1/uploads/", {"file": SimpleUploadedFile("э.png", PNG.getvalue())})
    assert sent.status_code == 201
    details = {"steps": "Открыть модуль", "interface": "Модуль"}
    answer = send(
        client, **ASKED, property=hotel.pk, details=details, attachments=[sent.json()["id"]]
    )
    assert answer.status_code == 201
    ticket = Ticket.objects.get(number=answer.json()["number"])
    assert (ticket.requester, ticket.property, ticket.channel) == (anna, hotel, "api")
    assert (ticket.priority, ticket.details) == (None, details)
    assert ticket.proofs.get().method == "token"
    shown = answer.json()["messages"][0]["attachments"][0]
    assert shown["name"] == "э.png"
    found = client.get(shown["url"].removeprefix(settings.SITE_URL))
    assert b"".join(found.streaming_content) == PNG.getvalue()
    assert found.headers["X-Content-Type-Options"] == "nosniff"


def test_files_of_others_can_neither_be_read_nor_attached(
    program: Program, anna: User, vera: User, at: datetime
) -> None:
    upload = SimpleUploadedFile("э.png", PNG.getvalue())
    kept = actions.keep_upload(person=vera, upload=upload, at=at)
    refused(program(anna).get(f"/api/v1/attachments/{kept.pk}/"), 404)
    error = refused(send(program(anna), **ASKED, attachments=[str(kept.pk)]), 409)
    assert error["code"] == "unknown_file"
    assert set(error["fields"]) == {"attachments"}
    assert not Ticket.objects.exists()
    assert Attachment.objects.get().message is None


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.svg", b"<svg onload='alert(1)'/>", 415),
        ("a.png", b"MZ not a picture", 415),
        ("a.txt", b"", 415),
    ],
)
def test_a_file_of_a_wrong_kind_is_refused_in_words(
    name: str, content: bytes, status: int, program: Program, anna: User
) -> None:
    sent = program(anna).post("/api/v1/uploads/", {"file": SimpleUploadedFile(name, content)})
    assert name in refused(sent, status)["fields"]["file"][0]
    assert not Attachment.objects.exists()


def test_an_upload_without_a_file_is_refused_by_the_name_of_the_field(
    program: Program, anna: User
) -> None:
    assert set(refused(program(anna).post("/api/v1/uploads/"), 400)["fields"]) == {"file"}
    sent = program(anna).post("/api/v1/uploads/", {"file": "words"})
    assert set(refused(sent, 400)["fields"]) == {"file"}
    refused(send(program(anna), "/api/v1/uploads/", file="x"), 415)


def test_the_same_key_makes_one_ticket_and_one_message(program: Program, anna: User) -> None:
    client, key = program(anna), str(uuid4())
    first, second = (send(client, **ASKED, key=key).json()["number"] for _ in range(2))
    assert first == second
    address, key = f"{TICKETS}{first}/messages/", str(uuid4())
    ids = {send(client, address, text="Есть новости?", key=key).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    assert Ticket.objects.count() == 1
    assert Message.objects.count() == 2


def test_the_key_of_somebody_else_opens_nothing(program: Program, anna: User, vera: User) -> None:
    key = str(uuid4())
    assert send(program(vera), **ASKED, key=key).status_code == 201
    assert refused(send(program(anna), **ASKED, key=key), 400)["code"] == "form_taken"


def test_a_reply_is_what_its_writer_said(file: File, program: Program, anna: User) -> None:
    ticket = file(anna)
    answer = send(program(anna), f"{TICKETS}{ticket.number}/messages/", text="Ещё не работает")
    assert answer.status_code == 201
    assert answer.json()["is_from_staff"] is False
    assert answer.json()["author"] == anna.full_name
    assert ticket.messages.order_by("id").last().text == "Ещё не работает"


def test_a_reply_into_what_was_closed_long_ago_is_a_conflict(
    file: File, program: Program, anna: User, at: datetime
) -> None:
    ticket = file(anna)
    actions.close(ticket=ticket, actor=anna, at=at)
    Ticket.objects.update(closed_at=at - timedelta(days=999))
    error = refused(send(program(anna), f"{TICKETS}{ticket.number}/messages/", text="Снова"), 409)
    assert error["code"] == "ticket_closed"


def test_a_category_outside_the_role_is_refused(program: Program, anna: User) -> None:
    asked = {**ASKED, "category": "change_request"}
    error = refused(send(program(anna), **asked), 403)
    assert error["code"] == "category_outside_role"
    assert set(error["fields"]) == {"category"}


def test_a_hotel_of_somebody_else_is_refused(
    program: Program, anna: User, lighthouse: Property
) -> None:
    error = refused(send(program(anna), **ASKED, property=lighthouse.pk), 400)
    assert error["code"] == "unknown_property"


BAD: list[tuple[dict[str, Any], str]] = [
    ({"priority": "high"}, "priority"),
    ({"requester": 1}, "requester"),
    ({"organization": 1}, "organization"),
    ({"\ud800": 1}, "?"),
    ({"category": "complaint"}, "category"),
    ({"category": "\ud800"}, "category"),
    ({"category": ["incident"]}, "category"),
    ({"category": None}, "category"),
    ({"category": "x" * 900_000}, "category"),
    ({"subject": ""}, "subject"),
    ({"subject": "a\x00b"}, "subject"),
    ({"subject": "a\ud800b"}, "subject"),
    ({"subject": "x" * 201}, "subject"),
    ({"subject": "\x01\x02"}, "subject"),
    ({"subject": {"a": 1}}, "subject"),
    ({"description": "   "}, "description"),
    ({"description": "x" * 50_001}, "description"),
    ({"description": "x" * 900_000}, "description"),
    ({"description": True}, "description"),
    ({"property": "first"}, "property"),
    ({"property": 10**30}, "property"),
    ({"property": -1}, "property"),
    ({"property": [1]}, "property"),
    ({"addressee": "head"}, "addressee"),
    ({"details": "steps"}, "details"),
    ({"details": {"steps": ["a", {"b": "c"}]}}, "details"),
    ({"details": {"steps": "x" * 5001}}, "details"),
    ({"details": {"shoe_size": "44"}}, "details"),
    ({"details": {"\ud800": "44"}}, "details"),
    ({"attachments": "all"}, "attachments"),
    ({"attachments": ["x"]}, "attachments"),
    ({"attachments": [str(uuid4()) for _ in range(11)]}, "attachments"),
    ({"key": "x"}, "key"),
    ({"key": 5.5}, "key"),
]


@pytest.mark.parametrize(("bad", "field"), BAD)
def test_what_cannot_be_filed_is_refused_by_the_name_of_its_field(
    bad: dict[str, Any], field: str, program: Program, anna: User
) -> None:
    error = refused(send(program(anna), **{**ASKED, **bad}), 400)
    assert set(error["fields"]) == {field}
    assert all(0 < len(words) < 400 for said in error["fields"].values() for words in said)
    assert not Ticket.objects.exists()


def test_every_missing_field_is_named_at_once(program: Program, anna: User) -> None:
    fields = refused(send(program(anna)), 400)["fields"]
    assert set(fields) == {"category", "subject", "description"}


def test_the_list_is_paged_without_loss_while_tickets_come_in(
    file: File, program: Program, anna: User, at: datetime
) -> None:
    made = {file(anna).number for _ in range(27)}
    client = program(anna)
    first = client.get(TICKETS).json()
    file(anna, at=at + timedelta(minutes=5))
    second = client.get(first["next"]).json()
    seen = [row["number"] for page in (first, second) for row in page["results"]]
    assert len(first["results"]) == 25
    assert len(seen) == 27
    assert set(seen) == made
    assert second["next"] is None


@pytest.mark.parametrize("is_one", [True, False])
def test_more_rows_cost_no_more_queries(
    is_one: bool, file: File, program: Program, boris: User, sergey: User, at: datetime
) -> None:
    client, ticket = program(boris), file(boris)
    address = f"{TICKETS}{ticket.number}/" if is_one else TICKETS

    def grow(times: int) -> None:
        for _ in range(times):
            said = {"form_key": uuid4(), "at": at, "author": sergey}
            upload = SimpleUploadedFile("э.png", PNG.getvalue())
            kept = actions.keep_upload(person=sergey, upload=upload, at=at)
            actions.reply(ticket=ticket, text="Смотрим", attachments=[kept.pk], **said)
            file(boris)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        return len(queries)

    grow(2)
    cost()  # the count of the rate is begun
    few = cost()
    grow(4)
    assert cost() == few


def test_a_program_says_whether_an_answer_to_a_solution_only_thanks(
    anna: User, sergey: User, file: File, program: Program, at: datetime
) -> None:
    ticket, client = file(anna), program(anna)
    actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    address = f"{TICKETS}{ticket.number}/messages/"
    for said, status in (
        ({"text": "Проверили, вопросов нет", "is_thanks": True}, "resolved"),
        ({"text": "Спасибо!"}, "resolved"),
        ({"text": "Спасибо!", "is_thanks": False}, "open"),
    ):
        assert send(client, address, **said).status_code == 201
        ticket.refresh_from_db()
        assert ticket.status == status


def test_a_colleague_joins_before_they_write(
    anna: User, boris: User, vera: User, file: File, program: Program
) -> None:
    ticket, client = file(anna), program(boris)
    address = f"{TICKETS}{ticket.number}/"
    refused(send(client, f"{address}messages/", text="Срочно"), 403)
    assert send(client, f"{address}join/").json()["number"] == ticket.number
    assert send(client, f"{address}messages/", text="Срочно").status_code == 201
    refused(send(program(vera), f"{address}join/"), 404)
    refused(send(program(anna), f"{address}join/"), 403)


def test_a_new_ticket_follows_an_earlier_one_that_is_read(
    anna: User, vera: User, file: File, program: Program
) -> None:
    earlier, foreign = file(anna), file(vera)
    new = send(program(anna), **ASKED, follows=earlier.number).json()["number"]
    assert Ticket.objects.get(number=new).links.get().other == earlier
    error = refused(send(program(anna), **ASKED, follows=foreign.number), 400)
    assert "follows" in error["fields"]
