"""The arithmetic of hours: rules 2, 10, 13, 15, 16 and 17 of docs/sla.md."""

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal import hours
from portal.hours import Day, Interval, NaiveMoment, NeverOpen, Schedule, Version, Week

CLOSED: Day = ()
TWELVE: Day = (Interval(8 * 60, 20 * 60),)
NIGHT: Day = (Interval(20 * 60, 26 * 60),)
ALWAYS: Day = (Interval(0, 24 * 60),)
MINUTE = timedelta(minutes=1)


def every_day(day: Day) -> Week:
    return (day,) * 7


def schedule(
    week: Week = (TWELVE,) * 7,
    zone: str = "Europe/Moscow",
    exceptions: dict[date, Day] | None = None,
) -> Schedule:
    return Schedule(zone, [Version(date(2020, 1, 1), week)], exceptions or {})


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow"))


def new_york(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


WITH_BREAK = schedule(every_day((Interval(8 * 60, 12 * 60), Interval(13 * 60, 20 * 60))))
WEEKDAYS = schedule((TWELVE,) * 5 + (CLOSED,) * 2)
NIGHTS = schedule(every_day(NIGHT))
HOLIDAYS = schedule(
    exceptions={date(2026, 12, 31): (Interval(600, 960),), date(2027, 1, 1): CLOSED}
)

VECTORS = [
    (schedule(), "2026-11-23 19:50", 30, "2026-11-24 08:20"),
    (schedule(), "2026-11-23 19:30", 30, "2026-11-23 20:00"),
    (schedule(), "2026-11-23 21:40", 30, "2026-11-24 08:30"),
    (schedule(), "2026-11-24 03:00", 30, "2026-11-24 08:30"),
    (schedule(), "2026-11-23 08:00", 720, "2026-11-23 20:00"),
    (schedule(), "2026-11-23 08:00", 721, "2026-11-24 08:01"),
    (WITH_BREAK, "2026-11-23 11:45", 15, "2026-11-23 12:00"),
    (WITH_BREAK, "2026-11-23 11:45", 16, "2026-11-23 13:01"),
    (WEEKDAYS, "2026-11-27 19:30", 60, "2026-11-30 08:30"),
    (WEEKDAYS, "2026-11-28 12:00", 60 * 60, "2026-12-04 20:00"),
    (NIGHTS, "2026-11-23 23:30", 60, "2026-11-24 00:30"),
    (NIGHTS, "2026-11-24 01:30", 60, "2026-11-24 20:30"),
    (NIGHTS, "2026-11-29 23:00", 180, "2026-11-30 02:00"),
    (HOLIDAYS, "2026-12-31 15:30", 60, "2027-01-02 08:30"),
    (HOLIDAYS, "2026-12-30 19:00", 60, "2026-12-30 20:00"),
    (HOLIDAYS, "2026-12-30 19:00", 120, "2026-12-31 11:00"),
]


@pytest.mark.parametrize(("calendar", "start", "minutes", "due"), VECTORS)
def test_a_deadline_is_where_the_table_says(
    calendar: Schedule, start: str, minutes: int, due: str
) -> None:
    working = timedelta(minutes=minutes)
    assert calendar.add(moscow(start), working) == moscow(due)
    assert calendar.between(moscow(start), moscow(due)) == working


def test_rule_1_adding_nothing_gives_the_start_itself_open_or_not() -> None:
    night = moscow("2026-11-23 03:00")
    assert schedule().add(night, timedelta(0)) == night
    assert schedule().add(night, timedelta(microseconds=1)) > moscow("2026-11-23 08:00")


def test_seconds_and_microseconds_count() -> None:
    start = moscow("2026-11-23 19:59:59.750000")
    assert schedule().add(start, timedelta(seconds=1)) == moscow("2026-11-24 08:00:00.750000")


def test_answers_are_in_utc_whatever_zone_asks() -> None:
    tokyo = moscow("2026-11-23 12:00").astimezone(ZoneInfo("Asia/Tokyo"))
    for answer in (
        schedule().add(tokyo, MINUTE),
        schedule().add(tokyo, timedelta(0)),
        schedule().closes_next(tokyo),
        schedule().opens_next(tokyo),
    ):
        assert answer is not None
        assert answer.tzinfo is UTC


def test_between_is_negative_when_the_moments_are_swapped() -> None:
    early, late = moscow("2026-11-23 19:00"), moscow("2026-11-24 09:00")
    assert schedule().between(late, early) == -schedule().between(early, late)
    assert schedule().between(early, late) == timedelta(hours=2)


def test_working_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="forward"):
        schedule().add(moscow("2026-11-23 12:00"), -MINUTE)


NAIVE = datetime(2026, 11, 23, 12)  # noqa: DTZ001


@pytest.mark.parametrize(
    "ask",
    [
        lambda: schedule().is_open(NAIVE),
        lambda: schedule().opens_next(NAIVE),
        lambda: schedule().closes_next(NAIVE),
        lambda: schedule().add(NAIVE, MINUTE),
        lambda: schedule().add(NAIVE, timedelta(0)),
        lambda: schedule().between(NAIVE, NAIVE),
        lambda: schedule().day_of(NAIVE),
    ],
)
def test_a_moment_without_a_zone_is_refused(ask: Callable[[], object]) -> None:
    with pytest.raises(NaiveMoment, match="2026-11-23T12:00:00 has no time zone"):
        ask()


def test_the_opening_is_open_and_the_closing_is_closed() -> None:
    assert schedule().is_open(moscow("2026-11-23 08:00"))
    assert not schedule().is_open(moscow("2026-11-23 07:59:59.999999"))
    assert schedule().is_open(moscow("2026-11-23 19:59:59.999999"))
    assert not schedule().is_open(moscow("2026-11-23 20:00"))


def test_the_next_opening_lies_after_the_moment_even_while_open() -> None:
    for start in ("2026-11-23 20:00", "2026-11-24 07:59", "2026-11-23 08:00", "2026-11-23 12:00"):
        assert schedule().opens_next(moscow(start)) == moscow("2026-11-24 08:00")


def test_the_closing_is_told_only_while_open() -> None:
    assert schedule().closes_next(moscow("2026-11-23 08:00")) == moscow("2026-11-23 20:00")
    assert schedule().closes_next(moscow("2026-11-23 20:00")) is None


def test_stretches_that_touch_close_once() -> None:
    """The evening till midnight, and the night from midnight on, are one stretch; Sunday too."""
    week = every_day((Interval(0, 120), Interval(20 * 60, 24 * 60)))
    for evening in ("2026-11-23 21:00", "2026-11-29 21:00"):
        after = moscow(evening) + timedelta(hours=5)
        assert schedule(week).closes_next(moscow(evening)) == after


def test_around_the_clock_never_closes_and_never_opens_again() -> None:
    noon = moscow("2026-11-23 12:00")
    assert schedule(every_day(ALWAYS)).closes_next(noon) is None
    assert schedule(every_day(ALWAYS)).opens_next(noon) is None
    assert schedule(every_day(ALWAYS), "America/New_York").closes_next(noon) is None


def test_around_the_clock_closes_for_the_holiday_that_is_to_come() -> None:
    always = schedule(every_day(ALWAYS), exceptions={date(2027, 1, 1): CLOSED})
    assert always.closes_next(moscow("2026-11-23 12:00")) == moscow("2027-01-01 00:00")
    assert always.opens_next(moscow("2026-11-23 12:00")) == moscow("2027-01-02 00:00")
    assert always.closes_next(moscow("2027-01-02 00:00")) is None


def test_hours_that_go_round_the_clock_later_open_once_more_and_stay_open() -> None:
    versions = [
        Version(date(2026, 1, 1), every_day(TWELVE)),
        Version(date(2026, 12, 1), every_day(ALWAYS)),
    ]
    growing = Schedule("Europe/Moscow", versions)
    assert growing.opens_next(moscow("2026-11-30 12:00")) == moscow("2026-12-01 00:00")
    assert growing.closes_next(moscow("2026-12-01 00:00")) is None


def test_rule_10_a_version_holds_from_its_local_date_and_the_first_also_before() -> None:
    versions = [
        Version(date(2026, 12, 1), every_day((Interval(9 * 60, 10 * 60),))),
        Version(date(2026, 1, 1), every_day(TWELVE)),
    ]
    changing = Schedule("Europe/Moscow", versions)
    assert changing.is_open(moscow("2019-05-01 08:30"))
    assert changing.is_open(moscow("2026-11-30 19:59"))
    assert not changing.is_open(moscow("2026-12-01 08:30"))
    assert changing.is_open(moscow("2026-12-01 09:30"))
    assert changing.add(moscow("2026-11-30 19:30"), timedelta(hours=1)) == moscow(
        "2026-12-01 09:30"
    )
    assert changing.version_on(date(2026, 11, 30)).valid_from == date(2026, 1, 1)


def test_rule_15_the_night_of_the_eve_runs_on_into_a_new_version_and_a_holiday() -> None:
    versions = [
        Version(date(2026, 1, 1), every_day(NIGHT)),
        Version(date(2026, 12, 1), every_day(TWELVE)),
    ]
    changing = Schedule("Europe/Moscow", versions, {date(2026, 11, 20): CLOSED})
    assert changing.is_open(moscow("2026-12-01 01:59"))
    assert not changing.is_open(moscow("2026-12-02 01:59"))
    assert changing.is_open(moscow("2026-11-20 01:59"))
    assert not changing.is_open(moscow("2026-11-20 21:00"))
    assert not changing.is_open(moscow("2026-11-21 01:00"))
    assert changing.is_open(moscow("2026-11-21 20:00"))


def test_rule_15_overlaps_are_counted_once_through_midnight_too() -> None:
    day = (Interval(8 * 60, 14 * 60), Interval(12 * 60, 20 * 60), Interval(19 * 60, 33 * 60))
    start = moscow("2026-11-23 08:00")
    assert schedule(every_day(day)).between(start, start + timedelta(days=7)) == timedelta(days=7)
    monday = schedule((day,) + (CLOSED,) * 6)
    assert monday.between(start, start + timedelta(days=7)) == timedelta(hours=25)


def test_rule_15_a_calendar_that_is_never_open_is_refused() -> None:
    with pytest.raises(NeverOpen):
        Schedule("Europe/Moscow", [])
    with pytest.raises(NeverOpen):
        Version(date(2026, 1, 1), every_day(CLOSED))


@pytest.mark.parametrize(
    ("opens", "closes"), [(-1, 60), (1440, 1500), (60, 60), (120, 60), (60, 1501)]
)
def test_an_interval_that_is_none_is_refused(opens: int, closes: int) -> None:
    with pytest.raises(ValueError, match="interval"):
        Interval(opens, closes)


def test_a_week_of_six_days_and_two_versions_of_one_date_are_refused() -> None:
    with pytest.raises(ValueError, match="seven days"):
        Version(date(2026, 1, 1), (TWELVE,) * 6)
    version = Version(date(2026, 1, 1), every_day(TWELVE))
    with pytest.raises(ValueError, match="same date"):
        Schedule("Europe/Moscow", [version, version])


def test_two_schedules_of_the_same_rows_are_equal_and_can_be_cached() -> None:
    one, other = schedule(), schedule(zone="Europe/Moscow")
    one.add(moscow("2026-11-23 12:00"), MINUTE)
    assert one == other
    assert hash(one) == hash(other)
    assert one != HOLIDAYS


def test_rule_13_the_hour_that_spring_skips_is_not_worked() -> None:
    """In New York, 8 March 2026, 02:00 becomes 03:00."""
    always = schedule(every_day((Interval(60, 5 * 60),)), "America/New_York")
    day = new_york("2026-03-08 00:00")
    assert always.between(day, new_york("2026-03-08 12:00")) == timedelta(hours=3)
    assert always.add(day, timedelta(hours=2)) == new_york("2026-03-08 04:00")


def test_rule_13_the_hour_that_autumn_repeats_is_worked_twice() -> None:
    """In New York, 1 November 2026, 02:00 becomes 01:00."""
    early = schedule(every_day((Interval(0, 5 * 60),)), "America/New_York")
    day = new_york("2026-11-01 00:00")
    assert early.between(day, new_york("2026-11-01 12:00")) == timedelta(hours=6)
    assert early.add(day, timedelta(hours=2)) == datetime(2026, 11, 1, 6, tzinfo=UTC)


def test_rule_13_an_opening_that_spring_skips_opens_when_the_clock_jumps() -> None:
    skipped = schedule(every_day((Interval(150, 300),)), "America/New_York")
    assert skipped.opens_next(new_york("2026-03-08 00:00")) == new_york("2026-03-08 03:00")


def test_rule_13_office_hours_keep_their_wall_clock_through_the_year() -> None:
    office = schedule(every_day(TWELVE), "America/New_York")
    due = office.add(new_york("2026-02-01 08:00"), timedelta(hours=12 * 300))
    assert due == new_york("2026-11-27 20:00")


def test_rule_13_a_zone_may_change_its_offset_for_good() -> None:
    """Moscow stopped changing its clocks in 2011 and moved by an hour in October 2014."""
    start, end = moscow("2010-01-01 00:00"), moscow("2016-01-01 00:00")
    days = (date(2016, 1, 1) - date(2010, 1, 1)).days
    assert schedule().between(start, end) == timedelta(hours=12) * days
    always = schedule(every_day(ALWAYS))
    assert always.between(start, end) == end.astimezone(UTC) - start.astimezone(UTC)


def test_years_without_number_are_refused_rather_than_computed_for_ever() -> None:
    with pytest.raises(OverflowError):
        schedule().is_open(datetime.max.replace(tzinfo=UTC))
    with pytest.raises(OverflowError):
        schedule().is_open(datetime.min.replace(tzinfo=UTC))
    with pytest.raises(OverflowError):
        schedule().add(datetime(9990, 1, 1, tzinfo=UTC), timedelta(days=9 * 366))


def test_a_moment_before_those_asked_so_far_is_answered_too() -> None:
    asked = schedule()
    late, early = moscow("2026-11-23 12:00"), moscow("1999-11-23 12:00")
    asked.add(late, MINUTE)
    assert asked.between(early, late) == schedule().between(early, late)
    assert asked.add(early, MINUTE) == early + MINUTE


# Rule 17: nothing is counted per day. What may be counted: the patterns that are consulted.


def consulted(
    monkeypatch: pytest.MonkeyPatch, asked: Schedule, start: datetime, working: timedelta
) -> int:
    calls = 0

    def counting(method: Callable[..., object]) -> Callable[..., object]:
        def count(*args: object) -> object:
            nonlocal calls
            calls += 1
            return method(*args)

        return count

    with monkeypatch.context() as patch:
        for name in ("worked", "earliest", "latest", "closing", "is_open"):
            patch.setattr(hours._Pattern, name, counting(getattr(hours._Pattern, name)))
        due = asked.add(start, working)
        asked.between(start, due)
    return calls


@pytest.mark.parametrize("zone", ["Europe/Moscow", "America/New_York"])
def test_rule_17_a_far_deadline_costs_no_more_steps_than_a_near_one(
    monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    asked = schedule(zone=zone, exceptions={date(2027, 1, day): CLOSED for day in range(1, 9)})
    start = moscow("2026-11-23 19:50")
    asked.add(start, timedelta(hours=12) * 365 * 20)
    steps = {
        days: consulted(monkeypatch, asked, start, timedelta(hours=12) * days)
        for days in (1, 365, 365 * 20)
    }
    assert len(set(steps.values())) == 1
    assert steps[1] <= 4


def test_rule_17_without_clock_changes_twenty_years_are_one_span() -> None:
    drawn = schedule()._draw(2020, 2040)
    assert len(drawn._spans) == 1


def test_rule_17_a_zone_is_asked_for_its_changes_once() -> None:
    start, working = moscow("2026-11-23 12:00"), timedelta(hours=12) * 365
    schedule(zone="Europe/Paris").add(start, working)
    before = hours._changes.cache_info().misses
    schedule(zone="Europe/Paris", exceptions={date(2027, 1, 1): CLOSED}).add(start, working)
    assert hours._changes.cache_info().misses == before


# Rule 16: the closed formula agrees with a walk, minute by minute.

ZONES = ["Europe/Moscow", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC"]
# Days around which clocks change somewhere, versions begin and exceptions lie.
NEAR = [date(2026, 3, 7), date(2026, 4, 4), date(2026, 10, 3), date(2026, 10, 31)]

intervals = st.tuples(st.integers(0, 95), st.integers(1, 96)).map(
    lambda pair: Interval(pair[0] * 15, (pair[0] + pair[1]) * 15)
)
days = st.lists(intervals, max_size=3).map(tuple)
weeks = st.lists(days, min_size=7, max_size=7).map(tuple).filter(any)


@st.composite
def schedules_and_starts(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    near = draw(st.sampled_from(NEAR))
    offsets = draw(st.lists(st.integers(0, 4), min_size=1, max_size=3, unique=True))
    versions = [Version(near + timedelta(days=offset), draw(weeks)) for offset in offsets]
    exceptions = draw(
        st.dictionaries(st.integers(0, 4).map(lambda n: near + timedelta(days=n)), days, max_size=2)
    )
    start = datetime(near.year, near.month, near.day, tzinfo=UTC) + draw(
        st.integers(-1440, 4 * 1440)
    ) * timedelta(minutes=1)
    return Schedule(draw(st.sampled_from(ZONES)), versions, exceptions), start


def is_open_by_the_wall(calendar: Schedule, at: datetime) -> bool:
    """Read the clock on the wall, and look it up in the hours of the day and of the eve."""
    wall = at.astimezone(calendar.tz)
    minute = wall.hour * 60 + wall.minute
    today = calendar.hours_on(wall.date())
    eve = calendar.hours_on(wall.date() - timedelta(days=1))
    return any(one.opens <= minute < one.closes for one in today) or any(
        minute + 1440 < one.closes for one in eve
    )


def walk(calendar: Schedule, start: datetime, minutes: int) -> datetime:
    """Find a deadline by stepping through every minute; the smallest moment wins."""
    at = start
    while minutes:
        minutes -= is_open_by_the_wall(calendar, at)
        at += MINUTE
    return at


@settings(max_examples=120, deadline=None)
@given(schedules_and_starts(), st.integers(1, 900))
def test_rule_16_adding_agrees_with_a_walk_minute_by_minute(
    drawn: tuple[Schedule, datetime], minutes: int
) -> None:
    calendar, start = drawn
    due = calendar.add(start, timedelta(minutes=minutes))
    assert due == walk(calendar, start, minutes)
    assert calendar.between(start, due) == timedelta(minutes=minutes)


@settings(max_examples=40, deadline=None)
@given(schedules_and_starts())
def test_rule_16_open_opening_and_closing_agree_with_a_walk(
    drawn: tuple[Schedule, datetime],
) -> None:
    calendar, start = drawn
    moments = [start + n * MINUTE for n in range(2 * 1440)]
    states = [is_open_by_the_wall(calendar, at) for at in moments]
    assert [calendar.is_open(at) for at in moments] == states
    changes = list(zip(moments[1:], pairwise(states), strict=True))
    opening = next((at for at, pair in changes if pair == (False, True)), None)
    closing = next((at for at, pair in changes if pair == (True, False)), None)
    if opening is not None:
        assert calendar.opens_next(start) == opening
    if states[0] and closing is not None:
        assert calendar.closes_next(start) == closing
    if not states[0]:
        assert calendar.closes_next(start) is None


@settings(max_examples=200, deadline=None)
@given(schedules_and_starts(), st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_rule_16_between_undoes_add_at_any_distance(
    drawn: tuple[Schedule, datetime], working: timedelta
) -> None:
    calendar, start = drawn
    due = calendar.add(start, working)
    assert calendar.between(start, due) == working
    if working:
        assert calendar.between(start, due - timedelta(microseconds=1)) < working


@settings(max_examples=200, deadline=None)
@given(schedules_and_starts(), st.integers(1, 900), weeks, days)
def test_rule_16_deadlines_never_move_when_irrelevant_rows_change(
    drawn: tuple[Schedule, datetime], minutes: int, week: Week, day: Day
) -> None:
    calendar, start = drawn
    due = calendar.add(start, timedelta(minutes=minutes))
    later = calendar.day_of(due) + timedelta(days=1)
    versions = [one for one in calendar.versions if one.valid_from < later]
    assume(versions)
    changed = Schedule(
        calendar.tz, [*versions, Version(later, week)], {**calendar.exceptions, later: day}
    )
    assert changed.add(start, timedelta(minutes=minutes)) == due


@settings(max_examples=100, deadline=None)
@given(schedules_and_starts(), st.lists(st.integers(0, 20_000), min_size=3, max_size=3))
def test_working_time_adds_up_over_its_parts(
    drawn: tuple[Schedule, datetime], minutes: list[int]
) -> None:
    calendar, start = drawn
    first, second, third = (start + MINUTE * n for n in sorted(minutes))
    parts = calendar.between(first, second) + calendar.between(second, third)
    assert calendar.between(first, third) == parts


def test_the_arithmetic_runs_where_django_cannot_be_imported() -> None:
    program = (
        "import sys; sys.modules['django'] = None\n"
        "import portal.hours, tickets.sla\n"
        "assert not any(name.startswith('django.') for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
