"""The trial of hours in the admin: when a ticket would be due, because of what, on which days."""

from datetime import UTC, date, datetime

import pytest
from django.template import engines

from portal.support import schedule, trial
from portal.support.models import HoursException

pytestmark = pytest.mark.django_db
TRIAL = "/admin/support/hours/trial"
EVENING = datetime(2026, 11, 23, 16, 50, tzinfo=UTC)  # 19:50 in Moscow
NIGHT = datetime(2026, 11, 23, 18, 40, tzinfo=UTC)
CLOSING, OPENING = (
    datetime(2026, 11, 23, 17, 0, tzinfo=UTC),
    datetime(2026, 11, 24, 5, 0, tzinfo=UTC),
)


@pytest.fixture(autouse=True)
def _unfold(monkeypatch):
    """Let Unfold's own templates read names that are not always there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def opened(client, **asked):
    client.cookies["language"] = "en"
    answer = client.get(TRIAL, asked, follow=True)
    assert answer.status_code == 200
    return answer


def evening(**asked):
    return {"received_at_0": "2026-11-23", "received_at_1": "19:50", **asked}


def test_the_way_to_the_due_time_is_told_step_by_step():
    """Rule 2: received at 19:50 with 30 minutes: due 08:20."""
    told = trial.tell(schedule.ground(), received_at=EVENING, minutes=30)
    assert told.due_at == datetime(2026, 11, 24, 5, 20, tzinfo=UTC)
    assert [(step.is_open, step.at, step.minutes) for step in told.steps] == [
        (True, EVENING, 10),
        (False, CLOSING, 720),
        (True, OPENING, 20),
    ]
    assert told.has_all_steps


def test_warnings_and_the_next_opening_are_told_too():
    told = trial.tell(schedule.ground(), received_at=NIGHT, minutes=30)
    assert (told.is_open, told.opens_at) == (False, OPENING)
    assert told.half_at == datetime(2026, 11, 24, 5, 15, tzinfo=UTC)
    assert told.warn_at == datetime(2026, 11, 24, 5, 24, tzinfo=UTC)


def test_the_hours_of_the_days_say_why_they_are_not_as_usual():
    HoursException.objects.create(
        on=date(2026, 11, 24), hours="", name_ru="Выходной", name_en="Day off"
    )
    days = {
        one.on: one for one in trial.tell(schedule.ground(), received_at=NIGHT, minutes=30).days
    }
    assert days[date(2026, 11, 24)].hours == ""
    assert days[date(2026, 11, 24)].occasion
    assert days[date(2026, 11, 25)].hours == "08:00–20:00"


def test_a_long_way_is_told_in_part():
    told = trial.tell(schedule.ground(), received_at=NIGHT, minutes=60 * 24 * 30)
    assert not told.has_all_steps
    assert len(told.days) == trial.MOST_DAYS


def test_the_page_takes_minutes(sign_in, galina):
    page = opened(sign_in(galina), **evening(minutes="30")).content.decode()
    assert "the time counts, 10 minutes" in page
    assert "support is closed" in page


def test_or_a_category_with_its_priority(sign_in, galina):
    told = opened(sign_in(galina), **evening(limit="incident/low")).context["trial"]
    assert told.minutes == 120


def test_minutes_win_where_both_are_given(sign_in, galina):
    asked = evening(limit="incident/low", minutes="5")
    assert opened(sign_in(galina), **asked).context["trial"].minutes == 5


@pytest.mark.parametrize("asked", [{}, {"limit": "incident/none"}, {"minutes": "0"}])
def test_what_cannot_be_computed_is_refused_with_words(sign_in, galina, asked):
    answer = opened(sign_in(galina), **evening(**asked))
    assert "trial" not in answer.context
    assert answer.context["form"].errors


def test_specialists_do_not_come_in(sign_in, sergey):
    assert sign_in(sergey).get(TRIAL, follow=True).status_code == 403
