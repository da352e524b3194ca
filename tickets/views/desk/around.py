"""What surrounds a ticket at the desk, read in one round: people, drafts, other tickets, the clocks."""

import json
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Self

from django.db.models import QuerySet

from accounts.models import User
from tickets import clock, sla
from tickets.models import Clock, ClockLine, Link, Priority, ProofMethod, Status, Ticket
from tickets.querysets import INSIDE, ME, Scope, anybody, compose, scope_of
from tickets.views.gathering import Composed, compose_lists, moment, read_lists

HERE_FOR = timedelta(seconds=60)
OTHERS = 5
PROOFS = 5
LEVELS = {0: "unproven", 1: "asserted", 2: "verified"}

# Each gives one list, its columns under names of their own; a list is empty, never null. Times are texts in ISO form.
LISTS = {
    "watchers": """
        select p.id, p.full_name from tickets_watcher w join accounts_user p on p.id = w.person_id
        where w.ticket_id = {ticket} order by p.full_name""",
    "drafts": """
        select d.id, d.author_id, coalesce(p.full_name, ''), d.mode, d.text, d.updated_at
        from tickets_draft d left join accounts_user p on p.id = d.author_id
        where d.ticket_id = {ticket} order by d.updated_at desc""",
    "links": """
        select l.kind, l.ticket_id = {ticket}, t.number, t.subject, t.status
        from tickets_link l
        join tickets_ticket t on t.id = case l.ticket_id when {ticket} then l.other_id else l.ticket_id end
        where {ticket} in (l.ticket_id, l.other_id) and t.id in ({visible}) order by l.id""",
    "inside": """
        select t.id, t.number, t.subject from tickets_ticket t
        where t.id in ({inside}) order by t.number""",
    "here": """
        select p.full_name, coalesce(h.writing_at > {since}, false)
        from tickets_presence h join accounts_user p on p.id = h.person_id
        where h.ticket_id = {ticket} and h.person_id <> {person} and h.seen_at > {since}
        order by p.full_name""",
    "proofs": """
        select level, method, created_at from tickets_proof where ticket_id = {ticket}
        order by level desc, id desc limit {proofs}""",
    "dead": """
        select d.address from tickets_deadaddress d join accounts_user p on p.email = d.address
        join tickets_ticket t on t.requester_id = p.id where t.id = {ticket}""",
    "clocks": """
        select c.id, c.kind, c.target_minutes, c.due_at, c.warn_at, c.category, c.priority,
            c.started_at,
            (select json_agg(json_build_array(starts_at, ends_at, is_running, reason, calendar)
                order by starts_at, id) from tickets_segment where clock_id = c.id) as segments,
            (select json_agg(json_build_array(at, code, target_minutes, due_at, data::text) order by id)
                from tickets_clockline where clock_id = c.id) as lines
        from tickets_clock c where c.ticket_id = {ticket} and c.stopped_at is null order by c.id""",
    "stopped": """
        select count(*) from tickets_clock where ticket_id = {ticket} and stopped_at is not null""",
    "alert": """
        select p.full_name, a.acknowledged_at, a.escalates_at,
            (select coalesce(json_agg(u.full_name order by u.full_name), '[]')
                from tickets_alert_called c join accounts_user u on u.id = c.user_id
                where c.alert_id = a.id)
        from tickets_alert a left join accounts_user p on p.id = a.acknowledged_by_id
        where a.ticket_id = {ticket} order by a.id desc limit 1""",
    "articles": """
        select kind, article, title, code, at from tickets_articletie where ticket_id = {ticket}
        order by kind, at desc, id""",
    "desk": "{desk}",
    "others": "{others}",
}
# Marks in the composed statement; no id is as high.
TICKET, REQUESTER, SINCE = 2_000_000_011, 2_000_000_033, "·since"


@dataclass(frozen=True)
class Draft:
    """What somebody has begun to write here; without an author it was prepared by a release."""

    pk: int
    author_id: int | None
    name: str
    mode: str
    text: str
    updated_at: datetime


@dataclass(frozen=True)
class Connected:
    """A ticket that has to do with this one; `is_later` says which of the two stems from the other."""

    kind: str
    is_later: bool
    number: int
    subject: str
    status: str

    @property
    def state(self) -> str:
        """Where it stands, in words."""
        return str(Status(self.status).label)

    @property
    def is_link(self) -> bool:
        """Whether it was linked by hand, and may be unlinked."""
        return self.kind == Link.Kind.RELATED


@dataclass(frozen=True)
class Article:
    """An article that was read before filing, given in an answer, or written from the ticket."""

    kind: str
    number: int
    title: str
    code: str
    at: datetime


@dataclass(frozen=True)
class Evidence:
    """How it is known who asks."""

    level: int
    method: str
    created_at: datetime

    @property
    def level_name(self) -> str:
        """The level by its code."""
        return LEVELS[self.level]

    @property
    def method_name(self) -> str:
        """The method in words."""
        return str(ProofMethod(self.method).label)


@dataclass(frozen=True)
class Call:
    """The last call for an urgent incident: who is called, who has taken it."""

    taken_by: str | None
    acknowledged_at: datetime | None
    escalates_at: datetime | None
    called: tuple[str, ...]


@dataclass(frozen=True)
class Who:
    """Who asks, as the page shows it: under this it is drawn once."""

    full_name: str
    initials: str
    position: str
    phone: str
    role: str
    organization: str
    hotel: str
    site: str
    manager: str
    proofs: tuple[Evidence, ...]
    # Their address, if mail servers say that it does not exist: nothing more is sent there.
    dead_address: str = ""

    @classmethod
    def of(cls, found: Ticket, proofs: Sequence[Evidence], *, dead_address: str) -> Self:
        """Read it off a ticket."""
        person, hotel, manager = found.requester, found.property, found.organization.account_manager
        return cls(
            full_name=person.full_name,
            initials=person.initials,
            position=person.position,
            phone=person.phone,
            role=person.role.name,
            organization=found.organization.name,
            hotel=hotel.name if hotel else "",
            site=hotel.site if hotel else "",
            manager=manager.full_name if manager else "",
            proofs=tuple(proofs),
            dead_address=dead_address,
        )


@dataclass(frozen=True)
class Line:
    """A line of the ledger as it is shown: under this its words are drawn once."""

    at: datetime
    code: str
    target_minutes: int | None
    due_at: datetime | None
    data_text: str

    @classmethod
    def of(cls, line: ClockLine) -> Self:
        """Show a row."""
        return cls(line.at, line.code, line.target_minutes, line.due_at, json.dumps(line.data))

    @property
    def data(self) -> dict[str, Any]:
        """What else the line keeps."""
        found: dict[str, Any] = json.loads(self.data_text)
        return found

    @property
    def template(self) -> str:
        """Where its words stand."""
        return f"tickets/ledger/{self.code}.html"

    @property
    def priority_name(self) -> str:
        """The priority that set the target, in words; empty when there was none."""
        priority = self.data.get("priority")
        return str(Priority(priority).label) if priority else ""


@dataclass(frozen=True)
class Around:
    """All of it, as the page shows it."""

    watchers: tuple[tuple[int, str], ...]
    drafts: list[Draft]
    links: list[Connected]
    inside: list[tuple[int, int, str]]
    here: list[tuple[str, bool]]
    who: Who
    ledger: list[tuple[Clock, tuple[Line, ...]]]
    why: tuple[clock.Line, ...]
    has_stopped: bool
    desk: tuple[tuple[int, str], ...]
    others: list[tuple[int, str, str]]
    alert: Call | None
    articles: tuple[Article, ...]

    @property
    def running(self) -> Clock | None:
        """The clock of an answer, if one runs."""
        return next((one for one, _lines in self.ledger if one.is_response), None)

    @property
    def mark(self) -> str:
        """What a page remembers, to learn whether people and drafts around it have changed."""
        here = ",".join(f"{name}{'+' if writes else ''}" for name, writes in self.here)
        drafts = ",".join(str(draft.pk) for draft in self.drafts)
        return f"{here}|{drafts}|{len(self.watchers)}|{len(self.links)}|{len(self.inside)}"


def read_around(found: Ticket, user: User, at: datetime) -> Around:
    """Read everything beside the conversation and the history, with one query."""
    places: dict[Hashable, Any] = {
        TICKET: found.pk,
        REQUESTER: found.requester_id,
        SINCE: at - HERE_FOR,
        ME: user.pk,
    }
    rows = read_lists(LISTS, _composed(anybody(scope_of(user))), places)
    ledger = [_clock(found, row) for row in rows["clocks"]]
    return Around(
        watchers=tuple(rows["watchers"]),
        drafts=[
            Draft(pk, author, name, mode, text, datetime.fromisoformat(when))
            for pk, author, name, mode, text, when in rows["drafts"]
        ],
        links=[Connected(*row) for row in rows["links"]],
        inside=rows["inside"],
        here=rows["here"],
        who=Who.of(
            found,
            [
                Evidence(level, method, datetime.fromisoformat(when))
                for level, method, when in rows["proofs"]
            ],
            dead_address=rows["dead"][0][0] if rows["dead"] else "",
        ),
        ledger=[(one, lines) for one, lines, _pure in ledger],
        why=next(
            (tuple(clock.explain(one, pure)) for one, _l, pure in ledger if one.is_response), ()
        ),
        has_stopped=bool(rows["stopped"][0][0]),
        desk=tuple(rows["desk"]),
        others=[
            (number, subject, str(Status(code).label)) for number, subject, code in rows["others"]
        ],
        alert=next(
            (
                Call(taken_by, moment(taken_at), moment(escalates_at), tuple(called))
                for taken_by, taken_at, escalates_at, called in rows["alert"]
            ),
            None,
        ),
        articles=tuple(
            Article(kind, number, title, code, datetime.fromisoformat(when))
            for kind, number, title, code, when in rows["articles"]
        ),
    )


@lru_cache(maxsize=8)
def _composed(scope: Scope) -> Composed:
    """Put the lists into one statement; what is put in stands in the order of its places."""
    parts: dict[str, Composed] = {
        "ticket": ("%s", (TICKET,)),
        "person": ("%s", (ME,)),
        "since": ("%s", (SINCE,)),
        "proofs": (str(PROOFS), ()),
        "inside": (INSIDE, (TICKET,)),
        "visible": compose(_visible, scope),
        "desk": compose(_people_of_the_desk),
        "others": compose(_others_of, scope, REQUESTER, TICKET),
    }
    return compose_lists({name: _filled(rows, parts) for name, rows in LISTS.items()})


def _filled(text: str, parts: dict[str, Composed]) -> Composed:
    pieces: list[str] = []
    values: list[Any] = []
    for piece in text.split("{"):
        name, closes, rest = piece.partition("}")
        if closes:
            put, given = parts[name]
            pieces += [put, rest]
            values += given
        else:
            pieces.append(piece)
    return "".join(pieces), tuple(values)


def _visible(scope: Scope) -> QuerySet[Ticket, Any]:
    return Ticket.objects.within(scope).values_list("pk")


def _people_of_the_desk() -> QuerySet[User, Any]:
    return User.objects.desk().order_by("full_name").values_list("pk", "full_name")


def _others_of(scope: Scope, requester: int, ticket: int) -> QuerySet[Ticket, Any]:
    others = Ticket.objects.within(scope).filter(requester=requester).exclude(pk=ticket)
    ordered = others.order_by("-last_message_at", "-id")
    return ordered.values_list("number", "subject", "status")[:OTHERS]


def _clock(found: Ticket, row: tuple[Any, ...]) -> tuple[Clock, tuple[Line, ...], sla.Clock]:
    """Make a clock of what was read of it, with its lines, and as the arithmetic takes it."""
    (pk, kind, minutes, due_at, warn_at, category, priority, started_at, segments, lines) = row
    one = Clock(
        pk=pk,
        kind=kind,
        target_minutes=minutes,
        due_at=moment(due_at),
        warn_at=moment(warn_at),
        category=category,
        priority=priority,
        started_at=datetime.fromisoformat(started_at),
    )
    one.ticket = found
    past = tuple(
        sla.Segment(datetime.fromisoformat(start), moment(end), is_running, reason, calendar)
        for start, end, is_running, reason, calendar in segments or ()
    )
    told = tuple(
        Line(datetime.fromisoformat(when), code, target, moment(due), data)
        for when, code, target, due, data in lines or ()
    )
    return one, told, sla.Clock(kind, past, timedelta(minutes=minutes or 0))
