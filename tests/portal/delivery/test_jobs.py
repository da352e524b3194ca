"""The jobs of the outbox and the command that needs no Celery."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models.functions import Now
from django.utils import timezone

from portal.delivery import outbox, tasks
from portal.delivery.models import Delivery, Heartbeat, State


def write(key: str) -> Delivery:
    values: dict[str, Any] = {"letter": "account_notice", "recipient": "anna@verf.example"}
    at = timezone.now()
    outbox.write(**values, language="en", context={"code": "x"}, dedupe_key=key, at=at)
    return Delivery.objects.get(dedupe_key=key)


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    rings: list[str] = []
    monkeypatch.setattr(tasks, "ring", lambda: rings.append("ring"))
    return rings


def test_the_sweep_sends_what_the_bell_missed_and_says_that_it_ran(
    db: None, rung: list[str]
) -> None:
    write("one")
    tasks.sweep()
    assert Delivery.objects.get().state == State.SENT
    assert Heartbeat.objects.filter(job="outbox").exists()
    assert rung == []


def test_a_second_run_finds_nothing_to_do(db: None, rung: list[str]) -> None:
    write("one")
    tasks.sweep()
    before = Delivery.objects.values().get()
    tasks.sweep()
    assert Delivery.objects.values().get() == before


def test_a_run_that_did_not_reach_the_end_rings_again(
    db: None, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("one")
    write("two")
    monkeypatch.setattr("portal.delivery.tasks.sending.drain", lambda: 1)
    tasks.drain()
    assert rung == ["ring"]


def test_a_run_that_can_do_nothing_does_not_ring_for_ever(
    db: None, rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("one")
    monkeypatch.setattr("portal.delivery.tasks.sending.drain", lambda: 0)
    tasks.drain()
    assert rung == []


def test_letters_that_left_long_ago_are_forgotten_and_dead_ones_kept(db: None) -> None:
    rows = {state: write(state) for state in State.values}
    for state, row in rows.items():
        Delivery.objects.filter(pk=row.pk).update(state=state, created_at=Now() - timedelta(91))
    recent = write("recent")
    Delivery.objects.filter(pk=recent.pk).update(state=State.SENT)
    tasks.forget_old()
    kept = set(Delivery.objects.values_list("dedupe_key", flat=True))
    assert kept == {"pending", "sending", "dead", "recent"}


def test_the_command_empties_the_outbox_without_celery(db: None) -> None:
    write("one")
    write("two")
    told = StringIO()
    call_command("drain_outbox", stdout=told)
    assert told.getvalue() == "2 deliveries\n"
    assert set(Delivery.objects.values_list("state", flat=True)) == {State.SENT}
