"""Letters in the admin: how they read, what stays hidden, and trying again."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils import timezone

from accounts.models import User
from portal.delivery import outbox, sending
from portal.delivery.models import Delivery, State

LIST = "/admin/delivery/delivery/"
CODE = "481-516"
SignIn = Callable[[User | None], Client]
# The theme's own templates name variables that are not always there.
pytestmark = pytest.mark.ignore_template_errors


@pytest.fixture
def code(db: None) -> Delivery:
    """A sign-in code that waits."""
    at = timezone.now()
    values: dict[str, Any] = {"letter": "login_code", "recipient": "anna@verf.example"}
    outbox.write(
        **values, language="ru", context={}, secret={"code": CODE},
        expires_at=at + timedelta(minutes=10), dedupe_key="code", at=at,
    )  # fmt: skip
    return Delivery.objects.get(dedupe_key="code")


@pytest.fixture
def dead(code: Delivery) -> Delivery:
    """The same, given up."""
    claimed = outbox.claim()
    assert claimed
    outbox.mark_failed(claimed, error="SMTP 550", is_permanent=True)
    code.refresh_from_db()
    return code


def test_a_code_is_never_shown(code: Delivery, galina: User, sign_in: SignIn) -> None:
    client = sign_in(galina)
    for url in (LIST, f"{LIST}{code.pk}/change/", f"{LIST}{code.pk}/letter/"):
        answer = client.get(url)
        assert answer.status_code == 200
        assert CODE not in answer.content.decode()


def test_in_demo_mode_the_file_is_the_mailbox(
    code: Delivery, galina: User, sign_in: SignIn, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.LETTERS_FOLDER = tmp_path
    sending.drain()
    client = sign_in(galina)
    assert CODE not in client.get(f"{LIST}{code.pk}/change/").content.decode()
    settings.DEMO = True
    assert CODE in client.get(f"{LIST}{code.pk}/change/").content.decode()
    assert CODE in client.get(f"{LIST}{code.pk}/letter/").content.decode()


def test_the_letter_in_its_frame_can_do_nothing(
    code: Delivery, galina: User, sign_in: SignIn
) -> None:
    answer = sign_in(galina).get(f"{LIST}{code.pk}/letter/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert policy.endswith("sandbox")
    assert "script-src" not in policy
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_dead_letter_is_tried_again_with_a_click(
    dead: Delivery, galina: User, sign_in: SignIn
) -> None:
    sign_in(galina).post(LIST, {"action": "try_again", "_selected_action": [dead.pk]})
    dead.refresh_from_db()
    assert (dead.state, dead.attempts) == (State.PENDING, 0)
    assert LogEntry.objects.filter(user=galina, object_id=str(dead.pk)).exists()


def test_a_letter_that_left_is_not_sent_again(
    code: Delivery, galina: User, sign_in: SignIn
) -> None:
    sending.drain()
    sign_in(galina).post(LIST, {"action": "try_again", "_selected_action": [code.pk]})
    code.refresh_from_db()
    assert code.state == State.SENT


def test_what_was_given_up_comes_first_and_is_counted(
    dead: Delivery, galina: User, sign_in: SignIn, at: Any
) -> None:
    values: dict[str, Any] = {"letter": "account_notice", "recipient": "x@verf.example"}
    outbox.write(**values, language="ru", context={"code": ""}, dedupe_key="b", at=at)
    later = Delivery.objects.get(dedupe_key="b")
    answer = sign_in(galina).get(LIST)
    assert [row.pk for row in answer.context["cl"].result_list] == [dead.pk, later.pk]
    assert answer.context["counts"] == {"dead": 1, "waiting": 1}


def test_a_letter_that_cannot_be_rendered_still_has_its_page(
    code: Delivery, galina: User, sign_in: SignIn
) -> None:
    Delivery.objects.update(letter="no_such_letter")
    answer = sign_in(galina).get(f"{LIST}{code.pk}/change/")
    assert answer.status_code == 200
    assert "TemplateDoesNotExist" in answer.content.decode()


@pytest.mark.parametrize("person", ["sergey", "elena", "maxim"])
def test_letters_are_not_everybodys(
    person: str, code: Delivery, sign_in: SignIn, request: pytest.FixtureRequest
) -> None:
    client = sign_in(request.getfixturevalue(person))
    for url in (LIST, f"{LIST}{code.pk}/change/", f"{LIST}{code.pk}/letter/"):
        assert client.get(url).status_code == 403


def test_nothing_is_written_or_deleted_by_hand(
    code: Delivery, galina: User, sign_in: SignIn
) -> None:
    client = sign_in(galina)
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(f"{LIST}{code.pk}/delete/").status_code == 403
    client.post(f"{LIST}{code.pk}/change/", {"recipient": "evil@x.example", "state": "pending"})
    code.refresh_from_db()
    assert code.recipient == "anna@verf.example"


@pytest.mark.parametrize(
    ("person", "status"),
    [("anna", 302), ("daria", 302), ("sergey", 403), ("galina", 404), ("admin", 404)],
)
def test_a_letter_that_is_not_there_is_not_found_by_those_who_may_look(
    person: str, status: int, sign_in: SignIn, request: pytest.FixtureRequest, db: None
) -> None:
    client = sign_in(request.getfixturevalue(person))
    assert client.get(f"{LIST}999999/letter/").status_code == status


def test_what_was_not_to_be_sent_shows_why_and_can_be_tried_again(
    code: Delivery, galina: User, sign_in: SignIn
) -> None:
    claimed = outbox.claim()
    assert claimed
    assert outbox.refuse(claimed, why="dead address: 5.1.1 no such user")
    code.refresh_from_db()
    assert code.state == State.REFUSED

    client = sign_in(galina)
    for url in (LIST, f"{LIST}?state__exact=refused", f"{LIST}{code.pk}/change/"):
        assert "5.1.1 no such user" in client.get(url).content.decode()
    client.post(LIST, {"action": "try_again", "_selected_action": [code.pk]})
    code.refresh_from_db()
    assert code.state == State.PENDING
