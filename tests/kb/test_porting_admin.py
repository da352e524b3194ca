"""Editors send a file, see what would come of it, and start; all articles are exported as a job."""

import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from kb.models import Article, ImportFile
from kb.porting import importing, uploads
from portal import files
from portal.jobs import running
from portal.jobs.models import Job, JobState
from portal.refusals import NotAllowed

SignIn = Callable[[User | None], Client]
Write = Callable[..., Article]
# The admin's own templates read variables that are not always there.
pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
PAGE = "/admin/kb/article/in-and-out/"


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.ATTACHMENT_ROOT = tmp_path / "files"


def archive(**texts: str) -> SimpleUploadedFile:
    out = BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in texts.items():
            packed.writestr(f"{name}.md", text)
    return SimpleUploadedFile("база.zip", out.getvalue(), "application/zip")


def form(upload: SimpleUploadedFile | None, **values: str) -> dict[str, Any]:
    given = {"format": "auto", "language": "ru", "state": "published", **values}
    return {**given, "file": upload} if upload else given


def send(client: Client, upload: SimpleUploadedFile | None = None, **values: str) -> Any:
    return client.post(PAGE, form(upload, **values))


def worked(kind: str) -> Job:
    """Let a worker do the newest job of a kind, to its end."""
    job = Job.objects.filter(kind=kind).latest("pk")
    while running.run(number=job.pk):
        pass
    job.refresh_from_db()
    return job


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def text(response: Any) -> str:
    return " ".join(soup(response).get_text(" ").split())


def test_a_file_is_looked_at_first_and_taken_in_when_it_is_said(
    sign_in: SignIn, elena: User
) -> None:
    client = sign_in(elena)
    sent = send(client, archive(a="# Раз\n\nСлова.", b="---\naccess: kings\n---\nСлова"))
    file = ImportFile.objects.get()
    page = reverse("admin:kb_article_import", args=[file.pk])
    assert (sent.status_code, sent.headers["Location"]) == (302, page)
    waiting = soup(client.get(page))
    assert waiting.select_one("#kb-import")["data-refresh"] == "2"
    trial = worked(uploads.TRIAL)
    assert trial.state == JobState.DONE
    assert not Article.objects.exists()
    shown = client.get(page)
    assert "kings" in text(shown)
    assert "b.md" in text(shown)
    client.post(reverse("admin:kb_article_import_start", args=[file.pk]), {"do": "start"})
    done = worked(uploads.IMPORT)
    assert (done.state, done.note["report"]["created"]) == (JobState.DONE, 1)
    assert str(Article.objects.get()) == "Раз"
    assert Article.objects.get().events.get().actor == elena
    assert not files.path_of(file.pk).exists()
    after = client.get(page)
    assert after.status_code == 200
    assert not soup(after).select('button[value="start"]')


def test_the_page_asks_for_its_part_alone(sign_in: SignIn, elena: User) -> None:
    client = sign_in(elena)
    send(client, archive(a="# Раз\n\nСлова."))
    page = reverse("admin:kb_article_import", args=[ImportFile.objects.get().pk])
    part = client.get(page, headers={"HX-Request": "true"})
    assert part.content.lstrip().startswith(b"<div id=")


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("a.zip", b"", 422),
        ("a.zip", b"no archive", 422),
        ("a.exe", b"MZ", 422),
        ("a.json", b"{}", 422),
        ("a.zip", None, 422),
    ],
)
def test_what_is_nothing_to_import_is_refused_beside_the_field(
    sign_in: SignIn, elena: User, settings: Any, name: str, content: bytes | None, status: int
) -> None:
    upload = None if content is None else SimpleUploadedFile(name, content)
    response = send(sign_in(elena), upload)
    assert response.status_code == status
    assert soup(response).select_one(".errornote")
    assert not ImportFile.objects.exists()
    assert not [one for one in Path(settings.ATTACHMENT_ROOT).rglob("*") if one.is_file()]


def test_a_wrong_choice_is_refused(sign_in: SignIn, elena: User) -> None:
    response = send(sign_in(elena), archive(a="# Раз"), format="pdf", language="tlh")
    assert response.status_code == 422
    assert not ImportFile.objects.exists()


def test_who_is_no_editor_is_kept_out(sign_in: SignIn, sergey: User, anna: User) -> None:
    for person, status in ((sergey, 403), (anna, 302), (None, 302)):
        client = sign_in(person)
        assert client.get(PAGE).status_code == status
        assert send(client, archive(a="# Раз")).status_code == status
        assert client.post(reverse("admin:kb_article_export")).status_code == status
    assert not Job.objects.exists()
    with pytest.raises(NotAllowed):
        uploads.export(actor=sergey, at=timezone.now())


def test_wrong_methods_are_refused(sign_in: SignIn, elena: User) -> None:
    client = sign_in(elena)
    assert client.delete(PAGE).status_code == 405
    assert client.get(reverse("admin:kb_article_export")).status_code == 405
    number = uuid4()
    assert client.post(reverse("admin:kb_article_import", args=[number])).status_code == 405
    assert client.get(reverse("admin:kb_article_import", args=[number])).status_code == 404
    assert client.post(reverse("admin:kb_article_import_start", args=[number])).status_code == 404


def test_all_is_exported_as_a_job_and_downloaded(
    sign_in: SignIn, elena: User, vera: User, write: Write
) -> None:
    write("Скидки", slug="sale")
    client = sign_in(elena)
    client.post(reverse("admin:kb_article_export"))
    job = worked(uploads.EXPORT)
    assert (job.state, job.file_type) == (JobState.DONE, "application/zip")
    address = reverse("jobs:download", args=[job.key])
    assert address in client.get(PAGE).content.decode()
    response = client.get(address)
    with zipfile.ZipFile(BytesIO(b"".join(response.streaming_content))) as packed:
        assert "rates/sale.md" in packed.namelist()
    assert sign_in(vera).get(address).status_code == 404


def test_an_import_that_is_cut_off_goes_on_where_it_was(
    sign_in: SignIn, elena: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH", 2)
    texts = {f"a{n}": f"# Статья {n}\n\nСлова." for n in range(7)}
    client = sign_in(elena)
    send(client, archive(**texts))
    file = ImportFile.objects.get()
    job = uploads.start(file=file, actor=elena, at=timezone.now())
    while running.run(number=job.pk, seconds=0):
        pass
    job.refresh_from_db()
    assert (job.state, job.note["report"]["created"], job.done) == (JobState.DONE, 7, 7)
    assert Article.objects.count() == 7


def test_a_file_that_is_gone_is_told(sign_in: SignIn, elena: User) -> None:
    client = sign_in(elena)
    send(client, archive(a="# Раз\n\nСлова."))
    file = ImportFile.objects.get()
    uploads.forget(file=file)
    failed = worked(uploads.TRIAL)
    assert failed.state == JobState.FAILED
    assert failed.error
    page = reverse("admin:kb_article_import", args=[file.pk])
    assert failed.error in text(client.get(page))
    start = reverse("admin:kb_article_import_start", args=[file.pk])
    assert client.post(start, {"do": "start"}).status_code == 302
    assert not Job.objects.filter(kind=uploads.IMPORT).exists()


def test_files_that_nobody_came_back_to_are_forgotten(sign_in: SignIn, elena: User) -> None:
    client = sign_in(elena)
    send(client, archive(a="# Раз\n\nСлова."))
    old = ImportFile.objects.get()
    ImportFile.objects.update(created_at=timezone.now() - uploads.KEEP * 2)
    send(client, archive(b="# Два\n\nСлова."))
    assert ImportFile.objects.get().pk != old.pk
    assert not files.path_of(old.pk).exists()


def test_the_list_of_articles_leads_there(sign_in: SignIn, elena: User, sergey: User) -> None:
    page = sign_in(elena).get(reverse("admin:kb_article_changelist"))
    address = reverse("admin:kb_article_in_and_out")
    assert address in page.content.decode()
    assert sign_in(elena).get(address).headers["Location"] == PAGE


def test_the_page_asks_the_database_a_constant_number_of_times(
    sign_in: SignIn, elena: User, django_assert_max_num_queries: Any
) -> None:
    client = sign_in(elena)
    for _number in range(3):
        send(client, archive(a="# Раз\n\nСлова."))
    worked(uploads.TRIAL)
    page = reverse("admin:kb_article_import", args=[ImportFile.objects.latest("created_at").pk])
    for address in (PAGE, page):
        client.get(address)
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200
