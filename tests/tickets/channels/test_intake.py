"""What becomes of letters: tickets, answers, questions to a person; each once, none lost."""

import io
from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import User
from portal.delivery.models import Delivery
from tests.tickets.channels.letters import dns as published
from tests.tickets.channels.letters import letter, record, sign
from tests.tickets.channels.names import Names
from tickets import mail_routes
from tickets.channels.email import intake, store, unidentified
from tickets.channels.email.reader import reader
from tickets.models import DeadAddress, IncomingLetter, Mailbox, Message, Ticket

pytestmark = pytest.mark.django_db
SUPPORT = "support@portal.example"
ANNA = "anna@verf.example"


RECORDS = {
    **published().records,
    "s1._domainkey.verf.example": record(),
    "_dmarc.verf.example": b"v=DMARC1; p=reject",
    "s1._domainkey.stranger.example": record(),
    "_dmarc.stranger.example": b"v=DMARC1; p=reject",
    "s1._domainkey.hotbot.example": record(),
    "_dmarc.hotbot.example": b"v=DMARC1; p=reject",
}


@pytest.fixture(scope="module")
def names() -> Iterator[Names]:
    server = Names(RECORDS)
    server.start()
    yield server
    server.close()


@pytest.fixture
def mailbox(settings, tmp_path, names: Names) -> Iterator[Mailbox]:
    settings.MAIL_ROOT = tmp_path / "mail"
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"
    settings.MAIL_DNS = names.address
    mail_routes._mailboxes.clear()
    yield Mailbox.objects.create(address=SUPPORT)
    mail_routes._mailboxes.clear()
    reader().close()


def test_what_a_mailbox_believes_holds_at_once_and_reading_it_renews_nothing(mailbox):
    Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=7, polled_at=timezone.now())
    before = mail_routes.mailboxes()
    Mailbox.objects.filter(pk=mailbox.pk).update(last_uid=8)
    assert mail_routes.mailboxes() is before
    for field, value in (
        ("verdict_servers", ["mx.hotbot.example"]),
        ("verdict_place", "below"),
        ("verdict_received_by", "mx.hotbot.example"),
        ("unpublished_domains", ["verf.example"]),
        ("address", "help@portal.example"),
        ("is_active", False),
    ):
        Mailbox.objects.filter(pk=mailbox.pk).update(**{field: value})
        assert getattr(mail_routes.mailboxes()[mailbox.pk], field) == value
    assert mail_routes.answers_to() == ""


def come(raw: bytes, mailbox: Mailbox, **envelope: object) -> IncomingLetter:
    """Let a letter come in and be taken."""
    kept = store.keep(raw, mailbox=mailbox, received_at=timezone.now(), **envelope)  # type: ignore[arg-type]
    while intake.take_one():
        pass
    kept.refresh_from_db()
    return kept


def from_anna(body: str = "Не открывается календарь цен.", **fields: object) -> bytes:
    given = {
        "sender": f"Anna <{ANNA}>",
        "at": timezone.now(),
        "message_id": "<one@verf.example>",
        **fields,
    }
    return sign(letter(body, **given), domain="verf.example")  # type: ignore[arg-type]


def test_a_true_letter_is_a_ticket_with_its_proof_and_receipt(mailbox: Mailbox, anna: User) -> None:
    kept = come(from_anna(subject="Календарь"), mailbox)
    ticket = Ticket.objects.get()

    assert (kept.state, kept.ticket, kept.person) == ("done", ticket, anna)
    assert (ticket.subject, ticket.channel, ticket.requester) == ("Календарь", "email", anna)
    assert ticket.messages.get().text == "Не открывается календарь цен."
    assert list(ticket.proofs.values_list("method", "level")) == [("mail", 2)]
    assert Delivery.objects.filter(letter="ticket_received", recipient=ANNA).count() == 1


def test_the_same_letter_twice_is_one_ticket(mailbox: Mailbox, anna: User) -> None:
    raw = from_anna()
    come(raw, mailbox)
    again = come(b"Received: once more\r\n" + raw, mailbox)

    assert again.state == "duplicate"
    assert Ticket.objects.count() == 1


def test_the_same_place_in_the_mailbox_is_stored_once(mailbox: Mailbox, anna: User) -> None:
    for _time in range(2):
        store.keep(from_anna(), mailbox=mailbox, received_at=timezone.now(), uid=7, uidvalidity=1)
    assert IncomingLetter.objects.count() == 1


def test_a_forged_letter_waits_for_a_person_and_gets_no_answer(
    mailbox: Mailbox, anna: User
) -> None:
    kept = come(letter(sender=f"Anna <{ANNA}>", at=timezone.now()), mailbox)

    assert (kept.state, kept.reason, kept.is_authentic) == ("quarantined", "unsigned", False)
    assert not Ticket.objects.exists()
    assert not Delivery.objects.exists()


def test_a_true_stranger_is_told_once_a_day_how_to_be_identified(mailbox: Mailbox) -> None:
    for number in range(3):
        raw = sign(
            letter(
                sender="i@stranger.example",
                at=timezone.now(),
                message_id=f"<{number}@stranger.example>",
            ),
            domain="stranger.example",
        )
        kept = come(raw, mailbox)
        assert (kept.state, kept.reason) == ("quarantined", "unknown_sender")
    assert Delivery.objects.filter(letter="how_to_be_identified").count() == 1


def test_a_stranger_with_an_account_by_now_is_believed_when_the_letter_is_read_again(
    mailbox: Mailbox, anna: User, sergey: User
) -> None:
    User.objects.filter(pk=anna.pk).update(email="later@verf.example")
    kept = come(from_anna(), mailbox)
    assert (kept.reason, kept.is_authentic) == ("unknown_sender", True)
    User.objects.filter(pk=anna.pk).update(email=ANNA)
    unidentified.read_again(letter=kept, actor=sergey, at=timezone.now())
    while intake.take_one():
        pass
    kept.refresh_from_db()
    assert (kept.state, kept.person, kept.ticket) == ("done", anna, Ticket.objects.get())


def test_the_staff_does_not_act_by_mail(mailbox: Mailbox, sergey: User) -> None:
    raw = sign(letter(sender=sergey.email, at=timezone.now()), domain="hotbot.example")
    assert come(raw, mailbox).reason == "system_user"


def test_an_answer_lands_in_its_ticket_without_the_quote(mailbox: Mailbox, anna: User) -> None:
    first = come(from_anna(), mailbox)
    assert first.ticket is not None
    body = 'Спасибо, но всё ещё белый экран.\r\n\r\n25.11.2026, 14:20, "Поддержка" <support@portal.example>:\r\n> Обновите страницу.'
    address = mail_routes.to_ticket(first.ticket.number)
    kept = come(from_anna(body, to=address, message_id="<two@verf.example>"), mailbox)

    assert kept.ticket == first.ticket
    assert first.ticket.messages.latest("id").text == "Спасибо, но всё ещё белый экран."
    assert "Обновите страницу" in kept.text, "what was cut is kept"


def test_the_reference_to_our_letter_leads_to_the_ticket_too(mailbox: Mailbox, anna: User) -> None:
    first = come(from_anna(), mailbox)
    ours = Delivery.objects.get(letter="ticket_received").message_id
    kept = come(
        from_anna("Ещё раз.", message_id="<two@verf.example>", more=(f"References: <x@y> {ours}",)),
        mailbox,
    )
    assert kept.ticket == first.ticket


def test_an_address_of_a_ticket_opens_nothing_to_others(
    mailbox: Mailbox, anna: User, names: Names
) -> None:
    first = come(from_anna(), mailbox)
    assert first.ticket is not None
    address = mail_routes.to_ticket(first.ticket.number)
    raw = sign(
        letter("Дайте почитать", sender="i@stranger.example", to=address, at=timezone.now()),
        domain="stranger.example",
    )

    assert come(raw, mailbox).state == "quarantined"
    assert first.ticket.messages.count() == 1
    assert mail_routes.named(address.replace(f"t{first.ticket.number}", "t1"), "t") is None


def test_robots_get_no_answer_and_open_nothing(mailbox: Mailbox, anna: User) -> None:
    first = come(from_anna(), mailbox)
    assert first.ticket is not None
    for number in range(100):
        raw = from_anna(
            "Я в отпуске.", to=mail_routes.to_ticket(first.ticket.number),
            message_id=f"<auto{number}@verf.example>", more=("Auto-Submitted: auto-replied",),
        )  # fmt: skip
        assert come(raw, mailbox).reason == "auto"
    assert first.ticket.messages.count() == 1
    assert Delivery.objects.filter(recipient=ANNA).count() == 1
    assert first.ticket.events.filter(code="auto_reply").count() == 100


def test_a_bounce_of_ours_marks_the_address_and_a_foreign_one_does_not(
    mailbox: Mailbox, anna: User, sergey: User
) -> None:
    first = come(from_anna(), mailbox)
    ours = Delivery.objects.get(letter="ticket_received")
    report = (
        "From: MAILER-DAEMON@verf.example\r\nTo: {to}\r\nSubject: failed\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.verf.example\r\n\r\n"
        f"Final-Recipient: rfc822; {ANNA}\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    foreign = come(report.format(to=SUPPORT).encode(), mailbox, envelope_from="")
    assert (foreign.state, foreign.reason) == ("quarantined", "backscatter")
    assert not DeadAddress.objects.exists()
    kept = come(
        report.format(to=mail_routes.to_delivery(ours.pk)).encode(), mailbox, envelope_from=""
    )
    assert (kept.state, kept.ticket) == ("done", first.ticket)
    assert DeadAddress.objects.get().address == ANNA


def test_files_come_along_and_what_is_not_taken_is_named(mailbox: Mailbox, anna: User) -> None:
    body = (
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nСмотрите файл.\r\n"
        '--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="лог.txt"\r\n\r\nстрока\r\n'
        '--b\r\nContent-Type: application/x-msdownload\r\nContent-Disposition: attachment; filename="a.exe"\r\n\r\nMZ\r\n--b--\r\n'
    )
    raw = from_anna(
        body, without=("content-type",), more=("Content-Type: multipart/mixed; boundary=b",)
    )
    kept = come(raw, mailbox)
    assert kept.ticket is not None

    assert [one.name for one in kept.ticket.messages.get().attachments.all()] == ["лог.txt"]
    assert kept.detail == "a.exe"
    assert kept.names == ["лог.txt", "a.exe"]


@pytest.mark.parametrize(
    ("raw", "state", "reason"),
    [
        (b"Subject: " + b"a" * 560_000 + b"\r\n\r\nx", "quarantined", "headers_too_long"),
        (b"\x00" * 5000, "quarantined", "no_from"),
        (b"", "quarantined", "no_from"),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300,
            "quarantined",
            "too_many_parts",
        ),
    ],
)
def test_a_bomb_waits_for_a_person_and_the_next_letter_is_a_ticket(
    mailbox: Mailbox, anna: User, raw: bytes, state: str, reason: str
) -> None:
    kept = come(raw, mailbox)
    assert (kept.state, kept.reason) == (state, reason)
    assert come(from_anna(), mailbox).state == "done"


def test_a_reader_that_hangs_is_killed_and_the_letter_kept(mailbox: Mailbox, anna: User) -> None:
    with mock.patch.object(intake, "SECONDS", 0.0):
        kept = come(from_anna(), mailbox)
    assert (kept.state, kept.reason) == ("failed", "took_too_long")
    assert store.path_of(kept.pk).exists()
    assert come(from_anna(message_id="<two@verf.example>"), mailbox).state == "done"


def test_a_silent_name_server_is_asked_again_and_not_for_ever(
    mailbox: Mailbox, anna: User, settings
) -> None:
    reader().close()
    settings.MAIL_DNS = "127.0.0.1:9"
    kept = come(from_anna(), mailbox)
    assert (kept.state, kept.reason) == ("stored", "dns")
    kept.received_at = kept.next_at = timezone.now() - timedelta(hours=5)
    kept.save()
    while intake.take_one():
        pass
    kept.refresh_from_db()
    assert (kept.state, kept.reason) == ("quarantined", "dns")
    reader().close()


def test_a_letter_whose_taker_died_is_taken_once(mailbox: Mailbox, anna: User) -> None:
    kept = store.keep(from_anna(), mailbox=mailbox, received_at=timezone.now())
    with (
        mock.patch.object(intake, "_end", side_effect=RuntimeError),
        mock.patch.object(intake.log, "exception"),
    ):
        intake.take_one()
    assert not Ticket.objects.exists(), "half of it is nothing"
    IncomingLetter.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert intake.take_one()
    kept.refresh_from_db()
    assert (kept.state, Ticket.objects.count(), Message.objects.count()) == ("done", 1, 1)


def test_a_pipe_hands_letters_over(
    mailbox: Mailbox, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", mock.Mock(buffer=io.BytesIO(from_anna())))
    call_command("receive_mail", SUPPORT, sender="<>")
    assert IncomingLetter.objects.get().envelope_from == ""
    with pytest.raises(SystemExit) as ended:
        call_command("receive_mail", "nobody@portal.example", stderr=io.StringIO())
    assert ended.value.code == 67
