"""Adds up the figures of reports by day, in SQL, from what clocks froze at their end (docs/sla.md, rule 14).

A day is always computed anew as a whole, so that doing it twice changes nothing and what arrived
late is counted when its day is looked at again: every few minutes the last days, several times a
day the last weeks, and all of them by `manage.py rebuild_reports`.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Min

from portal import exchange
from portal.delivery import heartbeats
from portal.delivery.models import Heartbeat
from portal.support.schedule import ground
from tickets.models import DayFigure, Dimension, Metric, Ticket

JOB = "figures"
AGAIN = timedelta(days=1)  # before the last run: what was at work then is counted now
CORRECTED = timedelta(days=40)
AT_ONCE = timedelta(days=31)
LOCK = 7_300_014  # of the database: one at a time

# Outcomes outside of all shares: no answer was needed, or another ticket owes it (rule 9).
ENDED = """
select (c.stopped_at at time zone %(zone)s)::date as day, c.kind as metric, c.category,
    coalesce(c.priority, '') as priority, coalesce(c.stopped_by_id::text, '') as person,
    c.organization_id::text as organization, c.channel, c.was_late is not null as is_promised,
    c.was_late is false as is_in_time, coalesce(c.elapsed_seconds, 0) as amount,
    floor(ln(greatest(coalesce(c.elapsed_seconds, 0), 1)::float8) / ln(1.1::float8))::int as bucket
from tickets_clock c
where c.stopped_at >= %(start)s and c.stopped_at < %(end)s
    and c.outcome not in ('merged', 'withdrawn')
"""
# Open clocks whose time has passed are late already, on the day on which they were due.
OWED = """
select (o.holds_at at time zone %(zone)s)::date as day, 'late_' || o.kind as metric, o.category,
    coalesce(o.priority, '') as priority, coalesce(o.assignee_id::text, '') as person,
    o.organization_id::text as organization, o.channel, true as is_promised, false as is_in_time,
    0 as amount, null::int as bucket
from (
    select c.*, t.assignee_id, least(c.due_at, case when c.kind = 'first' then t.promised_at end)
        as holds_at
    from tickets_clock c join tickets_ticket t on t.id = c.ticket_id
    where c.stopped_at is null and c.due_at is not null
) as o
where o.holds_at < %(at)s and not exists (
    select from tickets_segment s where s.clock_id = o.id and s.ends_at is null and not s.is_running)
"""
# As its first clock froze it: what a ticket was taken for when it was answered first.
FILED = """
select (t.received_at at time zone %(zone)s)::date as day, 'filed' as metric,
    coalesce(c.category, t.category) as category, coalesce(c.priority, '') as priority,
    '' as person, t.organization_id::text as organization, t.channel, false as is_promised,
    false as is_in_time, 0 as amount, null::int as bucket
from tickets_ticket t
left join lateral (select category, priority from tickets_clock where ticket_id = t.id
    order by id limit 1) c on true
where t.received_at >= %(start)s and t.received_at < %(end)s
"""
# Work that begins anew after a solution; it counts for whoever had solved it.
REOPENED = """
select (c.started_at at time zone %(zone)s)::date as day, 'reopened' as metric, b.category,
    coalesce(b.priority, '') as priority, coalesce(b.stopped_by_id::text, '') as person,
    b.organization_id::text as organization, b.channel, false as is_promised,
    false as is_in_time, 0 as amount, null::int as bucket
from tickets_clock c
join lateral (select * from tickets_clock where ticket_id = c.ticket_id and kind = 'work'
    and id < c.id order by id desc limit 1) b on b.outcome = 'resolved'
where c.kind = 'work' and c.started_at >= %(start)s and c.started_at < %(end)s
"""
RATED = """
select (r.rated_at at time zone %(zone)s)::date as day, 'rated' as metric, b.category,
    coalesce(b.priority, '') as priority, coalesce(r.specialist_id::text, '') as person,
    b.organization_id::text as organization, b.channel, true as is_promised,
    r.score >= 4 as is_in_time, r.score as amount, null::int as bucket
from tickets_rating r
join lateral (select * from tickets_clock where ticket_id = r.ticket_id and kind = 'work'
    and stopped_at <= r.rated_at order by id desc limit 1) b on true
where r.rated_at >= %(start)s and r.rated_at < %(end)s
"""
SPREAD = """
insert into tickets_dayfigure
    (day, metric, dimension, value, total, promised, in_time, amount, buckets, counts)
with facts as ({facts}), cells as (
    select day, metric, d.dimension, d.value, bucket, count(*) as n,
        count(*) filter (where is_promised) as promised,
        count(*) filter (where is_in_time) as in_time, sum(amount) as amount
    from facts cross join lateral (values ('all', ''), ('category', category),
        ('priority', priority), ('person', person), ('organization', organization),
        ('channel', channel)) as d(dimension, value)
    group by day, metric, d.dimension, d.value, bucket
)
select day, metric, dimension, value, sum(n), sum(promised), sum(in_time), sum(amount),
    coalesce(array_agg(bucket order by bucket) filter (where bucket is not null), '{{}}'),
    coalesce(array_agg(n order by bucket) filter (where bucket is not null), '{{}}')
from cells group by day, metric, dimension, value
"""
# Readings after which the reader filed a ticket: on the day of the reading, as readings are counted.
ASKED_AFTER_READING = """
select (at at time zone %(zone)s)::date as day, count(*)::int from tickets_articletie
where kind = 'read' and at >= %(start)s and at < %(end)s group by day
"""
FILED_UNREAD = """
select (t.received_at at time zone %(zone)s)::date as day, count(*)::int from tickets_ticket t
where t.received_at >= %(start)s and t.received_at < %(end)s and not exists (
    select from tickets_articletie a where a.ticket_id = t.id and a.kind = 'read')
group by day
"""
OF_DAYS = (ENDED, FILED, REOPENED, RATED)
# What was open on the eve, and what came and went since: the clock of the work tells both.
BACKLOG = """
insert into tickets_dayfigure
    (day, metric, dimension, value, total, promised, in_time, amount, buckets, counts)
with eve as (
    select coalesce(
        (select total from tickets_dayfigure
            where day = %(first)s::date - 1 and metric = 'backlog' and dimension = 'all'),
        (select count(*) from tickets_clock where kind = 'work' and started_at < %(start)s
            and (stopped_at is null or stopped_at >= %(start)s))) as total
), flows as (
    select day, sum(flow) as flow from (
        select (started_at at time zone %(zone)s)::date as day, 1 as flow from tickets_clock
        where kind = 'work' and started_at >= %(start)s and started_at < %(end)s
        union all
        select (stopped_at at time zone %(zone)s)::date, -1 from tickets_clock
        where kind = 'work' and stopped_at >= %(start)s and stopped_at < %(end)s) as one
    group by day
)
select d.day, 'backlog', 'all', '',
    greatest(0, eve.total + sum(coalesce(f.flow, 0)) over (order by d.day)), 0, 0, 0, '{}', '{}'
from eve cross join
    (select day::date from generate_series(%(first)s::date, %(last)s::date, '1 day') day) d
left join flows f on f.day = d.day
"""


def update(*, at: datetime) -> int:
    """Count the days since the last run; the first time all of them. Answers how many days."""
    beat = Heartbeat.objects.filter(job=JOB).values_list("beat_at", flat=True).first()
    return _count_from(_day(beat - AGAIN) if beat else _earliest(at), at)


def correct(*, at: datetime) -> int:
    """Count the last weeks anew: what arrived late stands in its day now."""
    return _count_from(max(_earliest(at), _day(at - CORRECTED)), at)


def rebuild(*, at: datetime) -> int:
    """Count all days anew; readers see the old figures of a month until the new ones are there."""
    first = _earliest(at)
    DayFigure.objects.filter(day__lt=first).delete()
    return _count_from(first, at)


def _count_from(first: date, at: datetime) -> int:
    last = _day(at)
    for begin, end in _stretches(first, last):
        _count(begin, end)
    _count_owed(at)
    heartbeats.beat(JOB, at=at)
    return (last - first).days + 1


def _stretches(first: date, last: date) -> Iterator[tuple[date, date]]:
    while first <= last:
        end = min(first + AT_ONCE, last)
        yield first, end
        first = end + timedelta(days=1)


@transaction.atomic
def _count(first: date, last: date) -> None:
    _one_at_a_time()
    past = DayFigure.objects.filter(day__range=(first, last))
    past.exclude(metric__startswith="late_").delete()
    given = {
        **_zone(),
        "first": first,
        "last": last,
        "start": start_of(first),
        "end": start_of(last + timedelta(days=1)),
    }
    for facts in OF_DAYS:
        _execute(SPREAD.format(facts=facts), given)
    _execute(BACKLOG, given)
    _count_who_came(first, last, given)


def _count_who_came(first: date, last: date, given: dict[str, Any]) -> None:
    """Count readings and tickets without one, and which needed no ticket (docs/knowledge-base.md)."""
    reads = exchange.of_articles().reads_by_day(first, last)
    asked, unread = _by_day(ASKED_AFTER_READING, given), _by_day(FILED_UNREAD, given)
    DayFigure.objects.bulk_create(
        DayFigure(
            day=day,
            metric=Metric.CAME,
            dimension=Dimension.ALL,
            total=reads.get(day, 0) + unread.get(day, 0),
            promised=reads.get(day, 0) + unread.get(day, 0),
            in_time=max(0, reads.get(day, 0) - asked.get(day, 0)),
        )
        for day in sorted({*reads, *unread})
    )


def _by_day(sql: str, given: dict[str, Any]) -> dict[date, int]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {name: given[name] for name in ("zone", "start", "end")})
        return dict(cursor.fetchall())


@transaction.atomic
def _count_owed(at: datetime) -> None:
    _one_at_a_time()
    DayFigure.objects.filter(metric__startswith="late_").delete()
    _execute(SPREAD.format(facts=OWED), {**_zone(), "at": at})


def start_of(day: date) -> datetime:
    """Give the moment at which a day begins in the zone of the hours."""
    return datetime.combine(day, time.min, tzinfo=ground().zone).astimezone(UTC)


def _day(at: datetime) -> date:
    return at.astimezone(ground().zone).date()


def _earliest(at: datetime) -> date:
    return _day(Ticket.objects.aggregate(first=Min("received_at"))["first"] or at)


def _zone() -> dict[str, Any]:
    return {"zone": ground().brand.zone}


def _one_at_a_time() -> None:
    _execute("select pg_advisory_xact_lock(%(lock)s)", {"lock": LOCK})


def _execute(sql: str, given: dict[str, Any]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
