"""Components that are drawn once: under everything they show, and never for the wrong reader."""

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone, translation
from django.utils.safestring import SafeString

from portal.templatetags import layout, parts

PRIORITY = "components/prio.html"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """Let it be Monday 23 November 2026, 12:00 in Moscow; the test may move the clock."""
    now = [datetime(2026, 11, 23, 9, 0, tzinfo=UTC)]
    monkeypatch.setattr(timezone, "now", lambda: now[0])
    return now


def _draw(template: str, **values) -> str:
    return Template("{% load parts %}" + template).render(Context(values))


def test_a_part_is_drawn_once_for_the_same_values():
    with translation.override("en"):
        first = parts.part(PRIORITY, priority="high")
        assert parts.part(PRIORITY, priority="high") is first
        assert parts.part(PRIORITY, priority="low") != first


def test_a_part_speaks_the_language_of_its_reader():
    with translation.override("en"):
        assert "Critical" in parts.part(PRIORITY, priority="critical")
    with translation.override("ru"):
        assert "Критический" in parts.part(PRIORITY, priority="critical")


def test_a_part_that_says_a_day_is_drawn_anew_the_next_day(clock):
    due = clock[0] + timedelta(hours=1)
    bar = {"user": layout.STRANGER, "here": "", "opens_at": due, "closes_at": None}
    with translation.override("en"):
        assert "Back today at 13:00" in parts.part("components/bar.html", **bar)
        clock[0] += timedelta(days=1)
        assert "Back yesterday at 13:00" in parts.part("components/bar.html", **bar)


def test_words_marked_as_safe_do_not_make_the_same_words_of_a_stranger_safe():
    words = "<b>Rates</b>"
    assert words in parts.part("components/foot.html", title=SafeString(words))
    assert words not in parts.part("components/foot.html", title=words)


def test_a_part_sees_nothing_but_its_values():
    template = '{% part "components/crumbs.html" crumbs=crumbs %}'
    drawn = _draw(template, crumbs=(("Cabinet", "/cabinet/"),), here="What another page is called")
    assert "Cabinet" in drawn
    assert "another page" not in drawn


@pytest.mark.django_db
def test_a_menu_names_its_own_reader_and_nobody_else(anna, boris):
    request = RequestFactory().get("/cabinet/?q=<b>")
    request.resolver_match = None
    anna.full_name = "Анна <i>@@email@@</i>"
    for person, other in ((anna, boris), (boris, anna), (anna, boris)):
        drawn = layout.menu(
            {"request": request, "user": person}, "components/top.html", title="", name=""
        )
        assert person.email in drawn
        assert other.email not in drawn
        assert "<i>" not in drawn
        assert 'value="/cabinet/?q=%3Cb%3E"' in drawn or "q=&lt;b&gt;" in drawn
        assert "@@token@@" not in drawn


@pytest.mark.django_db
def test_a_name_that_looks_like_a_place_stays_a_name(anna):
    anna.full_name = "@@token@@"
    request = RequestFactory().get("/")
    request.resolver_match = None
    drawn = layout.menu(
        {"request": request, "user": anna}, "components/top.html", title="", name=""
    )
    assert "<b>@@token@@</b>" in drawn
