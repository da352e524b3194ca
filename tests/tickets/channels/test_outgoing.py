"""What leaves: headers that lead back, files, dead addresses, failures; through a real mail server."""

import json
import os
import re
import socket
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import User
from portal.delivery import letters, outbox, sending, transports
from portal.delivery.models import Delivery, State
from tests.tickets.channels.letters import letter, sign
from tests.tickets.channels.sink import Sink, Taken
from tests.tickets.channels.test_intake import ANNA, SUPPORT, come, from_anna
from tickets import actions, mail_routes, outgoing
from tickets.channels.email import markup, reply
from tickets.models import DeadAddress, IncomingLetter, Mailbox, Message, Ticket

pytestmark = pytest.mark.django_db
SHARED = Path(os.environ.get("SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")


def send_all() -> None:
    """Let everything leave that waits."""
    while sending.drain():
        pass


def to(sink: Sink, address: str) -> list[Taken]:
    return [one for one in sink.letters if one.recipient == address]


def answer(
    ticket: Ticket, author: User, text: str = "Проверьте, пожалуйста.", **more: Any
) -> Message:
    return actions.reply(
        ticket=ticket, author=author, text=text, form_key=uuid4(), at=timezone.now(), **more
    )


def bounce(of: Taken, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    """Make the report of a mail server about a letter, sent to the address on its envelope."""
    told = of.raw.split(b"\r\n\r\n")[0]
    return (
        (
            f"From: MAILER-DAEMON@verf.example\r\nTo: {of.sender}\r\nSubject: failed\r\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            "--b\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
            "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.verf.example\r\n\r\n"
            f"Final-Recipient: rfc822; {of.recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
            "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
            "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        ).encode()
        + told
        + b"\r\n\r\n--b--\r\n"
    )


# Threads.


def test_an_answer_threads_below_the_customers_own_letter_and_comes_back_into_the_ticket(
    mailbox: Mailbox, sink: Sink, anna: User, sergey: User
) -> None:
    ticket = come(from_anna(subject="Календарь"), mailbox).ticket
    assert ticket
    send_all()
    answer(ticket, sergey)
    send_all()
    receipt, told = to(sink, ANNA)

    assert receipt.field("In-Reply-To") == told.field("In-Reply-To") == "<one@verf.example>"
    # Some programs do not find an id on the line below its name.
    assert b"\nMessage-ID: <t" in told.raw
    chain = told.field("References").split()
    assert chain[0] == mail_routes.message_id(ticket.number, f"rp{anna.pk}")
    assert chain[1:] == [receipt.field("Message-ID"), "<one@verf.example>"]
    assert told.field("Subject") == f"Re: Календарь [#{ticket.number}]"
    assert told.field("Reply-To") == mail_routes.to_ticket(ticket.number)

    quoted = "".join(f"> {line}\n" for line in told.body().splitlines())
    back = from_anna(
        f"Теперь открывается!\n\n25.11.2026, 12:30, HotBot <{SUPPORT}> написал:\n{quoted}",
        to=told.field("Reply-To"),
        subject=told.field("Subject"),
        message_id="<two@verf.example>",
        more=(f"In-Reply-To: {told.message['Message-ID']}",),
    )
    kept = come(back, mailbox)
    assert (kept.state, kept.ticket) == ("done", ticket)
    assert kept.message
    assert kept.message.text == "Теперь открывается!"


def test_an_id_of_ours_leads_to_the_ticket_when_its_row_was_forgotten(
    mailbox: Mailbox, sink: Sink, anna: User
) -> None:
    ticket = come(from_anna(), mailbox).ticket
    send_all()
    [receipt] = to(sink, ANNA)
    Delivery.objects.all().delete()
    named = f"References: <x@verf.example> {receipt.message['Message-ID']}"
    later = from_anna(
        "И ещё одно.", subject="Другое", message_id="<later@verf.example>", more=(named,)
    )
    assert come(later, mailbox).ticket == ticket


@pytest.mark.parametrize(
    "changed",
    [
        lambda told: told.replace("<t", "<t1"),
        lambda told: re.sub(r"\.(\w)", r".z\1", told, count=1),
        lambda told: told.replace("@", "a@"),
        lambda _told: "<t12.34@hotbot.example>",
        lambda _told: "",
    ],
)
def test_an_id_that_is_not_ours_leads_nowhere(changed: Callable[[str], str]) -> None:
    told = mail_routes.message_id(1042)
    assert mail_routes.named_by_id(told) == 1042
    assert mail_routes.named_by_id(told.replace("<t", "<T")) == 1042
    assert mail_routes.named_by_id(changed(told)) is None


def test_our_own_letter_that_comes_back_is_a_loop(mailbox: Mailbox, sink: Sink, anna: User) -> None:
    ticket = come(from_anna(), mailbox).ticket
    assert ticket
    send_all()
    [receipt] = to(sink, ANNA)
    Delivery.objects.all().delete()
    again = come(receipt.raw, mailbox)
    assert (again.state, again.reason) == ("discarded", "loop")


def test_the_chain_stays_short(mailbox: Mailbox, sink: Sink, anna: User, sergey: User) -> None:
    ticket = come(from_anna(), mailbox).ticket
    assert ticket
    for number in range(30):
        answer(ticket, sergey, f"Шаг {number}")
    send_all()
    last = to(sink, ANNA)[-1]
    chain = last.field("References").split()
    assert len(chain) == outgoing.MOST_NAMED
    assert chain[0] == mail_routes.message_id(ticket.number, f"rp{anna.pk}")
    assert chain[-1] == last.field("In-Reply-To") == "<one@verf.example>"


def test_a_colleague_has_a_thread_of_their_own(
    mailbox: Mailbox, sink: Sink, anna: User, boris: User, sergey: User
) -> None:
    ticket = come(from_anna(), mailbox).ticket
    assert ticket
    actions.join(ticket=ticket, actor=boris, at=timezone.now())
    answer(ticket, sergey)
    send_all()
    [told] = to(sink, boris.email)
    assert told.field("References") == mail_routes.message_id(ticket.number, f"rp{boris.pk}")
    assert "one@verf.example" not in told.raw.decode()


def test_a_receipt_of_a_letter_says_nothing_of_what_it_said(
    mailbox: Mailbox, sink: Sink, anna: User
) -> None:
    come(from_anna("Купите брегет http://spam.example", subject="Дешёвый брегет"), mailbox)
    send_all()
    [receipt] = to(sink, ANNA)
    for words in (receipt.field("Subject"), receipt.body(), receipt.body("html")):
        assert "брегет" not in words.lower()
        assert "spam.example" not in words


def test_without_a_mailbox_letters_lead_to_the_cabinet(
    sink: Sink, ticket: Ticket, sergey: User
) -> None:
    mail_routes._mailboxes.clear()
    answer(ticket, sergey)
    send_all()
    told = to(sink, ANNA)[-1]
    assert told.sender == "support@hotbot.example"
    assert not told.field("Reply-To")
    assert "##-" not in told.body()
    assert "##-" not in told.body("html")
    assert f"/cabinet/{ticket.number}/" in told.body() or str(ticket.number) in told.body()


# Looks and manners.


def test_a_letter_that_can_be_answered_begins_with_the_line(
    mailbox: Mailbox, sink: Sink, ticket: Ticket, sergey: User
) -> None:
    answer(ticket, sergey)
    send_all()
    told = to(sink, ANNA)[-1]
    assert told.body().startswith("##- ")
    page = BeautifulSoup(told.body("html"), "html.parser")
    assert page.select_one(".line").get_text().strip().startswith("##- ")


@pytest.mark.parametrize(
    "quoted",
    [
        '<div dir="ltr">{new}</div><br><div class="gmail_quote">От: HotBot<br><blockquote class="gmail_quote">{ours}</blockquote></div>',
        '<p class="MsoNormal">{new}</p><div><div style="border-top:solid #E1E1E1 1pt"><p><b>От:</b> HotBot</p></div></div>{ours}',
        "<div>{new}</div><div><br></div><div>25.11.2026, 14:20, HotBot:</div>{ours}",
        '<div>{new}</div><blockquote type="cite"><div>{ours}</div></blockquote>',
        '<div>{new}</div><hr><div class="mail-quote-collapse">{ours}</div>',
    ],
    ids=["Gmail", "Outlook", "Mail.ru", "Apple Mail", "Yandex"],
)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_page_of_a_letter_is_cut_as_each_client_quotes_it(
    quoted: str, language: str, mailbox: Mailbox, ticket: Ticket, sergey: User
) -> None:
    answer(ticket, sergey)
    delivery = Delivery.objects.get(letter="ticket_reply")
    delivery.language = language
    page = letters.render(delivery, with_secret=True).html
    body = re.sub(r"(?s)^.*<body[^>]*>|</body>.*$", "", page)
    for ours in (page, body):
        text = markup.to_text(quoted.format(new="Теперь открывается!", ours=ours))
        assert "Проверьте, пожалуйста." in text
        assert reply.split(text).visible == "Теперь открывается!"


def test_a_personal_answer_looks_like_one_and_a_notice_like_a_machines(
    mailbox: Mailbox, sink: Sink, ticket: Ticket, sergey: User
) -> None:
    answer(ticket, sergey)
    send_all()
    receipt, told = to(sink, ANNA)
    assert receipt.field("Auto-Submitted") == "auto-replied"
    assert receipt.field("X-Portal-Loop") == mail_routes.loop_mark()
    assert told.field("Auto-Submitted") == ""
    assert told.field("X-Portal-Loop") == ""
    assert "List-Unsubscribe" not in told.message


def payloads() -> list[str]:
    found: list[str] = [
        "Тема\r\nBcc: a@evil.example",
        "\x00\x07\x1b[31m",
        "\u202egnp.exe",
        "##- так -##",
    ]
    for name in ("owasp_xss_filter_evasion.json", "bleach_pairs.json", "blns.json"):
        path = SHARED / "hostile" / name
        if path.exists():
            rows = json.loads(path.read_text())
            found += [row if isinstance(row, str) else row["payload"] for row in rows]
    return found


def test_nothing_hostile_leaves(mailbox: Mailbox, ticket: Ticket, sergey: User) -> None:
    """The lists of others, in subject, name and text: no script, no event, no field of their own."""
    letters_tried = ("ticket_reply", "ticket_resolved", "ticket_received", "ticket_watched")
    found = payloads()
    tried = [("ticket_reply", one) for one in found]
    tried += [(name, one) for name in letters_tried[1:] for one in found[:40]]
    for name, payload in tried:
        said = {"number": 7, "subject": payload, "name": payload, "author": payload}
        said |= {"text": payload, "organization": payload, "property": payload, "is_named": True}
        delivery = Delivery(
            pk=1, letter=name, recipient=ANNA, language="ru", message_id="<1@x.example>",
            context={**said, "what": "message", "url": "https://x.example/"},
            dedupe_key="ticket:1:x:2", created_at=timezone.now(),
        )  # fmt: skip
        assert_harmless(delivery)
    assert len(tried) >= 16


def assert_harmless(delivery: Delivery) -> None:
    composed = transports.compose(delivery)
    message = composed.message()
    raw = message.as_bytes()
    fields = [
        line.split(b":")[0] for line in raw.split(b"\n\n")[0].split(b"\n") if line[:1].strip()
    ]
    assert len(fields) == len({field.lower() for field in fields})
    assert b"Bcc" not in fields
    assert message["To"] == ANNA
    page = BeautifulSoup(str(composed.alternatives[0][0]), "html.parser")
    assert not page.find_all(["script", "img", "iframe", "form", "link", "base", "svg", "object"])
    for tag in page.find_all(True):
        assert not [name for name in tag.attrs if name.startswith("on")]
        if tag.name == "a":
            assert re.match(r"https?://|mailto:|tel:", str(tag["href"])), tag


# Files.


@pytest.fixture
def proven(anna: User) -> User:
    """Anna, whose address was proven."""
    EmailAddress.objects.create(user=anna, email=anna.email, primary=True, verified=True)
    return anna


@pytest.fixture
def with_files(
    ticket: Ticket, sergey: User, settings: Any, tmp_path: Path
) -> Callable[..., Message]:
    """Answer with files."""
    settings.ATTACHMENT_ROOT = tmp_path / "files"

    def answered(
        *names: str, content: bytes = b"\xd1\x81\xd1\x82\xd1\x80\xd0\xbe\xd0\xba\xd0\xb0\n"
    ) -> Message:
        kept = [
            actions.keep_upload(
                person=sergey,
                upload=SimpleUploadedFile(name, content, "text/plain"),
                at=timezone.now(),
            ).pk
            for name in names
        ]
        return answer(ticket, sergey, attachments=kept)

    return answered


NAMES = [
    "журнал за 25 ноября.txt",
    "счёт № 7; копия, \"черновик\".txt",
    "очень-" * 15 + "длинное имя.txt",
    "a b(c).txt",
    "naïve résumé.txt",
]  # fmt: skip


def test_small_files_lie_inside_under_their_own_names(
    sink: Sink, proven: User, with_files: Callable[..., Message]
) -> None:
    message = with_files(*NAMES)
    send_all()
    told = to(sink, ANNA)[-1]
    found = {part.get_filename(): part.get_content() for part in told.message.iter_attachments()}
    assert set(found) == set(message.attachments.values_list("name", flat=True))
    assert len(found) == len(NAMES)
    assert all("строка" in content for content in found.values())
    assert "/attachments/" not in told.body()


def test_files_of_an_address_that_was_never_proven_are_links(
    sink: Sink, with_files: Callable[..., Message]
) -> None:
    message = with_files("журнал.txt")
    send_all()
    told = to(sink, ANNA)[-1]
    assert not list(told.message.iter_attachments())
    file = message.attachments.get()
    for body in (told.body(), told.body("html")):
        assert f"/attachments/{file.pk}/" in body
        assert "журнал.txt" in body


def test_many_bytes_are_links(
    sink: Sink,
    proven: User,
    with_files: Callable[..., Message],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outgoing, "MOST_INSIDE", 40)
    with_files("one.txt", "two.txt", "three.txt", "four.txt")
    send_all()
    told = to(sink, ANNA)[-1]
    assert not list(told.message.iter_attachments())
    assert told.body().count("/attachments/") == 4


def test_a_file_whose_bytes_are_lost_does_not_stop_the_letter(
    sink: Sink, proven: User, with_files: Callable[..., Message], settings: Any
) -> None:
    file = with_files("журнал.txt").attachments.get()
    outgoing.files.path_of(file.pk).unlink()
    send_all()
    assert "/attachments/" in to(sink, ANNA)[-1].body()


# Failures.


def test_a_bounce_comes_back_to_its_letter_and_nothing_more_goes_there_but_codes(
    mailbox: Mailbox, sink: Sink, anna: User, sergey: User
) -> None:
    ticket = come(from_anna(), mailbox).ticket
    assert ticket
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=timezone.now())
    send_all()
    [receipt] = to(sink, ANNA)
    ours = Delivery.objects.get(letter="ticket_received")
    assert receipt.sender == mail_routes.to_delivery(ours.pk)

    # Only the address on the envelope leads back: the report names no letter of ours.
    report = bounce(receipt).replace(b"Message-ID", b"X-Lost")
    kept = come(report, mailbox, envelope_from="")
    assert (kept.state, kept.reason, kept.ticket) == ("done", "bounce", ticket)
    assert DeadAddress.objects.get().address == ANNA
    assert ticket.events.filter(code="letter_bounced").exists()
    send_all()
    assert [one.field("Subject") for one in to(sink, sergey.email)][-1].startswith("№")

    answer(ticket, sergey)
    outbox.write(
        letter="login_code",
        recipient=ANNA,
        language="ru",
        context={},
        secret={"code": "481-516"},
        expires_at=timezone.now() + timedelta(minutes=10),
        dedupe_key="code",
        at=timezone.now(),
    )
    send_all()
    refused = Delivery.objects.get(letter="ticket_reply")
    assert refused.state == State.REFUSED
    assert "5.1.1" in refused.last_error
    assert Delivery.objects.get(dedupe_key="code").state == State.SENT
    assert len(to(sink, ANNA)) == 2


def test_a_delay_is_told_and_stops_nothing(
    mailbox: Mailbox, sink: Sink, anna: User, sergey: User
) -> None:
    ticket = come(from_anna(), mailbox).ticket
    assert ticket
    send_all()
    [receipt] = to(sink, ANNA)
    come(bounce(receipt, status="4.4.7", action="delayed"), mailbox, envelope_from="")
    assert ticket.events.filter(code="letter_delayed").exists()
    assert not DeadAddress.objects.exists()


def test_an_address_that_writes_again_lives(mailbox: Mailbox, anna: User) -> None:
    DeadAddress.objects.create(address=ANNA, status="5.2.2", said="full", since=timezone.now())
    come(from_anna(), mailbox)
    assert not DeadAddress.objects.exists()
    assert Delivery.objects.filter(letter="ticket_received").exists()


def test_what_was_refused_can_be_sent_once_the_address_lives(sink: Sink, ticket: Ticket) -> None:
    dead = DeadAddress.objects.create(address=ANNA, status="5.1.1", since=timezone.now())
    send_all()
    refused = Delivery.objects.get(letter="ticket_received")
    assert refused.state == State.REFUSED
    dead.delete()
    outbox.retry(delivery=refused, at=timezone.now())
    send_all()
    assert len(to(sink, ANNA)) == 1


def test_the_desk_sees_beside_the_requester_that_letters_do_not_arrive(
    ticket: Ticket, sergey: User, sign_in: Callable[..., Any]
) -> None:
    path = f"/desk/{ticket.number}/"
    assert "не доходят" not in sign_in(sergey).get(path).content.decode()
    DeadAddress.objects.create(address=ANNA, status="5.1.1", since=timezone.now())
    page = sign_in(sergey).get(path).content.decode()
    assert f"Letters to {ANNA} do not arrive" in page or "не доходят" in page


# Loops and floods.


class Robot:
    """A program that answers whatever it gets, and writes on its own as well."""

    def __init__(self, name: str, *, says_so: bool) -> None:
        self.address, self.says_so, self.seen = f"{name}@verf.example", says_so, 0
        self.written = 0

    def write(self, of: Taken | None = None) -> bytes:
        """Write a letter, or answer one."""
        self.written += 1
        more = ("Auto-Submitted: auto-replied",) if self.says_so and of else ()
        raw = letter(
            "Спасибо за ваше письмо, я отвечу на него.",
            sender=self.address,
            # Machines answer the sender on the envelope (RFC 3834, 4).
            to=of.sender if of else SUPPORT,
            subject=f"Re: {of.message['Subject']}" if of else "Спасибо за ваше письмо",
            at=timezone.now(),
            message_id=f"<{self.written}@{self.address}>",
            more=more,
        )
        return sign(raw, domain="verf.example")

    def answers(self, sink: Sink) -> list[bytes]:
        """Answer what came since."""
        new = to(sink, self.address)[self.seen :]
        self.seen += len(new)
        return [self.write(one) for one in new]


def test_two_robots_get_one_receipt_each_in_a_hundred_rounds(
    mailbox: Mailbox, sink: Sink, anna: User, boris: User
) -> None:
    """One says that it is a machine, the other does not; both answer all they get and go on writing."""
    robots = [Robot("anna", says_so=True), Robot("boris", says_so=False)]
    for _round in range(100):
        for robot in robots:
            for raw in [robot.write(), *robot.answers(sink)]:
                come(raw, mailbox)
        send_all()
    for robot in robots:
        assert robot.written >= 100
        assert len(to(sink, robot.address)) == 1
        receipts = Delivery.objects.filter(letter="ticket_received", recipient=robot.address)
        assert receipts.count() == 1
    # Answers went into the ticket, or beside it.
    assert Ticket.objects.filter(requester=boris).exclude(messages__letter=None).exists()
    assert Ticket.objects.filter(requester=anna, events__code="auto_reply").count() == 1
    states = set(IncomingLetter.objects.values_list("state", flat=True))
    assert states <= {"done", "quarantined", "discarded"}


# The line to the server.


def test_letters_of_one_run_share_a_connection(sink: Sink, ticket: Ticket, sergey: User) -> None:
    for number in range(5):
        answer(ticket, sergey, f"Шаг {number}")
    sending.drain()
    assert len(to(sink, ANNA)) == 6
    assert sink.connections == 1
    sending.drain()
    assert sink.connections == 1


def test_one_refused_letter_does_not_cost_the_others(
    sink: Sink, ticket: Ticket, sergey: User
) -> None:
    sink.answer = lambda _sink, taken: "554 no" if "Шаг 1" in taken.body() else "250 taken"
    for number in range(3):
        answer(ticket, sergey, f"Шаг {number}")
    sending.drain()
    assert Delivery.objects.filter(state=State.DEAD).count() == 1
    assert Delivery.objects.filter(state=State.SENT).count() == 3
    assert sink.connections == 1


def test_a_server_that_hangs_up_is_called_again(
    sink: Sink, ticket: Ticket, sergey: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(ticket, sergey)
    with transports.one_line():
        sending.deliver_one()
        transports._held.line.connection.sock.shutdown(socket.SHUT_RDWR)
        sending.deliver_one()
    assert Delivery.objects.filter(state=State.SENT).count() == 2
    assert sink.connections == 2


def test_a_server_that_refuses_for_a_while_gets_everything_later(
    sink: Sink, ticket: Ticket
) -> None:
    sink.answer = lambda _sink, _taken: "451 later"
    sending.drain()
    assert not sink.letters
    waiting = Delivery.objects.get()
    assert waiting.state == State.PENDING
    assert waiting.next_at > timezone.now()
    sink.answer = Sink.answer
    Delivery.objects.update(next_at=timezone.now())
    sending.drain()
    assert [one.field("Message-ID") for one in sink.letters] == [waiting.message_id]


def test_a_worker_that_dies_after_the_server_took_it_sends_the_same_letter_again(
    sink: Sink, ticket: Ticket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_delivery: Delivery) -> bool:
        raise SystemExit

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "mark_sent", dies)
        with pytest.raises(SystemExit):
            sending.drain()
    Delivery.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    sending.drain()
    first, second = sink.letters
    assert first.field("Message-ID") == second.field("Message-ID")
    assert first.body() == second.body()
    assert Delivery.objects.get().state == State.SENT
