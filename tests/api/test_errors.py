"""One form for every refusal, whoever makes it, and who may come in at all."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client, override_settings
from rest_framework.authtoken.models import Token
from rest_framework.throttling import AnonRateThrottle

from accounts.models import User
from kb import search
from tickets.models import Message, Ticket

Program = Callable[[User | None], Client]
SignIn = Callable[[User | None], Client]
JSON = "application/json"
TICKETS = "/api/v1/tickets/"
CLOSED = [TICKETS, "/api/v1/tickets/1/", "/api/v1/properties/"]
ASKED = {"category": "incident", "subject": "Нет оплаты", "description": "Страница пустая"}


def error_of(answer: Any, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == JSON
    body = answer.json()
    assert set(body) == {"error"}
    assert set(body["error"]) == {"code", "message", "fields"}
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    return body["error"]


@pytest.mark.parametrize("address", CLOSED)
def test_nobody_is_told_how_to_sign_in(address: str, client: Client) -> None:
    answer = client.get(address)
    error_of(answer, 401, "not_authenticated")
    assert answer.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize("given", ["Token wrong", "Token", "Token a b", "Token \u044f"])
def test_a_wrong_token_is_refused_even_where_strangers_may_read(given: str, client: Client) -> None:
    answer = client.get(
        "/api/v1/articles/", headers={"authorization": given.encode().decode("latin1")}
    )
    error_of(answer, 401, "authentication_failed")


def test_the_token_of_somebody_who_left_is_refused(program: Program, anna: User) -> None:
    client = program(anna)
    anna.is_active = False
    anna.save(update_fields=["is_active"])
    error_of(client.get(TICKETS), 401, "authentication_failed")


@override_settings(SECOND_FACTOR_REQUIRED=True)
def test_the_staff_needs_its_second_factor_by_token_and_by_session(
    program: Program, sign_in: SignIn, sergey: User
) -> None:
    for client in (program(sergey), sign_in(sergey)):
        error_of(client.get("/api/v1/articles/"), 403, "second_factor_missing")


def test_a_session_without_the_token_of_forms_changes_nothing(anna: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    error_of(client.post(TICKETS, ASKED, content_type=JSON), 403, "permission_denied")
    assert not Ticket.objects.exists()


def test_a_session_with_the_token_of_forms_files_as_its_person(anna: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(anna)
    client.get("/accounts/login/")
    client.get("/cabinet/")
    sent = {"X-CSRFToken": client.cookies[settings.CSRF_COOKIE_NAME].value}
    answer = client.post(TICKETS, ASKED, content_type=JSON, headers=sent)
    assert answer.status_code == 201
    assert Ticket.objects.get().proofs.get().method == "session"


def test_an_unknown_address_answers_programs_in_json_and_people_with_a_page(
    client: Client, db: None
) -> None:
    error_of(client.get("/api/v1/nowhere/"), 404, "not_found")
    error_of(client.get("/api/v9/"), 404, "not_found")
    assert client.get("/nowhere/").headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize(
    ("method", "address"),
    [
        ("delete", TICKETS), ("put", TICKETS), ("get", "/api/v1/uploads/"),
        ("post", "/api/v1/articles/"), ("patch", "/api/v1/properties/"),
    ],
)  # fmt: skip
def test_a_wrong_method_is_refused(method: str, address: str, program: Program, anna: User) -> None:
    error_of(getattr(program(anna), method)(address), 405, "method_not_allowed")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/xml"])
def test_a_body_that_is_no_json_is_refused(kind: str, program: Program, anna: User) -> None:
    answer = program(anna).post(TICKETS, b"category=incident", content_type=kind)
    error_of(answer, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"", b"[1, 2", b'{"subject": NaN}', b"\xff\xfe\xff", b'{"a": ' * 50_000,
        b"[" * 100_000 + b"]" * 100_000, b'{"property": ' + b"9" * 9000 + b"}",
    ],
)  # fmt: skip
def test_broken_json_is_refused(body: bytes, program: Program, anna: User) -> None:
    answer = program(anna).post(TICKETS, body, content_type=JSON)
    assert error_of(answer, 400, answer.json()["error"]["code"])["code"] in {
        "parse_error",
        "invalid",
    }


@pytest.mark.parametrize("body", [b"[]", b'"words"', b"null", b"5", b"[{}]"])
def test_json_that_is_no_object_is_refused(body: bytes, program: Program, anna: User) -> None:
    error_of(program(anna).post(TICKETS, body, content_type=JSON), 400, "invalid")


def test_a_megabyte_of_words_is_too_much(program: Program, anna: User) -> None:
    said = {**ASKED, "description": "x" * 1024 * 1024}
    error_of(program(anna).post(TICKETS, said, content_type=JSON), 413, "too_large")


@pytest.mark.parametrize("accepted", ["text/html", "application/xml"])
def test_only_json_is_spoken(accepted: str, client: Client, db: None) -> None:
    answer = client.get("/api/v1/articles/", headers={"accept": accepted})
    error_of(answer, 406, "not_acceptable")


def test_whoever_asks_too_often_is_told_when_to_come_back(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnonRateThrottle, "rate", "2/min", raising=False)
    met = [client.get("/api/v1/sections/") for _ in range(3)]
    assert [answer.status_code for answer in met] == [200, 200, 429]
    error_of(met[2], 429, "throttled")
    assert 0 < int(met[2].headers["Retry-After"]) <= 60


def test_what_breaks_inside_says_nothing_of_it(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_asked: Any) -> None:
        raise RuntimeError("SELECT secrets")

    monkeypatch.setattr(search, "search", broken)
    answer = Client(raise_request_exception=False).get("/api/v1/search/", {"q": "a"})
    error_of(answer, 500, "server_error")
    assert b"secrets" not in answer.content


def test_too_many_files_in_one_body_are_refused_in_words(program: Program, anna: User) -> None:
    parts = "".join(
        f'--b\r\nContent-Disposition: form-data; name="f{n}"; filename="a"\r\n\r\nx\r\n'
        for n in range(50)
    )
    answer = program(anna).post(
        "/api/v1/uploads/", f"{parts}--b--".encode(), content_type="multipart/form-data; boundary=b"
    )
    error_of(answer, 400, "bad_request")


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=é"])
def test_a_broken_upload_is_refused(kind: str, program: Program, anna: User) -> None:
    answer = program(anna).post("/api/v1/uploads/", b"--x\r\nbroken", content_type=kind)
    assert error_of(answer, 400, answer.json()["error"]["code"])


def test_every_endpoint_tells_what_it_takes(program: Program, anna: User) -> None:
    for address in (TICKETS, "/api/v1/articles/", "/api/v1/search/", "/api/v1/uploads/"):
        assert program(anna).options(address).status_code == 200
    assert not Message.objects.exists()


def test_words_of_refusals_follow_the_language_of_the_session(sign_in: SignIn, anna: User) -> None:
    anna.language = "en"
    anna.save(update_fields=["language"])
    answer = sign_in(anna).post(TICKETS, {}, content_type=JSON)
    assert answer.json()["error"]["fields"]["subject"] == ["This field is required."]


def test_a_token_is_never_part_of_an_answer(program: Program, anna: User) -> None:
    key = Token.objects.get_or_create(user=anna)[0].key
    client = program(anna)
    for address in (TICKETS, "/api/v1/properties/", "/api/v1/schema/", "/api/v1/docs/"):
        assert key not in client.get(address).content.decode()
