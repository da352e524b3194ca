"""Export, empty database, import: the same articles, sections, links, pictures, addresses."""

import zipfile
from collections.abc import Callable
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from accounts.models import User
from kb import actions
from kb.models import (
    Article,
    ArticleEvent,
    ArticleLink,
    Intake,
    OldAddress,
    Picture,
    Revision,
    Section,
    SectionIntake,
    Vote,
)
from kb.porting import importing
from kb.porting.exporting import export_to, render
from kb.porting.marking import as_markdown
from kb.porting.markup import normalised
from portal import files, html
from portal.demo import load
from tests.portal.test_html import SHARED

Write = Callable[..., Article]
Snapshot = dict[str, Any]


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.ATTACHMENT_ROOT = tmp_path / "files"


def drawn(color: str = "#d8e4e0", size: tuple[int, int] = (1000, 40)) -> SimpleUploadedFile:
    out = BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return SimpleUploadedFile("снимок.png", out.getvalue(), "image/png")


def exported(place: Path, at: datetime) -> Path:
    for _report in export_to(place, at=at):
        pass
    return place


def emptied() -> None:
    """Leave nothing of the knowledge base, neither rows nor files."""
    for picture in Picture.objects.all():
        for width in picture.widths:
            files.forget_bytes(picture.pk, suffix=f".{width}.webp")
    Article.objects.update(
        current_revision=None, submitted_revision=None, status="draft", translation_of=None
    )
    for model in (Vote, ArticleEvent, ArticleLink, OldAddress, Intake, SectionIntake, Picture):
        model.objects.all().delete()
    Revision.objects.all().delete()
    Article.objects.all().delete()
    while leaves := Section.objects.filter(children__isnull=True):
        leaves.delete()


def articles() -> Snapshot:
    rows = Article.objects.select_related("section", "current_revision", "translation_of", "owner")
    return {one.slug: _told(one) for one in rows}


def _told(one: Article) -> Snapshot:
    words = one.current_revision
    assert words is not None
    return {
        "title": words.title,
        "summary": words.summary,
        "body": normalised(words.body),
        "number": words.number,
        "revised_at": words.created_at,
        "section": one.section.slug,
        "translation_of": one.translation_of and one.translation_of.slug,
        "related": sorted(one.related.values_list("slug", flat=True)),
        "old": sorted(one.old_addresses.values_list("slug", flat=True)),
        "owner": one.owner and one.owner.full_name,
        "links": sorted(
            one.links.values_list("address", "target__slug", "state"), key=lambda row: row[0]
        ),
        **{
            name: getattr(one, name)
            for name in (
                "language", "access", "status", "kind", "tags", "short_code", "checked_on",
                "review_by", "needs_change", "created_at", "updated_at", "published_at",
            )
        },
    }  # fmt: skip


def sections() -> Snapshot:
    names = (
        "title_ru", "title_en", "description_ru", "description_en", "icon", "order", "parent__slug",
    )  # fmt: skip
    old = {
        one.slug: sorted(one.old_addresses.values_list("slug", flat=True))
        for one in Section.objects.all()
    }
    return {row[0]: (*row[1:], old[row[0]]) for row in Section.objects.values_list("slug", *names)}


def pictures() -> Snapshot:
    return {
        str(one.pk): (
            one.article.slug, one.name, one.alt, one.width, one.height, one.widths,
            [_bytes(one, width) for width in one.widths],
        )
        for one in Picture.objects.select_related("article")
    }  # fmt: skip


def _bytes(picture: Picture, width: int) -> bytes:
    place = files.path_of(picture.pk)
    return place.with_name(f"{place.name}.{width}.webp").read_bytes()


def there_and_back(tmp_path: Path, at: datetime) -> None:
    """Export, empty, import, and hold both against each other."""
    before = (articles(), sections(), pictures())
    archive = exported(tmp_path / "out.zip", at)
    emptied()
    assert not Article.objects.exists()
    assert not Section.objects.exists()
    report = importing.import_from(archive, at=at + timedelta(days=1))
    assert (report.skipped, report.lost_pictures, report.lost_links) == ([], [], [])
    after = (articles(), sections(), pictures())
    assert after[1] == before[1]
    assert after[2] == before[2]
    assert after[0] == before[0]


@pytest.fixture
def demo(db: None, at: datetime) -> None:
    """The articles of the demo."""
    people = load._load_people(at)
    load._load_articles(people, at)


@pytest.mark.django_db
def test_the_demo_comes_back_as_it_was(demo: None, tmp_path: Path, at: datetime) -> None:
    assert Article.objects.count() > 40
    there_and_back(tmp_path, at)


RICH = (
    '<p class="lead">Коротко.</p><h2>Шаги &amp; «знаки» *не* _курсив_</h2>'
    '<ol class="steps"><li>Раз</li><li>Два <kbd>Ctrl</kbd></li></ol>'
    '<p class="note">Заметка</p><div class="warning"><p>Осторожно</p></div>'
    '<table><caption>Цены</caption><tbody><tr><td colspan="2">шире</td></tr>'
    "<tr><td>1</td><td>2<br>3</td></tr></tbody></table>"
    "<table><thead><tr><th>а</th><th>б | в</th></tr></thead><tbody><tr><td>1</td><td></td></tr>"
    "</tbody></table>"
    "<pre>  строка\n\n  и <b>ещё</b>\n</pre><pre><code>```\nкод\n```\n</code></pre>"
    '<p><a href="https://rutube.ru/video/abc/">Ролик</a></p>'
    "<blockquote><p>1. не список</p><ul><li>да<ul><li>вглубь</li></ul></li></ul></blockquote>"
    "<ul><li><p>а</p></li><li><p>б</p></li></ul><ul><li>другой</li></ul>"
    "<p>2 + 2 = 4<br># не заголовок<br>- не пункт</p><hr><p>H<sub>2</sub>O&nbsp;<u>да</u></p>"
)


@pytest.mark.django_db
def test_all_that_an_article_has_comes_back(
    write: Write, rates: Section, payments: Section, elena: User, tmp_path: Path, at: datetime
) -> None:
    payments.parent = rates
    actions.keep_section(section=payments)
    payments.slug = "oplata"
    actions.keep_section(section=payments)
    other = write("Другая", slug="drugaya", section=payments, kind="question")
    body = f'<p><a href="/kb/drugaya/#h-x">Сюда</a> <a href="/kb/nowhere/">мимо</a></p>{RICH}'
    one = write(
        "Заголовок: «с» 'кавычками' # и знаками", body, slug="pervaya", summary="Кратко: да"
    )
    one.slug, one.tags, one.access = "odna", ["цены", "123", "да: нет"], "customers"
    one.owner, one.checked_on, one.review_by = elena, date(2026, 11, 1), date(2027, 5, 1)
    one.needs_change = "Проверить: цены"
    actions.keep(article=one)
    actions.relate(article=one, others=[other])
    picture = actions.add_picture(article=one, actor=elena, upload=drawn(), alt="Шахматка", at=at)
    shown = f'<figure><img src="/kb/pictures/{picture.pk}/1000.webp" alt="Шахматка" width="1000" height="40"><figcaption>Вид</figcaption></figure>'
    actions.save(article=one, title=str(one.current_revision.title), summary="Кратко: да",
                 body=body + shown, author=elena, at=at)  # fmt: skip
    english = write("In English", slug="odna-en", language="en", translation_of=one, access="staff")
    draft = write("Черновик", slug="chernovik", is_published=False)
    gone = write("Старое", slug="staroe")
    actions.archive(article=gone, actor=elena, at=at)
    assert {english.status, draft.status} == {"published", "draft"}
    there_and_back(tmp_path, at)
    client = Client()
    assert client.get("/kb/pervaya/").status_code == 404  # for customers only
    assert Article.objects.get(slug="odna").old_addresses.get().slug == "pervaya"


@pytest.mark.django_db
def test_votes_come_back_as_counts(write: Write, tmp_path: Path, at: datetime) -> None:
    one = write("Скидки", slug="sale")
    for number, said in enumerate([True, True, False]):
        actions.vote(revision=one.current_revision, voter=str(number), is_helpful=said, at=at)
    archive = exported(tmp_path / "a.zip", at)
    emptied()
    report = importing.import_from(archive, at=at)
    intake = Intake.objects.get()
    assert (intake.helpful, intake.unhelpful, intake.revision.title) == (2, 1, "Скидки")
    assert (report.helpful, report.unhelpful) == (2, 1)
    again = exported(tmp_path / "b.zip", at)
    assert b"\n  helpful: 2\n  unhelpful: 1\n" in zipfile.ZipFile(again).read("rates/sale.md")


@pytest.mark.django_db
def test_an_export_taken_in_where_it_came_from_changes_nothing(
    write: Write, elena: User, tmp_path: Path, at: datetime
) -> None:
    one = write("Скидки", RICH, slug="sale")
    actions.add_picture(article=one, actor=elena, upload=drawn(), alt="Вид", at=at)
    before = (articles(), pictures())
    report = importing.import_from(exported(tmp_path / "a.zip", at), at=at)
    assert (report.unchanged, report.created, report.updated, report.refused) == (1, 0, 0, 0)
    assert (articles(), pictures()) == before


@pytest.mark.django_db
def test_what_came_back_is_exported_the_same_again(
    demo: None, tmp_path: Path, at: datetime
) -> None:
    first = exported(tmp_path / "a.zip", at)
    emptied()
    importing.import_from(first, at=at)
    second = exported(tmp_path / "b.zip", at)
    one, other = zipfile.ZipFile(first), zipfile.ZipFile(second)
    assert sorted(one.namelist()) == sorted(other.namelist())
    differing = [name for name in one.namelist() if one.read(name) != other.read(name)]
    assert differing == []


@pytest.mark.django_db
def test_a_large_corpus_comes_back_as_it_was(tmp_path: Path, at: datetime) -> None:
    source = SHARED / "kb" / "vkcloud_ru_articles.jsonl.gz"
    if not source.is_file():
        pytest.skip("the shared articles (data/kb) are not on this machine")
    importing.import_from(source, at=at, limit=300)
    Article.objects.update(source_key=None)
    there_and_back(tmp_path, at)


@pytest.mark.django_db
def test_no_address_of_a_person_is_exported(
    write: Write, elena: User, tmp_path: Path, at: datetime
) -> None:
    one = write("Скидки")
    one.owner = elena
    actions.keep(article=one)
    archive = zipfile.ZipFile(exported(tmp_path / "a.zip", at))
    told = b"".join(archive.read(name) for name in archive.namelist())
    assert elena.full_name.encode() in told
    assert elena.email.encode() not in told


@pytest.mark.django_db
def test_the_command_writes_an_archive_once(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("Скидки")
    call_command("export_articles", str(tmp_path / "a.zip"))
    assert "1 articles, 1 sections, 0 pictures" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("export_articles", str(tmp_path / "a.zip"))
    with pytest.raises(CommandError):
        call_command("export_articles", str(tmp_path / "none" / "a.zip"))


# Bodies of all that the sanitiser lets through, nested as authors and programs may.
WORDS = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("*_`[]()<>&#+-.!|~\\\"' \n\t"),
    max_size=12,
).map(lambda text: text.replace("&", "&amp;").replace("<", "&lt;"))
INLINE = st.recursive(
    WORDS | st.just("<br>"),
    lambda inner: st.one_of(
        st.builds("<{0}>{1}</{0}>".format, st.sampled_from(
            ["strong", "em", "b", "i", "u", "s", "del", "code", "kbd", "sub", "small", "span"]), inner),
        st.builds('<a href="{}">{}</a>'.format, st.sampled_from(
            ["/kb/a-b/", "https://x.example/?a=1&amp;b=(2)", "#h-раз", "a b.md"]), inner),
        st.builds('<img src="{}" alt="{}">'.format, st.sampled_from(
            ["/kb/pictures/a/1.webp", "p q.png"]), st.sampled_from(["", "вид *сверху*", "a]b"])),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=6,
)  # fmt: skip
BLOCK = st.recursive(
    st.one_of(
        st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["p", "h2", "h3", "h4", "pre"]), INLINE),
        st.builds("<pre><code>{}\n</code></pre>".format, WORDS),
        st.builds('<p class="{}">{}</p>'.format, st.sampled_from(["lead", "note", "warning"]), INLINE),
        st.just("<hr>"),
        st.builds(
            "<table><thead><tr><th>{}</th><th>{}</th></tr></thead><tbody><tr><td>{}</td><td>{}</td>"
            "</tr></tbody></table>".format, INLINE, INLINE, INLINE, INLINE),
        INLINE,
    ),
    lambda inner: st.one_of(
        st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["blockquote", "div", "figure"]), inner),
        st.builds("<{0}>{1}</{0}>".format, st.sampled_from(["ul", "ol"]), st.lists(
            st.builds("<li>{}</li>".format, st.one_of(INLINE, inner)), min_size=1, max_size=3
        ).map("".join)),
        st.lists(inner, max_size=3).map("".join),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(BLOCK, max_size=4).map("\n".join))
def test_any_body_is_the_same_when_it_is_read_back(body: str) -> None:
    # As everything is kept: cleaned, and what a sanitiser's parser makes of it read once more.
    kept = html.clean(html.clean(body))
    said = as_markdown(kept, render)
    back = render(said) if said else html.clean(kept + "\n")
    assert normalised(back) == normalised(kept)


def test_what_markdown_can_say_is_markdown() -> None:
    body = "<h2>Шаг</h2><p>Два <strong>слова</strong></p><ul><li>а</li><li>б</li></ul>"
    assert as_markdown(body, render) == "## Шаг\n\nДва **слова**\n\n- а\n- б\n"


def test_what_markdown_cannot_say_is_html_within_it() -> None:
    body = '<p>Да</p><p class="note">Заметка</p>'
    assert as_markdown(body, render) == 'Да\n\n<p class="note">Заметка</p>\n'


def test_white_space_counts_as_browsers_count_it() -> None:
    assert normalised("<p> а  б\n</p>\n\n<p>в</p>") == "<p>а б</p><p>в</p>"
    assert normalised("<p>а</p>") != normalised("<p>а&nbsp;</p>")
    assert normalised("<pre> а\n\n б</pre>") != normalised("<pre> а\n б</pre>")
