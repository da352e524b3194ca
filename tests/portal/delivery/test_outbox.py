"""The outbox: written once, claimed by one, in order, never late with a code, never lost."""

import threading
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from portal.delivery import outbox, secrets, sending
from portal.delivery.models import Delivery, State
from portal.delivery.transports import TRANSPORTS, TransportError

HOUR = timedelta(hours=1)


def write(key: str, **values: Any) -> Delivery:
    """Write a delivery that is due."""
    at = timezone.now() - HOUR
    given: dict[str, Any] = {
        "letter": "ticket_closed",
        "recipient": "anna@verf.example",
        "language": "ru",
    }
    outbox.write(**{**given, "context": {}, "dedupe_key": key, "at": at, **values})
    return Delivery.objects.get(dedupe_key=key)


def claim() -> Delivery:
    claimed = outbox.claim()
    assert claimed
    return claimed


def let_the_lease_run_out(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(lease_until=Now() - timedelta(seconds=1))


# --- writing ---


def test_a_key_is_written_once_and_the_transaction_lives_on(db: None) -> None:
    with transaction.atomic():
        first = write("ticket:1:received")
        values: dict[str, Any] = {
            "letter": "x",
            "recipient": "x@y.example",
            "language": "ru",
            "context": {},
        }
        outbox.write(**values, dedupe_key="ticket:1:received", at=timezone.now())
        other = write("ticket:2:received")
    assert set(Delivery.objects.values_list("pk", flat=True)) == {first.pk, other.pk}


def test_what_is_written_goes_away_with_its_transaction(db: None) -> None:
    with transaction.atomic():
        write("ticket:1:received")
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()


def test_a_secret_is_not_readable_in_the_row(db: None) -> None:
    written = write("code", secret={"code": "481-516"}, expires_at=timezone.now() + HOUR)
    row = Delivery.objects.filter(pk=written.pk).values().get()
    assert "481-516" not in str({key: value for key, value in row.items() if key != "secret"})
    assert b"481-516" not in bytes(row["secret"])
    assert secrets.unseal(row["secret"]) == {"code": "481-516"}


# --- claiming ---


def test_what_is_claimed_is_nobody_elses(db: None) -> None:
    written = write("one")
    assert claim().pk == written.pk
    assert outbox.claim() is None


def test_urgent_letters_leave_first_and_the_others_in_turn(db: None) -> None:
    keys = [(write(str(number), priority=priority).pk, priority) for number, priority in enumerate((5, 1, 5, 1))]  # fmt: skip
    wanted = [pk for pk, _priority in sorted(keys, key=lambda key: (key[1], key[0]))]
    assert [claim().pk for _ in keys] == wanted


def test_what_is_not_due_yet_stays(db: None) -> None:
    write("later", at=timezone.now() + HOUR)
    assert outbox.claim() is None


def test_a_lease_that_ran_out_is_taken_by_the_next_worker(db: None) -> None:
    write("one")
    first = claim()
    let_the_lease_run_out(first)
    second = claim()
    assert (second.pk, second.message_id) == (first.pk, first.message_id)
    assert second.owner != first.owner
    assert second.attempts == 2


@pytest.mark.parametrize("mark", ["sent", "failed"])
def test_a_late_worker_cannot_overwrite_what_another_does(mark: str, db: None) -> None:
    write("one")
    late = claim()
    let_the_lease_run_out(late)
    other = claim()
    if mark == "sent":
        assert not outbox.mark_sent(late)
    else:
        assert not outbox.mark_failed(late, error="", is_permanent=True)
    late.refresh_from_db()
    assert (late.state, late.owner) == (State.SENDING, other.owner)
    assert outbox.mark_sent(other)


def test_letters_of_one_conversation_wait_for_each_other(db: None) -> None:
    first, second = (write(key, ordering_key="ticket:1") for key in "ab")
    apart = write("c", ordering_key="ticket:2")
    held = claim()
    assert held.pk == first.pk
    assert claim().pk == apart.pk
    assert outbox.claim() is None
    outbox.mark_failed(held, error="421", is_permanent=False)
    assert outbox.claim() is None
    Delivery.objects.filter(pk=first.pk).update(next_at=Now())
    outbox.mark_sent(claim())
    assert claim().pk == second.pk


def test_a_letter_that_was_given_up_holds_nobody_back(db: None) -> None:
    _first, second = (write(key, ordering_key="ticket:1") for key in "ab")
    outbox.mark_failed(claim(), error="550", is_permanent=True)
    assert claim().pk == second.pk


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_claimers_never_get_the_same_row() -> None:
    wanted = {write(str(number)).pk for number in range(60)}
    taken: list[int] = []

    def take() -> None:
        while delivery := outbox.claim():
            taken.append(delivery.pk)
        connection.close()

    workers = [threading.Thread(target=take) for _ in range(6)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(taken) == sorted(wanted)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_claimers_keep_the_order_of_a_conversation() -> None:
    wanted = [write(str(number), ordering_key=f"ticket:{number % 3}").pk for number in range(30)]
    left: list[int] = []
    lock = threading.Lock()

    def work() -> None:
        while Delivery.objects.filter(state=State.PENDING).exists():
            if delivery := outbox.claim():
                with lock:
                    left.append(delivery.pk)
                outbox.mark_sent(delivery)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(left) == wanted
    for ticket in range(3):
        turn = [pk for pk in left if (pk - wanted[0]) % 3 == ticket]
        assert turn == sorted(turn)


# --- codes and their end ---


def test_an_expired_code_is_not_sent_and_its_secret_is_gone(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[Delivery] = []
    monkeypatch.setitem(TRANSPORTS, "email", sent.append)
    written = write("code", secret={"code": "481-516"}, expires_at=timezone.now() - HOUR)
    kept = write("letter")
    assert sending.drain() == 2
    written.refresh_from_db()
    assert (written.state, bytes(written.secret)) == (State.EXPIRED, b"")
    assert [delivery.pk for delivery in sent] == [kept.pk]


def test_a_secret_is_gone_once_it_was_sent(db: None) -> None:
    written = write("code", secret={"code": "481-516"}, expires_at=timezone.now() + HOUR)
    claimed = claim()
    assert secrets.unseal(claimed.secret) == {"code": "481-516"}
    outbox.mark_sent(claimed)
    written.refresh_from_db()
    assert bytes(written.secret) == b""


def test_a_code_that_could_not_be_sent_is_forgotten_when_it_opens_nothing(db: None) -> None:
    written = write("code", secret={"code": "481-516"}, expires_at=timezone.now() + HOUR)
    outbox.mark_failed(claim(), error="550", is_permanent=True)
    assert outbox.forget_secrets() == 0
    Delivery.objects.update(expires_at=Now())
    assert outbox.forget_secrets() == 1
    written.refresh_from_db()
    assert (written.state, bytes(written.secret)) == (State.DEAD, b"")


# --- failures ---


def test_waiting_doubles_up_to_an_hour() -> None:
    shortest = [min(30 * 2**number, 3600) * 0.5 for number in range(12)]
    for number, least in enumerate(shortest):
        assert all(least <= outbox.wait(number + 1) <= least * 3 for _ in range(50))


def test_a_failure_waits_and_says_why(db: None) -> None:
    write("one")
    outbox.mark_failed(claim(), error="SMTP 421 " + "x" * 900, is_permanent=False)
    row = Delivery.objects.annotate(now=Now()).get()
    assert row.state == State.PENDING
    assert row.last_error.startswith("SMTP 421")
    assert len(row.last_error) == outbox.LONGEST_ERROR
    assert timedelta(seconds=10) < row.next_at - row.now < timedelta(seconds=50)
    assert outbox.claim() is None


def test_after_fifteen_attempts_it_is_given_up(db: None) -> None:
    write("one")
    for _ in range(outbox.MOST_ATTEMPTS):
        assert Delivery.objects.get().state == State.PENDING
        Delivery.objects.update(next_at=Now())
        outbox.mark_failed(claim(), error="421", is_permanent=False)
    assert Delivery.objects.get().state == State.DEAD
    assert outbox.claim() is None


def test_what_takes_its_worker_down_again_and_again_is_given_up(db: None) -> None:
    write("one")
    for _ in range(outbox.MOST_ATTEMPTS):
        let_the_lease_run_out(claim())
    assert outbox.give_up_lost() == 1
    assert Delivery.objects.get().state == State.DEAD


def test_a_dead_letter_is_tried_again_from_the_start(db: None) -> None:
    written = write("one")
    outbox.mark_failed(claim(), error="550", is_permanent=True)
    written.refresh_from_db()
    outbox.retry(delivery=written, at=timezone.now())
    again = claim()
    assert (again.pk, again.attempts, again.message_id) == (written.pk, 1, written.message_id)


def test_only_a_dead_letter_is_tried_again(db: None, at: datetime) -> None:
    written = write("one")
    outbox.mark_sent(claim())
    with pytest.raises(outbox.NotDead):
        outbox.retry(delivery=written, at=at)
    assert outbox.claim() is None


# --- sending ---


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> dict[str, Exception]:
    """Give a transport that fails for the letters named in it."""
    failing: dict[str, Exception] = {}

    def send(delivery: Delivery) -> None:
        if error := failing.get(delivery.dedupe_key):
            raise error

    monkeypatch.setitem(TRANSPORTS, "email", send)
    return failing


def states() -> dict[str, str]:
    return dict(Delivery.objects.values_list("dedupe_key", "state"))


def test_each_letter_fails_for_itself(db: None, server: dict[str, Exception]) -> None:
    server["refused"] = TransportError("SMTP 550", is_permanent=True)
    server["busy"] = TransportError("SMTP 451", is_permanent=False)
    server["broken"] = KeyError("anna@verf.example")
    for key in ("refused", "busy", "broken", "fine"):
        write(key)
    assert sending.drain() == 4
    assert states() == {"refused": "dead", "busy": "pending", "broken": "pending", "fine": "sent"}
    assert Delivery.objects.get(dedupe_key="broken").last_error == "KeyError"


def test_a_run_ends_at_its_limit(db: None, server: dict[str, Exception]) -> None:
    for number in range(5):
        write(str(number))
    assert sending.drain(limit=3) == 3
    assert outbox.is_waiting()
    assert sending.drain() == 2
    assert not outbox.is_waiting()


def test_a_run_ends_in_time(
    db: None, server: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        write(str(number))
    seconds = iter([0.0, 1.0, sending.LONGEST_RUN - 1, sending.LONGEST_RUN + 1])
    monkeypatch.setattr(sending, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    assert sending.drain() == 2


def test_a_letter_without_a_template_waits_for_a_better_version(db: None) -> None:
    write("one", letter="no_such_letter")
    assert sending.drain() == 1
    row = Delivery.objects.get()
    assert (row.state, row.last_error) == (State.PENDING, "TemplateDoesNotExist")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_sending_happens_outside_any_transaction(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bool] = []
    monkeypatch.setitem(
        TRANSPORTS, "email", lambda _delivery: seen.append(connection.in_atomic_block)
    )
    write("one")
    sending.drain()
    assert seen == [False]
