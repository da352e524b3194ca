"""How authors write and editors publish in the admin."""

import io
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import ckeditor
import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import Group
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.db import connection
from django.template import engines
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from accounts.models import User
from kb import actions
from kb.admin import ArticleForm
from kb.admin.shelves import SectionForm
from kb.models import Article, Section

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]
# The templates of the admin's theme ask for variables that are not always there.
pytestmark = [pytest.mark.django_db, pytest.mark.ignore_template_errors]
ADD = "/admin/kb/article/add/"
PUBLISH = "kb_article_publish"
UNPUBLISH = "kb_article_unpublish"


@pytest.fixture
def editor(sign_in: SignIn, elena: User) -> Client:
    return sign_in(elena)


@pytest.fixture
def author(sign_in: SignIn, elena: User) -> Client:
    """Elena when she may write but not publish."""
    group = Group.objects.create(name="authors")
    group.permissions.set(
        [one for one in elena.groups.get().permissions.all() if one.codename != "publish_article"]
    )
    elena.groups.set([group])
    return sign_in(User.objects.get(pk=elena.pk))


def form(section: Section, **fields: Any) -> dict[str, Any]:
    inline = {f"revisions-{name}_FORMS": 0 for name in ("TOTAL", "INITIAL", "MIN_NUM", "MAX_NUM")}
    given = {
        "title": "Скидки",
        "summary": "О скидках",
        "body": "<p>Слова</p>",
        "comment": "новое",
        "section": section.pk,
        "slug": "sale",
        "language": "ru",
        "access": "public",
        "tags": "",
    }
    return inline | given | fields


def change(article: Article) -> str:
    return reverse("admin:kb_article_change", args=[article.pk])


def test_an_editor_writes_and_publishes(editor: Client, rates: Section, elena: User) -> None:
    editor.post(ADD, form(rates))
    article = Article.objects.get()
    assert article.status == "draft"
    editor.post(change(article), form(rates, **{PUBLISH: ""}))
    article.refresh_from_db()
    assert (article.status, str(article)) == ("published", "Скидки")
    assert [(one.number, one.author) for one in article.revisions.all()] == [(1, elena)]


def test_dirty_html_comes_out_clean(editor: Client, rates: Section) -> None:
    dirty = (
        '<p style="color:red" onclick="x()">Да</p><script>x()</script><iframe src="//x.example">'
    )
    editor.post(ADD, form(rates, body=dirty))
    revision = Article.objects.get().current_revision
    assert revision is not None
    assert revision.body == "<p>Да</p>"


def test_an_article_without_words_is_refused_beside_the_field(rates: Section) -> None:
    refused = ArticleForm(form(rates, body="<p>&nbsp;</p>"))
    assert list(refused.errors) == ["body"]


def test_an_address_left_empty_is_made_from_the_title(editor: Client, rates: Section) -> None:
    for _time in range(2):
        editor.post(ADD, form(rates, slug="", title="Закрыть продажи"))
    assert set(Article.objects.values_list("slug", flat=True)) == {
        "zakryt-prodazhi",
        "zakryt-prodazhi-2",
    }


def test_each_saving_with_new_words_is_a_revision_with_its_comment(
    editor: Client, write: Write, rates: Section
) -> None:
    article = write("Скидки", slug="sale")
    editor.post(change(article), form(rates, title="Акции", comment="переименовано"))
    article.refresh_from_db()
    assert (str(article), article.current_revision and article.current_revision.comment) == (
        "Акции",
        "переименовано",
    )


def test_related_articles_are_chosen(editor: Client, write: Write, rates: Section) -> None:
    article, other = write("Скидки", slug="sale"), write("Возвраты")
    editor.post(change(article), form(rates, related=[other.pk]))
    assert list(article.related.all()) == [other]


def test_an_author_cannot_publish(author: Client, write: Write, rates: Section) -> None:
    article = write("Скидки", slug="sale", is_published=False)
    assert PUBLISH not in author.get(change(article)).content.decode()
    author.post(change(article), form(rates, **{PUBLISH: ""}))
    article.refresh_from_db()
    assert article.status == "draft"


def test_an_author_cannot_take_back(
    author: Client, write: Write, rates: Section, admin: User, at: datetime
) -> None:
    article = write("Скидки", slug="sale", is_published=False)
    actions.publish(article=article, actor=admin, at=at)
    author.post(change(article), form(rates, **{UNPUBLISH: ""}))
    article.refresh_from_db()
    assert article.status == "published"


def test_an_authors_words_on_a_published_article_wait(
    author: Client, write: Write, rates: Section, admin: User, at: datetime
) -> None:
    article = write("Скидки", slug="sale", is_published=False)
    actions.publish(article=article, actor=admin, at=at)
    author.post(change(article), form(rates, title="Акции"))
    article.refresh_from_db()
    assert str(article) == "Скидки"
    assert 'value="Акции"' in author.get(change(article)).content.decode()


def test_an_editor_takes_an_article_back(editor: Client, write: Write, rates: Section) -> None:
    article = write("Скидки", slug="sale")
    editor.post(change(article), form(rates, **{UNPUBLISH: ""}))
    article.refresh_from_db()
    assert article.status == "draft"


def test_the_page_sums_up_votes_and_reasons(editor: Client, write: Write, at: datetime) -> None:
    article = write("Скидки")
    assert article.current_revision is not None
    for voter, is_helpful in (("a", True), ("b", False), ("c", False)):
        actions.vote(
            revision=article.current_revision,
            voter=voter,
            is_helpful=is_helpful,
            reasons=["wrong"],
            at=at,
        )
    page = editor.get(change(article)).content.decode()
    assert "1 / 2" in page
    assert ": 2" in page


def test_revisions_can_be_read_only_and_articles_not_deleted(editor: Client, write: Write) -> None:
    article = write("Скидки")
    page = editor.get(change(article)).content.decode()
    assert "revisions-0-title" not in page
    assert (
        editor.post(f"/admin/kb/article/{article.pk}/delete/", {"post": "yes"}).status_code == 403
    )


def test_the_list_asks_as_often_for_many_articles_as_for_few(editor: Client, write: Write) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert editor.get("/admin/kb/article/").status_code == 200
        return len(queries)

    for number in range(3):
        write(f"Скидка {number}")
    few = asked()
    for number in range(6):
        write(f"Возврат {number}")
    assert asked() <= few


def test_renaming_a_section_shows_at_once(editor: Client, write: Write, rates: Section) -> None:
    write("Скидки")
    assert "Тарифы" in editor.get("/").content.decode()
    renamed = {"title_ru": "Цены", "slug": "rates", "icon": "tag", "order": 1}
    editor.post(f"/admin/kb/section/{rates.pk}/change/", renamed)
    assert "Цены" in editor.get("/").content.decode()


def test_articles_are_owned_by_the_staff_and_filtered_by_those_who_own_some(
    editor: Client, write: Write, elena: User, sergey: User, anna: User
) -> None:
    article = write("Скидки", owner=elena)
    owners: Any = ArticleForm(instance=article).fields["owner"]
    assert anna not in owners.queryset
    assert {elena, sergey} <= set(owners.queryset)
    page = editor.get("/admin/kb/article/")
    (shown,) = [
        one for one in page.context["cl"].filter_specs if one.title == "Ответственный".lower()
    ]
    assert [value for value, _name in shown.lookup_choices] == [elena.pk]


def test_a_new_section_gets_its_address_from_its_title(editor: Client, rates: Section) -> None:
    given = {"title_ru": "Объекты и номера", "icon": "bed", "order": 3, "parent": rates.pk}
    editor.post("/admin/kb/section/add/", given)
    editor.post("/admin/kb/section/add/", given)
    assert list(
        Section.objects.filter(icon="bed").order_by("id").values_list("slug", flat=True)
    ) == [
        "obekty-i-nomera",
        "obekty-i-nomera-2",
    ]
    assert list(SectionForm({**given, "icon": "no-such-icon"}).errors) == ["icon"]


@pytest.mark.parametrize("person", ["anna", "nobody"])
def test_customers_and_strangers_have_no_editor(
    request: pytest.FixtureRequest, sign_in: SignIn, person: str, db: None
) -> None:
    client = sign_in(None if person == "nobody" else request.getfixturevalue(person))
    assert client.get(ADD).status_code in {302, 403}


@pytest.mark.parametrize(
    "path",
    [
        "plugins/adobeair/plugin.js",
        "plugins/codesnippetgeshi/plugin.js",
        "plugins/devtools/plugin.js",
        "plugins/exportpdf/tests/manual/exportpdf.html",
        "plugins/flash/dialogs/flash.js",
        "plugins/iframe/dialogs/iframe.js",
        "plugins/preview/preview.html",
        "plugins/preview/plugin.js",
        "plugins/scayt/plugin.js",
        "plugins/uploadfile/plugin.js",
        "plugins/wsc/plugin.js",
        "bender-runner.config.json",
    ],
)
def test_dangerous_files_of_the_editor_are_not_served(client: Client, path: str) -> None:
    source = Path(ckeditor.__file__).parent / "static/ckeditor/ckeditor"
    assert (source / "ckeditor.js").exists()
    assert finders.find("ckeditor/ckeditor/ckeditor.js")
    assert client.get(f"/static/ckeditor/ckeditor/{path}").status_code == 404


def test_no_page_of_the_editors_makers_is_collected() -> None:
    told = io.StringIO()
    call_command("collectstatic", dry_run=True, interactive=False, verbosity=2, stdout=told)
    copied = [line for line in told.getvalue().splitlines() if "/ckeditor/" in line]
    assert any(line.endswith("/ckeditor.js'") for line in copied)
    assert not [line for line in copied if ".html" in line or "/wsc/" in line or "/tests/" in line]


def _page(article: Article, name: str) -> str:
    return reverse(f"admin:kb_article_{name}", args=[article.pk])


def test_differences_show_what_was_changed_word_by_word(
    editor: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Скидки", "<p>Скидка пять процентов.</p>")
    actions.save(
        article=article, title="Скидки", summary="", body="<p>Скидка семь процентов.</p>",
        author=elena, at=at,
    )  # fmt: skip
    page = BeautifulSoup(editor.get(_page(article, "diff")).content, "html.parser")

    assert [one.text for one in page.select("del")] == ["пять"]
    assert [one.text for one in page.select("ins")] == ["семь"]


def test_a_review_ends_with_words_that_readers_see(
    author: Client,
    sign_in: SignIn,
    admin: User,
    galina: User,
    write: Write,
    elena: User,
    at: datetime,
) -> None:
    article = write("Скидки", is_published=False)
    actions.submit(article=article, actor=elena, at=at)
    assert "kb-act" in author.get(change(article)).content.decode()
    head = sign_in(galina)
    assert "Скидки" in head.get(_page(article, "review")).content.decode()
    refused = head.post(_page(article, "decide"), {"do": "send_back", "comment": ""})
    assert refused.status_code == 422
    head.post(_page(article, "decide"), {"do": "approve", "publish_at": ""})
    article.refresh_from_db()
    assert article.status == "published"


def test_what_is_typed_is_kept_and_offered_back(editor: Client, write: Write) -> None:
    article = write("Скидки")
    answer = editor.post(
        _page(article, "typed"), {"title": "Скидки", "body": "<p>Набрано</p>", "based_on": "1"}
    )
    assert answer.json() == {"taken": ""}
    page = editor.get(change(article)).content.decode()
    assert 'id="unsaved-words"' in page
    editor.post(_page(article, "lock"), {"do": "forget"})
    assert 'id="unsaved-words"' not in editor.get(change(article)).content.decode()


def test_words_saved_beside_those_of_somebody_else_are_stopped_and_kept(
    editor: Client, write: Write, rates: Section, admin: User, at: datetime
) -> None:
    article = write("Скидки", slug="sale")
    actions.save(article=article, title="Его", summary="", body="<p>Его</p>", author=admin, at=at)
    given = form(rates, title="Её", body="<p>Её слова</p>", based_on="1")
    refused = ArticleForm(given, instance=article)

    assert list(refused.errors) == ["body"]
    assert (refused["body"].value(), refused["based_on"].value()) == ("<p>Её слова</p>", "2")
    assert not article.revisions.filter(title="Её").exists()
    editor.post(change(article), {**given, "based_on": "2"})
    assert article.revisions.filter(title="Её").exists()


def _png(side: int = 1000) -> io.BytesIO:
    file = io.BytesIO()
    Image.new("RGB", (side, side // 2), "teal").save(file, "PNG")
    file.seek(0)
    file.name = "снимок.png"
    return file


def test_a_picture_is_taken_with_what_it_shows_and_shown_to_readers_once_published(
    editor: Client, client: Client, write: Write, settings, tmp_path, elena: User, at: datetime
) -> None:
    settings.ATTACHMENT_ROOT = tmp_path
    article = write("Скидки", is_published=False)
    assert editor.post(_page(article, "pictures"), {"file": _png(), "alt": ""}).status_code == 400
    said = editor.post(_page(article, "pictures"), {"file": _png(), "alt": "Календарь"}).json()
    assert (said["alt"], said["width"]) == ("Календарь", 1000)
    assert client.get(said["address"]).status_code == 404
    actions.publish(article=article, actor=elena, at=at)
    shown = client.get(said["address"])
    assert (shown.status_code, shown.headers["Content-Type"]) == (200, "image/webp")
    assert b"".join(shown).startswith(b"RIFF")


def test_what_is_no_picture_and_a_bomb_are_refused(
    editor: Client, write: Write, settings, tmp_path
) -> None:
    settings.ATTACHMENT_ROOT = tmp_path
    article = write("Скидки")
    text = io.BytesIO("слова".encode())
    text.name = "слова.txt"
    bomb = io.BytesIO()
    Image.new("1", (9000, 9000)).save(bomb, "PNG")
    bomb.seek(0)
    bomb.name = "bomb.png"
    for file in (text, bomb):
        answer = editor.post(_page(article, "pictures"), {"file": file, "alt": "Что-то"})
        assert answer.status_code == 415
        assert answer.json()["error"]
    assert not any(tmp_path.rglob("*.webp"))


@pytest.fixture
def _unfold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Unfold's own list of errors read names that are not always there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


@pytest.mark.usefixtures("_unfold")
def test_two_who_save_at_once_see_the_difference_and_lose_nothing(
    editor: Client, write: Write, rates: Section, admin: User, at: datetime
) -> None:
    article = write("Скидки", "<p>Скидка пять процентов.</p>", slug="sale")
    actions.save(
        article=article, title="Скидки", summary="", body="<p>Скидка семь процентов.</p>",
        author=admin, at=at,
    )  # fmt: skip
    typed = form(
        rates, title="Скидки", summary="", body="<p>Скидка десять процентов.</p>", based_on="1"
    )
    stopped = editor.post(change(article), typed)
    page = BeautifulSoup(stopped.content, "html.parser")

    assert article.revisions.count() == 2
    assert [one.text for one in page.select(".diff del")] == ["семь"]
    assert [one.text for one in page.select(".diff ins")] == ["десять"]
    assert "десять" in page.select_one("#id_body").text
    assert page.select_one("#id_based_on")["value"] == "2"


def test_a_page_that_is_only_open_is_held_and_keeps_no_words(
    editor: Client, write: Write, elena: User
) -> None:
    article = write("Скидки")
    assert editor.post(_page(article, "typed"), {"based_on": "1"}).json() == {"taken": ""}
    assert article.lock.person == elena
    assert not article.unsaved.exists()


def test_differences_show_pictures_and_where_links_lead(
    editor: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Скидки", '<p>Читайте <a href="/kb/old/">здесь</a>.</p>')
    actions.save(
        article=article, title="Скидки", summary="", author=elena, at=at,
        body='<p>Читайте <a href="/kb/new/">здесь</a>.</p><p><img src="/kb/pictures/a/480.webp" alt="Окно скидок"></p>',
    )  # fmt: skip
    page = BeautifulSoup(editor.get(_page(article, "diff")).content, "html.parser")

    assert [one.text for one in page.select("del")] == ["old"]
    assert page.select("ins")[0].text == "new"
    assert "Окно скидок" in page.select("ins")[1].text


def test_old_words_that_are_refused_by_now_stay_where_they_are(
    editor: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Скидки")
    article.revisions.update(body='<p>Слова <img src="https://x.example/a.png"></p>')
    answer = editor.post(_page(article, "words"), {"number": "1"}, follow=True)
    assert answer.status_code == 200
    assert article.revisions.count() == 1


@pytest.mark.usefixtures("_unfold")
def test_an_article_of_five_megabytes_is_refused_beside_the_field(
    editor: Client, rates: Section
) -> None:
    answer = editor.post(ADD, form(rates, body="<p>" + "a" * 5_000_000 + "</p>"))
    assert answer.status_code == 200
    assert str(actions.TooLong.message) in answer.content.decode()
    assert not Article.objects.exists()
