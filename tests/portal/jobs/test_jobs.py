"""Jobs: asked for once, run batch by batch, stopped, cut off, taken up again, shown to their owner."""

from datetime import timedelta
from uuid import uuid4

import pytest
from celery import current_app
from django.urls import reverse
from django.utils import timezone

from portal import files
from portal.jobs import actions, kinds, running
from portal.jobs.kinds import Kind, Progress
from portal.jobs.models import Job, JobState
from portal.jobs.querysets import LEASE
from portal.refusals import NotAllowed, Refused

pytestmark = pytest.mark.django_db
PARTS = 5


class CannotBe(Refused):
    """A refusal in the middle of the work."""

    message = "There is nothing to do."


@pytest.fixture
def counted(monkeypatch):
    """A kind of work that notes the parts it did; its cursor is the last of them."""
    parts = []

    def work(job):
        for part in range(job.cursor.get("part", 0) + 1, PARTS + 1):
            parts.append(part)
            yield Progress(part, PARTS, {"part": part}, {"last": part})

    monkeypatch.setattr(
        kinds, "_KINDS", {"count": Kind("count", "Counting", work, is_resumable=True)}
    )
    return parts


def put(monkeypatch, work, **values):
    monkeypatch.setattr(kinds, "_KINDS", {"count": Kind("count", "Counting", work, **values)})


@pytest.fixture
def job(galina, counted, at):
    return actions.enqueue(kind="count", params={"of": 1}, actor=galina, at=at)


def test_a_job_runs_to_its_end_and_says_so(job, counted):
    assert running.run(number=job.pk) is False
    job.refresh_from_db()
    assert counted == [1, 2, 3, 4, 5]
    assert (job.state, job.done, job.total, job.percent) == (JobState.DONE, 5, 5, 100)
    assert job.finished_at >= job.started_at


def test_run_twice_it_works_once(job, counted):
    running.run(number=job.pk)
    running.run(number=job.pk)
    assert counted == [1, 2, 3, 4, 5]


def test_the_same_wish_is_not_doubled_while_it_waits(job, galina, sergey, at):
    same = actions.enqueue(kind="count", params={"of": 1}, actor=galina, at=at)
    others = actions.enqueue(kind="count", params={"of": 1}, actor=sergey, at=at)
    assert same == job
    assert others != job


def test_it_lets_others_go_first_and_goes_on_from_its_cursor(job, counted):
    assert running.run(number=job.pk, seconds=0) is True
    job.refresh_from_db()
    assert (job.state, job.done, counted) == (JobState.QUEUED, 1, [1])
    assert running.run(number=job.pk) is False
    assert counted == [1, 2, 3, 4, 5]


def test_a_job_that_a_worker_holds_is_left_to_it(job, counted):
    assert running.claim(job.pk)
    assert running.run(number=job.pk) is False
    assert counted == []


def test_a_killed_worker_s_job_is_taken_up_again_from_its_cursor(job, counted, monkeypatch):
    running.claim(job.pk)
    silent = timezone.now() - LEASE - timedelta(seconds=1)
    Job.objects.update(cursor={"part": 3}, done=3, heartbeat_at=silent)
    rung = []
    monkeypatch.setattr(running, "ring", lambda _task, number: rung.append(number))
    assert running.sweep() == 1
    assert rung == [job.pk]
    running.run(number=job.pk)
    assert counted == [4, 5]


def test_the_worker_that_comes_back_late_finds_the_job_taken(job, monkeypatch):
    def work(_job):
        yield Progress(1, PARTS)
        Job.objects.update(owner="another")
        yield Progress(2, PARTS)

    put(monkeypatch, work)
    running.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (JobState.RUNNING, 1)


def test_stopped_in_the_middle_it_keeps_what_is_done_and_goes_on_when_told_to(
    job, galina, counted, monkeypatch, at
):
    running.run(number=job.pk, seconds=0)
    actions.stop(job=job, actor=galina, at=at)
    assert running.run(number=job.pk) is False
    assert counted == [1]
    actions.resume(job=job, actor=galina)
    running.run(number=job.pk)
    job.refresh_from_db()
    assert (counted, job.state) == ([1, 2, 3, 4, 5], JobState.DONE)


def test_what_has_ended_is_neither_stopped_nor_resumed(job, galina, at):
    running.run(number=job.pk)
    with pytest.raises(actions.NotRunning):
        actions.stop(job=job, actor=galina, at=at)
    with pytest.raises(actions.NotStopped):
        actions.resume(job=job, actor=galina)


def test_others_may_not_stop_it(job, sergey, at):
    with pytest.raises(NotAllowed):
        actions.stop(job=job, actor=sergey, at=at)


def test_a_refusal_ends_it_with_its_words(job, monkeypatch):
    def work(_job):
        raise CannotBe
        yield

    put(monkeypatch, work)
    running.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.FAILED, "There is nothing to do.")


def test_a_fault_ends_it_and_its_batch_leaves_nothing(job, monkeypatch, caplog):
    def work(_job):
        Job.objects.filter(pk=job.pk).update(total=99)
        raise ZeroDivisionError
        yield

    put(monkeypatch, work)
    running.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.total, job.error) == (JobState.FAILED, 0, "")
    assert "job failed" in caplog.text


def test_what_takes_its_worker_down_again_and_again_is_given_up(job, counted):
    for _time in range(running.MOST_ATTEMPTS):
        Job.objects.update(heartbeat_at=timezone.now() - 2 * LEASE)
        assert running.claim(job.pk)
    Job.objects.update(heartbeat_at=timezone.now() - 2 * LEASE)
    running.sweep()
    job.refresh_from_db()
    assert job.state == JobState.FAILED


def test_the_bell_names_tasks_that_exist():
    current_app.loader.import_default_modules()
    assert actions.RUN in current_app.tasks


# --- its page -------------------------------------------------------------------------------


def finished(job, settings, tmp_path):
    settings.ATTACHMENT_ROOT = tmp_path
    with files.writing(job.key) as place:
        place.write_text("a;b")
    Job.objects.filter(pk=job.pk).update(
        state="done", finished_at=timezone.now(), file_name="отчёт.csv", file_type="text/csv"
    )


def test_the_page_shows_how_far_it_is_and_asks_again_by_itself(sign_in, galina, job, soup_of):
    running.run(number=job.pk, seconds=0)
    page = soup_of(sign_in(galina).get(job.get_absolute_url()))
    assert page.select_one("progress")["value"] == "20"
    assert page.select_one("#job")["data-refresh"] == "2"


def test_htmx_gets_the_part_only(sign_in, galina, job):
    answer = sign_in(galina).get(job.get_absolute_url(), headers={"HX-Request": "true"})
    assert answer.content.decode().lstrip().startswith('<div id="job"')


def test_once_done_it_asks_no_more(sign_in, galina, job, soup_of):
    running.run(number=job.pk)
    page = soup_of(sign_in(galina).get(job.get_absolute_url()))
    assert "data-refresh" not in page.select_one("#job").attrs


def test_only_its_owner_and_the_heads_see_it(sign_in, galina, sergey, anna, counted, at):
    sergeys = actions.enqueue(kind="count", params={}, actor=sergey, at=at)
    met = {
        person.email: sign_in(person).get(sergeys.get_absolute_url()).status_code
        for person in (sergey, galina, anna)
    }
    assert met == {sergey.email: 200, galina.email: 200, anna.email: 404}


def test_the_buttons_stop_it_and_let_it_go_on(sign_in, galina, job):
    client = sign_in(galina)
    client.post(reverse("jobs:stop", args=[job.key]))
    job.refresh_from_db()
    assert job.state == JobState.STOPPED
    client.post(reverse("jobs:resume", args=[job.key]))
    job.refresh_from_db()
    assert job.state == JobState.QUEUED


def test_a_get_stops_nothing(sign_in, galina, job):
    assert sign_in(galina).get(reverse("jobs:stop", args=[job.key])).status_code == 405


def test_its_file_is_handed_out_to_be_saved(sign_in, galina, job, settings, tmp_path):
    finished(job, settings, tmp_path)
    answer = sign_in(galina).get(reverse("jobs:download", args=[job.key]))
    assert b"".join(answer.streaming_content) == b"a;b"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_its_file_is_nobody_else_s(sign_in, sergey, job, settings, tmp_path):
    finished(job, settings, tmp_path)
    assert sign_in(sergey).get(reverse("jobs:download", args=[job.key])).status_code == 404


def test_after_a_week_the_file_is_gone(sign_in, galina, job, settings, tmp_path):
    finished(job, settings, tmp_path)
    Job.objects.update(finished_at=timezone.now() - timedelta(days=8))
    address = reverse("jobs:download", args=[job.key])
    assert sign_in(galina).get(address).status_code == 404
    assert running.forget_old() == 1
    assert not files.path_of(job.key).exists()
    assert Job.objects.get().file_name == ""


def test_a_file_that_was_not_finished_is_never_seen(settings, tmp_path):
    def cut_off():
        with files.writing(key) as place:
            place.write_text("half")
            raise ZeroDivisionError

    settings.ATTACHMENT_ROOT = tmp_path
    key = uuid4()
    with pytest.raises(ZeroDivisionError):
        cut_off()
    assert list(files.path_of(key).parent.iterdir()) == []
