"""Hours, presence and channels: right at once, and never rewriting the past."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.template import engines
from django.utils import translation

from portal.hours import Interval
from portal.refusals import NotAllowed
from portal.support import actions, hooks, schedule, weeks
from portal.support.calendar import NotHours, parse_intervals
from portal.support.models import DAYS, Brand, Channel, Hours, HoursException

pytestmark = pytest.mark.django_db
NIGHT = datetime(2026, 11, 23, 20, 40, tzinfo=UTC)  # 23:40 in Moscow
TOMORROW = date(2026, 11, 24)


def _hours(valid_from, text="09:00–18:00"):
    return Hours(valid_from=valid_from, **dict.fromkeys(DAYS, text))


def _holiday(on, hours=""):
    return HoursException(on=on, hours=hours, name_ru="Праздник", name_en="Holiday")


@pytest.fixture
def told(monkeypatch):
    """Collect the moments at which a change of hours was told."""
    moments = []
    monkeypatch.setattr(hooks, "on_hours_changed", [moments.append])
    return moments


# --- presence -------------------------------------------------------------------------------


def test_at_noon_specialists_are_here_until_closing(at):
    here = schedule.presence(at)
    assert here.is_open
    assert here.closes_at == datetime(2026, 11, 23, 17, 0, tzinfo=UTC)


def test_at_night_they_come_back_in_the_morning():
    here = schedule.presence(NIGHT)
    assert not here.is_open
    assert here.opens_at == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)


def test_at_the_moment_of_closing_nobody_is_here_any_more():
    assert not schedule.presence(datetime(2026, 11, 23, 17, 0, tzinfo=UTC)).is_open


def test_a_holiday_is_named_and_skipped(at):
    _holiday(at.date()).save()
    here = schedule.presence(at)
    assert not here.is_open
    assert here.opens_at == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    assert here.exception.name_en == "Holiday"


def test_around_the_clock_has_no_closing(at):
    Hours.objects.update(**dict.fromkeys(DAYS, "00:00–24:00"))
    here = schedule.presence(at)
    assert here.is_open
    assert here.closes_at is None


# --- channels -------------------------------------------------------------------------------


def _states(at):
    return {one.kind: one.state for one in schedule.channels_now(at, "en")}


def test_channels_say_their_state_by_day_and_by_night(at):
    assert _states(at)["phone"] == "On the line until 20:00"
    assert _states(at)["email"] == "Answering now"
    assert _states(NIGHT)["phone"] == "On the line from 24.11, 08:00 Moscow time"
    assert _states(NIGHT)["email"] == "Write now, we answer from 24.11, 08:00 Moscow time"


def test_channels_lead_to_where_they_say(at):
    links = {one.kind: one.href for one in schedule.channels_now(at, "en")}
    assert links["phone"] == "tel:+74991108662"
    assert links["telegram"].startswith("https://t.me/")
    assert links["email"].startswith("mailto:")


def test_a_hidden_channel_is_not_shown(at):
    Channel.objects.filter(kind="telegram").update(is_shown=False)
    assert "telegram" not in _states(at)


# --- the ground is cached, and right at once ------------------------------------------------


def test_the_ground_costs_one_query_once_it_is_known(django_assert_num_queries):
    schedule.ground()
    with django_assert_num_queries(1):
        schedule.ground()


@pytest.mark.parametrize(
    "change",
    [
        lambda: Hours.objects.update(monday="10:00–11:00"),
        lambda: HoursException.objects.create(on=TOMORROW, hours="", name_ru="x", name_en="x"),
        lambda: Channel.objects.filter(kind="phone").update(address="+7 000"),
        lambda: Brand.objects.update(name="Other"),
        lambda: Channel.objects.filter(kind="phone").delete(),
    ],
    ids=["hours", "exception", "channel", "brand", "deletion"],
)
def test_whatever_changes_the_next_reading_knows_it(change):
    before = schedule.ground()
    change()
    assert schedule.ground() is not before


def test_a_change_by_plain_sql_is_seen_too(at):
    assert schedule.presence(at).is_open
    with connection.cursor() as cursor:
        cursor.execute("update support_hours set monday = '20:00–21:00'")
    assert not schedule.presence(at).is_open


# --- hours in words -------------------------------------------------------------------------


def test_hours_are_read_as_people_write_them():
    assert parse_intervals("13:00-20:00, 8:00 – 12:00") == (Interval(480, 720), Interval(780, 1200))
    assert parse_intervals("20:00–02:00") == (Interval(1200, 1560),)
    assert parse_intervals("") == ()


@pytest.mark.parametrize("text", ["eight to ten", "08:00", "25:00–26:00", "08:60–09:00", "8–20"])
def test_what_is_no_range_of_times_is_refused(text):
    with pytest.raises(NotHours):
        parse_intervals(text)


def test_days_with_the_same_hours_are_said_together():
    row = _hours(TOMORROW)
    row.saturday = "10:00–16:00"
    row.sunday = ""
    with translation.override("en"):
        assert [(line.days, line.hours) for line in weeks.lines(row)] == [
            ("Monday to Friday", "09:00–18:00"),
            ("Saturday", "10:00–16:00"),
            ("Sunday", "closed"),
        ]
        assert weeks.lines(_hours(TOMORROW))[0].days == "Every day"


def test_a_night_shift_ends_in_the_morning():
    assert weeks.hours_text(parse_intervals("20:00–02:00")) == "20:00–02:00"
    assert weeks.hours_text(parse_intervals("00:00–24:00")) == "00:00–24:00"


# --- changes --------------------------------------------------------------------------------


def test_hours_to_come_are_saved_and_told(galina, at, told):
    hours = actions.save_hours(hours=_hours(TOMORROW), actor=galina, at=at)
    assert (hours.created_by, told) == (galina, [at])
    later = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
    assert not schedule.presence(later).is_open
    assert schedule.presence(at).is_open


@pytest.mark.parametrize("day", [date(2026, 11, 23), date(2026, 11, 1)])
def test_hours_cannot_begin_today_or_earlier(galina, at, told, day):
    with pytest.raises(actions.HoursInThePast):
        actions.save_hours(hours=_hours(day), actor=galina, at=at)
    assert told == []


def test_hours_that_hold_already_cannot_be_moved_or_deleted(galina, at):
    present = Hours.objects.get()
    present.valid_from = TOMORROW
    with pytest.raises(actions.HoursInThePast):
        actions.save_hours(hours=present, actor=galina, at=at)
    with pytest.raises(actions.HoursInThePast):
        actions.delete_hours(hours=Hours.objects.get(), actor=galina, at=at)


def test_hours_to_come_can_be_taken_back(galina, at, told):
    hours = actions.save_hours(hours=_hours(TOMORROW), actor=galina, at=at)
    actions.delete_hours(hours=hours, actor=galina, at=at)
    assert Hours.objects.count() == 1
    assert len(told) == 2


def test_a_week_that_is_never_open_is_refused_with_words(galina, at):
    with pytest.raises(actions.HoursNeverOpen) as refusal:
        actions.save_hours(hours=_hours(TOMORROW, ""), actor=galina, at=at)
    assert refusal.value.message


def test_a_holiday_to_come_is_saved_and_told(galina, at, told):
    actions.save_exception(exception=_holiday(TOMORROW), actor=galina, at=at)
    assert not schedule.presence(at + timedelta(days=1)).is_open
    assert told == [at]


def test_today_may_end_earlier_but_not_have_begun_later(galina, at):
    today = at.date()
    with pytest.raises(actions.DayHasPassed):
        actions.save_exception(exception=_holiday(today), actor=galina, at=at)
    with pytest.raises(actions.DayHasPassed):
        actions.save_exception(exception=_holiday(today, "10:00–20:00"), actor=galina, at=at)
    actions.save_exception(exception=_holiday(today, "08:00–15:00"), actor=galina, at=at)
    assert schedule.presence(at).closes_at == datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_a_holiday_that_was_stays(galina, at):
    past = _holiday(date(2026, 11, 20))
    past.save()
    with pytest.raises(actions.DayHasPassed):
        actions.delete_exception(exception=past, actor=galina, at=at)
    past.on = TOMORROW
    with pytest.raises(actions.DayHasPassed):
        actions.save_exception(exception=past, actor=galina, at=at)


def test_a_holiday_to_come_can_be_taken_back(galina, at):
    holiday = actions.save_exception(exception=_holiday(TOMORROW), actor=galina, at=at)
    actions.delete_exception(exception=holiday, actor=galina, at=at)
    assert schedule.presence(at + timedelta(days=1)).is_open


def test_specialists_and_customers_change_nothing(sergey, anna, at):
    for person in (sergey, anna):
        with pytest.raises(NotAllowed):
            actions.save_hours(hours=_hours(TOMORROW), actor=person, at=at)
        with pytest.raises(NotAllowed):
            actions.save_exception(exception=_holiday(TOMORROW), actor=person, at=at)
        with pytest.raises(NotAllowed):
            actions.save_channel(channel=Channel.objects.get(kind="phone"), actor=person)
        with pytest.raises(NotAllowed):
            actions.save_brand(brand=Brand.objects.get(), actor=person, at=at)


def test_another_zone_is_told_another_name_is_not(galina, at, told):
    brand = Brand.objects.get()
    brand.name = "Other"
    actions.save_brand(brand=brand, actor=galina, at=at)
    assert told == []
    brand.zone = "Asia/Omsk"
    actions.save_brand(brand=brand, actor=galina, at=at)
    assert told == [at]


# --- the admin ------------------------------------------------------------------------------


@pytest.fixture
def unfold(monkeypatch):
    """Let Unfold's own templates read names that are not always there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def _posted(valid_from, text):
    return {"valid_from": valid_from, "note": "", **dict.fromkeys(DAYS, text)}


def test_the_admin_adds_hours_to_come(unfold, sign_in, galina):
    day = date.today() + timedelta(days=30)  # noqa: DTZ011 (any day well ahead)
    answer = sign_in(galina).post(
        "/admin/support/hours/add/", _posted(day.isoformat(), "10:00–19:00")
    )
    assert answer.status_code == 302
    assert Hours.objects.get(valid_from=day).created_by == galina


@pytest.mark.parametrize(
    ("day", "text", "words"),
    [
        ("2026-01-02", "10:00–19:00", "clocks have run"),
        ("2099-01-01", "", "nobody would ever be here"),
        ("2099-01-01", "from ten", "no range of times"),
    ],
)
def test_the_admin_refuses_with_words(unfold, sign_in, galina, day, text, words):
    client = sign_in(galina)
    client.cookies["language"] = "en"
    answer = client.post("/admin/support/hours/add/", _posted(day, text))
    assert answer.status_code == 200
    assert words in answer.content.decode()
    assert Hours.objects.count() == 1


def test_hours_that_hold_can_only_be_read_in_the_admin(unfold, sign_in, galina):
    present = Hours.objects.get()
    client = sign_in(galina)
    address = f"/admin/support/hours/{present.pk}/change/"
    assert client.get(address).status_code == 200
    assert client.post(address, _posted("2099-01-01", "10:00–19:00")).status_code == 403
    assert (
        client.post(f"/admin/support/hours/{present.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )


def test_the_trial_says_when_a_ticket_is_due(unfold, sign_in, galina):
    client = sign_in(galina)
    client.cookies["language"] = "en"
    asked = {"received_at_0": "2026-11-23", "received_at_1": "19:50", "minutes": "30"}
    answer = client.get("/admin/support/hours/trial", asked, follow=True)
    assert answer.context["trial"].due_at == datetime(2026, 11, 24, 5, 20, tzinfo=UTC)


def test_the_admin_takes_back_a_holiday_but_not_a_past_one(unfold, sign_in, galina):
    past, ahead = _holiday(date(2026, 1, 7)), _holiday(date(2099, 1, 7))
    past.save()
    ahead.save()
    client = sign_in(galina)
    for row in (past, ahead):
        client.post(f"/admin/support/hoursexception/{row.pk}/delete/", {"post": "yes"})
    assert list(HoursException.objects.all()) == [past]
