"""Waiting for the customer: reminded, closed as announced, gone on with on the agreed day."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.template import engines

from accounts.models import User
from portal.delivery.models import Delivery, Heartbeat
from portal.refusals import NotAllowed
from portal.support.models import Brand
from tickets import actions, clock, life, policy, tasks
from tickets.actions import conversation, locking, waiting
from tickets.life import Lived
from tickets.models import Clock, Outcome, Policy, Ticket

DAY = timedelta(days=1)
NIGHT = timedelta(hours=12)
NOTHING = Lived(0, 0, 0)
Letters = Callable[[User], list[str]]


def say(ticket: Ticket, author: User, at: datetime, **more: Any) -> None:
    said: dict[str, Any] = {"text": "Пришлите снимок, пожалуйста.", "form_key": uuid4(), **more}
    actions.reply(ticket=ticket, author=author, at=at, **said)


@pytest.fixture
def waits(ticket: Ticket, sergey: User, at: datetime) -> Ticket:
    """Anna's incident; sergey has asked her something at noon and waits."""
    say(ticket, sergey, at, waits_for_customer=True)
    ticket.refresh_from_db()
    return ticket


def test_nobody_is_reminded_before_the_days_of_silence(waits: Ticket, at: datetime) -> None:
    assert life.live(at=at + 3 * DAY - timedelta(seconds=1)) == NOTHING


def test_a_silent_customer_is_reminded_once_and_told_when_it_closes(
    waits: Ticket, anna: User, at: datetime, letters_to: Letters
) -> None:
    assert life.live(at=at + 3 * DAY).reminded == 1
    assert life.live(at=at + 4 * DAY) == NOTHING
    waits.refresh_from_db()
    assert (waits.reminded_at, waits.closes_at) == (at + 3 * DAY, at + 7 * DAY)
    assert letters_to(anna) == ["ticket_received", "ticket_reply", "waiting_reminder"]
    letter = Delivery.objects.get(letter="waiting_reminder")
    assert letter.context["closes_at"] == (at + 7 * DAY).isoformat()
    event = waits.events.get(code="reminded")
    assert (event.actor, event.until) == (None, at + 7 * DAY)


def test_it_closes_on_the_announced_day_by_the_system(
    waits: Ticket, anna: User, at: datetime, letters_to: Letters
) -> None:
    life.live(at=at + 3 * DAY)
    assert life.live(at=at + 7 * DAY - timedelta(seconds=1)) == NOTHING
    assert life.live(at=at + 7 * DAY) == Lived(0, 1, 0)
    assert life.live(at=at + 8 * DAY) == NOTHING
    waits.refresh_from_db()
    assert (waits.status, waits.closed_at, waits.closes_at) == ("closed", at + 7 * DAY, None)
    assert waits.events.get(code="closed_by_silence").actor is None
    assert letters_to(anna)[-1] == "ticket_closed"
    assert Delivery.objects.get(letter="ticket_closed").context["by"] == "silence"
    work = Clock.objects.get(ticket=waits, kind="work")
    assert (work.outcome, work.stopped_by) == (Outcome.WITHDRAWN, None)


def test_an_end_that_was_announced_is_not_moved_by_other_figures(
    waits: Ticket, at: datetime
) -> None:
    life.live(at=at + 3 * DAY)
    Policy.objects.update(close_days=1)
    assert life.live(at=at + 6 * DAY) == NOTHING
    assert life.live(at=at + 7 * DAY).closed == 1


def test_a_word_of_the_customer_ends_the_wait(waits: Ticket, anna: User, at: datetime) -> None:
    """Rule 5."""
    life.live(at=at + 3 * DAY)
    say(waits, anna, at + 3 * DAY + NIGHT, text="Вот снимок")
    waits.refresh_from_db()
    assert (waits.status, waits.reminded_at, waits.closes_at) == ("open", None, None)
    assert life.live(at=at + 9 * DAY) == NOTHING


def test_a_question_after_the_reminder_is_reminded_of_anew(
    waits: Ticket, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    life.live(at=at + 3 * DAY)
    say(waits, sergey, at + 6 * DAY, text="А в другом браузере?", waits_for_customer=True)
    assert life.live(at=at + 7 * DAY) == NOTHING
    assert life.live(at=at + 9 * DAY) == Lived(0, 0, 1)
    assert letters_to(anna).count("waiting_reminder") == 2


def test_where_an_answer_of_ours_is_due_nobody_is_reminded(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.set_status(ticket=ticket, actor=sergey, status="waiting_customer", at=at)
    assert ticket.due_at is not None
    assert life.live(at=at + 30 * DAY) == NOTHING


def test_letters_wait_for_the_morning(waits: Ticket, at: datetime) -> None:
    assert life.live(at=at + 3 * DAY + NIGHT) == NOTHING
    assert life.live(at=at + 4 * DAY).reminded == 1


def test_two_runs_at_once_remind_once(
    waits: Ticket, at: datetime, letters_to: Letters, anna: User
) -> None:
    due = at + 3 * DAY
    assert [actions.remind(ticket_id=waits.pk, at=due) for _ in range(2)] == [True, False]
    assert letters_to(anna).count("waiting_reminder") == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_at_once_close_once(
    waits: Ticket, at: datetime, at_once: Callable[..., list[bool]]
) -> None:
    actions.remind(ticket_id=waits.pk, at=at + 3 * DAY)
    due = at + 7 * DAY
    closed = at_once([lambda: actions.close_by_silence(ticket_id=waits.pk, at=due)] * 4)
    assert sorted(closed) == [False, False, False, True]
    assert waits.events.filter(code="closed_by_silence").count() == 1


def test_the_work_stands_until_the_agreed_date(ticket: Ticket, sergey: User, at: datetime) -> None:
    """Rule 1: the reason of the segment says for what we wait."""
    say(ticket, sergey, at)
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=date(2026, 11, 30), at=at)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.agreed_on) == ("waiting_customer", date(2026, 11, 30))
    segment = Clock.objects.get(ticket=ticket, kind="work").segments.get(ends_at=None)
    assert (segment.is_running, segment.reason) == (False, "agreed_date")
    event = ticket.events.get(code="date_agreed")
    assert event.actor == sergey
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=date(2026, 11, 30), at=at)
    assert ticket.events.filter(code="date_agreed").count() == 1


def test_a_date_agreed_while_waiting_takes_the_reminder_back(
    waits: Ticket, sergey: User, at: datetime
) -> None:
    life.live(at=at + 3 * DAY)
    actions.agree_date(ticket=waits, actor=sergey, agreed_on=date(2026, 12, 20), at=at + 3 * DAY)
    assert life.live(at=at + 20 * DAY) == NOTHING
    work = clock.open_work(waits)
    assert work is not None
    assert work.lines.order_by("id").last().data == {"reason": "agreed_date"}


def test_on_the_agreed_day_work_goes_on_and_the_assignee_is_told(
    ticket: Ticket, sergey: User, at: datetime, letters_to: Letters
) -> None:
    say(ticket, sergey, at)
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=date(2026, 11, 30), at=at)
    assert life.live(at=at + 6 * DAY) == NOTHING
    assert life.live(at=at + 7 * DAY) == Lived(1, 0, 0)
    assert life.live(at=at + 8 * DAY) == NOTHING
    ticket.refresh_from_db()
    assert (ticket.status, ticket.agreed_on) == ("open", None)
    assert letters_to(sergey) == ["date_came"]
    assert ticket.events.get(code="date_came").actor is None


def test_a_high_incident_comes_back_with_the_first_minute_of_the_day(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    """Rule 12."""
    actions.triage(ticket=ticket, actor=sergey, category="incident", priority="high", at=at)
    say(ticket, sergey, at)
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=date(2026, 11, 24), at=at)
    midnight = at + NIGHT
    assert life.live(at=midnight - timedelta(seconds=1)) == NOTHING
    assert life.live(at=midnight) == Lived(1, 0, 0)
    assert clock.open_work(ticket).segments.get(ends_at=None).is_running


def test_a_word_of_the_customer_takes_the_agreed_date_back(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    say(ticket, sergey, at)
    actions.agree_date(ticket=ticket, actor=sergey, agreed_on=date(2026, 11, 30), at=at)
    say(ticket, anna, at + DAY, text="Можно уже сейчас")
    ticket.refresh_from_db()
    assert (ticket.status, ticket.agreed_on) == ("open", None)


@pytest.mark.parametrize("day", [date(2026, 11, 22), date(2026, 11, 23), date(2028, 1, 1)])
def test_a_date_that_is_not_to_come_is_refused(
    ticket: Ticket, sergey: User, at: datetime, day: date
) -> None:
    with pytest.raises(waiting.DateNotToCome) as refused:
        actions.agree_date(ticket=ticket, actor=sergey, agreed_on=day, at=at)
    assert refused.value.field == "agreed_on"
    ticket.refresh_from_db()
    assert (ticket.status, ticket.agreed_on) == ("new", None)


def test_neither_customers_nor_finished_tickets_agree_on_dates(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    day = date(2026, 11, 30)
    with pytest.raises(NotAllowed):
        actions.agree_date(ticket=ticket, actor=anna, agreed_on=day, at=at)
    actions.close(ticket=ticket, actor=anna, at=at)
    with pytest.raises(locking.StatusForbids):
        actions.agree_date(ticket=ticket, actor=sergey, agreed_on=day, at=at)


def test_the_desk_may_say_that_it_waits_for_the_identification(
    ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.set_status(ticket=ticket, actor=sergey, status="waiting_identification", at=at)
    ticket.refresh_from_db()
    assert ticket.status == "waiting_identification"
    assert ticket.due_at is not None  # Rule 4: asking for a code answers nothing.


def test_the_window_of_reopening_is_what_the_policy_says(
    ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    """Rule 8."""
    say(ticket, sergey, at)
    actions.close(ticket=ticket, actor=anna, at=at)
    assert not policy.is_over(ticket, at + 14 * DAY)
    figures = Policy.objects.get()
    figures.reopen_days = 5
    before = Brand.objects.get().version
    actions.save_policy(policy=figures, actor=_head_of(sergey))
    assert Brand.objects.get().version != before
    ticket.refresh_from_db()
    assert policy.is_over(ticket, at + 6 * DAY)
    with pytest.raises(conversation.TicketClosed):
        say(ticket, anna, at + 6 * DAY, text="Снова")


def _head_of(person: User) -> User:
    person.is_superuser = True
    return person


@pytest.mark.parametrize("person", ["sergey", "maxim", "anna", "elena"])
def test_only_head_and_administrators_change_the_policy(
    person: str, request: pytest.FixtureRequest, db: None
) -> None:
    with pytest.raises(NotAllowed):
        actions.save_policy(policy=Policy.objects.get(), actor=request.getfixturevalue(person))


def test_the_head_changes_the_policy(galina: User) -> None:
    figures = Policy.objects.get()
    figures.remind_days = 9
    actions.save_policy(policy=figures, actor=galina)
    assert policy.current().remind_days == 9


def test_the_job_says_that_it_ran(db: None) -> None:
    tasks.live()
    assert Heartbeat.objects.filter(job="life-of-tickets").exists()


@pytest.fixture
def _forgiving_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unfold's own templates ask for variables that are not there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


@pytest.mark.usefixtures("_forgiving_templates")
def test_the_head_sets_the_figures_in_the_admin_and_keeps_the_one_row(
    galina: User, sergey: User, sign_in: Callable[[User], Any]
) -> None:
    page, client = "/admin/tickets/policy/1/change/", sign_in(galina)
    assert client.get("/admin/tickets/policy/").url == page
    assert client.get(page).status_code == 200
    said = {"remind_days": 5, "close_days": 6, "reopen_days": 30, "acknowledge_minutes": 10}
    assert client.post(page, said).status_code == 302
    assert policy.current().reopen_days == 30
    assert client.post(page, {**said, "reopen_days": 0}).status_code == 200
    assert policy.current().reopen_days == 30
    assert client.post("/admin/tickets/policy/add/", said).status_code == 403
    assert client.post("/admin/tickets/policy/1/delete/", {"post": "yes"}).status_code == 403
    assert sign_in(sergey).post(page, said).status_code == 403
