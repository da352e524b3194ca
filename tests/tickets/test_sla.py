"""The clocks of an answer: rules 1 to 7, 10 to 12 and 16 of docs/sla.md."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from portal.hours import Day, Interval, NaiveMoment, Schedule, Version
from tickets import sla
from tickets.rules import PRIORITIES, Category, Priority
from tickets.sla import (
    BrokenLedger,
    Clock,
    ClockClosed,
    Code,
    ExplainLine,
    Kind,
    Move,
    Said,
    Segment,
    Target,
    TargetMissing,
)

TWELVE: Day = (Interval(8 * 60, 20 * 60),)
HOURS = Schedule("Europe/Moscow", [Version(date(2020, 1, 1), (TWELVE,) * 7)])
FIRST_DAY = date(2020, 1, 1)
TARGETS = [
    Target("incident", "critical", 30, FIRST_DAY),
    Target("incident", "high", 60, FIRST_DAY),
    Target("incident", "medium", 90, FIRST_DAY),
    Target("incident", "low", 120, FIRST_DAY),
    *(Target(str(one), None, 180, FIRST_DAY) for one in PRIORITIES if one != Category.INCIDENT),
]
TODAY = date(2026, 11, 23)


def moscow(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Moscow"))


def mins(number: float) -> timedelta:
    return timedelta(minutes=number)


def running(start: str, end: str | None = None) -> Segment:
    return Segment(moscow(start), moscow(end) if end else None, True, "waits for us", "2020-01-01")


def paused(start: str, end: str | None = None) -> Segment:
    return Segment(moscow(start), moscow(end) if end else None, False, "agreed", "2020-01-01")


def clock(*segments: Segment, minutes: int = 30) -> Clock:
    return Clock(Kind.FIRST, segments, mins(minutes))


@pytest.mark.parametrize(
    ("received", "due"),
    [
        ("2026-11-23 19:30", "2026-11-23 20:00"),
        ("2026-11-23 19:50", "2026-11-24 08:20"),
        ("2026-11-23 21:40", "2026-11-24 08:30"),
        ("2026-11-24 07:59", "2026-11-24 08:30"),
    ],
)
def test_rule_2_thirty_minutes_are_counted_in_support_hours(received: str, due: str) -> None:
    assert sla.due_at(clock(running(received)), HOURS) == moscow(due)


def test_rule_1_the_deadline_is_the_smallest_moment_even_when_a_pause_begins_there() -> None:
    stopped_there = clock(running("2026-11-23 10:00", "2026-11-23 10:30"))
    assert sla.due_at(stopped_there, HOURS) == moscow("2026-11-23 10:30")


def test_rule_1_only_running_segments_count() -> None:
    waits = clock(
        running("2026-11-23 19:00", "2026-11-23 19:40"),
        paused("2026-11-23 19:40", "2026-11-25 09:00"),
        running("2026-11-25 09:00"),
        minutes=60,
    )
    assert sla.due_at(waits, HOURS) == moscow("2026-11-25 09:20")


def test_rule_1_a_clock_that_stands_still_is_due_never() -> None:
    stands = clock(running("2026-11-23 19:00", "2026-11-23 19:20"), paused("2026-11-23 19:20"))
    assert sla.due_at(stands, HOURS) is None


def test_a_clock_that_stopped_in_time_never_becomes_due() -> None:
    assert sla.due_at(clock(running("2026-11-23 19:00", "2026-11-23 19:20")), HOURS) is None


def test_elapsed_counts_what_has_run_up_to_the_moment() -> None:
    waits = clock(
        running("2026-11-23 19:00", "2026-11-23 19:40"),
        paused("2026-11-23 19:40", "2026-11-25 09:00"),
        running("2026-11-25 09:00"),
    )
    for at, minutes in [
        ("2026-11-23 18:00", 0),
        ("2026-11-23 19:10", 10),
        ("2026-11-24 12:00", 40),
        ("2026-11-25 09:15", 55),
        ("2026-11-25 21:00", 40 + 11 * 60),
    ]:
        assert sla.elapsed(waits, HOURS, moscow(at)) == mins(minutes)


@pytest.mark.parametrize(
    "segments",
    [
        [],
        [running("2026-11-23 10:00"), running("2026-11-23 11:00")],
        [running("2026-11-23 11:00", "2026-11-23 10:00")],
        [running("2026-11-23 10:00", "2026-11-23 12:00"), running("2026-11-23 11:00")],
    ],
)
def test_a_ledger_that_does_not_follow_is_refused(segments: list[Segment]) -> None:
    with pytest.raises(BrokenLedger):
        clock(*segments)


def test_a_segment_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveMoment):
        Segment(datetime(2026, 11, 23), None, True, "", "")  # noqa: DTZ001


def test_a_segment_keeps_its_moments_in_utc() -> None:
    assert running("2026-11-23 12:00").start.tzinfo is UTC


# Rules 3 to 5: which messages make a cycle.

NINE, TEN, ELEVEN, NOON = (moscow(f"2026-11-23 {hour}:00") for hour in ("09", "10", "11", "12"))


def test_rule_3_an_acknowledgement_a_code_or_a_bot_stops_no_clock() -> None:
    said = [Said(NINE, False), Said(TEN, True, is_answer=False)]
    assert sla.cycles(said) == [(Kind.FIRST, NINE, None)]


def test_rule_3_the_first_answer_of_a_human_ends_the_first_cycle() -> None:
    said = [Said(NINE, False), Said(TEN, True), Said(ELEVEN, True)]
    assert sla.cycles(said) == [(Kind.FIRST, NINE, TEN)]


def test_rule_4_asking_for_a_code_neither_counts_nor_pauses() -> None:
    said = [Said(NINE, False), Said(TEN, True, is_answer=False), Said(ELEVEN, False)]
    assert sla.cycles([*said, Said(NOON, True)]) == [(Kind.FIRST, NINE, NOON)]


def test_rule_5_the_oldest_unanswered_message_wins() -> None:
    said = [Said(NOON, False), Said(ELEVEN, False), Said(NINE, False), Said(TEN, True)]
    assert sla.cycles(said) == [(Kind.FIRST, NINE, TEN), (Kind.NEXT, ELEVEN, None)]


def test_a_conversation_that_the_staff_began_waits_for_nobody() -> None:
    assert sla.cycles([Said(NINE, True)]) == []


# Rule 6: another target, the same time run.


def test_rule_6_raised_at_11_from_medium_to_high_is_due_at_once() -> None:
    medium = clock(running("2026-11-23 10:00"), minutes=90)
    raised = sla.retarget(medium, HOURS, target=mins(60), at=ELEVEN)
    assert raised.due_at == ELEVEN
    assert sla.elapsed(raised.clock, HOURS, ELEVEN) == mins(60)
    assert not sla.is_late(raised.due_at, ELEVEN)
    assert sla.is_late(raised.due_at, ELEVEN + timedelta(microseconds=1))


def test_rule_6_raised_later_than_that_is_due_in_the_past() -> None:
    medium = clock(running("2026-11-23 10:00"), minutes=90)
    at = moscow("2026-11-23 11:20")
    assert sla.retarget(medium, HOURS, target=mins(30), at=at).due_at == moscow("2026-11-23 10:30")


def test_rule_6_lowered_in_time_it_gains_time_from_the_original_start() -> None:
    high = clock(running("2026-11-23 10:00"), minutes=60)
    lowered = sla.retarget(high, HOURS, target=mins(120), at=moscow("2026-11-23 10:59"))
    assert lowered.due_at == NOON


def test_rule_6_a_lowered_priority_never_makes_a_late_clock_timely() -> None:
    high = clock(running("2026-11-23 10:00"), minutes=60)
    at = moscow("2026-11-23 11:01")
    assert sla.retarget(high, HOURS, target=mins(120), at=at) == (high, ELEVEN)


def test_rule_6_a_late_clock_still_takes_a_stricter_target() -> None:
    high = clock(running("2026-11-23 10:00"), minutes=60)
    raised = sla.retarget(high, HOURS, target=mins(30), at=moscow("2026-11-23 11:01"))
    assert raised.due_at == moscow("2026-11-23 10:30")


def test_rule_6_a_stopped_clock_keeps_the_target_it_had() -> None:
    stopped = clock(running("2026-11-23 10:00", "2026-11-23 10:20"))
    with pytest.raises(ClockClosed):
        sla.retarget(stopped, HOURS, target=mins(60), at=NOON)


# Rule 7: targets, and what was promised.


@pytest.mark.parametrize(
    ("category", "priority", "minutes"),
    [
        (Category.INCIDENT, Priority.CRITICAL, 30),
        (Category.INCIDENT, Priority.HIGH, 60),
        (Category.INCIDENT, Priority.MEDIUM, 90),
        (Category.INCIDENT, Priority.LOW, 120),
        (Category.INCIDENT, None, 30),
        (Category.SERVICE_REQUEST, Priority.LOW, 180),
        (Category.INFORMATION_REQUEST, Priority.MEDIUM, 180),
        (Category.CHANGE_REQUEST, None, 180),
    ],
)
def test_rule_7_targets_go_by_category_and_priority_untriaged_by_the_strictest(
    category: str, priority: str | None, minutes: int
) -> None:
    assert sla.target_for(TARGETS, category, priority, on=TODAY) == minutes


def test_a_target_holds_from_its_date_on() -> None:
    newer = [Target("incident", "high", 45, TODAY), *TARGETS]
    assert sla.target_for(newer, "incident", "high", on=TODAY) == 45
    assert sla.target_for(newer, "incident", "high", on=TODAY - timedelta(days=1)) == 60


def test_rule_7_a_superseded_target_is_not_the_strictest() -> None:
    newer = [*TARGETS, Target("incident", "critical", 40, TODAY)]
    assert sla.target_for(newer, "incident", None, on=TODAY) == 40


def test_a_target_of_its_own_goes_before_the_target_for_any_priority() -> None:
    both = [Target("change_request", None, 180, TODAY), Target("change_request", "low", 240, TODAY)]
    assert sla.target_for(both, "change_request", "low", on=TODAY) == 240
    assert sla.target_for(both, "change_request", "medium", on=TODAY) == 180


@pytest.mark.parametrize("priority", ["low", None])
def test_a_missing_target_is_named(priority: str | None) -> None:
    with pytest.raises(TargetMissing, match="incident"):
        sla.target_for(TARGETS, "incident", priority, on=date(2019, 12, 31))


@pytest.mark.parametrize(
    ("promised", "due", "expected"),
    [
        (NOON, ELEVEN, (Move.EARLIER, False, ELEVEN)),
        (ELEVEN, NOON, (Move.LATER, True, ELEVEN)),
        (NOON, NOON, (Move.SAME, False, NOON)),
        (None, NOON, (Move.SAME, False, NOON)),
    ],
)
def test_rule_7_a_promise_moves_earlier_silently_and_later_only_with_a_reason(
    promised: datetime | None, due: datetime, expected: tuple[Move, bool, datetime]
) -> None:
    change = sla.promise_after(promised, due)
    assert (change.move, change.needs_reason, change.holds_at) == expected


# Rule 10: hours change, the past does not.


def test_rule_10_new_hours_move_a_deadline_after_them_and_keep_the_time_run_before() -> None:
    longer: Day = (Interval(6 * 60, 22 * 60),)
    later = Version(date(2026, 11, 24), (longer,) * 7)
    changed = Schedule(HOURS.zone, [*HOURS.versions, later])
    waits = clock(running("2026-11-23 19:50"))
    midnight = moscow("2026-11-24 00:00")
    assert sla.due_at(waits, changed) == moscow("2026-11-24 06:20")
    assert sla.elapsed(waits, changed, midnight) == sla.elapsed(waits, HOURS, midnight) == mins(10)


@pytest.mark.parametrize("category", list(PRIORITIES))
def test_rule_11_only_high_and_critical_incidents_are_owed_the_same_day(category: str) -> None:
    owed = {
        one for one in [*PRIORITIES[Category(category)], None] if sla.is_same_day(category, one)
    }
    expected = {Priority.HIGH, Priority.CRITICAL} if category == Category.INCIDENT else set()
    assert owed == expected


@pytest.mark.parametrize(
    ("zone", "received", "end"),
    [
        ("Europe/Moscow", "2026-11-23T06:00:00Z", "2026-11-23T21:00:00Z"),
        ("Europe/Moscow", "2026-11-23T20:59:59Z", "2026-11-23T21:00:00Z"),
        ("Europe/Moscow", "2026-11-23T21:00:00Z", "2026-11-24T21:00:00Z"),
        ("America/New_York", "2026-11-01T12:00:00Z", "2026-11-02T05:00:00Z"),
        # In Beirut 30 March 2025 began at 01:00.
        ("Asia/Beirut", "2025-03-29T12:00:00Z", "2025-03-29T22:00:00Z"),
        # At 00:01 on 7 November 2010 St. John's went back to 23:01 of the 6th.
        ("America/St_Johns", "2010-11-07T03:00:00Z", "2010-11-07T03:30:00Z"),
    ],
)
def test_rule_11_the_day_ends_at_midnight_of_the_zone(zone: str, received: str, end: str) -> None:
    due = sla.same_day_due(zone, datetime.fromisoformat(received))
    assert due == datetime.fromisoformat(end)
    assert due.tzinfo is UTC


def test_rule_11_a_receipt_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveMoment):
        sla.same_day_due("Europe/Moscow", datetime(2026, 11, 23))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("percent", "at"),
    [(50, "2026-11-24 08:50"), (80, "2026-11-24 09:26"), (100, "2026-11-24 09:50")],
)
def test_rule_12_warnings_come_at_shares_of_the_working_time(percent: int, at: str) -> None:
    start = moscow("2026-11-23 19:50")
    assert sla.warn_at(HOURS, start, mins(120), percent) == moscow(at)


def test_rule_12_no_other_share_is_warned_at() -> None:
    with pytest.raises(ValueError, match="percent"):
        sla.warn_at(HOURS, NOON, mins(120), 90)


# "Why this time?"


def line(
    code: Code, at: str, until: str | None = None, worked: float = 0, reason: str = ""
) -> ExplainLine:
    return ExplainLine(code, moscow(at), moscow(until) if until else None, mins(worked), reason)


def test_an_evening_ticket_is_explained_over_the_night() -> None:
    assert sla.explain(clock(running("2026-11-23 19:50")), HOURS) == [
        line(Code.RECEIVED, "2026-11-23 19:50"),
        line(Code.RUNS, "2026-11-23 19:50", "2026-11-23 20:00", 10),
        line(Code.CLOSED, "2026-11-23 20:00", "2026-11-24 08:00"),
        line(Code.RUNS, "2026-11-24 08:00", "2026-11-24 08:20", 20),
        line(Code.DUE, "2026-11-24 08:20"),
    ]


def test_a_night_ticket_waits_for_the_opening() -> None:
    assert sla.explain(clock(running("2026-11-23 21:40")), HOURS) == [
        line(Code.RECEIVED, "2026-11-23 21:40"),
        line(Code.WAITS, "2026-11-23 21:40", "2026-11-24 08:00"),
        line(Code.RUNS, "2026-11-24 08:00", "2026-11-24 08:30", 30),
        line(Code.DUE, "2026-11-24 08:30"),
    ]


def test_a_deadline_at_the_closing_is_explained_on_the_same_day() -> None:
    assert sla.explain(clock(running("2026-11-23 19:30")), HOURS) == [
        line(Code.RECEIVED, "2026-11-23 19:30"),
        line(Code.RUNS, "2026-11-23 19:30", "2026-11-23 20:00", 30),
        line(Code.DUE, "2026-11-23 20:00"),
    ]


def test_a_pause_is_explained_with_its_reason_and_ends_in_the_night() -> None:
    waits = clock(
        running("2026-11-23 10:00", "2026-11-23 10:20"),
        paused("2026-11-23 10:20", "2026-11-23 21:00"),
        running("2026-11-23 21:00"),
    )
    assert sla.explain(waits, HOURS) == [
        line(Code.RECEIVED, "2026-11-23 10:00"),
        line(Code.RUNS, "2026-11-23 10:00", "2026-11-23 10:20", 20),
        line(Code.PAUSED, "2026-11-23 10:20", "2026-11-23 21:00", reason="agreed"),
        line(Code.CLOSED, "2026-11-23 21:00", "2026-11-24 08:00"),
        line(Code.RUNS, "2026-11-24 08:00", "2026-11-24 08:10", 10),
        line(Code.DUE, "2026-11-24 08:10"),
    ]


def test_a_clock_that_stands_still_is_explained_without_a_due_time() -> None:
    stands = clock(running("2026-11-23 10:00", "2026-11-23 10:20"), paused("2026-11-23 10:20"))
    assert sla.explain(stands, HOURS)[-1] == line(Code.PAUSED, "2026-11-23 10:20", reason="agreed")


def test_a_clock_that_stopped_in_time_is_explained_up_to_its_stop() -> None:
    stopped = clock(running("2026-11-23 10:00", "2026-11-23 10:20"))
    assert sla.explain(stopped, HOURS)[1:] == [
        line(Code.RUNS, "2026-11-23 10:00", "2026-11-23 10:20", 20),
        line(Code.STOPPED, "2026-11-23 10:20"),
    ]


def test_around_the_clock_an_explanation_has_no_gap() -> None:
    always = Schedule("Europe/Moscow", [Version(FIRST_DAY, ((Interval(0, 1440),),) * 7)])
    codes = [one.code for one in sla.explain(clock(running("2026-11-23 23:50")), always)]
    assert codes == [Code.RECEIVED, Code.RUNS, Code.DUE]


# Rule 16: random clocks.

gaps = st.lists(st.integers(0, 3000), min_size=1, max_size=6)
DAYS = st.sampled_from([TWELVE, (), (Interval(20 * 60, 26 * 60),), (Interval(0, 1440),)])
WEEKS = st.lists(DAYS, min_size=7, max_size=7).map(tuple).filter(any)
ZONES = st.sampled_from(["Europe/Moscow", "America/New_York"])


@st.composite
def clocks(draw: st.DrawFn) -> tuple[Clock, Schedule]:
    """Draw a clock that runs and stands by turns, near a Sunday on which New York changes."""
    at = datetime(2026, 10, 29, tzinfo=UTC) + mins(draw(st.integers(0, 4000)))
    moments = [at]
    for gap in draw(gaps):
        moments.append(moments[-1] + mins(gap))
    segments = [
        Segment(start, end, place % 2 == 0, "", "")
        for place, (start, end) in enumerate(zip(moments, [*moments[1:], None], strict=True))
    ]
    target = mins(draw(st.integers(1, 3000)))
    schedule = Schedule(draw(ZONES), [Version(FIRST_DAY, draw(WEEKS))])
    return Clock(Kind.NEXT, tuple(segments), target), schedule


@settings(max_examples=60, deadline=None)
@given(clocks())
def test_rule_16_a_deadline_agrees_with_a_walk_over_the_segments(
    drawn: tuple[Clock, Schedule],
) -> None:
    waits, schedule = drawn
    due = sla.due_at(waits, schedule)
    at, left = waits.started_at, waits.target
    end = due or waits.segments[-1].start
    while at < end and left:
        runs = any(
            one.running and one.start <= at and (one.end is None or at < one.end)
            for one in waits.segments
        )
        left -= mins(1) if runs and schedule.is_open(at) else mins(0)
        at += mins(1)
    assert (at, left) == ((due, mins(0)) if due else (end, left))
    assert (left == mins(0)) is (due is not None)


@settings(max_examples=150, deadline=None)
@given(clocks())
def test_rule_16_the_target_has_run_when_it_is_due_and_not_before(
    drawn: tuple[Clock, Schedule],
) -> None:
    waits, schedule = drawn
    due = sla.due_at(waits, schedule)
    assume(due is not None)
    assert due is not None
    assert sla.elapsed(waits, schedule, due) == waits.target
    assert sla.elapsed(waits, schedule, due - timedelta(microseconds=1)) < waits.target


@settings(max_examples=150, deadline=None)
@given(clocks())
def test_an_explanation_has_no_holes_and_adds_up_to_the_target(
    drawn: tuple[Clock, Schedule],
) -> None:
    waits, schedule = drawn
    lines = sla.explain(waits, schedule)
    told = lines[1:-1]
    for before, after in zip(told, lines[2:], strict=True):
        assert before.until == after.at
    if lines[-1].code is Code.DUE:
        assert sum((one.worked for one in told), timedelta(0)) == waits.target
    for one in told:
        if one.until is not None and one.code is Code.RUNS:
            assert schedule.between(one.at, one.until) == one.until - one.at == one.worked
        if one.until is not None and one.code in {Code.CLOSED, Code.WAITS}:
            assert schedule.between(one.at, one.until) == timedelta(0)


@settings(max_examples=100, deadline=None)
@given(clocks(), st.integers(1, 3000))
def test_rule_16_a_deadline_ignores_the_targets_it_had_before(
    drawn: tuple[Clock, Schedule], minutes: int
) -> None:
    waits, schedule = drawn
    assume(waits.stopped_at is None)
    at = waits.started_at
    there = sla.retarget(waits, schedule, target=mins(minutes), at=at)
    back = sla.retarget(there.clock, schedule, target=waits.target, at=at)
    assert back == (waits, sla.due_at(waits, schedule))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(TARGETS), max_size=4), st.sampled_from([*Priority, None]))
def test_rule_16_targets_of_other_categories_and_of_the_future_change_nothing(
    extra: list[Target], priority: str | None
) -> None:
    tomorrow = TODAY + timedelta(days=1)
    irrelevant = [Target(one.category, one.priority, 1, tomorrow) for one in extra] + [
        Target("change_request", one.priority, 1, TODAY) for one in extra
    ]
    found = sla.target_for([*irrelevant, *TARGETS], "incident", priority, on=TODAY)
    assert found == sla.target_for(TARGETS, "incident", priority, on=TODAY)
