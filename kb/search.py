"""Search and suggestions: BM25 over stems with weighted fields, corrected by the index's own words.

BM25 (k1 1.5, b 0.4: docs/decisions/0005) plus 0.4 of the title match, relative to the best, finds
the right article among the first ten in three of four questions, where demanding every word finds
nothing for nine in ten long ones. One statement ranks; hidden articles never show.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.utils.safestring import SafeString

from accounts.models import User
from kb import loading, passages
from kb.audience import audience_of
from kb.memory import remember
from kb.models import Article, Revision, Section
from kb.passages import fold
from kb.taught import taught
from portal import html

Reader = User | AnonymousUser
Stemmed = tuple[str, list[str], bool]  # a word, its stems, whether readers can find it
Ranked = tuple[int, int, float]  # article, section, score
LONGEST_QUERY = 400  # characters
MOST_WORDS = 40
MOST_HITS = 30
MOST_SUGGESTIONS = 6
TITLE_WEIGHT = 0.4  # of the best score of the words
SUGGESTED_TITLE_WEIGHT = 1.5  # whoever still types looks for a title
WEAKEST = 0.12  # of the best score; what is below is noise
CLEARLY = 0.3  # by so much more the other layout must know, to be what was meant
SHORTEST_CORRECTED = 4  # letters; shorter words are too alike
WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
# The same keys on a Russian and on an English keyboard.
_EN = "qwertyuiop[]asdfghjkl;'zxcvbnm,.`QWERTYUIOP{}ASDFGHJKL:\"ZXCVBNM<>~"
_RU = "йцукенгшщзхъфывапролджэячсмитьбюёЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮЁ"
TO_RUSSIAN = str.maketrans(_EN, _RU)
TO_ENGLISH = str.maketrans(_RU, _EN)

STEMS = """
select w.word, l.lexemes,
    exists (
        select from kb_lexeme k where k.lexeme = any(l.lexemes)
            and case %(audience)s when 0 then k.public_articles when 1 then k.customer_articles
                else k.articles end > 0) as known
from unnest(%(words)s::text[]) with ordinality w(word, position)
cross join lateral (select tsvector_to_array(to_tsvector('russian', w.word)) as lexemes) l
order by w.position
"""
CORRECT = """
select asked.word, best.word, best.lexeme
from unnest(%(words)s::text[]) asked(word)
cross join lateral (
    select w.word, w.lexeme from kb_word w
    where w.word %% asked.word
        and levenshtein_less_equal(w.word, asked.word, 2) <= case when length(asked.word) < 6 then 1 else 2 end
        and exists (
            select from kb_lexeme k where k.lexeme = w.lexeme
                and case %(audience)s when 0 then k.public_articles when 1 then k.customer_articles
                else k.articles end > 0)
    order by levenshtein(w.word, asked.word), similarity(w.word, asked.word) desc,
        w.articles desc, w.word
    limit 1) best
"""
PREFIXED = """
select array_agg(distinct lexeme) from (
    select lexeme from kb_word where word like %(prefix)s order by articles desc, word limit 12) w
"""
# Only the strongest articles of each stem are scored: a stem that stands in every other article
# costs no more than a rare one. The stems that tell least may choose least. With "offset 0" each
# posting is looked up by its key: a plan made before the stems are known reads whole articles.
RANK = """
with figures as (
    select greatest(documents, 1)::float as n,
        greatest(total_length / greatest(documents, 1), 1) as mean
    from kb_searchstatistics where id = 1),
stems as materialized (
    select k.lexeme, asked.weight * ln(1 + (n - k.articles + 0.5) / (k.articles + 0.5)) as idf,
        row_number() over (order by k.articles) as place
    from unnest(%(lexemes)s::text[], %(weights)s::float8[]) asked(lexeme, weight)
    join kb_lexeme k on k.lexeme = asked.lexeme, figures where k.articles > 0),
asked as materialized (select greatest(sum(idf), 0.01) as idf from stems),
candidates as materialized (
    select distinct strong.article_id
    from stems cross join lateral (
        select p.article_id from kb_posting p
        where p.lexeme = stems.lexeme and p.audience <= %(audience)s
        order by p.weight desc limit case when stems.place <= 2 then 120 else 40 end) strong),
visible as materialized (
    select c.article_id, doc.section_id,
        case when doc.language = %(language)s then 1.0 else 0.8 end as own,
        sum(s.idf * p.frequency * 2.5
            / (p.frequency + 1.5 * (0.6 + 0.4 * doc.length / figures.mean))) as bm25,
        coalesce(sum(s.idf) filter (where p.in_title), 0)
            / sqrt(asked.idf * greatest(doc.title_idf, 0.01)) as title
    from candidates c
    cross join lateral (
        select d.section_id, d.language, d.length, d.title_idf from kb_searchdocument d
        where d.article_id = c.article_id and d.audience <= %(audience)s
            and d.language = any(%(languages)s) offset 0) doc
    cross join stems s
    cross join lateral (
        select p.frequency, p.in_title from kb_posting p
        where p.lexeme = s.lexeme and p.article_id = c.article_id offset 0) p, asked, figures
    group by c.article_id, doc.section_id, doc.language, doc.title_idf, asked.idf),
total as materialized (select max(bm25) as best from visible)
select article_id, section_id, own * (bm25 / greatest(total.best, 0.01) + %(title_weight)s * title) as score
from visible, total
order by score desc, article_id
limit %(limit)s
"""


@dataclass(frozen=True)
class Hit:
    """An article that answers, with the found words marked."""

    article: Article
    title: SafeString
    snippet: SafeString
    score: float


@dataclass(frozen=True)
class Results:
    """What a search found, and as what it understood the question."""

    query: str
    corrected: str = ""
    hits: Sequence[Hit] = ()
    total: int = 0  # of this section, all pages
    sections: Sequence[tuple[Section, int]] = ()
    nearest: Sequence[Article] = field(default=())


@dataclass(frozen=True)
class Understood:
    """A question as stems, and as words when they had to be corrected."""

    lexemes: list[str]
    corrected: str = ""


def search(
    *,
    query: str,
    user: Reader,
    language: str,
    section: Section | None = None,
    limit: int = MOST_HITS,
    offset: int = 0,
    is_literal: bool = False,
) -> Results:
    """Answer a question with articles this reader may read, best first."""
    asked = tidy(query)
    understood = understand(asked, user, is_literal=is_literal)
    ranked = _rank(understood.lexemes, user, language, MOST_HITS)
    strong = [row for row in ranked if row[2] >= WEAKEST * ranked[0][2]]
    kept = [row for row in strong if section is None or row[1] == section.pk]
    return Results(
        query=asked,
        corrected=understood.corrected,
        hits=_hits(kept[offset : offset + limit], understood.lexemes, user),
        total=len(kept),
        sections=_facets([row[1] for row in strong]),
        nearest=() if kept else _nearest(user, language),
    )


def suggest(*, query: str, user: Reader, language: str) -> list[Article]:
    """Give the articles that match what was typed so far; the last word may be unfinished."""
    asked = tidy(query)
    words = _words(asked)
    if not words:
        return []
    lexemes = understand(asked, user, is_literal=len(words) == 1).lexemes
    lexemes += _prefixed(words[-1])
    ranked = _rank(lexemes, user, language, MOST_SUGGESTIONS, SUGGESTED_TITLE_WEIGHT)
    if not ranked:
        lexemes = understand(asked, user).lexemes
        ranked = _rank(lexemes, user, language, MOST_SUGGESTIONS, SUGGESTED_TITLE_WEIGHT)
    loaded = loading.load([row[0] for row in ranked], user)
    return [loaded[row[0]] for row in ranked if row[0] in loaded]


def similar(article: Article, user: Reader) -> list[int]:
    """Give the numbers of articles whose words are those of this one's title, best first."""
    lexemes = understand(str(article), user, is_literal=True).lexemes
    return [row[0] for row in _rank(lexemes, user, article.language, MOST_HITS)]


def tidy(query: str) -> str:
    """Give a question as it is searched: no control characters, one space, not endless."""
    return " ".join(html.without_control(query[: 4 * LONGEST_QUERY]).split())[:LONGEST_QUERY]


def understand(asked: str, user: Reader, *, is_literal: bool = False) -> Understood:
    """Turn a question into stems; unknown words are read in the other layout, then corrected."""
    stems = _stems(asked, user)
    unknown = [word for word, _lexemes, known in stems if not known]
    if is_literal or not unknown:
        return Understood(_join(stems))
    relaid = _relaid(asked, user)
    if relaid != asked:
        return _understood(relaid, _stems(relaid, user), user, corrected=relaid)
    return _understood(asked, stems, user)


def _relaid(asked: str, user: Reader) -> str:
    """Read each part of a question in the other keyboard layout where that makes words of it.

    A part ends at a space: a letter of the other layout may be a comma in this one, «,hjym».
    """
    parts = [(part, _switched(part)) for part in asked.split()]
    together = " ".join(f"{part} {other}" for part, other in parts)
    known = {word: (found, known) for word, found, known in _stems(together, user)}

    def share(part: str) -> float:
        return _known_share([(word, *known.get(word, ([word], False))) for word in _words(part)])

    return " ".join(
        other if other and share(other) > share(part) + CLEARLY else part for part, other in parts
    )


def _understood(
    asked: str, stems: Sequence[Stemmed], user: Reader, *, corrected: str = ""
) -> Understood:
    unknown = [word for word, _lexemes, known in stems if not known]
    return (
        _corrected(asked, stems, unknown, user) if unknown else Understood(_join(stems), corrected)
    )


def _known_share(stems: Sequence[Stemmed]) -> float:
    """Give the share of letters that stand in words of the index, or in stop words."""
    told = [(len(word), known) for word, _lexemes, known in stems]
    return sum(length for length, known in told if known) / max(1, sum(n for n, _known in told))


def _stems(asked: str, user: Reader) -> list[Stemmed]:
    words = _words(asked)[: 2 * MOST_WORDS]
    with connection.cursor() as cursor:
        cursor.execute(STEMS, {"words": words, "audience": int(audience_of(user))})
        # A word without a stem is a stop word: nothing is wrong with it.
        found = cursor.fetchall()
    meant = taught().known
    return [
        (word, lexemes, known or not lexemes or not meant.isdisjoint(lexemes))
        for word, lexemes, known in found
    ]


def _words(text: str) -> list[str]:
    return WORD.findall(fold(text).lower())


def _join(stems: Sequence[Stemmed]) -> list[str]:
    return list(dict.fromkeys(lexeme for _word, lexemes, _known in stems for lexeme in lexemes))


def _switched(asked: str) -> str:
    """Give the same keys on the other keyboard, or nothing when that changes nothing."""
    is_latin = sum(sign in _EN for sign in asked) > sum(sign in _RU for sign in asked)
    other = asked.translate(TO_RUSSIAN if is_latin else TO_ENGLISH)
    return other if other != asked else ""


def _corrected(
    asked: str, stems: Sequence[Stemmed], unknown: list[str], user: Reader
) -> Understood:
    wanted = [word for word in unknown if len(word) >= SHORTEST_CORRECTED]
    with connection.cursor() as cursor:
        cursor.execute(CORRECT, {"words": wanted, "audience": int(audience_of(user))})
        better = {word: (other, lexeme) for word, other, lexeme in cursor.fetchall()}
    if not better:
        return Understood(_join(stems))
    lexemes = _join(
        [
            (word, [better[word][1]] if word in better else found, True)
            for word, found, _known in stems
        ]
    )

    def mended(match: re.Match[str]) -> str:
        other = better.get(fold(match[0]).lower())
        return other[0] if other else match[0]

    return Understood(lexemes, WORD.sub(mended, asked))


def _prefixed(word: str) -> list[str]:
    escaped = word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    with connection.cursor() as cursor:
        cursor.execute(PREFIXED, {"prefix": f"{escaped}%"})
        return cursor.fetchone()[0] or []


def _rank(
    lexemes: list[str],
    user: Reader,
    language: str,
    limit: int,
    title_weight: float = TITLE_WEIGHT,
) -> list[Ranked]:
    if not lexemes:
        return []
    wanted, weights = taught().widened(lexemes)
    with connection.cursor() as cursor:
        cursor.execute(
            RANK,
            {
                "lexemes": wanted,
                "weights": weights,
                "language": language,
                "languages": ["ru", language],
                "audience": int(audience_of(user)),
                "limit": limit,
                "title_weight": title_weight,
            },
        )
        ranked: list[Ranked] = cursor.fetchall()
    return ranked


def _hits(ranked: Sequence[Ranked], lexemes: list[str], user: Reader) -> list[Hit]:
    loaded = loading.load([row[0] for row in ranked], user, with_words=True)
    return [_hit(loaded[row[0]], lexemes, row[2]) for row in ranked if row[0] in loaded]


def _hit(article: Article, lexemes: list[str], score: float) -> Hit:
    revision = article.current_revision
    if revision is None:
        raise Revision.DoesNotExist
    title = passages.marked(revision.title, lexemes)
    snippet = passages.best(getattr(article, "words", ""), lexemes)
    return Hit(article, _shown(title), _shown(snippet), score)


def _shown(text: str) -> SafeString:
    return html.marked(text, passages.OPEN, passages.CLOSE)


def _facets(sections: Sequence[int]) -> list[tuple[Section, int]]:
    found = remember("sections", Section.objects.in_bulk)
    counts = {number: sections.count(number) for number in dict.fromkeys(sections)}
    return [(found[number], count) for number, count in counts.items()]


def _nearest(user: Reader, language: str) -> list[Article]:
    """Give what is read most: a page without a way on helps nobody."""
    visible = Article.objects.visible_to(user).in_language(language).for_list()
    return list(visible.popular()[:5])
