"""Tickets of the personas, and what was written to whom."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from accounts.models import Property, User
from portal.delivery.models import Delivery
from tickets import actions, identity
from tickets.models import Ticket


def said_to(person: User) -> list[str]:
    """Name the letters to a person, in the order in which they were written."""
    found = Delivery.objects.filter(recipient=person.email).order_by("id")
    return list(found.values_list("letter", flat=True))


@pytest.fixture
def letters_to() -> Callable[[User], list[str]]:
    """Name the letters that were written to a person."""
    return said_to


@pytest.fixture
def file(anna: User, hotel: Property, at: datetime) -> Callable[..., Ticket]:
    """File a ticket: anna's incident at noon, unless told otherwise."""

    def filed(**changes: Any) -> Ticket:
        said: dict[str, Any] = {
            "person": anna,
            "property": hotel,
            "category": "incident",
            "subject": "Гости не могут оплатить картой",
            "description": "После выбора тарифа страница оплаты пустая.",
            "evidence": identity.session(),
            "form_key": uuid4(),
            "at": at,
        }
        return actions.file_ticket(**{**said, **changes})

    return filed


@pytest.fixture
def ticket(file: Callable[..., Ticket]) -> Ticket:
    """Anna's incident, filed at noon."""
    return file()


def _at_once(acts: Sequence[Callable[[], Any]]) -> list[Any]:
    gate = threading.Barrier(len(acts))

    def one(act: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


@pytest.fixture
def at_once() -> Callable[[Sequence[Callable[[], Any]]], list[Any]]:
    """Let threads act at the same moment, each with a connection of its own."""
    return _at_once
