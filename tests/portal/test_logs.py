"""What log lines hold, and above all what they do not."""

import json
import logging
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.utils.log import log_response

from accounts.models import User
from portal import pages
from portal.logs import Formatter

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Lines:
    """Give what was logged meanwhile, as the error stream gets it."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Formatter(settings.LOGGING["formatters"]["json"]["format"]))
    for name in ("portal", "django", "celery.app.trace"):
        logger = logging.getLogger(name)
        monkeypatch.setattr(logger, "handlers", [handler])
        monkeypatch.setattr(logger, "propagate", False)
        caplog.set_level(logging.INFO, logger=name)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_request_leaves_one_line_without_anybody_in_it(
    lines: Lines, sign_in: Callable[[User], Client], anna: User
) -> None:
    client = sign_in(anna)
    client.cookies["language"] = "en"
    answer = client.get(
        "/invitations/s3cret-token/?email=anna@verf.example", headers={"user-agent": "Firefox"}
    )
    (line,) = [one for one in lines() if one["name"] == "portal.request"]
    assert line["route"] == "invitations/<str:token>/"
    assert line["status"] == answer.status_code
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert set(line) == {
        "asctime", "levelname", "name", "message", "request_id", "method", "route", "status", "ms",
    }  # fmt: skip


def test_every_request_has_an_id_of_its_own(client: Client, lines: Lines, db: None) -> None:
    ids = {client.get("/healthz").headers["X-Request-ID"] for _ in range(3)}
    assert {one["request_id"] for one in lines()} == ids
    assert len(ids) == 3


@pytest.mark.parametrize("address", ["/nowhere/anna@verf.example/", "/invitations/s3cret-token/"])
def test_what_is_not_found_is_logged_by_its_route_and_not_by_its_path(
    address: str, client: Client, lines: Lines, db: None
) -> None:
    client.get(address, {"q": "hidden words"})
    written = json.dumps(lines(), ensure_ascii=False)
    assert not [word for word in ("anna", "s3cret", "hidden") if word in written]


def test_an_error_inside_is_logged_with_its_places_but_without_what_people_wrote(
    lines: Lines, monkeypatch: pytest.MonkeyPatch, anna: User
) -> None:
    def broken(_request: HttpRequest, *_rest: Any) -> None:
        with transaction.atomic():
            User.objects.create_user(anna.email, full_name="Пароль Паролевич", role=anna.role)

    monkeypatch.setattr(pages, "_home", broken)
    client = Client(raise_request_exception=False)
    answer = client.get("/", {"q": "hidden words"})
    assert answer.status_code == 500
    (line,) = [one for one in lines() if one["name"] == "django.request"]
    assert line["message"] == "Internal Server Error"
    assert line["request_id"] == answer.headers["X-Request-ID"]
    assert "django.db.utils.IntegrityError" in line["exc_info"]
    assert "pages.py" in line["exc_info"]
    written = json.dumps(line, ensure_ascii=False)
    assert not [word for word in ("anna", "verf", "Парол", "hidden", "DETAIL") if word in written]


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        ("Method Not Allowed (%s): %s", ("POST", "/to/anna@verf.example")),
        ("Forbidden (%s): %s", ("CSRF", "/invitations/s3cret/")),
        ("Invalid HTTP_HOST header: 'anna.example'.", ()),
    ],
)
def test_what_the_framework_says_of_a_request_is_told_by_its_status(
    message: str, arguments: tuple[str, ...], lines: Lines, rf: Any
) -> None:
    answer = HttpResponse(status=400)
    log_response(message, *arguments, response=answer, request=rf.post("/x", {"password": "p"}))
    (line,) = lines()
    assert (line["message"], line["status_code"], line["method"]) == ("Bad Request", 400, "POST")
    assert not [word for word in ("anna", "s3cret", "password") if word in json.dumps(line)]


def test_a_task_that_failed_is_named_without_its_arguments(lines: Lines) -> None:
    context = {
        "name": "portal.delivery.tasks.drain", "id": "17", "description": "raised unexpected",
        "exc": "IntegrityError('anna@verf.example')", "args": "['s3cret']", "kwargs": "{}",
        "traceback": "…", "hostname": "h", "internal": "",
    }  # fmt: skip
    logging.getLogger("celery.app.trace").error(
        "Task %(name)s[%(id)s] %(description)s: %(exc)s", context, extra={"data": context}
    )
    (line,) = lines()
    assert (line["task"], line["message"]) == (
        "portal.delivery.tasks.drain",
        "task raised unexpected",
    )
    assert not [word for word in ("anna", "s3cret") if word in json.dumps(line)]


def taken(address: str) -> None:
    try:
        raise IntegrityError(f"Key (email)=({address}) already exists.")  # noqa: TRY301
    except IntegrityError as error:
        raise RuntimeError(address) from error


def test_causes_of_an_error_are_told_by_type(lines: Lines) -> None:
    try:
        taken("anna@verf.example")
    except RuntimeError:
        logging.getLogger("portal.test").exception("it broke")
    (line,) = lines()
    assert [one for one in line["exc_info"].splitlines() if not one.startswith(" ")] == [
        "builtins.RuntimeError",
        "django.db.utils.IntegrityError",
    ]


def test_an_address_that_slips_into_a_line_is_struck_out(lines: Lines) -> None:
    logging.getLogger("portal.test").warning("sent to <%s>", "anna@verf.example")
    assert lines()[0]["message"] == "sent to <…>"


def test_the_portal_logs_with_this_formatter() -> None:
    assert settings.LOGGING["formatters"]["json"]["()"] == "portal.logs.Formatter"
    assert settings.LOGGING["handlers"]["stream"]["formatter"] == "json"
