"""Must hold 5 of the issue: from the customer's letter to the answer and back, through real servers."""

import email
import os
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import pytest
from aiosmtpd.controller import Controller
from django.utils import timezone

from accounts.models import User
from portal.delivery import secrets, sending
from tests.tickets.channels.dovecot import NEEDED, PASSWORD, USER, Dovecot, dovecot, free_port
from tests.tickets.channels.letters import letter, sign
from tests.tickets.channels.names import Names
from tests.tickets.channels.test_intake import ANNA, RECORDS, SUPPORT
from tickets import actions, mail_routes
from tickets.channels.email import fetching, intake
from tickets.channels.email.reader import reader
from tickets.models import IncomingLetter, Mailbox, Security, Ticket

pytestmark = [pytest.mark.django_db, NEEDED]


class Sink:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep a letter."""
        self.taken.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        return "250 kept"


@pytest.fixture
def sink(settings) -> Iterator[Sink]:
    """The mail server our letters leave to."""
    handler, port = Sink(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield handler
    controller.stop()


@pytest.fixture
def names() -> Iterator[Names]:
    thread = Names(RECORDS)
    thread.start()
    yield thread
    thread.close()


@pytest.fixture
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


@pytest.fixture
def mailbox(settings, tmp_path, server: Dovecot, names: Names) -> Iterator[Mailbox]:
    settings.MAIL_ROOT = tmp_path / "mail"
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"
    settings.MAIL_DNS = names.address
    mail_routes._mailboxes.clear()
    yield Mailbox.objects.create(
        address=SUPPORT, host="127.0.0.1", port=server.port, security=Security.NONE, user=USER,
        secret=secrets.seal({"password": PASSWORD}),
    )  # fmt: skip
    mail_routes._mailboxes.clear()
    reader().close()


def ago(minutes: int) -> datetime:
    return timezone.now() - timedelta(minutes=minutes)


def write(server: Dovecot, body: str, *, minutes_ago: int, **fields: object) -> None:
    """Let anna write some minutes ago; her domain signs. A server tells when a letter came by the second."""
    came = ago(minutes_ago)
    given = {"sender": f"Anna <{ANNA}>", "at": came, **fields}
    place = server.deliver(sign(letter(body, **given), domain="verf.example"))  # type: ignore[arg-type]
    os.utime(place, (came.timestamp(), came.timestamp()))


def receive(mailbox: Mailbox) -> None:
    fetching.poll(mailbox)
    while intake.take_one():
        pass


def sent(sink: Sink) -> list[EmailMessage]:
    """Let everything leave; gives what left for anna, in order."""
    sink.taken.clear()
    sending.drain()
    return [
        email.message_from_bytes(raw, policy=policy.default)  # type: ignore[misc]  # the policy makes it one
        for _sender, recipients, raw in sink.taken
        if recipients == [ANNA]
    ]


def test_a_letter_an_answer_and_the_answer_to_it_are_one_conversation(
    server: Dovecot, sink: Sink, mailbox: Mailbox, anna: User, sergey: User
) -> None:
    write(
        server,
        "Не открывается календарь цен.",
        minutes_ago=10,
        subject="Календарь",
        message_id="<one@verf.example>",
    )
    receive(mailbox)
    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.channel, ticket.subject) == (anna, "email", "Календарь")

    [receipt] = sent(sink)
    assert str(ticket.number) in receipt["Subject"]
    assert receipt["In-Reply-To"] == "<one@verf.example>"
    assert "<one@verf.example>" in receipt["References"].split()

    actions.reply(
        ticket=ticket, author=sergey, text="Обновите страницу, пожалуйста.", form_key=uuid4(),
        at=ago(5),
    )  # fmt: skip
    [answer] = sent(sink)
    text = answer.get_body(("plain",))
    assert text is not None
    assert "Обновите страницу, пожалуйста." in text.get_content()
    # A mail program shows all of it as one conversation: the answer names the customer's letter.
    assert answer["In-Reply-To"] == "<one@verf.example>"
    # RFC 5322, 3.6.4: what is answered stands last in the chain; our receipt belongs to it, too.
    assert answer["References"].split()[-1] == "<one@verf.example>"
    assert receipt["Message-ID"] in answer["References"].split()
    assert re.fullmatch(r"<[^<>\s]+@[^<>\s]+>", answer["Message-ID"])
    assert answer["Message-ID"] != receipt["Message-ID"]
    address = answer["Reply-To"].addresses[0].addr_spec
    assert mail_routes.named(address, "t") == ticket.number

    quoted = "\r\n".join(f"> {line}" for line in text.get_content().splitlines())
    write(
        server,
        f"Спасибо, но экран всё ещё белый.\r\n\r\n25.11.2026, 14:20, Поддержка <{SUPPORT}>:\r\n{quoted}",
        minutes_ago=2,
        subject=f"Re: {ticket.subject}",
        to=address,
        message_id="<two@verf.example>",
        more=(
            f"In-Reply-To: {answer['Message-ID']}",
            f"References: <one@verf.example> {answer['Message-ID']}",
        ),
    )
    receive(mailbox)

    assert Ticket.objects.count() == 1
    assert [one.text for one in ticket.messages.order_by("id")] == [
        "Не открывается календарь цен.",
        "Обновите страницу, пожалуйста.",
        "Спасибо, но экран всё ещё белый.",
    ]
    assert set(IncomingLetter.objects.values_list("state", flat=True)) == {"done"}

    # And on: the next answer names the letter that came last.
    actions.reply(
        ticket=ticket, author=sergey, text="Почистите кэш.", form_key=uuid4(), at=timezone.now()
    )
    [further] = sent(sink)
    assert further["In-Reply-To"] == "<two@verf.example>"
    chain = further["References"].split()
    assert chain[-1] == "<two@verf.example>"
    assert {"<one@verf.example>", answer["Message-ID"]} <= set(chain)


def test_an_answer_to_the_plain_address_finds_its_ticket_by_our_message_id(
    server: Dovecot, sink: Sink, mailbox: Mailbox, anna: User, sergey: User
) -> None:
    write(server, "Не открывается календарь цен.", minutes_ago=10, message_id="<one@verf.example>")
    receive(mailbox)
    ticket = Ticket.objects.get()
    actions.reply(
        ticket=ticket, author=sergey, text="Обновите страницу.", form_key=uuid4(), at=ago(5)
    )
    answer = sent(sink)[-1]
    write(
        server, "Не помогло.", minutes_ago=2, subject="Re: без номера", to=SUPPORT, message_id="<two@verf.example>",
        more=(f"In-Reply-To: {answer['Message-ID']}",),
    )  # fmt: skip
    receive(mailbox)
    assert Ticket.objects.count() == 1
    assert ticket.messages.latest("id").text == "Не помогло."
