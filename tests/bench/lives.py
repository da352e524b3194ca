"""Lives of tickets as rows for COPY: drawn once for each moment and state, told of many tickets.

Everything that depends on time alone (due times by the support hours, shares of targets, ends of
days) is computed once for a moment; a ticket then only adds its numbers and words. Rows agree with
each other as if the actions had written them: clocks with their segments, status with its events.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from portal.support.schedule import current_schedule
from tickets import clock, sla
from tickets.models import Clock, Message

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NONE = r"\N"
HISTORY, RECENT = 730, 4  # days: since when tickets are filed, and how old open ones are
PER_TICKET = 4  # messages; clocks of one ticket are never more
FIRST_NUMBER = 48_000

COLUMNS = {
    "tickets_ticket": "id number organization_id property_id requester_id assignee_id subject channel"
    " form_key category priority status addressee language details received_at status_since"
    " triaged_at promised_at due_at responded_at last_message_at resolved_at closed_at",
    "tickets_message": "id ticket_id author_id kind is_from_staff is_answer text created_at form_key",
    "tickets_clock": "id ticket_id organization_id channel message_id stopped_by_id kind started_at"
    " category priority calendar target_minutes half_at warn_at due_at stopped_at outcome"
    " elapsed_seconds was_late",
    "tickets_segment": "clock_id starts_at ends_at is_running reason calendar",
    "tickets_clockline": "clock_id at code target_minutes due_at calendar data",
    "tickets_event": "ticket_id at actor_id code data",
    "tickets_proof": "ticket_id person_id method level taken_by_id created_at",
}
assert set(COLUMNS) >= {Clock._meta.db_table, Message._meta.db_table}

# Shares of the states: 95 of 100 tickets are done, the rest waits for somebody.
DONE = {"closed": 90, "resolved": 5}
OPEN = {
    "new": 8,
    "open_first": 12,  # triaged, not answered yet
    "open_next": 30,  # the customer wrote again
    "waiting_customer": 30,
    "waiting_identification": 3,
    "in_development": 17,
}
CATEGORIES = {"incident": 45, "information_request": 30, "service_request": 17, "change_request": 8}
PRIORITIES = {
    "incident": {"low": 30, "medium": 45, "high": 20, "critical": 5},
    "service_request": {"low": 55, "medium": 45},
    "information_request": {"low": 70, "medium": 30},
    "change_request": {"low": 60, "medium": 40},
}
CHANNELS = {"cabinet": 60, "email": 20, "telegram": 10, "phone": 5, "api": 5}
# Which part of its target an answer took: one of eight is late.
SHARES = (0.1, 0.2, 0.3, 0.5, 0.6, 0.8, 0.95, 1.5)
ASKED_AGAIN = frozenset(SHARES[::2])  # after such answers the customer wrote again
UNASSIGNED = 0.15  # of the tickets that are open


class Who:
    """Whose name stands in a row: filled in for each ticket."""

    CUSTOMER, SPECIALIST, NOBODY = range(3)


@dataclass(frozen=True)
class Asker:
    """A customer with what their tickets carry."""

    person: int
    organization: int
    property: int


class Life(NamedTuple):
    """What all tickets of one moment, kind and state have in common, as pieces of rows."""

    ticket: str
    messages: Sequence[tuple[int, str, str]]  # who, kind to is_answer, at
    clocks: Sequence[tuple[int, int, str]]  # place of the message, who stopped it, the rest
    segments: Sequence[tuple[int, str]]  # place of the clock, the rest
    lines: Sequence[tuple[int, str]]
    events: Sequence[tuple[str, int, str, int]]  # at, who, code and data, place of the message
    received: str


class Waits(NamedTuple):
    """A response clock while it is drawn."""

    kind: str
    started: datetime
    stopped: datetime | None
    outcome: str
    share: float


def draw(shares: Mapping[str, int], luck: random.Random) -> str:
    """Draw a name by its share."""
    return luck.choices(list(shares), list(shares.values()))[0]


class Book:
    """Draws lives, and keeps those it has drawn: many tickets live the same one."""

    def __init__(self, now: datetime, *, done: int, unfinished: int) -> None:
        self.now, self.schedule, self.targets = now, current_schedule(), clock.load_targets()
        self.done, self.unfinished = done, unfinished
        self._lives: dict[tuple[bool, int], Life] = {}

    def life(self, luck: random.Random, *, open_share: float) -> Life:
        """Draw one life."""
        is_open = luck.random() < open_share
        number = int(luck.random() * (self.unfinished if is_open else self.done))
        found = self._lives.get((is_open, number))
        if found is None:
            found = self._lives[is_open, number] = self._new(random.Random(number), is_open=is_open)
        return found

    def _new(self, luck: random.Random, *, is_open: bool) -> Life:
        state = draw(OPEN if is_open else DONE, luck)
        category = draw(CATEGORIES, luck)
        priority = NONE if state == "new" else draw(PRIORITIES[category], luck)
        youngest, oldest = (1, RECENT * 1440) if is_open else (RECENT * 1440, HISTORY * 1440)
        received = self.now - MINUTE * luck.randrange(youngest, oldest)
        return self._draw(received, state, category, priority, luck.choice(SHARES))

    def _draw(
        self, received: datetime, state: str, category: str, priority: str, share: float
    ) -> Life:
        minutes = sla.target_for(
            self.targets,
            category,
            None if priority == NONE else priority,
            on=max(self.schedule.day_of(received), self.targets[0].valid_from),
        )
        due = self.schedule.add(received, timedelta(minutes=minutes))
        answered = self.schedule.add(received, timedelta(minutes=minutes * share))
        drawing = _Drawing(self, received, category, priority, minutes, due, answered, share)
        return drawing.life(state)


@dataclass
class _Drawing:
    """One life while it is drawn."""

    book: Book
    received: datetime
    category: str
    priority: str
    minutes: int
    due: datetime
    answered: datetime
    share: float

    def life(self, state: str) -> Life:
        is_answered = state not in {"new", "open_first"} and self.answered < self.book.now
        is_done = state in DONE
        status = state if is_done or state.startswith(("waiting", "in_dev", "new")) else "open"
        if not is_answered and not is_done and status != "new":
            status = "open"
        asks_again = state == "open_next" or (state == "closed" and self.share in ASKED_AGAIN)
        waits = list(self._waits(is_answered=is_answered, asks_again=asks_again, is_done=is_done))
        asked = min(self.answered + HOUR, self.book.now) if asks_again and is_answered else None
        said = self._messages(is_answered=is_answered, asked=asked)
        last = max(at for _who, kind, at in said if kind == "public")
        resolved = self._resolved() if is_done else None
        clocks, segments, lines = self._clocks(waits, status, resolved, said)
        running = next((self._due(one) for one in waits if one.stopped is None), None)
        return Life(
            self._ticket(status, last, resolved, running, is_answered=is_answered),
            [
                (who, f"{kind}\t{'ft'[who == Who.SPECIALIST]}\tt", at.isoformat())
                for who, kind, at in said
            ],
            clocks,
            segments,
            lines,
            [
                (at.isoformat(), who, told, place)
                for at, who, told, place in self._events(
                    status, resolved, asked, is_answered=is_answered
                )
            ],
            self.received.isoformat(),
        )

    def _resolved(self) -> datetime:
        return self.answered + (85 * MINUTE if self.share < 1 else 2 * DAY)

    def _waits(self, *, is_answered: bool, asks_again: bool, is_done: bool) -> Iterator[Waits]:
        if not is_answered:
            yield Waits("first", self.received, None, "", 0)
            return
        yield Waits("first", self.received, self.answered, "answered", self.share)
        if asks_again:
            asked = min(self.answered + HOUR, self.book.now)
            yield Waits("next", asked, self._resolved() if is_done else None, "withdrawn", 0)

    def _messages(
        self, *, is_answered: bool, asked: datetime | None
    ) -> list[tuple[int, str, datetime]]:
        """Order the four messages so that the last public one says who waits for whom."""
        first, note = (Who.CUSTOMER, "public", self.received), partial(min, self.book.now)
        more = (Who.CUSTOMER, "public", note(self.received + MINUTE))
        if not is_answered:
            notes = [(Who.SPECIALIST, "note", note(self.received + n * MINUTE)) for n in (2, 3)]
            return [first, more, *notes]
        answer = (Who.SPECIALIST, "public", self.answered)
        word = (Who.SPECIALIST, "note", note(self.answered + MINUTE))
        if asked is None:
            return [first, more, answer, word]
        return [first, answer, word, (Who.CUSTOMER, "public", asked)]

    def _due(self, one: Waits) -> datetime:
        if one.kind == "first":
            return self.due
        return self.book.schedule.add(one.started, timedelta(minutes=self.minutes))

    def _clocks(
        self,
        waits: Sequence[Waits],
        status: str,
        resolved: datetime | None,
        said: Sequence[tuple[int, str, datetime]],
    ) -> tuple[list, list, list]:
        clocks, segments, lines = [], [], []
        for place, one in enumerate(waits):
            due = self._due(one)
            clocks.append(self._response(one, due, len(said) - 1 if place else 0))
            reason = "received" if one.kind == "first" else "customer_wrote"
            segments.append((place, self._segment(one.started, one.stopped, reason)))
            if one.stopped is None:
                lines.append((place, self._line(one.started, due)))
        place = len(waits)
        clocks.append(self._work(resolved))
        pause = self.answered if status.startswith("waiting") else None
        segments.append((place, self._segment(self.received, pause or resolved, "received")))
        if pause:
            segments.append((place, self._segment(pause, None, status, running="f")))
        if resolved is None:
            lines.append((place, self._line(self.received, self._same_day(), minutes=NONE)))
        return clocks, segments, lines

    def _response(self, one: Waits, due: datetime, message: int) -> tuple[int, int, str]:
        target, add = timedelta(minutes=self.minutes), self.book.schedule.add
        half, warn = (add(one.started, target * part) for part in (0.5, 0.8))
        ran = NONE
        if one.outcome == "answered":
            ran = str(int(self.minutes * 60 * one.share))
        elif one.stopped:
            ran = str(int(self.book.schedule.between(one.started, one.stopped).total_seconds()))
        end = self._end(one.stopped, one.outcome, ran, due)
        who = Who.SPECIALIST if one.stopped else Who.NOBODY
        return (
            message,
            who,
            (
                f"{one.kind}\t{one.started.isoformat()}\t{self.category}\t{self.priority}"
                f"\t{self._calendar(one.stopped)}\t{self.minutes}\t{half.isoformat()}"
                f"\t{warn.isoformat()}\t{due.isoformat()}\t{end}"
            ),
        )

    def _work(self, resolved: datetime | None) -> tuple[int, int, str]:
        due, shares = self._same_day(), f"{NONE}\t{NONE}"
        if due:
            span = due - self.received
            shares = "\t".join((self.received + span * part).isoformat() for part in (0.5, 0.8))
        ran = str(int((resolved - self.received).total_seconds())) if resolved else NONE
        return (
            0,
            Who.SPECIALIST if resolved else Who.NOBODY,
            (
                f"work\t{self.received.isoformat()}\t{self.category}\t{self.priority}"
                f"\t{self._calendar(resolved)}\t{NONE}\t{shares}\t{_iso(due)}"
                f"\t{self._end(resolved, 'resolved', ran, due)}"
            ),
        )

    def _same_day(self) -> datetime | None:
        if not sla.is_same_day(self.category, self.priority):
            return None
        return sla.same_day_due(self.book.schedule.zone, self.received)

    @staticmethod
    def _end(stopped: datetime | None, outcome: str, ran: str, due: datetime | None) -> str:
        if stopped is None:
            return f"{NONE}\t\t{NONE}\t{NONE}"
        late = NONE if due is None else "ft"[stopped > due]
        return f"{stopped.isoformat()}\t{outcome}\t{ran}\t{late}"

    def _calendar(self, at: datetime | None) -> str:
        schedule = self.book.schedule
        return str(schedule.version_on(schedule.day_of(at)).valid_from) if at else ""

    def _segment(
        self, start: datetime, end: datetime | None, reason: str, running: str = "t"
    ) -> str:
        return f"{start.isoformat()}\t{_iso(end)}\t{running}\t{reason}\t{self._calendar(start)}"

    def _line(self, at: datetime, due: datetime | None, minutes: str = "") -> str:
        target = minutes or self.minutes
        return f"{at.isoformat()}\tstarted\t{target}\t{_iso(due)}\t{self._calendar(at)}\t{{}}"

    def _ticket(
        self,
        status: str,
        last: datetime,
        resolved: datetime | None,
        running: datetime | None,
        *,
        is_answered: bool,
    ) -> str:
        since = resolved or (self.answered if is_answered else self.received)
        triaged = NONE if status == "new" else self.received.isoformat()
        closed = resolved if status == "closed" else None
        return "\t".join(
            (
                *(self.category, self.priority, status, "support", "ru", "{}"),
                *(self.received.isoformat(), since.isoformat(), triaged, self.due.isoformat()),
                *(_iso(running), _iso(self.answered if is_answered else None)),
                *(last.isoformat(), _iso(resolved), _iso(closed)),
            )
        )

    def _events(
        self, status: str, resolved: datetime | None, asked: datetime | None, *, is_answered: bool
    ) -> list[tuple[datetime, int, str, int]]:
        """Tell what happened: when, by whom, code and data, and the place of the message."""
        events = [(self.received, Who.CUSTOMER, 'filed\t{"channel": "cabinet"}', -1)]
        if status != "new":
            before = f'{{"category": "{self.category}", "priority": ""}}'
            after = f'{{"category": "{self.category}", "priority": "{self.priority}"}}'
            told = f'triaged\t{{"before": {before}, "after": {after}}}'
            events.append((self.received, Who.SPECIALIST, told, -1))
        replied = 'replied\t{"message": %d}'
        if asked is None:
            events.append((self.received, Who.CUSTOMER, replied, 1))
        if is_answered:
            events.append((self.answered, Who.SPECIALIST, replied, 2 if asked is None else 1))
        else:
            events.append((self.received, Who.SPECIALIST, 'noted\t{"message": %d}', 2))
        if asked:
            events.append((asked, Who.CUSTOMER, replied, 3))
        if resolved:
            events.append((resolved, Who.SPECIALIST, f"{status}\t{{}}", -1))
        elif status not in {"new", "open"}:
            told = f'status_changed\t{{"before": "open", "after": "{status}"}}'
            events.append((self.answered, Who.SPECIALIST, told, -1))
        return events


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else NONE


class Words:
    """Sentences drawn once; a text takes a few of them."""

    def __init__(self, sentences: Sequence[str], subjects: Sequence[str]) -> None:
        self.sentences, self.subjects = sentences, subjects

    def text(self, luck: random.Random) -> str:
        """Give two sentences."""
        count, one = len(self.sentences), luck.random
        return f"{self.sentences[int(one() * count)]} {self.sentences[int(one() * count)]}"

    def subject(self, luck: random.Random) -> str:
        """Give the subject of a ticket."""
        return self.subjects[int(luck.random() * len(self.subjects))]


def rows(
    numbers: range,
    book: Book,
    words: Words,
    askers: Sequence[Asker],
    staff: Sequence[int],
    luck: random.Random,
    *,
    open_share: float,
) -> dict[str, list[str]]:
    """Tell of these tickets: the lines of each table."""
    found: dict[str, list[str]] = {table: [] for table in COLUMNS}
    channels, weights = list(CHANNELS), list(CHANNELS.values())
    drawn = luck.choices(channels, weights, k=len(numbers))
    for number, channel in zip(numbers, drawn, strict=True):
        life = book.life(luck, open_share=open_share)
        _tell(found, number, channel, life, words, luck.choice(askers), luck.choice(staff), luck)
    return found


def _tell(
    found: dict[str, list[str]],
    number: int,
    channel: str,
    life: Life,
    words: Words,
    asker: Asker,
    specialist: int,
    luck: random.Random,
) -> None:
    who = (asker.person, specialist, NONE)
    is_open = life.ticket.endswith(f"{NONE}\t{NONE}")
    assignee = NONE if is_open and luck.random() < UNASSIGNED else specialist
    found["tickets_ticket"].append(
        f"{number}\t{FIRST_NUMBER + number}\t{asker.organization}\t{asker.property}\t{asker.person}"
        f"\t{assignee}\t{words.subject(luck)}\t{channel}\t{luck.getrandbits(128):032x}"
        f"\t{life.ticket}\n"
    )
    first = PER_TICKET * number - PER_TICKET + 1
    messages = found["tickets_message"]
    for place, (author, kind, at) in enumerate(life.messages):
        messages.append(
            f"{first + place}\t{number}\t{who[author]}\t{kind}\t{words.text(luck)}\t{at}"
            f"\t{luck.getrandbits(128):032x}\n"
        )
    for place, (message, by, rest) in enumerate(life.clocks):
        found["tickets_clock"].append(
            f"{first + place}\t{number}\t{asker.organization}\t{channel}\t{first + message}"
            f"\t{who[by]}\t{rest}\n"
        )
    found["tickets_segment"].extend(f"{first + place}\t{rest}\n" for place, rest in life.segments)
    found["tickets_clockline"].extend(f"{first + place}\t{rest}\n" for place, rest in life.lines)
    found["tickets_event"].extend(
        f"{number}\t{at}\t{who[by]}\t{rest % (first + place) if place >= 0 else rest}\n"
        for at, by, rest, place in life.events
    )
    found["tickets_proof"].append(
        f"{number}\t{asker.person}\tsession\t2\t{NONE}\t{life.received}\n"
    )
