"""Hand-over to development: what is done there, by when, and what the customers are told of it.

Every customer of a linked ticket has a date for the next news; it is a clock of its own, and a date
that passes in silence is a breach (docs/sla.md, "development update").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from urllib.parse import urlsplit

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import html
from portal.refusals import NotAllowed, Refused
from portal.support.schedule import current_schedule
from tickets import access, clock, history, notices, rules
from tickets.actions import locking, texts
from tickets.models import Development, Draft, Eta, Outcome, Ticket
from tickets.querysets import develops

LONGEST_BRIEF = 20_000
LONGEST_WORDS = 4_000  # a reason; what the customers read
LONGEST_ADDRESS = 500
LONGEST_KEY = 60
READY = "tickets/drafts/released.txt"


class NotSaid(Refused):
    """Something that a hand-over needs is missing or too long; `field` names it."""

    code = "not_said"
    status = 400

    def __init__(self, field: str, message: str | Promise) -> None:
        self.field = field
        super().__init__(message)


class NewsDateMissing(Refused):
    """Customers are always told when they will hear from us next."""

    code = "news_date_missing"
    status = 400
    field = "news_due_at"
    message = _("Say by when the customer will have news: this date is promised to them.")


class NewsInThePast(Refused):
    """News are promised for a time to come."""

    code = "news_in_the_past"
    status = 400
    field = "news_due_at"
    message = _("News can only be promised for a time to come.")


class EtaInThePast(Refused):
    """It will be done on a day to come."""

    code = "eta_in_the_past"
    status = 400
    field = "eta_on"
    message = _("This day has passed already. Name a later one, or leave it empty.")


class ReasonMissing(Refused):
    """A date that was told is moved for a reason only."""

    code = "reason_missing"
    status = 400
    field = "reason"
    message = _("The customers know the old date: write down why it moves.")


class TrackerNotSafe(Refused):
    """The address of the tracker is one that a browser opens."""

    code = "tracker_not_safe"
    status = 400
    field = "tracker_url"
    message = _("Give the whole address of the task, beginning with https://.")


class AlreadyReleased(Refused):
    """It has been released; nothing moves any more."""

    code = "already_released"
    message = _("This has been released already.")


class AlreadyHandedOver(Refused):
    """A ticket waits for one development at a time."""

    code = "already_handed_over"
    message = _("This ticket is in development already.")


class NotInDevelopment(Refused):
    """The ticket waits for no development."""

    code = "not_in_development"
    message = _("This ticket is not in development.")


class NewsOverdue(Refused):
    """Whoever joins would be promised news for a date that has passed."""

    code = "news_overdue"
    field = "development"
    message = _("The news of this development are overdue. Tell them first, then join it.")


class NotADeveloper(Refused):
    """Only developers own what is developed."""

    code = "not_a_developer"
    status = 400
    field = "owner"
    message = _("Choose one of the developers.")


@dataclass(frozen=True)
class _News:
    """What one version of the ETA says, checked."""

    eta_on: date | None
    news_due_at: datetime
    reason: str
    customer_text: str

    def is_told_by(self, eta: Eta) -> bool:
        """Whether a version says the same already."""
        mine = self.eta_on, self.news_due_at, self.customer_text
        return mine == (eta.eta_on, eta.news_due_at, eta.customer_text)


@transaction.atomic
def hand_over(
    *,
    ticket: Ticket,
    actor: User,
    title: str,
    brief: str,
    news_due_at: datetime | None,
    customer_text: str,
    at: datetime,
    eta_on: date | None = None,
    reason: str = "",
    tracker_url: str = "",
    tracker_key: str = "",
) -> Development:
    """Hand a ticket over to the developers, and tell the customer when there will be news.

    Raises NotAllowed, AlreadyHandedOver, NotSaid, NewsDateMissing, NewsInThePast, EtaInThePast,
    TrackerNotSafe, locking.StatusForbids.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_hand_over)
    _refuse_linked(ticket)
    news = _news(eta_on, news_due_at, reason, customer_text, at)
    development = Development.objects.create(
        **_described(title, brief, tracker_url, tracker_key),
        created_by=actor,
        created_at=at,
        eta_on=news.eta_on,
        news_due_at=news.news_due_at,
    )
    eta = _add_version(development, 1, news, actor, at)
    _link(ticket, development, eta, actor, at)
    return development


@transaction.atomic
def join_development(
    *, ticket: Ticket, actor: User, development: Development, at: datetime
) -> Ticket:
    """Let a ticket wait for a development that goes on; its customer reads what was said last.

    One that is linked already goes back into development in silence: its customer knows.
    Raises NotAllowed, AlreadyReleased, AlreadyHandedOver, NewsOverdue, locking.StatusForbids.
    """
    # Order matters: the development first, then tickets, as in every action that takes both.
    development = _lock_open(development, actor, allowed=access.can_see_development)
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_hand_over)
    if ticket.development_id == development.pk:
        locking.move(ticket, status=rules.Status.IN_DEVELOPMENT, actor=actor, at=at)
        return ticket
    _refuse_linked(ticket)
    if development.news_due_at <= at:
        raise NewsOverdue
    _link(ticket, development, _latest(development), actor, at)
    return ticket


@transaction.atomic
def move_eta(
    *,
    development: Development,
    actor: User,
    news_due_at: datetime | None,
    customer_text: str,
    at: datetime,
    eta_on: date | None = None,
    reason: str = "",
) -> Eta:
    """Tell news of a development to the customers of all tickets that wait for it.

    The clock of the next news starts anew in each. Said twice it is told once.
    Raises NotAllowed, AlreadyReleased, NotSaid, NewsDateMissing, NewsInThePast, EtaInThePast,
    ReasonMissing.
    """
    development = _lock_open(development, actor, allowed=access.can_tell_news)
    news, last = _news(eta_on, news_due_at, reason, customer_text, at), _latest(development)
    if news.is_told_by(last):
        return last
    if last.eta_on is not None and news.eta_on != last.eta_on and not news.reason:
        raise ReasonMissing
    eta = _add_version(development, last.number + 1, news, actor, at)
    development.eta_on, development.news_due_at = news.eta_on, news.news_due_at
    development.save(update_fields=["eta_on", "news_due_at"])
    for ticket in _waiting(development):
        _tell(ticket, eta, last, actor, at)
    return eta


@transaction.atomic
def release(*, development: Development, actor: User, at: datetime, note: str = "") -> Development:
    """Call a development released: its tickets are in work again, each with a letter drafted.

    Raises NotAllowed, AlreadyReleased, NotSaid.
    """
    development = _lock_open(development, actor, allowed=access.can_release)
    note = _words(note, "note", LONGEST_WORDS)
    development.released_at, development.released_by = at, actor
    development.save(update_fields=["released_at", "released_by"])
    for ticket in _waiting(development):
        _hand_back(ticket, actor, note, at)
    return development


@transaction.atomic
def take(*, development: Development, actor: User, at: datetime) -> Development:
    """Let a developer take it on. Raises NotAllowed, AlreadyReleased."""
    development = _lock_open(development, actor, allowed=access.can_take_development)
    return _own(development, actor, actor, at)


@transaction.atomic
def assign_owner(
    *, development: Development, actor: User, owner: User | None, at: datetime
) -> Development:
    """Say which developer has it, or that nobody does yet.

    Raises NotAllowed, AlreadyReleased, NotADeveloper.
    """
    if owner is not None and not develops(owner):
        raise NotADeveloper
    development = _lock_open(development, actor, allowed=access.can_tell_news)
    return _own(development, owner, actor, at)


@transaction.atomic
def describe(
    *,
    development: Development,
    actor: User,
    title: str,
    brief: str,
    tracker_url: str = "",
    tracker_key: str = "",
) -> Development:
    """Change what the staff reads of it. Raises NotAllowed, AlreadyReleased, NotSaid, TrackerNotSafe."""
    development = _lock_open(development, actor, allowed=access.can_tell_news)
    described = _described(title, brief, tracker_url, tracker_key)
    for name, value in described.items():
        setattr(development, name, value)
    development.save(update_fields=list(described))
    return development


@transaction.atomic
def withdraw(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Take a ticket back to support before the release. Raises NotAllowed, NotInDevelopment."""
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_withdraw)
    development = open_development(ticket)
    if development is None:
        raise NotInDevelopment
    ticket.development = None
    ticket.save(update_fields=["development"])
    clock.stop_update(ticket=ticket, outcome=Outcome.WITHDRAWN, by=actor, at=at)
    if ticket.status == rules.Status.IN_DEVELOPMENT:
        locking.move(ticket, status=rules.Status.OPEN, actor=actor, at=at)
    history.record(
        ticket=ticket, code="development_withdrawn", actor=actor, at=at, title=development.title
    )
    return ticket


def open_development(ticket: Ticket) -> Development | None:
    """Give the development that a ticket waits for, if it goes on."""
    development = ticket.development
    return development if development and development.released_at is None else None


def keep_promise(ticket: Ticket, *, at: datetime) -> None:
    """Let the clock of the news run again in a ticket that was taken up while it is developed."""
    development = open_development(ticket)
    if development is not None:
        clock.start_update(ticket=ticket, due_at=development.news_due_at, at=at)


def _lock_open(
    development: Development, actor: User, *, allowed: access.AboutDevelopment
) -> Development:
    # Without the key: links of tickets that point here must not wait for us.
    fresh = Development.objects.select_for_update(no_key=True, of=("self",)).get(pk=development.pk)
    if not actor.is_active or not allowed(actor, fresh):
        raise NotAllowed
    if fresh.released_at is not None:
        raise AlreadyReleased
    return fresh


def _waiting(development: Development) -> Iterable[Ticket]:
    """Lock the open tickets that wait for it, in the order that every action keeps to."""
    waiting = development.tickets.open().select_for_update(of=("self",))
    return list(
        waiting.select_related("requester__role", "organization", "assignee").order_by("pk")
    )


def _refuse_linked(ticket: Ticket) -> None:
    if open_development(ticket) is not None:
        raise AlreadyHandedOver


def _latest(development: Development) -> Eta:
    return development.etas.latest("number")


def _link(ticket: Ticket, development: Development, eta: Eta, actor: User, at: datetime) -> None:
    locking.move(ticket, status=rules.Status.IN_DEVELOPMENT, actor=actor, at=at)
    ticket.development = development
    ticket.save(update_fields=["development"])
    clock.start_update(ticket=ticket, due_at=eta.news_due_at, at=at)
    history.record(
        ticket=ticket, code="handed_over", actor=actor, at=at, title=development.title, **_said(eta)
    )
    notices.development_started(ticket, eta, at=at)


def _tell(ticket: Ticket, eta: Eta, before: Eta, actor: User, at: datetime) -> None:
    clock.stop_update(ticket=ticket, outcome=Outcome.UPDATED, by=actor, at=at)
    clock.start_update(ticket=ticket, due_at=eta.news_due_at, at=at)
    was_on = before.eta_on.isoformat() if before.eta_on else ""
    history.record(ticket=ticket, code="eta_moved", actor=actor, at=at, was_on=was_on, **_said(eta))
    notices.development_news(ticket, eta, at=at)


def _said(eta: Eta) -> dict[str, str | int]:
    return {
        "number": eta.number,
        "eta_on": eta.eta_on.isoformat() if eta.eta_on else "",
        "news_due_at": eta.news_due_at.isoformat(),
        "text": eta.customer_text,
    }


def _hand_back(ticket: Ticket, actor: User, note: str, at: datetime) -> None:
    clock.stop_update(ticket=ticket, outcome=Outcome.RELEASED, by=actor, at=at)
    locking.move(ticket, status=rules.Status.OPEN, actor=actor, at=at)
    Draft.objects.update_or_create(
        ticket=ticket,
        author=None,
        defaults={"mode": "reply", "text": _ready_text(ticket), "updated_at": at},
    )
    history.record(ticket=ticket, code="development_released", actor=actor, at=at, note=note)
    notices.development_released(ticket, note, at=at)


def _ready_text(ticket: Ticket) -> str:
    """Write what the customer may be told, in their language; the specialist sends it or not."""
    person = ticket.requester
    with translation.override(person.language):
        values = {"name": person.get_short_name(), "subject": ticket.subject}
        return render_to_string(READY, values).strip()


def _own(development: Development, owner: User | None, actor: User, at: datetime) -> Development:
    if development.owner_id == (owner.pk if owner else None):
        return development
    development.owner = owner
    development.save(update_fields=["owner"])
    name = owner.full_name if owner else ""
    for ticket in _waiting(development):
        history.record(ticket=ticket, code="development_owned", actor=actor, at=at, to=name)
    return development


def _add_version(
    development: Development, number: int, news: _News, actor: User, at: datetime
) -> Eta:
    return Eta.objects.create(
        development=development,
        number=number,
        eta_on=news.eta_on,
        news_due_at=news.news_due_at,
        reason=news.reason,
        customer_text=news.customer_text,
        author=actor,
        at=at,
    )


def _news(
    eta_on: date | None, news_due_at: datetime | None, reason: str, text: str, at: datetime
) -> _News:
    if news_due_at is None:
        raise NewsDateMissing
    if news_due_at <= at:
        raise NewsInThePast
    if eta_on is not None and eta_on < current_schedule().day_of(at):
        raise EtaInThePast
    text = _words(text, "customer_text", LONGEST_WORDS)
    if not text:
        raise NotSaid("customer_text", _("Write what the customer should know."))
    return _News(eta_on, news_due_at, _words(reason, "reason", LONGEST_WORDS), text)


def _described(title: str, brief: str, tracker_url: str, tracker_key: str) -> dict[str, str]:
    name, task = _line(title), _words(brief, "brief", LONGEST_BRIEF)
    if not name or len(name) > texts.LONGEST_SUBJECT:
        raise NotSaid("title", _("Name it in a few words, up to 200 characters."))
    if not task:
        raise NotSaid("brief", _("Write down what is to be done."))
    key = _line(tracker_key)
    if len(key) > LONGEST_KEY:
        raise NotSaid("tracker_key", _("A key has at most 60 characters."))
    return {
        "title": name,
        "brief": task,
        "tracker_url": _address(tracker_url),
        "tracker_key": key,
    }


def _words(text: str, field: str, most: int) -> str:
    cleaned = html.without_control(text).strip()
    if len(cleaned) > most:
        raise NotSaid(field, _("This is too long."))
    return cleaned


def _line(text: str) -> str:
    return " ".join(html.without_control(text).split())


def _address(text: str) -> str:
    """Give an address that a browser may open: anything but http and https could run as a script."""
    address = text.strip()
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        is_safe = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        raise TrackerNotSafe from None
    has_space = any(sign.isspace() or not sign.isprintable() for sign in address)
    if not is_safe or has_space or len(address) > LONGEST_ADDRESS:
        raise TrackerNotSafe
    return address
