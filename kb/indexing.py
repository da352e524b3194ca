"""Keeps the search index: postings of published articles, written in the publishing transaction.

Weights of the fields: title 6, headings 2, summary 2, body 1 (design/search.md, measured there).
"""

import re
import uuid
from collections import Counter
from collections.abc import Sequence

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from kb.audience import AUDIENCE_OF
from kb.models import Article, SearchDocument, SearchStatistics
from kb.passages import fold
from portal import html

LONGEST_BODY = 200_000  # characters that are indexed; a tsvector holds at most 1 MB
HEADINGS = re.compile(r"<h[234][^>]*>(.*?)</h[234]>", re.DOTALL)

INSERT = """
with doc as (
    select d.article, d.audience, setweight(to_tsvector('russian', d.title), 'A')
        || setweight(to_tsvector('russian', d.headings), 'B')
        || setweight(to_tsvector('russian', d.summary), 'C')
        || setweight(to_tsvector('russian', d.body), 'D') as vector
    from unnest(%(article)s::bigint[], %(audience)s::int[], %(title)s::text[], %(headings)s::text[],
        %(summary)s::text[], %(body)s::text[]) as d(article, audience, title, headings, summary, body))
insert into kb_posting (lexeme, article_id, frequency, in_title, weight, audience)
select u.lexeme, doc.article,
    sum(case w.weight when 'A' then 6 when 'B' then 2 when 'C' then 2 else 1 end),
    bool_or(w.weight = 'A'), 0, doc.audience
from doc, unnest(doc.vector) u(lexeme, positions, weights), unnest(u.weights) w(weight)
group by doc.article, doc.audience, u.lexeme
"""
WORDS = """
insert into kb_word (word, lexeme, articles)
select w.word, min(l.lexeme), w.articles
from unnest(%(words)s::text[], %(counts)s::int[]) as w(word, articles)
cross join lateral unnest(tsvector_to_array(to_tsvector('russian', w.word))) l(lexeme)
group by w.word, w.articles
on conflict (word) do update set articles = kb_word.articles + excluded.articles
"""
# Race: two who publish at once count the same stems, in whatever order; they take turns here.
TURN = "select from kb_searchstatistics where id = 1 for update"
STATISTICS = """
update kb_searchstatistics
set documents = s.documents, total_length = s.length, version = gen_random_uuid()
from (select count(*) as documents, coalesce(sum(length), 0) as length from kb_searchdocument) s
where kb_searchstatistics.id = 1
"""
DOCUMENTS = """
insert into kb_searchdocument (article_id, length, title_idf, section_id, language, audience)
select a.id, sum(p.frequency), 0, a.section_id, a.language, min(p.audience)
from kb_article a join kb_posting p on p.article_id = a.id
where a.id = any(%(articles)s)
group by a.id
"""
# What BM25 makes of a posting, by the mean length at the time: it only chooses what is scored. What
# has hardly moved is not written: one more article shifts each of the millions of a large shelf.
WEIGHT = """p.frequency * 2.5 / (p.frequency + 1.5 * (0.6 + 0.4 * doc.length
    / greatest(s.total_length / greatest(s.documents, 1), 1)))"""
HARDLY = 0.0001
WEIGHTS = f"""
update kb_posting p set weight = {WEIGHT}
from kb_searchdocument doc, kb_searchstatistics s
where p.article_id = any(%(articles)s) and doc.article_id = p.article_id and s.id = 1
    and abs(p.weight - ({WEIGHT})) > %(hardly)s
"""  # noqa: S608 (WEIGHT stands above)
COUNT = """
insert into kb_lexeme (lexeme, articles, public_articles, customer_articles)
select lexeme, count(*), count(*) filter (where audience = 0), count(*) filter (where audience <= 1)
from kb_posting where article_id = any(%(articles)s) group by lexeme order by lexeme
on conflict (lexeme) do update set articles = kb_lexeme.articles + excluded.articles,
    public_articles = kb_lexeme.public_articles + excluded.public_articles,
    customer_articles = kb_lexeme.customer_articles + excluded.customer_articles
"""
DISCOUNT = """
update kb_lexeme k
set articles = k.articles - gone.articles, public_articles = k.public_articles - gone.public,
    customer_articles = k.customer_articles - gone.customers
from (
    select lexeme, count(*) as articles, count(*) filter (where audience = 0) as public,
        count(*) filter (where audience <= 1) as customers
    from kb_posting where article_id = any(%(articles)s) group by lexeme) gone
where k.lexeme = gone.lexeme
"""
TITLES = """
with df as (
    select lexeme, articles::float as df from kb_lexeme
    where lexeme in (select lexeme from kb_posting where article_id = any(%(articles)s) and in_title))
update kb_searchdocument doc set title_idf = t.idf
from (
    select p.article_id, sum(ln(1 + (s.documents - df.df + 0.5) / (df.df + 0.5))) as idf
    from kb_posting p join df using (lexeme), kb_searchstatistics s
    where p.article_id = any(%(articles)s) and p.in_title and s.id = 1
    group by p.article_id) t
where doc.article_id = t.article_id and abs(doc.title_idf - t.idf) > %(hardly)s
"""
SETTLED_AT_ONCE = 500  # articles
COLUMNS = ("article", "audience", "title", "headings", "summary", "body")
WORD = re.compile(r"[^\W\d_]{3,40}")


def put(articles: Sequence[Article]) -> None:
    """Index the current revision of published articles anew."""
    numbers = [article.pk for article in articles]
    with connection.cursor() as cursor:
        cursor.execute(TURN)
        _remove(cursor, numbers)
        _insert(cursor, articles)
        cursor.execute(DOCUMENTS, {"articles": numbers})
        cursor.execute(STATISTICS)
        for statement in (COUNT, WEIGHTS, TITLES):
            cursor.execute(statement, {"articles": numbers, "hardly": HARDLY})


def remove(articles: Sequence[Article]) -> None:
    """Forget articles that readers may no longer find."""
    with connection.cursor() as cursor:
        cursor.execute(TURN)
        _remove(cursor, [article.pk for article in articles])
        cursor.execute(STATISTICS)


def settle() -> None:
    """Weigh everything by the figures of now; each article was weighed by those of its own day.

    Some at a time, so that nobody who publishes waits for long.
    """
    numbers = list(SearchDocument.objects.order_by("article").values_list("article_id", flat=True))
    for start in range(0, len(numbers), SETTLED_AT_ONCE):
        some = numbers[start : start + SETTLED_AT_ONCE]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(TURN)
            for statement in (WEIGHTS, TITLES):
                cursor.execute(statement, {"articles": some, "hardly": HARDLY})
    touch()


def touch() -> None:
    """Say that lists changed though no article did: a section was renamed."""
    SearchStatistics.objects.update(version=uuid.uuid4())


def rebuild() -> int:
    """Index everything anew; answers how many articles."""
    with connection.cursor() as cursor:
        # Not TRUNCATE, which would lock readers out until this transaction ends.
        for table in ("kb_posting", "kb_searchdocument", "kb_word", "kb_lexeme"):
            cursor.execute(f"delete from {table}")  # noqa: S608
    published = Article.objects.published().select_related("current_revision")
    articles = list(published)
    put(articles)
    return len(articles)


def _remove(cursor: CursorWrapper, numbers: list[int]) -> None:
    cursor.execute(DISCOUNT, {"articles": numbers})
    for table in ("kb_posting", "kb_searchdocument"):
        cursor.execute(f"delete from {table} where article_id = any(%s)", [numbers])  # noqa: S608


def _searchable(text: str) -> str:
    # PostgreSQL takes <…> for a tag, and all that follows <script> for a script.
    return fold(text).replace("<", " ").replace(">", " ")


def _insert(cursor: CursorWrapper, articles: Sequence[Article]) -> None:
    """Write the postings and words of articles, all at once: common words are counted in one go."""
    rows = [row for article in articles if (row := _row(article)) is not None]
    cursor.execute(INSERT, {name: [row[name] for row in rows] for name in COLUMNS})
    told = (f"{row['title']} {row['summary']} {row['body']}" for row in rows)
    counts = Counter(
        word for words in told for word in {one.lower() for one in WORD.findall(words)}
    )
    # Order matters: two who index at once write the same words in one order.
    known = sorted(counts)
    cursor.execute(WORDS, {"words": known, "counts": [counts[word] for word in known]})


def _row(article: Article) -> dict[str, str | int] | None:
    revision = article.current_revision
    if revision is None:
        return None
    headings = " . ".join(html.plain(one) for one in HEADINGS.findall(revision.body))
    return {
        "article": article.pk,
        "audience": AUDIENCE_OF[article.access],
        "title": _searchable(revision.title),
        "headings": _searchable(headings),
        "summary": _searchable(revision.summary),
        "body": _searchable(revision.plain[:LONGEST_BODY]),
    }
