"""Files of what reports count: rows that agree, words of the reader, no formula, refusals with reasons."""

import csv
import io
import re
import zipfile
from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse

from portal import files
from portal.jobs import running
from portal.jobs.models import Job, JobState
from tickets import actions, exports
from tickets.models import Clock

EXPORT = reverse("desk:export")
MINUTE = timedelta(minutes=1)
DAYS = {"from": "2026-11-23", "to": "2026-11-23"}


@pytest.fixture(autouse=True)
def _folder(settings, tmp_path):
    settings.ATTACHMENT_ROOT = tmp_path


@pytest.fixture
def answered(file, sergey, boris, at):
    """Two answers, one of them late; the second for a service request."""
    for minutes, category in ((10, "incident"), (200, "service_request")):
        ticket = file(person=boris, category=category)
        actions.reply(
            ticket=ticket, author=sergey, text="Да", form_key=uuid4(), at=at + minutes * MINUTE
        )


def export(client, form="csv", **asked):
    answer = client.post(EXPORT, {"format": form, **DAYS, **asked})
    assert answer.status_code == 302
    return answer.headers["Location"]


def written(form="csv"):
    """Run the job and give the file that it wrote."""
    job = Job.objects.latest("id")
    running.run(number=job.pk)
    job.refresh_from_db()
    assert (job.state, job.error) == (JobState.DONE, "")
    assert job.file_name.endswith(f"2026-11-23-2026-11-23.{form}")
    return files.path_of(job.key).read_bytes()


def rows_of(content):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))


def test_a_file_is_a_job_whose_page_is_shown(sign_in, galina, answered):
    address = export(sign_in(galina))
    job = Job.objects.get()
    assert (address, job.kind, job.requested_by) == (job.get_absolute_url(), "export", galina)


def test_csv_begins_with_the_mark_that_excel_needs_and_holds_what_clocks_froze(
    sign_in, galina, answered
):
    client = sign_in(galina)
    client.cookies["language"] = "en"
    export(client, metric="answers")
    content = written()
    heading, *rows = rows_of(content)
    assert content.startswith(b"\xef\xbb\xbf")
    assert heading[:4] == ["Ticket", "What was waited for", "Category", "Priority"]
    first, second = (dict(zip(heading, row, strict=True)) for row in rows)
    assert (first["Took, minutes"], first["In time"], first["By"]) == (
        "10.0",
        "yes",
        "Сергей Орлов",
    )
    assert (second["Category"], second["In time"]) == ("Service request", "no")
    assert first["Ended"] == "2026-11-23 12:10"


def test_everything_that_ended_is_written_unless_a_figure_is_named(sign_in, galina, answered, at):
    export(sign_in(galina))
    assert len(rows_of(written())) == 1 + Clock.objects.exclude(stopped_at=None).count()


def test_only_what_was_asked_for_is_written(sign_in, galina, answered):
    export(sign_in(galina), metric="first", only="late")
    assert len(rows_of(written())) == 2
    export(sign_in(galina), metric="first", dimension="category", value="incident")
    assert len(rows_of(written())) == 2


def test_batches_leave_no_row_out_and_none_twice(sign_in, galina, file, sergey, at, monkeypatch):
    monkeypatch.setattr(exports, "BATCH", 2)
    numbers = []
    for _ticket in range(5):
        ticket = file()
        numbers.append(str(ticket.number))
        actions.reply(ticket=ticket, author=sergey, text="Да", form_key=uuid4(), at=at + MINUTE)
    export(sign_in(galina), metric="first")
    assert [row[0] for row in rows_of(written())[1:]] == numbers


@pytest.mark.parametrize("name", ["=1+1", "+7 900", "-2", "@SUM(A1)", "\tx"])
def test_no_name_becomes_a_formula(sign_in, galina, answered, verf, name):
    verf.name = name
    verf.save()
    export(sign_in(galina), metric="first")
    assert {row[4] for row in rows_of(written())[1:]} == {f"'{name}"}


def test_in_excel_a_name_is_text_and_a_figure_a_number(sign_in, galina, answered, verf):
    verf.name = "=1+1"
    verf.save()
    export(sign_in(galina), "xlsx", metric="first")
    with zipfile.ZipFile(io.BytesIO(written("xlsx"))) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert 't="inlineStr"><is><t>=1+1</t>' in sheet
    assert re.search(r'<c r="M2"[^>]*><v>10</v>', sheet)


def test_headings_are_in_the_language_of_whoever_asked(sign_in, galina, answered, monkeypatch):
    client = sign_in(galina)
    client.cookies["language"] = "ru"
    export(client)
    assert Job.objects.get().language == "ru"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_file_of_nothing_is_refused_with_its_reason(sign_in, galina, db, form):
    client = sign_in(galina)
    client.cookies["language"] = "en"
    answer = client.post(EXPORT, {"format": form, **DAYS}, follow=True)
    assert "there is nothing to write into a file" in answer.content.decode()
    assert not Job.objects.exists()


def test_more_rows_than_excel_takes_are_refused_csv_takes_them(
    sign_in, galina, answered, monkeypatch
):
    monkeypatch.setitem(exports.MOST_ROWS, "xlsx", 1)
    client = sign_in(galina)
    client.cookies["language"] = "en"
    answer = client.post(EXPORT, {"format": "xlsx", **DAYS}, follow=True)
    assert "no more than a million rows" in answer.content.decode()
    assert not Job.objects.exists()
    export(client)
    assert Job.objects.count() == 1


@pytest.mark.parametrize(
    "asked",
    [{"format": "exe", **DAYS}, {"format": "csv"}, {"format": "csv", **DAYS, "metric": "rated"}],
)
def test_what_makes_no_sense_is_refused(sign_in, galina, answered, asked):
    assert sign_in(galina).post(EXPORT, asked).headers["Location"] == reverse("desk:reports")
    assert not Job.objects.exists()


def test_asked_for_twice_it_is_written_once(sign_in, galina, answered):
    client = sign_in(galina)
    assert export(client) == export(client)
    assert Job.objects.count() == 1


def test_cut_off_it_begins_anew_and_leaves_one_whole_file(sign_in, galina, answered):
    export(sign_in(galina))
    job = Job.objects.get()
    begun = exports.work(job)
    next(begun)
    begun.close()
    assert not files.path_of(job.key).exists()
    assert len(rows_of(written())) > 1


def test_files_are_for_the_head_of_support_alone(sign_in, sergey, anna, answered):
    for person in (sergey, anna):
        assert sign_in(person).post(EXPORT, {"format": "csv", **DAYS}).status_code == 403
    assert not Job.objects.exists()


def test_a_get_writes_nothing(sign_in, galina):
    assert sign_in(galina).get(EXPORT).status_code == 405
    assert not Job.objects.exists()
