"""The priority that the effects speak for: docs/domain.md, "Priorities"."""

from datetime import datetime

import pytest

from accounts.models import User
from tickets import actions, rules
from tickets.models import Ticket

# Operations, business process: what the table of the domain says, row by row.
TABLE = [
    ("none", "none", "low"),
    ("yes", "none", "medium"),
    ("partly", "none", "medium"),
    ("yes", "yes", "high"),
    ("partly", "partly", "high"),
    ("yes", "partly", "high"),
    ("critical", "critical", "critical"),
    # Between its rows: one critical effect alone is not yet a critical incident.
    ("critical", "none", "high"),
    ("none", "critical", "high"),
    ("none", "yes", "medium"),
]


@pytest.mark.parametrize(("operations", "business", "priority"), TABLE)
def test_effects_speak_for_a_priority(operations: str, business: str, priority: str) -> None:
    found = rules.suggested_priority("incident", operations=operations, business=business)
    assert found == priority


@pytest.mark.parametrize("category", rules.REQUESTS)
@pytest.mark.parametrize(("operations", "business", "priority"), TABLE)
def test_requests_are_never_suggested_above_medium(
    category: str, operations: str, business: str, priority: str
) -> None:
    found = rules.suggested_priority(category, operations=operations, business=business)
    assert found == ("low" if priority == "low" else "medium")


def test_every_suggestion_is_legal() -> None:
    for category in rules.Category:
        for operations in rules.Effect:
            for business in rules.Effect:
                found = rules.suggested_priority(category, operations=operations, business=business)
                assert rules.is_allowed(category, found)


def test_the_reasons_of_a_triage_are_kept(ticket: Ticket, sergey: User, at: datetime) -> None:
    actions.triage(
        ticket=ticket,
        actor=sergey,
        category="incident",
        priority="high",
        operations="yes",
        business="<b>nonsense</b>",
        at=at,
    )
    event = ticket.events.get(code="triaged")
    assert (event.data["operations"], "business" in event.data) == ("yes", False)
