"""Reads one ticket for its page: a query that is composed once, and no column more than it shows."""

import json
from typing import Any

from django.db.models import Model, QuerySet
from django.http import Http404

from accounts.models import Organization, Property, Role, User
from tickets.models import Development, Ticket
from tickets.querysets import Scope, read_for, scope_of

MOST = 2**63 - 1  # beyond it no number is kept


def _names(model: type[Model], *wanted: str) -> tuple[str, ...]:
    """Name columns in the order of the model, which is the one that from_db takes them in."""
    names = (field.attname for field in model._meta.concrete_fields)
    return tuple(name for name in names if not wanted or name in wanted)


PERSON = _names(
    User,
    *("id", "full_name", "position", "phone", "email", "language", "time_zone", "is_active"),
    *("role_id", "organization_id"),
)
# Where each row of the answer ends, in order: what it is, how one comes to it, and its columns.
PARTS: tuple[tuple[type[Model], str, tuple[str, ...]], ...] = (
    (Ticket, "", _names(Ticket)),
    (User, "requester", PERSON),
    (Role, "requester__role", _names(Role)),
    (Property, "property", _names(Property)),
    (Organization, "organization", _names(Organization)),
    (User, "organization__account_manager", PERSON),
    (User, "assignee", PERSON),
    (Development, "development", _names(Development)),
    (User, "development__owner", PERSON),
)
PATHS = tuple(f"{way}__{name}" if way else name for _model, way, names in PARTS for name in names)


def read_ticket(user: User, number: int) -> Ticket:
    """Give the ticket as far as this person may see it, with everybody its page names, or 404."""
    rows = read_for(_of_number, scope_of(user), numbers=(min(number, MOST),))
    if not rows:
        raise Http404
    return _assembled(list(rows[0]))


def _of_number(scope: Scope, number: int) -> QuerySet[Ticket, Any]:
    return Ticket.objects.within(scope).filter(number=number).values_list(*PATHS)


def _assembled(row: list[Any]) -> Ticket:
    """Make the rows of several tables out of one, and let each know the next."""
    found: dict[str, Any] = {}
    for model, way, names in PARTS:
        values, row = row[: len(names)], row[len(names) :]
        one = model.from_db("default", names, values) if values[0] is not None else None
        found[way] = one
        before, _sign, name = way.rpartition("__")
        if way and found[before] is not None:
            setattr(found[before], name, one)
    ticket: Ticket = found[""]
    ticket.details = json.loads(str(ticket.details))
    return ticket
