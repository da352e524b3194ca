"""The bell: rung after commit, never a reason to fail or to wait."""

from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.db import transaction

from portal.delivery import bell


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Give the names of the tasks that were asked for."""
    names: list[str] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, **_options: names.append(name))
    monkeypatch.setattr(bell, "_quiet_until", [0.0])
    return names


class Broker:
    """A broker that does not answer."""

    def __init__(self) -> None:
        self.asked = 0

    def send_task(self, _name: str, **_options: Any) -> None:
        """Fail with an error that no list of errors would name."""
        self.asked += 1
        raise RuntimeError("the connection is gone")


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_it_rings_after_commit_and_not_before(rung: list[str], settings: Any) -> None:
    settings.TESTING = False
    with transaction.atomic():
        bell.ring_after_commit()
        assert rung == []
    assert rung == ["portal.delivery.tasks.drain"]


def test_it_names_a_task_that_exists() -> None:
    current_app.loader.import_default_modules()
    assert "portal.delivery.tasks.drain" in current_app.tasks


def test_a_broken_broker_is_asked_once_and_then_left_alone_for_a_while(
    rung: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broker, now = Broker(), [1000.0]
    monkeypatch.setattr(current_app, "send_task", broker.send_task)
    monkeypatch.setattr(bell, "time", SimpleNamespace(monotonic=lambda: now[0]))
    for _ in range(3):
        bell.ring()
    assert broker.asked == 1
    now[0] += bell.REST
    bell.ring()
    assert broker.asked == 2
