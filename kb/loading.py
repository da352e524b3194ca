"""Loads what a search has found: one statement, composed once.

Composing it with the rows' own queryset took as long as ranking: a fifth of the page of a search.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection, models

from accounts.models import User
from kb.audience import ACCESS_OF, audience_of
from kb.models import Article, Revision, Section

LONGEST_SEARCHED = 12_000  # characters in which a passage is looked for
HEAVY = {"body", "plain"}  # of a revision: loaded when somebody asks for them

FOUND = """
select {columns} from kb_article a
join kb_revision r on r.id = a.current_revision_id
join kb_section s on s.id = a.section_id
where a.id = any(%(numbers)s) and a.status = 'published' and a.access = any(%(access)s)
"""


def load(
    numbers: Sequence[int], user: User | AnonymousUser, *, with_words: bool = False
) -> dict[int, Article]:
    """Give the articles of these numbers that this reader may read, with what a list shows.

    `with_words` brings the beginning of their plain text as `words`.
    """
    if not numbers:
        return {}
    access = list(ACCESS_OF[audience_of(user)])
    with connection.cursor() as cursor:
        cursor.execute(_sql(with_words=with_words), {"numbers": list(numbers), "access": access})
        rows = cursor.fetchall()
    found = (_article(row, with_words=with_words) for row in rows)
    return {article.pk: article for article in found}


def _article(row: Sequence[Any], *, with_words: bool) -> Article:
    articles, revisions, sections = (len(_fields(model)) for model in (Article, Revision, Section))
    article = Article.from_db("default", _names(Article), row[:articles])
    row = row[articles:]
    article.current_revision = Revision.from_db("default", _names(Revision), row[:revisions])
    row = row[revisions:]
    article.section = Section.from_db("default", _names(Section), row[:sections])
    if with_words:
        article.words = row[-1]  # type: ignore[attr-defined]  # as an annotation would be
    return article


@cache
def _fields(model: type[models.Model]) -> tuple[Any, ...]:
    left_out = HEAVY if model is Revision else ()
    return tuple(one for one in model._meta.concrete_fields if one.attname not in left_out)


@cache
def _names(model: type[models.Model]) -> tuple[str, ...]:
    return tuple(field.attname for field in _fields(model))


@cache
def _sql(*, with_words: bool) -> str:
    tables = ((Article, "a"), (Revision, "r"), (Section, "s"))
    columns = [f'{alias}."{one.column}"' for model, alias in tables for one in _fields(model)]
    if with_words:
        columns.append(f"left(r.plain, {LONGEST_SEARCHED})")
    return FOUND.format(columns=", ".join(columns))
