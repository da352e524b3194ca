"""Articles from files: taken once, changed when they change, reported when they are bad."""

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.management import call_command
from django.core.management.base import CommandError

from accounts.models import User
from kb import actions, indexing
from kb.models import Article, Posting, SearchDocument, Section
from kb.porting import importing
from kb.search import search

pytestmark = pytest.mark.django_db


def lines(path: Path, *rows: Any) -> Path:
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def row(path: str = "docs/ru/a.md", **fields: str) -> dict[str, str]:
    return {
        "path": path,
        "title": "Скидки",
        "short": "",
        "section": "rates",
        "markdown": "Слова.",
    } | fields


def take(source: Path, at: datetime, **options: Any) -> tuple[int, int, int, int]:
    report = importing.import_from(source, at=at, **options)
    return report.created, report.updated, report.unchanged, report.refused


def test_rows_become_published_articles_that_search_finds(tmp_path: Path, at: datetime) -> None:
    source = lines(tmp_path / "a.jsonl", row(short="О скидках"))
    assert take(source, at) == (1, 0, 0, 0)
    article = Article.objects.get()
    assert (str(article), article.section.slug, article.status) == ("Скидки", "rates", "published")
    assert search(query="скидка", user=AnonymousUser(), language="ru").hits


def test_a_second_run_changes_nothing_and_a_change_is_a_revision(
    tmp_path: Path, at: datetime
) -> None:
    source = lines(tmp_path / "a.jsonl", row(), row("docs/ru/b.md", title="Возвраты"))
    take(source, at)
    assert take(source, at) == (0, 0, 2, 0)
    lines(source, row(markdown="Новые слова."), row("docs/ru/b.md", title="Возвраты"))
    assert take(source, at) == (0, 1, 1, 0)
    assert Article.objects.get(source_key="docs/ru/a.md").revisions.count() == 2


def test_what_people_edited_here_is_left_alone(tmp_path: Path, at: datetime, elena: User) -> None:
    source = lines(tmp_path / "a.jsonl", row())
    take(source, at)
    article = Article.objects.get()
    actions.save(article=article, title="Наше", summary="", body="<p>Наше</p>", author=elena, at=at)
    lines(source, row(markdown="Новые слова."))
    assert take(source, at) == (0, 0, 0, 1)
    article.refresh_from_db()
    assert str(article) == "Наше"


def test_bad_rows_are_reported_with_a_reason_and_the_rest_is_taken(
    tmp_path: Path, at: datetime
) -> None:
    source = lines(
        tmp_path / "a.jsonl",
        "{not json",
        "[]",
        row(""),
        row(markdown=5),  # type: ignore[arg-type]
        row("docs/ru/" + "x" * 300),
        row("docs/ru/good.md"),
    )
    report = importing.import_from(source, at=at)
    assert (report.created, len(report.skipped)) == (1, 5)
    assert all(why for _name, why in report.skipped)


def test_drafts_stay_drafts_and_a_limit_is_kept(tmp_path: Path, at: datetime) -> None:
    source = lines(tmp_path / "a.jsonl", row(), row("docs/ru/b.md"), row("docs/ru/c.md"))
    assert take(source, at, is_published=False, limit=2) == (2, 0, 0, 0)
    assert set(Article.objects.values_list("status", flat=True)) == {"draft"}


def test_links_between_articles_lead_to_their_new_addresses(tmp_path: Path, at: datetime) -> None:
    words = (
        "[рядом](../b#part) [с корня](/ru/c/d) [мимо](../nowhere) [вон](https://x.example/)"
        " ![знак](../../pic.svg) [тут](#here)"
    )
    source = lines(
        tmp_path / "a.jsonl",
        row("docs/ru/c/a/a.md", markdown=words),
        row("docs/ru/c/b/b.md"),
        row("docs/ru/c/d.md"),
    )
    take(source, at)
    revision = Article.objects.get(slug="a").current_revision
    assert revision is not None
    assert 'href="/kb/b/"' in revision.body
    assert 'href="/kb/d/"' in revision.body
    assert 'href="https://x.example/"' in revision.body
    assert "nowhere" not in revision.body
    assert "<img" not in revision.body
    assert "мимо" in revision.body


def test_an_article_without_a_title_takes_its_first_heading_or_its_file_name(
    tmp_path: Path, at: datetime
) -> None:
    source = lines(
        tmp_path / "a.jsonl",
        row("a.md", title="", markdown="# Заголовок {#id}\n\nСлова."),
        row("my-page.md", title=""),
        row("c.md", title="Только название", markdown=""),
    )
    assert take(source, at) == (3, 0, 0, 0)
    titles = {str(one) for one in Article.objects.select_related("current_revision")}
    assert titles == {"Заголовок", "My page", "Только название"}


def test_a_folder_of_markdown_with_front_matter_is_taken(tmp_path: Path, at: datetime) -> None:
    (tmp_path / "rates").mkdir()
    (tmp_path / "rates" / "sale.md").write_text(
        "---\ntitle: Скидки\nsummary: О скидках\naccess: customers\nchecked_on: 2026-11-01\n"
        "tags: [цены]\nlanguage: en\n---\n# Скидки\n\nСлова.\n"
    )
    (tmp_path / "bad.md").write_text("---\ntitle: [\n---\nСлова")
    (tmp_path / "odd.md").write_text("---\naccess: kings\n---\nСлова")
    assert take(tmp_path, at) == (1, 0, 0, 2)
    article = Article.objects.get()
    assert (article.access, article.language, article.tags) == ("customers", "en", ["цены"])
    assert (article.section.slug, str(article.checked_on)) == ("rates", "2026-11-01")
    assert article.current_revision is not None
    assert "<h2>" not in article.current_revision.body


def test_two_files_of_one_name_get_two_addresses(tmp_path: Path, at: datetime) -> None:
    source = lines(tmp_path / "a.jsonl", row("x/about.md"), row("y/about.md"), row("feed.md"))
    take(source, at)
    slugs = set(Article.objects.values_list("slug", flat=True))
    assert slugs == {"about", "y-about", "feed-2"}


def test_sections_that_exist_are_used(tmp_path: Path, at: datetime) -> None:
    rates = Section.objects.create(slug="rates", title_ru="Тарифы")
    take(lines(tmp_path / "a.jsonl", row()), at)
    assert Article.objects.get().section == rates


def test_the_command_reads_packed_lines_and_reports(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "a.jsonl.gz"
    source.write_bytes(gzip.compress(f"{json.dumps(row())}\n{{bad".encode()))
    call_command("import_articles", str(source))
    told = capsys.readouterr().out
    assert "1 created, 0 updated, 0 unchanged, 1 skipped" in told
    assert "skipped" in told.splitlines()[0]


def test_the_command_refuses_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CommandError):
        call_command("import_articles", str(tmp_path / "none"))


def test_the_index_is_rebuilt_by_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rebuild_search")
    assert capsys.readouterr().out == "0 articles indexed\n"


def weighed() -> tuple[list[Any], list[Any]]:
    """Give what search makes of titles and of words, to six places."""
    titles = SearchDocument.objects.order_by("article").values_list("article", "title_idf")
    words = Posting.objects.order_by("article", "lexeme").values_list("lexeme", "weight")
    return [(pk, round(one, 6)) for pk, one in titles], [(it, round(one, 6)) for it, one in words]


def test_search_weighs_articles_alike_whenever_they_came(tmp_path: Path, at: datetime) -> None:
    for number in range(1, 5):
        said = row(f"{number}.md", title="Возврат " * number, markdown="Слово. " * 9 * number)
        assert take(lines(tmp_path / f"{number}.jsonl", said), at) == (1, 0, 0, 0)
    found = weighed()
    indexing.rebuild()
    assert len(found[0]) == 4
    assert found == weighed()
