"""The named filters: what each reads, what it refuses, which tickets it keeps."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tickets import actions, filters
from tickets.models import Ticket
from tickets.querysets import anybody, read, scope_of

MINUTE = timedelta(minutes=1)


def kept(user, at, **asked):
    """Name the tickets that pass, as a query that was composed for anybody gives them."""
    rows = read(
        _kept,
        anybody(scope_of(user)),
        filters.read(asked),
        places=filters.places(scope_of(user), at),
    )
    return {number for (number,) in rows}


def _kept(scope, asked):
    return filters.narrowed(Ticket.objects.within(scope), asked).order_by().values_list("number")


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("status", "open_ones"),
        ("status", "closed"),
        ("category", "incident"),
        ("priority", "none"),
        ("assignee", "me"),
        ("assignee", "nobody"),
        ("assignee", "17"),
        ("organization", "5"),
        ("channel", "phone"),
        ("addressee", "manager"),
        ("due", "today"),
        ("development", "given"),
        ("development", "3"),
        ("text", "не открывается"),
    ],
)
def test_a_filter_reads_its_values(code, value):
    assert filters.read({code: value}) == ((code, value),)
    assert filters.unknown({code: value}) == []


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("status", "lost"),
        ("category", "Incident"),
        ("priority", "5"),
        ("assignee", "-1"),
        ("assignee", "me; drop"),
        ("organization", "verf"),
        ("organization", "²"),
        ("organization", "9" * 30),
        ("channel", ""),
        ("due", "yesterday"),
        ("development", "1.5"),
        ("text", "\x00 "),
        ("nonsense", "1"),
    ],
)
def test_nonsense_is_not_asked_for_and_is_named_where_it_would_be_kept(code, value):
    assert filters.read({code: value}) == ()
    assert filters.unknown({code: value}) == [code]


def test_the_same_filters_are_the_same_whatever_their_order():
    assert filters.read({"due": "late", "status": "open"}) == filters.read(
        {"status": "open", "due": "late"}
    )


def test_words_are_cut_where_nobody_types_on():
    ((_code, words),) = filters.read({"text": "а" * 500})
    assert len(words) == filters.LONGEST_TEXT


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"status": "open_ones"}, {"fresh", "high", "mine", "managers", "handed"}),
        ({"status": "resolved"}, {"solved"}),
        ({"status": "in_development"}, {"handed"}),
        ({}, {"fresh", "high", "mine", "managers", "handed", "solved"}),
        ({"category": "change_request"}, {"handed"}),
        ({"priority": "high"}, {"high"}),
        ({"priority": "none", "status": "open_ones"}, {"fresh", "mine", "managers", "handed"}),
        ({"assignee": "me"}, {"mine", "solved"}),  # whoever answers takes it
        ({"assignee": "nobody", "status": "open_ones"}, {"fresh", "high", "handed"}),
        ({"addressee": "manager"}, {"managers"}),
        ({"channel": "phone"}, set()),
        ({"development": "given"}, {"handed"}),
        ({"development": "none", "category": "change_request"}, set()),
    ],
)
def test_each_filter_keeps_its_tickets(world, sergey, at, asked, expected):
    numbers = kept(sergey, at, **asked)
    assert {name for name, ticket in world.items() if ticket.number in numbers} == expected


def test_the_filters_of_rows_know_whose_they_are(world, sergey, maxim, mayak, at):
    high, handed = world["high"], world["handed"]
    assert kept(sergey, at, organization=str(mayak.pk)) == {high.number}
    assert kept(sergey, at, development=str(handed.development_id)) == {handed.number}
    assert kept(sergey, at, assignee=str(maxim.pk)) == {world["managers"].number}


def test_due_says_late_soon_and_today_by_the_moment_of_the_question(file, sergey, at):
    ticket = file()  # an incident without a priority: 30 minutes, due at 12:30
    assert kept(sergey, at + 29 * MINUTE, due="soon") == {ticket.number}
    assert kept(sergey, at + 29 * MINUTE, due="late") == set()
    assert kept(sergey, at + 31 * MINUTE, due="soon") == set()
    assert kept(sergey, at + 31 * MINUTE, due="late") == {ticket.number}
    assert kept(sergey, at - timedelta(days=1), due="today") == set()
    assert kept(sergey, at, due="today") == {ticket.number}
    assert kept(sergey, at - timedelta(hours=1), due="soon") == set()


def test_filters_never_widen_what_a_person_sees(world, maxim, daria, at):
    assert kept(daria, at) == {world["handed"].number}
    assert world["high"].number not in kept(maxim, at, status="open_ones")


@pytest.fixture
def world(file, boris, sergey, maxim, vera, lighthouse, at):
    """One of each sort."""
    fresh, high, mine, managers, handed, solved = (
        file(),
        file(person=vera, property=lighthouse),
        file(),
        file(addressee="manager"),
        file(category="change_request", person=boris),
        file(),
    )
    actions.triage(ticket=high, actor=sergey, category="incident", priority="high", at=at)
    actions.triage(ticket=solved, actor=sergey, category="incident", priority="low", at=at)
    actions.assign(ticket=mine, actor=sergey, assignee=sergey, at=at)
    actions.hand_over(
        ticket=handed,
        actor=sergey,
        title="Поле",
        brief="Добавить поле",
        news_due_at=at + timedelta(days=1),
        customer_text="Добавляем.",
        at=at,
    )
    handed.refresh_from_db()
    actions.resolve(ticket=solved, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    names = ("fresh", "high", "mine", "managers", "handed", "solved")
    return dict(zip(names, (fresh, high, mine, managers, handed, solved), strict=True))
