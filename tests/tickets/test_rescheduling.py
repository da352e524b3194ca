"""Open deadlines after a change of hours: at once or as a job, stopped and taken up again."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from portal.jobs import actions as jobs
from portal.jobs import running
from portal.jobs.models import Job, JobState
from portal.support import actions as support
from portal.support.models import HoursException
from tickets import actions, rescheduling
from tickets.models import Clock, ClockLine, Segment

EVENING = datetime(2026, 11, 23, 16, 50, tzinfo=UTC)  # 19:50 in Moscow
MORROW = datetime(2026, 11, 25, 5, 20, tzinfo=UTC)  # 08:20 of the day after the closed one
CLOSED = date(2026, 11, 24)


def closed() -> HoursException:
    return HoursException(on=CLOSED, hours="", name_ru="Санитарный день", name_en="Cleaning")


@pytest.fixture
def five(file):
    """Tickets that wait for an answer on the morning that will be closed."""
    return [file(at=EVENING) for _ticket in range(5)]


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(rescheduling, "MOST_AT_ONCE", 2)
    whole = rescheduling.reschedule_batch
    monkeypatch.setattr(rescheduling, "reschedule_batch", lambda **values: whole(**values, size=2))


def due_times() -> set[datetime | None]:
    return set(Clock.objects.responses().running().values_list("due_at", flat=True))


def test_a_few_are_counted_anew_in_the_transaction_of_the_change(five, galina):
    support.save_exception(exception=closed(), actor=galina, at=EVENING)
    assert due_times() == {MORROW}
    assert not Job.objects.exists()


def test_many_are_left_to_a_job_that_is_written_with_the_change(five, galina, small_batches):
    before = due_times()
    support.save_exception(exception=closed(), actor=galina, at=EVENING)
    job = Job.objects.get()
    assert (job.kind, job.state, due_times()) == ("reschedule", JobState.QUEUED, before)
    running.run(number=job.pk)
    job.refresh_from_db()
    assert due_times() == {MORROW}
    assert (job.state, job.done, job.total, job.note) == (JobState.DONE, 5, 5, {"moved": 5})


def test_stopped_and_taken_up_again_it_counts_each_ticket_once(five, galina, small_batches):
    support.save_exception(exception=closed(), actor=galina, at=EVENING)
    job = Job.objects.get()
    running.run(number=job.pk, seconds=0)
    jobs.stop(job=job, actor=galina, at=EVENING)
    running.run(number=job.pk)
    assert ClockLine.objects.filter(code="rescheduled").count() == 2
    jobs.resume(job=job, actor=galina)
    running.run(number=job.pk)
    assert due_times() == {MORROW}
    assert ClockLine.objects.filter(code="rescheduled").count() == 5


def test_another_change_takes_over_from_the_job_of_the_first(five, galina, small_batches):
    support.save_exception(exception=closed(), actor=galina, at=EVENING)
    first = Job.objects.get()
    running.run(number=first.pk, seconds=0)
    HoursException.objects.all().delete()
    rescheduling.hours_changed(EVENING + timedelta(minutes=1))
    assert running.run(number=first.pk) is False
    running.run(number=Job.objects.latest("id").pk)
    assert due_times() == {EVENING + timedelta(minutes=12 * 60 + 30)}


def test_what_has_its_new_time_is_left_alone(five):
    closed().save()
    assert rescheduling.reschedule_open(EVENING) == 5
    assert rescheduling.reschedule_open(EVENING) == 0


def test_segments_before_the_change_stay_and_a_new_one_begins(five, at):
    """Rule 10: a change of hours rewrites no segment before it."""
    clock = Clock.objects.responses().filter(ticket=five[0]).get()
    before = Segment.objects.get(clock=clock)
    closed().save()
    change = EVENING + timedelta(minutes=5)
    rescheduling.reschedule_open(change)
    old, new = Segment.objects.filter(clock=clock).order_by("id")
    assert (old.pk, old.starts_at, old.ends_at) == (before.pk, EVENING, change)
    assert (new.starts_at, new.ends_at, new.reason) == (change, None, "hours_changed")


def test_answered_tickets_keep_what_they_had(five, sergey):
    for ticket in five[:2]:
        actions.reply(ticket=ticket, author=sergey, text="Смотрим.", form_key=uuid4(), at=EVENING)
    closed().save()
    assert rescheduling.reschedule_open(EVENING) == 3


def test_a_batch_costs_the_same_number_of_queries_however_large_it_is(
    file, django_assert_max_num_queries
):
    for _ticket in range(6):
        file(at=EVENING)
    closed().save()
    with django_assert_max_num_queries(15):
        rescheduling.reschedule_batch(after=0, at=EVENING)
