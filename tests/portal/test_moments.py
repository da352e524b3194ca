"""Times, lengths and no-break spaces as people read them."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.template import Context, Template
from django.utils import timezone, translation

from portal.templatetags import moments

NBSP = "\u00a0"


@pytest.fixture
def noon(monkeypatch):
    """Let it be Monday 23 November 2026, 12:00 in Moscow."""
    at = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: at)
    return at


def test_near_days_have_names_and_far_ones_a_date(noon):
    with translation.override("en"):
        assert moments.moment(noon + timedelta(hours=2)) == "today, 14:00"
        assert moments.moment(noon + timedelta(days=1)) == "tomorrow, 12:00"
        assert moments.moment(noon - timedelta(days=1)) == "yesterday, 12:00"
        assert moments.moment(noon - timedelta(days=2)) == f"21{NBSP}November, 12:00"
        assert moments.moment(noon + timedelta(days=60)) == f"22{NBSP}January{NBSP}2027, 12:00"


def test_months_stand_in_russian_as_they_do_in_a_date(noon):
    with translation.override("ru"):
        assert moments.moment(noon - timedelta(days=2)) == f"21{NBSP}ноября, 12:00"


def test_a_day_ends_at_midnight_in_moscow(noon):
    with translation.override("en"):
        assert moments.moment(datetime(2026, 11, 23, 20, 59, tzinfo=UTC)) == "today, 23:59"
        assert moments.moment(datetime(2026, 11, 23, 21, 0, tzinfo=UTC)) == "tomorrow, 00:00"


def test_a_reader_elsewhere_sees_both_times(noon):
    with translation.override("en"):
        omsk = SimpleNamespace(time_zone="Asia/Omsk")
        assert moments.both_times(noon, omsk) == "today, 12:00 Moscow time (15:00 yours)"
        assert "tomorrow, 00:30 yours" in moments.both_times(noon + timedelta(hours=9.5), omsk)


@pytest.mark.parametrize(
    "zone", ["Europe/Moscow", "Europe/Minsk", "Europe/Simferopol", "", "No/Where"]
)
def test_a_reader_whose_clock_shows_moscow_time_sees_one(noon, zone):
    with translation.override("en"):
        assert moments.both_times(noon, SimpleNamespace(time_zone=zone)) == "today, 12:00"


def test_nobody_has_no_time_of_their_own(noon):
    assert moments.own_time(noon, None) == ""


@pytest.mark.parametrize(
    ("minutes", "whole", "short"),
    [
        (1, "1 minute", "1 min"),
        (45, "45 minutes", "45 min"),
        (60, "1 hour", "1 h"),
        (180, "3 hours", "3 h"),
        (90, "1 h 30 min", "1 h 30 min"),
        (24 * 60 + 120, "1 d 2 h", "1 d 2 h"),
    ],
)
def test_lengths_are_said_in_words_and_in_short(minutes, whole, short):
    with translation.override("en"):
        assert moments.span(minutes) == whole
        assert moments.short_span(minutes) == short


def _chip(due_at, warn_at=None):
    template = Template("{% load moments %}{% countdown due warn %}")
    with translation.override("en"):
        return template.render(Context({"due": due_at, "warn": warn_at}))


def test_a_chip_says_how_long_and_how_urgent(noon):
    calm = _chip(noon + timedelta(minutes=72))
    assert 'data-state="ok"' in calm
    assert "1 h 12 min" in calm
    near = _chip(noon + timedelta(minutes=18))
    assert 'data-state="soon"' in near
    assert "18 min" in near
    late = _chip(noon - timedelta(minutes=8))
    assert 'data-state="late"' in late
    assert "Late by 8 min" in late


def test_a_chip_warns_when_the_clock_does(noon):
    warned = _chip(noon + timedelta(minutes=72), noon - timedelta(minutes=1))
    assert 'data-state="soon"' in warned


def test_a_chip_gives_the_script_its_words_and_its_time(noon):
    chip = _chip(noon + timedelta(minutes=72))
    assert f'data-due="{(noon + timedelta(minutes=72)).isoformat()}"' in chip
    assert "%(hours)d h %(minutes)d min" in chip


def test_where_nobody_waits_no_time_runs(noon):
    chip = _chip(None)
    assert 'data-state="paused"' in chip
    assert "data-due" not in chip


def test_lines_do_not_end_after_short_words_or_before_units():
    assert moments.typeset("и в кабинете") == f"и{NBSP}в{NBSP}кабинете"
    assert (
        moments.typeset("Ответим за 30 мин — обещаем")
        == f"Ответим за{NBSP}30{NBSP}мин{NBSP}— обещаем"
    )
    assert moments.typeset("№ 48 213") == f"№{NBSP}48 213"


def test_until_says_the_day_only_when_it_is_another(noon):
    with translation.override("en"):
        assert moments.until(noon + timedelta(hours=8)) == "20:00"
        assert moments.until(noon + timedelta(days=1)) == "tomorrow, 12:00"
