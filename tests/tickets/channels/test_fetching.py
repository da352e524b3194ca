"""Letters come from a real Dovecot: kept first, marked then, each once, whatever breaks between."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from unittest import mock

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import User
from portal.delivery import secrets
from tests.tickets.channels.dovecot import (
    NEEDED,
    PASSWORD,
    USER,
    Between,
    Dovecot,
    dovecot,
    free_port,
    trusted,
)
from tests.tickets.channels.names import Names
from tests.tickets.channels.test_intake import ANNA, RECORDS, SUPPORT, from_anna
from tickets import mail_routes, tasks
from tickets.channels.email import caps, fetching, imap, intake, store
from tickets.channels.email.imap import Account, Stopped, opened
from tickets.channels.email.reader import reader
from tickets.management.commands import fetch_mail
from tickets.models import AfterKeeping, IncomingLetter, Mailbox, Security, Ticket, Trouble

pytestmark = [pytest.mark.django_db, NEEDED]
LONGEST = 15.0  # seconds until a test says that something hangs


@pytest.fixture(scope="module")
def running() -> Iterator[Dovecot]:
    with dovecot() as server:
        yield server


@pytest.fixture
def server(running: Dovecot) -> Dovecot:
    """The server, with an empty mailbox whose numbers begin anew."""
    for place in running.maildir.glob("dovecot*"):
        place.unlink()
    for place in running.maildir.glob("*/*"):
        if place.is_file():
            place.unlink()
    return running


@pytest.fixture(scope="module")
def names() -> Iterator[Names]:
    thread = Names(RECORDS)
    thread.start()
    yield thread
    thread.close()


@pytest.fixture
def mailbox(settings, tmp_path, server: Dovecot) -> Mailbox:
    settings.MAIL_ROOT = tmp_path / "mail"
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"
    return Mailbox.objects.create(
        address=SUPPORT,
        host="127.0.0.1",
        port=server.port,
        security=Security.NONE,
        user=USER,
        secret=secrets.seal({"password": PASSWORD}),
    )


@pytest.fixture
def taken(settings, names: Names) -> Iterator[Callable[[], None]]:
    """Let all kept letters be taken."""
    settings.MAIL_DNS = names.address
    mail_routes._mailboxes.clear()

    def take() -> None:
        while intake.take_one():
            pass

    yield take
    mail_routes._mailboxes.clear()
    reader().close()


def plain(number: int = 1, size: int = 0) -> bytes:
    return (
        f"From: a@b.example\r\nSubject: {number}\r\nMessage-ID: <{number}@b.example>\r\n\r\n".encode()
        + b"x" * 70
        + b"\r\n"
        + b"0123456789abcdef\r\n" * (size // 18)
    )


def subjects(mailbox: Mailbox) -> list[int]:
    """Give which of the plain letters lie here, by the numbers in their subjects."""
    found = []
    for letter in IncomingLetter.objects.filter(mailbox=mailbox):
        raw = store.path_of(letter.pk).read_bytes()
        found.append(int(raw.partition(b"Subject: ")[2].partition(b"\r\n")[0]))
    return sorted(found)


def asked(mailbox: Mailbox) -> str:
    """Ask the mailbox once; gives the trouble."""
    fetching.poll(mailbox)
    mailbox.refresh_from_db()
    return mailbox.last_error


# Kept first.


def test_a_letter_is_kept_then_marked_as_read(server: Dovecot, mailbox: Mailbox) -> None:
    server.deliver(plain(1))
    server.deliver(plain(2))
    assert fetching.poll(mailbox) == 2
    mailbox.refresh_from_db()
    assert subjects(mailbox) == [1, 2]
    assert server.flags() == {1: rb"\Seen", 2: rb"\Seen"}
    assert (mailbox.last_uid, mailbox.last_error, mailbox.failures) == (2, "", 0)
    assert mailbox.polled_at is not None
    assert fetching.poll(mailbox) == 0


def test_a_letter_is_received_when_it_came_to_the_server(server: Dovecot, mailbox: Mailbox) -> None:
    import os  # noqa: PLC0415

    came = timezone.now() - timedelta(hours=3)
    place = server.deliver(plain())
    os.utime(place, (came.timestamp(), came.timestamp()))
    fetching.poll(mailbox)
    assert abs(IncomingLetter.objects.get().received_at - came) < timedelta(seconds=2)


def test_what_cannot_be_kept_stays_unread_and_comes_later(
    server: Dovecot, mailbox: Mailbox
) -> None:
    server.deliver(plain())
    with mock.patch.object(store, "write", side_effect=OSError("no space left")):
        assert asked(mailbox) == Trouble.STORAGE
    assert server.flags() == {1: b""}
    assert not IncomingLetter.objects.exists()
    assert (asked(mailbox), subjects(mailbox)) == ("", [1])
    assert server.flags() == {1: rb"\Seen"}


def test_a_crash_between_keeping_and_marking_loses_and_doubles_nothing(
    server: Dovecot, mailbox: Mailbox
) -> None:
    server.deliver(plain())
    with (
        mock.patch.object(imap.Session, "mark_read", side_effect=KeyboardInterrupt),
        pytest.raises(KeyboardInterrupt),
    ):
        fetching.poll(mailbox)
    assert (subjects(mailbox), server.flags()) == ([1], {1: b""})
    assert (asked(mailbox), subjects(mailbox)) == ("", [1])
    assert server.flags() == {1: rb"\Seen"}


def test_letters_move_to_another_folder_when_the_head_wants_that(
    server: Dovecot, mailbox: Mailbox
) -> None:
    mailbox.after, mailbox.processed_folder = AfterKeeping.MOVE, "Обработано"
    mailbox.save()
    for number in (1, 2):
        server.deliver(plain(number))
        assert asked(mailbox) == ""
    assert (server.flags(), subjects(mailbox)) == ({}, [1, 2])
    assert len(server.flags('"&BB4EMQRABDAEMQQ+BEIEMAQ9BD4-"')) == 2


def test_letters_stay_as_they_are_when_the_head_wants_that(
    server: Dovecot, mailbox: Mailbox
) -> None:
    mailbox.after = AfterKeeping.LEAVE
    mailbox.save()
    server.deliver(plain())
    assert [asked(mailbox), asked(mailbox)] == ["", ""]
    assert (server.flags(), subjects(mailbox)) == ({1: b""}, [1])


def test_what_was_read_before_us_is_not_ours(server: Dovecot, mailbox: Mailbox) -> None:
    server.deliver(plain(1))
    server.deliver(plain(2))
    client = server.client()
    client.uid("STORE", "1", "+FLAGS", r"(\Seen)")
    client.logout()
    asked(mailbox)
    fetching.reconcile(mailbox)
    assert subjects(mailbox) == [2]
    server.deliver(plain(3))
    asked(mailbox)
    assert subjects(mailbox) == [2, 3]


def test_a_mailbox_that_numbers_anew_doubles_no_ticket(
    server: Dovecot, mailbox: Mailbox, taken: Callable[[], None], anna: User
) -> None:
    server.deliver(from_anna())
    asked(mailbox)
    taken()
    before = mailbox.uidvalidity
    server.number_anew()
    server.deliver(from_anna("Второе письмо.", message_id="<two@verf.example>"))
    assert asked(mailbox) == ""
    taken()

    assert mailbox.uidvalidity != before
    assert Ticket.objects.count() == 2
    states = IncomingLetter.objects.order_by("state").values_list("state", flat=True)
    assert list(states) == ["done", "done", "duplicate"]


# What is too large, or wrong.


def test_of_a_letter_that_is_too_large_the_head_is_kept_with_the_reason(
    server: Dovecot, mailbox: Mailbox, taken: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caps, "LARGEST", 20_000)
    server.deliver(from_anna("а" * 30_000))
    assert asked(mailbox) == ""
    letter = IncomingLetter.objects.get()
    assert store.path_of(letter.pk).stat().st_size < 5_000
    assert letter.size > 30_000
    taken()
    letter.refresh_from_db()
    assert (letter.state, letter.reason, letter.sender) == ("quarantined", "too_large", ANNA)
    assert not Ticket.objects.exists()


@pytest.mark.parametrize("told", [5, 900_000])
def test_a_server_that_is_wrong_about_a_size_keeps_nobody_from_letters(
    server: Dovecot, mailbox: Mailbox, told: int
) -> None:
    server.deliver(plain(1, size=50_000), name=f"1.wrong,S={told},W={told}")
    server.deliver(plain(2))
    asked(mailbox)
    asked(mailbox)
    assert subjects(mailbox) == [2], "Dovecot breaks off amid the first, each time"
    for _time in range(fetching.GIVEN_UP):
        if not asked(mailbox):
            break
    wrong = IncomingLetter.objects.get(uid=1)
    assert (wrong.reason, wrong.size) == ("not_given", told)
    assert (mailbox.last_uid, mailbox.last_error, mailbox.troubled) == (2, "", {})


def test_a_size_that_was_told_too_small_does_not_fill_the_memory(
    server: Dovecot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caps, "LARGEST", 20_000)
    server.deliver(plain(1, size=50_000))
    small = imap.Envelope(size=100, came_at=None)
    with mock.patch.object(imap.Session, "envelopes", return_value={1: small}):
        assert asked(mailbox) == ""
    assert IncomingLetter.objects.get().reason == "too_large"


def test_a_claim_of_too_many_bytes_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    client = imap._Bounded.__new__(imap._Bounded)
    with pytest.raises(client.abort):
        client.read(imap.LARGEST_LITERAL + 1)


# What breaks.


def test_a_connection_that_breaks_amid_letters_loses_and_doubles_nothing(
    server: Dovecot, mailbox: Mailbox
) -> None:
    for number in range(30):
        server.deliver(plain(number, size=3_000))
    between = Between(server.port, after=30_000)
    between.start()
    mailbox.port = between.port
    mailbox.save()
    assert asked(mailbox) == Trouble.DROPPED
    some = len(subjects(mailbox))
    assert 0 < some < 30
    for _time in range(20):
        if not asked(mailbox):
            break
    between.close()
    assert subjects(mailbox) == list(range(30))
    assert mailbox.last_uid == 30
    assert set(server.flags().values()) == {rb"\Seen"}


def test_a_letter_that_breaks_every_connection_stops_no_other_and_ends_as_a_head(
    server: Dovecot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.deliver(plain(1, size=400_000))
    for number in (2, 3):
        server.deliver(plain(number))
    between = Between(server.port, after=100_000)
    between.start()
    mailbox.port = between.port
    mailbox.save()
    assert asked(mailbox) == Trouble.DROPPED
    asked(mailbox)
    assert subjects(mailbox) == [2, 3]
    assert mailbox.last_uid == 0, "the first is missing"
    for _time in range(fetching.MOST_ASKED):
        asked(mailbox)
    between.close()
    assert subjects(mailbox) == [1, 2, 3]
    assert IncomingLetter.objects.get(uid=1).reason == "not_given"
    assert (mailbox.last_uid, mailbox.troubled, mailbox.last_error) == (3, {}, "")


def test_a_letter_that_is_never_given_out_is_a_gap_and_then_a_question_to_a_person(
    server: Dovecot, mailbox: Mailbox, taken: Callable[[], None]
) -> None:
    server.deliver(plain(1))
    server.deliver(plain(2))
    asked(mailbox)
    server.deliver(plain(3))
    server.deliver(plain(4))
    given = imap.Session._part

    def refused(self: imap.Session, uid: int, part: str) -> bytes:
        if uid == 3:
            raise imap.NotGiven
        return given(self, uid, part)

    with mock.patch.object(imap.Session, "_part", refused):
        for _time in range(fetching.GIVEN_UP):
            assert asked(mailbox) == Trouble.GAP
        assert (subjects(mailbox), mailbox.last_uid) == ([1, 2, 4], 2)
        assert mailbox.troubled == {"3": fetching.GIVEN_UP}
        assert (asked(mailbox), mailbox.last_uid) == ("", 4)
    taken()
    letter = IncomingLetter.objects.get(uid=3)
    assert (letter.state, letter.reason) == ("quarantined", "not_given")


def test_a_letter_that_somebody_deletes_before_us_leaves_no_gap(
    server: Dovecot, mailbox: Mailbox
) -> None:
    server.deliver(plain(1))
    asked(mailbox)
    for number in (2, 3):
        server.deliver(plain(number))
    real = imap.Session.envelopes

    def envelopes(self: imap.Session, uids: list[int]) -> dict[int, imap.Envelope]:
        client = server.client()
        client.uid("STORE", "2", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.logout()
        return real(self, uids)

    with mock.patch.object(imap.Session, "envelopes", envelopes):
        asked(mailbox)
    assert (asked(mailbox), subjects(mailbox), mailbox.last_uid) == ("", [1, 3], 3)


def account(server: Dovecot, **more: object) -> Account:
    given = {
        "host": "127.0.0.1", "port": server.port, "security": Security.NONE, "user": USER,
        "password": PASSWORD, **more,
    }  # fmt: skip
    return Account(**given)  # type: ignore[arg-type]  # what one case changes


@pytest.mark.parametrize(
    ("change", "trouble"),
    [
        ({"password": "wrong"}, Trouble.LOGIN),
        ({"password": "пароль"}, Trouble.LOGIN),
        ({"user": "nobody else"}, Trouble.LOGIN),
        ({"folder": "No such folder"}, Trouble.FOLDER),
        ({"host": "no-such-server.invalid"}, Trouble.NO_NAME),
        ({"host": "a" * 70 + ".example"}, Trouble.NO_NAME),
        ({"security": Security.TLS}, Trouble.TLS),
        ({"security": Security.STARTTLS}, Trouble.CERTIFICATE),
    ],
)
def test_what_fails_is_named(
    server: Dovecot, change: dict[str, object], trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(Stopped) as stopped, opened(account(server, **change), timeout=5):
        pass
    assert stopped.value.trouble == trouble
    assert stopped.value.__cause__ is None
    shown = f"{stopped.value!r} {account(server)!r} {caplog.text}"
    assert PASSWORD not in shown


def test_an_untrusted_certificate_a_closed_port_and_a_silent_server_are_named(
    server: Dovecot,
) -> None:
    with (
        pytest.raises(Stopped) as stopped,
        opened(account(server, port=server.tls_port, security=Security.TLS), timeout=5),
    ):
        pass
    assert stopped.value.trouble == Trouble.CERTIFICATE
    with pytest.raises(Stopped) as stopped, opened(account(server, port=free_port()), timeout=5):
        pass
    assert stopped.value.trouble == Trouble.REFUSED
    import socket  # noqa: PLC0415

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(Stopped) as stopped, opened(account(server, port=port), timeout=0.3):
            pass
    assert stopped.value.trouble == Trouble.SILENT


def test_the_password_never_leaves_our_net_in_the_clear(
    server: Dovecot, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = mock.Mock()
    monkeypatch.setattr(imap, "_signed_in", sent)
    monkeypatch.setattr(imap.ipaddress, "ip_address", lambda _one: mock.Mock(is_private=False))
    with pytest.raises(Stopped) as stopped, opened(account(server)):
        pass
    assert stopped.value.trouble == Trouble.UNPROTECTED
    sent.assert_not_called()


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_protected_connection_reads_letters(
    server: Dovecot, mailbox: Mailbox, security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trusted(server, monkeypatch)
    server.deliver(plain())
    mailbox.security, mailbox.host = security, "localhost"
    mailbox.port = server.tls_port if security == Security.TLS else server.port
    mailbox.save()
    assert (asked(mailbox), subjects(mailbox)) == ("", [1])


def test_trouble_is_written_down_and_waits_grow_but_not_for_ever(
    server: Dovecot, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox.secret = secrets.seal({"password": "wrong"})
    mailbox.save()
    with caplog.at_level(logging.DEBUG):
        assert asked(mailbox) == Trouble.LOGIN
        assert asked(mailbox) == Trouble.LOGIN
    assert mailbox.failures == 2
    assert "wrong" not in caplog.text
    waits = [fetching.pause(number).total_seconds() for number in (0, 1, 2, 5, 6, 50, 999)]
    assert waits == [0, 20, 40, 320, 600, 600, 600]


def test_a_password_under_another_key_has_to_be_entered_again(
    server: Dovecot, mailbox: Mailbox, settings
) -> None:
    settings.SECRET_KEY = "another" * 10
    assert asked(mailbox) == Trouble.SECRET


# Who looks after it.


def test_what_no_process_looks_after_is_asked_by_the_schedule(
    server: Dovecot, mailbox: Mailbox
) -> None:
    server.deliver(plain(1))
    tasks.fetch_letters()
    assert subjects(mailbox) == [1]
    server.deliver(plain(2))
    tasks.fetch_letters()
    assert subjects(mailbox) == [1], "somebody was there just now"
    Mailbox.objects.update(polled_at=timezone.now() - fetching.UNTENDED)
    tasks.fetch_letters()
    assert subjects(mailbox) == [1, 2]
    Mailbox.objects.update(polled_at=timezone.now() - timedelta(hours=1), is_active=False)
    assert fetching.untended(timezone.now()) == []


def test_the_nightly_comparison_fetches_what_is_missing_and_tells(
    server: Dovecot, mailbox: Mailbox
) -> None:
    asked(mailbox)  # what comes from now on is ours, all of it
    for number in (1, 2, 3):
        server.deliver(plain(number))
    asked(mailbox)
    IncomingLetter.objects.get(uid=2).delete()
    assert (asked(mailbox), subjects(mailbox)) == ("", [1, 3]), "below the watermark"
    with mock.patch.object(fetching.log, "error") as told:
        tasks.reconcile_mailboxes()
    mailbox.refresh_from_db()
    assert subjects(mailbox) == [1, 2, 3]
    assert (mailbox.reconciled_late, mailbox.reconciled_missing) == (1, 0)
    assert mailbox.reconciled_at is not None
    told.assert_called_once()
    tasks.reconcile_mailboxes()
    mailbox.refresh_from_db()
    assert (mailbox.reconciled_late, len(subjects(mailbox))) == (0, 3)


TOGETHER = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def tended(mailbox: Mailbox) -> Iterator[threading.Event]:
    """Let the process that fetches run in a thread."""
    stop = threading.Event()

    def work() -> None:
        try:
            fetch_mail.run(stop)
        finally:
            connection.close()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    yield stop
    stop.set()
    thread.join(LONGEST)
    assert not thread.is_alive()


def until(holds: Callable[[], bool]) -> float:
    """Wait until something holds; gives how long it took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < LONGEST, "it never came"
        time.sleep(0.02)
    return time.monotonic() - started


@TOGETHER
def test_a_letter_is_pushed_to_us_at_once(
    server: Dovecot, mailbox: Mailbox, tended: threading.Event
) -> None:
    until(lambda: Mailbox.objects.get().polled_at is not None)
    server.deliver(plain(1))
    assert until(IncomingLetter.objects.exists) < 5
    until(lambda: server.flags() == {1: rb"\Seen"})
    server.deliver(plain(2))
    assert until(lambda: IncomingLetter.objects.count() == 2) < 5


@TOGETHER
def test_without_push_we_ask(
    server: Dovecot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, request
) -> None:
    monkeypatch.setattr(fetching, "PUSHED", 0.1)
    monkeypatch.setattr(imap.Session, "can_push", property(lambda _self: False))
    request.getfixturevalue("tended")
    until(lambda: Mailbox.objects.get().polled_at is not None)
    server.deliver(plain(1))
    until(IncomingLetter.objects.exists)


@TOGETHER
def test_a_connection_that_drops_while_we_wait_is_made_anew(
    server: Dovecot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch, request
) -> None:
    monkeypatch.setattr(fetching, "FIRST_PAUSE", timedelta(0))
    monkeypatch.setattr(fetch_mail, "SHORTEST_REST", 0.05)
    between = Between(server.port, after=4_000)  # a session begins with some 1,500 bytes
    between.start()
    Mailbox.objects.update(port=between.port)
    request.getfixturevalue("tended")
    for number in range(6):
        server.deliver(plain(number, size=600))
        until(lambda count=number + 1: IncomingLetter.objects.count() == count)  # type: ignore[misc]  # bound early
    assert between.connections > 1
    assert subjects(mailbox) == list(range(6))
    between.close()


@TOGETHER
def test_two_who_fetch_at_once_bring_each_letter_once(
    server: Dovecot, mailbox: Mailbox, at_once
) -> None:
    for number in range(40):
        server.deliver(plain(number))
    came = at_once([lambda: fetching.poll(Mailbox.objects.get())] * 4)
    assert sum(came) == 40
    assert subjects(mailbox) == list(range(40))


@TOGETHER
def test_even_without_the_lock_a_letter_is_kept_once(
    server: Dovecot, mailbox: Mailbox, at_once, monkeypatch: pytest.MonkeyPatch
) -> None:
    from contextlib import nullcontext  # noqa: PLC0415

    monkeypatch.setattr(fetching, "alone", lambda _pk: nullcontext(True))
    for number in range(40):
        server.deliver(plain(number))
    at_once([lambda: fetching.poll(Mailbox.objects.get())] * 3)
    asked(mailbox)
    assert subjects(mailbox) == list(range(40))
    assert (mailbox.last_uid, mailbox.last_error) == (40, "")
    assert (
        len(list(store.path_of(IncomingLetter.objects.all()[0].pk).parent.parent.rglob("*.eml")))
        == 40
    )
