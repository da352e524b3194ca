"""Articles to read, written and published as people do it."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest

from accounts.models import User
from kb import actions, memory
from kb.models import Article, Section

Write = Callable[..., Article]


@pytest.fixture(autouse=True)
def fresh_lists() -> Iterator[None]:
    """Let no list of another test be remembered."""
    memory.forget()
    yield
    memory.forget()


@pytest.fixture
def rates(db: None) -> Section:
    """A section."""
    return Section.objects.create(slug="rates", title_ru="Тарифы", title_en="Rates", order=1)


@pytest.fixture
def payments(db: None) -> Section:
    """Another section."""
    return Section.objects.create(slug="payments", title_ru="Оплата", title_en="Payments", order=2)


@pytest.fixture
def write(rates: Section, elena: User, at: datetime) -> Write:
    """Write an article; it is published unless told otherwise."""

    def written(
        title: str,
        body: str = "<p>Текст статьи.</p>",
        *,
        summary: str = "",
        is_published: bool = True,
        **fields: Any,
    ) -> Article:
        slug = fields.pop("slug", f"article-{Article.objects.count() + 1}")
        article = Article.objects.create(slug=slug, **{"section": rates, **fields})
        actions.save(article=article, title=title, summary=summary, body=body, author=elena, at=at)
        if is_published:
            actions.publish(article=article, actor=elena, at=at)
        article.refresh_from_db()
        return article

    return written
