"""What other programs export becomes our articles: who reads them, what they link to, their votes."""

import json
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from accounts.models import User
from kb import actions
from kb.models import Article, Intake, Picture, Revision, Section
from kb.porting import importing
from kb.porting.shape import Report

Write = Callable[..., Article]
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    settings.ATTACHMENT_ROOT = tmp_path / "files"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder to be imported."""
    place = tmp_path / "source"
    place.mkdir()
    return place


def put(folder: Path, name: str, content: str | bytes | dict[str, Any] | list[Any]) -> None:
    place = folder / name
    place.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict | list):
        content = json.dumps(content)
    place.write_bytes(content.encode() if isinstance(content, str) else content)


def png(size: tuple[int, int] = (20, 10), color: str = "#d8e4e0") -> bytes:
    out = BytesIO()
    Image.new("RGB", size, color).save(out, "PNG")
    return out.getvalue()


def take(source: Path, at: datetime, **options: Any) -> Report:
    return importing.import_from(source, at=at, **options)


def words(slug: str) -> Revision:
    revision = Article.objects.get(slug=slug).current_revision
    assert revision is not None
    return revision


def zendesk(source: Path) -> None:
    """An export in the fields of the Help Center API, in pages and single objects."""
    put(source, "categories.json", {"categories": [
        {"id": 1, "name": "Продажи", "description": "Всё о них", "locale": "ru", "source_locale": "ru",
         "position": 2},
    ], "next_page": None})  # fmt: skip
    put(source, "sections.json", {"sections": [
        {"id": 10, "name": "Тарифы", "category_id": 1, "parent_section_id": None, "locale": "ru"},
        {"id": 10, "name": "Rates", "category_id": 1, "parent_section_id": None, "locale": "en-us"},
        {"id": 11, "name": "Скидки", "category_id": 1, "parent_section_id": 10, "locale": "ru"},
    ]})  # fmt: skip
    put(source, "user_segments.json", {"user_segments": [
        {"id": 5, "user_type": "signed_in_users", "name": "Свои"},
        {"id": 6, "user_type": "staff"},
        {"id": 7, "user_type": "signed_in_users", "tags": ["vip"]},
    ]})  # fmt: skip
    put(source, "articles-1.json", {"count": 4, "articles": [
        {"id": 100, "title": "Скидка за раннее бронирование", "locale": "ru", "source_locale": "ru",
         "section_id": 11, "draft": False, "position": 0, "vote_sum": 3, "vote_count": 5,
         "label_names": ["цены", "скидки"], "user_segment_id": None, "comments_disabled": True,
         "html_url": "https://acme.example/hc/ru/articles/100-skidka",
         "created_at": "2024-04-17T17:18:10Z", "updated_at": "2025-01-02T03:04:05Z",
         "edited_at": "2025-01-01T00:00:00Z",
         "body": "<h1>Шаги</h1><p onclick=x>Вот <a href='/hc/ru/articles/101-x#part'>там</a>, "
                 "<a href='https://acme.example/hc/en-us/sections/10'>раздел</a>, "
                 "<a href='/hc/ru/articles/999'>нет</a></p><!-- тайна --><script>alert(1)</script>"
                 "<img src='https://acme.example/hc/article_attachments/900/plan.png' alt='План'>"
                 "<img src='/hc/article_attachments/901/lost.png'>"},
    ]})  # fmt: skip
    put(source, "articles-2.json", {"articles": [
        {"id": 101, "title": "Только своим", "locale": "ru", "source_locale": "ru", "section_id": 10,
         "user_segment_id": 5, "vote_sum": -1, "vote_count": 1, "body": "<p>Да</p>",
         "translations": [{"locale": "en-us", "title": "Members only", "body": "<p>Yes</p>",
                           "draft": True}]},
        {"id": 102, "title": "Сотрудникам", "locale": "ru", "section_id": 10, "user_segment_id": 6,
         "vote_count": 0, "vote_sum": 0, "body": "<p>Да</p>"},
        {"id": 103, "title": "Избранным", "locale": "ru", "section_id": 10, "user_segment_id": 7,
         "vote_count": 0, "vote_sum": 0, "body": "<p>Да</p>"},
        {"id": 104, "title": "", "locale": "ru", "section_id": 10, "body": "<p>Да</p>"},
        {"id": 105, "title": "Deutsch", "locale": "de", "section_id": 10, "body": "<p>Ja</p>"},
    ]})  # fmt: skip
    put(source, "article_attachments.json", {"article_attachments": [
        {"id": 900, "article_id": 100, "file_name": "plan.png", "inline": True},
    ]})  # fmt: skip
    put(source, "attachments/900/plan.png", png())


def test_zendesk_becomes_sections_articles_translations_votes(source: Path, at: datetime) -> None:
    zendesk(source)
    report = take(source, at)
    assert (report.created, report.refused, report.sections) == (5, 2, 3)
    assert [place for place, _why in report.skipped] == ["articles 104", "articles 105"]
    one = Article.objects.get(source_key="zendesk/article/100/ru")
    assert (one.section.title_ru, one.section.parent.title_ru) == ("Скидки", "Тарифы")
    assert one.section.parent.title_en == "Rates"
    assert one.section.parent.parent.description_ru == "Всё о них"
    assert (one.tags, one.access, one.status) == (["цены", "скидки"], "public", "published")
    assert one.slug == "skidka-za-rannee-bronirovanie"
    assert (one.created_at.year, one.updated_at.year) == (2024, 2025)
    intake = Intake.objects.get(article=one)
    assert (intake.helpful, intake.unhelpful, intake.revision) == (4, 1, one.current_revision)


def test_zendesk_says_who_reads_and_nobody_reads_more(source: Path, at: datetime) -> None:
    zendesk(source)
    take(source, at)
    access = dict(Article.objects.values_list("source_key", "access"))
    assert access["zendesk/article/101/ru"] == "customers"
    assert access["zendesk/article/102/ru"] == "staff"
    assert access["zendesk/article/103/ru"] == "staff"
    assert Article.objects.get(source_key="zendesk/article/103/ru").needs_change
    english = Article.objects.get(source_key="zendesk/article/101/en")
    assert (english.language, english.status) == ("en", "draft")
    assert english.translation_of == Article.objects.get(source_key="zendesk/article/101/ru")


def test_zendesk_links_and_pictures_lead_to_ours(source: Path, at: datetime) -> None:
    zendesk(source)
    report = take(source, at)
    body = words("skidka-za-rannee-bronirovanie").body
    assert 'href="/kb/tolko-svoim/"' in body
    assert f'href="/kb/sections/{Section.objects.get(title_ru="Тарифы").slug}/"' in body
    assert "articles/999" not in body
    assert "нет" in body
    assert "<h2>Шаги</h2>" in body
    assert not any(word in body for word in ("script", "тайна", "onclick", "lost.png"))
    picture = Picture.objects.get()
    assert picture.alt == "План"
    assert f'src="/kb/pictures/{picture.pk}/20.webp"' in body
    assert (report.pictures, report.missing, report.links, report.broken) == (1, 1, 2, 1)
    response = Client().get(f"/kb/pictures/{picture.pk}/20.webp")
    response.close()
    assert response.status_code == 200


def test_a_second_import_of_the_same_changes_nothing(source: Path, at: datetime) -> None:
    zendesk(source)
    take(source, at)
    before = (Revision.objects.count(), Section.objects.count(), Picture.objects.count())
    report = take(source, at)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 5)
    assert report.sections == 0
    assert (Revision.objects.count(), Section.objects.count(), Picture.objects.count()) == before


def test_a_dry_run_writes_nothing_and_reports_the_same(
    source: Path, at: datetime, settings: Any
) -> None:
    zendesk(source)
    dry = take(source, at, is_dry=True)
    assert not Article.objects.exists()
    assert not Section.objects.exists()
    assert not Path(settings.ATTACHMENT_ROOT).exists()
    real = take(source, at)
    assert dry.is_dry
    assert {**dry.as_json(), "is_dry": False} == real.as_json()


FRESHDESK = """<?xml version="1.0" encoding="UTF-8"?>
<solution-categories type="array">
  <solution-category><id type="integer">1</id><name>Продажи</name><description>О них</description>
    <folders type="array">
      <solution-folder><id type="integer">2</id><name>Тарифы</name><visibility type="integer">2</visibility>
        <articles type="array">
          <solution-article><id type="integer">30</id><title>Скидки</title><status type="integer">2</status>
            <description>&lt;p&gt;Слова &lt;a href="/support/solutions/articles/31-x"&gt;там&lt;/a&gt;&lt;/p&gt;</description>
            <desc-un-html>Слова</desc-un-html><thumbs-up type="integer">7</thumbs-up>
            <thumbs-down type="integer">2</thumbs-down>
            <tags type="array"><tag><name>цены</name></tag></tags></solution-article>
          <solution-article><id type="integer">31</id><title>Черновик</title><status type="integer">1</status>
            <desc-un-html>Раз

Два &amp; три</desc-un-html></solution-article>
        </articles></solution-folder>
    </folders></solution-category>
</solution-categories>"""


def test_freshdesk_dumps_become_articles(source: Path, at: datetime) -> None:
    put(source, "Solutions.xml", FRESHDESK)
    report = take(source, at)
    assert (report.created, report.refused, report.sections) == (2, 0, 2)
    one = Article.objects.get(source_key="freshdesk/article/30")
    assert (one.access, one.status, one.tags, one.section.title_ru) == (
        "customers", "published", ["цены"], "Тарифы"
    )  # fmt: skip
    assert one.section.parent.title_ru == "Продажи"
    assert 'href="/kb/chernovik/"' in words("skidki").body
    intake = Intake.objects.get(article=one)
    assert (intake.helpful, intake.unhelpful) == (7, 2)
    draft = Article.objects.get(source_key="freshdesk/article/31")
    assert draft.status == "draft"
    assert words("chernovik").body == "<p>Раз</p><p>Два &amp; три</p>"


@pytest.mark.parametrize(
    ("visibility", "access"),
    [(1, "public"), (2, "customers"), (3, "staff"), (4, "staff"), (5, "staff"), (7, "staff")],
)
def test_freshdesk_folders_say_who_reads(
    source: Path, at: datetime, visibility: int, access: str
) -> None:
    put(source, "categories.json", [{"id": 1, "name": "Продажи", "description": None}])
    put(source, "folders.json", [
        {"id": 2, "name": "Тарифы", "visibility": visibility, "category_id": 1},
    ])  # fmt: skip
    put(source, "articles.json", [
        {"id": 30, "title": "Скидки", "description": "<p>Да</p>", "status": 2, "folder_id": 2,
         "tags": ["а"], "thumbs_up": 1, "thumbs_down": 0, "hits": 9, "seo_data": {
            "meta_description": "Кратко"}},
    ])  # fmt: skip
    assert take(source, at).created == 1
    article = Article.objects.get()
    assert (article.access, article.section.title_ru, article.section.parent.title_ru) == (
        access, "Тарифы", "Продажи"
    )  # fmt: skip
    assert words("skidki").summary == "Кратко"
    assert bool(article.needs_change) == (visibility in {4, 6, 7})


def test_pages_of_html_become_articles(source: Path, at: datetime) -> None:
    put(source, "rates/sale.html", (
        "<!doctype html><html lang=ru><head><title>Сайт: скидки</title>"
        "<meta name=description content='Кратко'><meta name=keywords content='цены, скидки'>"
        "<link rel=canonical href='https://old.example/kb/starye-skidki/'><style>p{}</style></head>"
        "<body><nav><a href=/>Меню</a></nav><main><h1>Скидки</h1><p>Слова <a href=other.html>там</a>"
        "<img src=../img/a.png></p></main><footer>Низ</footer></body></html>"
    ))  # fmt: skip
    put(source, "rates/other.html", "<title>Другое</title><body><p>Да<script>x()</script></body>")
    put(source, "img/a.png", png())
    report = take(source, at)
    assert (report.created, report.pictures, report.links) == (2, 1, 1)
    article = Article.objects.get(slug="sale")
    revision = words("sale")
    assert (revision.title, revision.summary, article.tags) == (
        "Скидки",
        "Кратко",
        ["цены", "скидки"],
    )
    assert article.section.slug == "rates"
    assert not any(word in revision.body for word in ("Меню", "Низ", "h1", "p{}"))
    assert 'href="/kb/other/"' in revision.body
    assert (words("other").title, words("other").body) == ("Другое", "<p>Да</p>")
    moved = Client().get("/kb/starye-skidki/")
    assert (moved.status_code, moved.headers["Location"]) == (301, "/kb/sale/")
    # No words on what the picture shows: the title stands in, and somebody is asked.
    assert Picture.objects.get().alt == "Скидки"
    assert article.needs_change


def test_front_matter_says_all_that_an_article_has(source: Path, at: datetime, elena: User) -> None:
    put(source, "a/b.md", (
        "---\ntitle: 'Скидки: все'\nshort: Кратко\nslug: skidki\naliases: [/kb/sale/, /blog/x/]\n"
        "language: ru\naccess: customers\ntags: цены, скидки\nkind: question\nstatus: draft\n"
        f"owner: {elena.full_name}\nreview_by: 2027-01-02\nvotes: {{helpful: 3, unhelpful: 1}}\n"
        "created_at: 2024-01-02T03:04:05Z\nrelated: [other]\n---\n"
        "Слова с <u>чертой</u>\n\n![Вид](../pic/a.png) [рядом](other.md) [общее](../c.md)\n"
    ))  # fmt: skip
    put(source, "a/other.md", "---\nlang: en-US\ntranslation_of: a/b.md\n---\n# Other\n\nWords.")
    put(source, "c.md", "# Общее\n\nСлова.")
    put(source, "pic/a.png", png())
    report = take(source, at)
    assert (report.created, report.links, report.broken, report.pictures) == (3, 2, 0, 1)
    article = Article.objects.get(slug="skidki")
    assert (article.access, article.tags, article.kind, article.status, article.owner) == (
        "customers", ["цены", "скидки"], "question", "draft", elena
    )  # fmt: skip
    assert [one.slug for one in article.related.all()] == ["other"]
    assert [one.slug for one in article.old_addresses.all()] == ["sale"]
    assert Article.objects.get(slug="other").translation_of == article
    revision = words("skidki")
    assert (revision.title, revision.summary) == ("Скидки: все", "Кратко")
    assert "<u>чертой</u>" in revision.body
    assert f"/kb/pictures/{Picture.objects.get().pk}/20.webp" in revision.body


def test_folders_within_folders_are_sections_within_sections(source: Path, at: datetime) -> None:
    put(
        source,
        "a/_section.yaml",
        "title: {ru: Первый, en: First}\nslug: pervyj\nicon: bed\norder: 3\n",
    )
    put(source, "a/b/c/d/e/f.md", "# Глубоко\n\nСлова.")
    report = take(source, at)
    article = Article.objects.get()
    above = []
    section: Section | None = article.section
    while section is not None:
        above.append(section.title_ru)
        section = section.parent
    assert above == ["e", "c", "b", "Первый"]
    assert any(place == "a/b/c/d/e" for place, _why in report.moved)
    first = Section.objects.get(slug="pervyj")
    assert (first.title_en, first.icon, first.order) == ("First", "bed", 3)


def test_an_archive_is_read_as_its_folder(source: Path, at: datetime, tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("база/тарифы/скидки.md", "# Скидки\n\n![Вид](../вид.png) Слова.")
        packed.writestr("база/вид.png", png())
        packed.writestr("__MACOSX/база/._x.md", "шум")
    report = take(archive, at)
    assert (report.created, report.pictures, report.refused) == (1, 1, 0)
    assert Article.objects.get().section.title_ru == "тарифы"


def test_what_changed_in_the_source_changes_here(source: Path, at: datetime) -> None:
    put(source, "a/b.md", "---\ntags: [а]\nvotes: {helpful: 1}\n---\n# Раз\n\nСлова ![в](p.png).")
    put(source, "a/p.png", png())
    take(source, at)
    put(
        source,
        "a/b.md",
        "---\ntags: [б]\nvotes: {helpful: 5}\naccess: staff\n---\n# Раз\n\nСлова ![в](p.png).",
    )
    put(source, "a/p.png", png(color="#000"))
    report = take(source, at)
    assert (report.updated, report.pictures) == (1, 1)
    article = Article.objects.get()
    assert (article.tags, article.access, article.revisions.count()) == (["б"], "staff", 2)
    intake = Intake.objects.get()
    assert (intake.helpful, intake.revision) == (5, article.current_revision)
    put(
        source,
        "a/b.md",
        "---\ntags: [б]\nvotes: {helpful: 5}\naccess: staff\nstatus: archived\n---\n# Раз\n\nСлова ![в](p.png).",
    )
    take(source, at)
    assert Client().get("/kb/b/").status_code in {404, 410}
    assert Article.objects.get().status == "archived"


def test_what_people_changed_here_stays_and_is_told(
    source: Path, at: datetime, elena: User
) -> None:
    put(source, "a/b.md", "---\ntags: [а]\n---\n# Раз\n\nСлова.")
    take(source, at)
    article = Article.objects.get()
    article.tags = ["наше"]
    actions.keep(article=article)
    assert take(source, at).unchanged == 1  # the source says what it said
    put(source, "a/b.md", "---\ntags: [б]\n---\n# Раз\n\nСлова.")
    report = take(source, at)
    assert (report.updated, report.refused) == (0, 1)
    actions.save(article=article, title="Наше", summary="", body="<p>Наше</p>", author=elena, at=at)
    put(source, "a/b.md", "---\ntags: [а]\n---\n# Раз\n\nДругие слова.")
    assert take(source, at).refused == 1
    article.refresh_from_db()
    assert (str(article), article.tags) == ("Наше", ["наше"])


def test_an_article_written_here_is_not_overwritten(
    source: Path, at: datetime, write: Write
) -> None:
    write("Скидки", slug="sale")
    put(source, "a/b.md", "---\nslug: sale\n---\n# Другие скидки\n\nСлова.")
    report = take(source, at)
    assert (report.created, report.updated, report.refused) == (0, 0, 1)
    assert words("sale").title == "Скидки"
    assert Article.objects.count() == 1


def test_drafts_stay_drafts_when_it_is_asked(source: Path, at: datetime) -> None:
    zendesk(source)
    take(source, at, is_published=False)
    assert set(Article.objects.values_list("status", flat=True)) == {"draft"}


def test_every_import_stands_in_the_history(source: Path, at: datetime, galina: User) -> None:
    put(source, "a.md", "# Раз\n\nСлова.")
    take(source, at, actor=galina)
    event = Article.objects.get().events.get()
    assert (event.code, event.actor) == ("imported", galina)


def test_two_sources_do_not_share_an_address(source: Path, at: datetime, tmp_path: Path) -> None:
    put(source, "a.md", "---\nslug: sale\n---\n# Раз\n\nСлова.")
    take(source, at)
    put(tmp_path / "other", "b.md", "---\nslug: sale\n---\n# Два\n\nДругие слова.")
    report = take(tmp_path / "other", at)
    assert (report.created, report.updated, report.refused) == (0, 0, 1)
    assert words("sale").title == "Раз"
