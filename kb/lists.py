"""Lists of articles that many pages show; remembered until something that readers see changes."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import NamedTuple, TypedDict

from django.db.models import Count, Q

from kb.audience import audience_of
from kb.memory import remember
from kb.models import Article, Kind, Section
from kb.querysets import ArticleQuerySet
from kb.search import Reader, similar

MOST = 5
MOST_RELATED = 4
MOST_QUESTIONS = 60
MOST_ON_A_PAGE = 300  # questions on the page of all of them


class HomeLists(TypedDict):
    """What the home page shows of the knowledge base."""

    sections: Sequence[Section]
    popular: Sequence[Article]
    recent: Sequence[Article]
    has_questions: bool


class Around(NamedTuple):
    """What stands around an article: others that may help, and itself in other languages."""

    related: Sequence[Article]
    translations: Sequence[Article]


class Shelf(NamedTuple):
    """A section in its place: what stands above it, within it, beside it."""

    section: Section
    above: Sequence[Section]
    children: Sequence[Section]
    beside: Sequence[Section]


def home_lists(user: Reader, language: str) -> HomeLists:
    """Give sections with their counts, what is read most, what was updated last."""
    key = ("home", language, audience_of(user))
    return remember(key, lambda: _home_lists(user, language))


def around(article: Article, user: Reader) -> Around:
    """Give what the page of an article shows below its words."""
    key = ("around", article.pk, audience_of(user))
    return remember(key, lambda: _around(article, user))


def shelf(slug: str, user: Reader, language: str) -> Shelf | None:
    """Give a section that holds something for this reader, itself or within; none otherwise."""
    tree = remember(("tree", language, audience_of(user)), lambda: _tree(user, language))
    found = next((one for one in tree if one.slug == slug), None)
    if found is None:
        return None
    return Shelf(
        section=found,
        above=_above(found, {one.pk: one for one in tree}),
        children=[one for one in tree if one.parent_id == found.pk],
        beside=[one for one in tree if one.parent_id == found.parent_id],
    )


def above(section: Section) -> list[Section]:
    """Give the sections that one stands within, the outermost first."""
    return _above(section, remember("sections", Section.objects.in_bulk))


def _above(section: Section, known: Mapping[int, Section]) -> list[Section]:
    path: list[Section] = []
    parent = known.get(section.parent_id or 0)
    while parent is not None and parent not in path:
        path.insert(0, parent)
        parent = known.get(parent.parent_id or 0)
    return path


def _tree(user: Reader, language: str) -> list[Section]:
    return filled(Article.objects.visible_to(user).in_language(language))


def filled(visible: ArticleQuerySet) -> list[Section]:
    """Give the sections that hold some of these, with all that stands within (`article_count`)."""
    own = dict(visible.values_list("section").annotate(count=Count("id")).order_by())
    everything = list(Section.objects.select_related("parent").order_by("order", "id"))
    known = {one.pk: one for one in everything}
    totals: Counter[int] = Counter()
    for pk, count in own.items():
        for one in (known[pk], *_above(known[pk], known)):
            totals[one.pk] += count
    for one in everything:
        one.article_count = totals[one.pk]  # type: ignore[attr-defined]  # a note of ours, for pages
    return [one for one in everything if totals[one.pk]]


def within(shelf: Section, user: Reader, language: str) -> list[int]:
    """Give the numbers of a section and of all that stand within it and hold something."""
    tree = remember(("tree", language, audience_of(user)), lambda: _tree(user, language))
    known = {one.pk: one for one in tree}
    return [one.pk for one in tree if shelf.pk in {one.pk, *_numbers(_above(one, known))}]


def _numbers(sections: Sequence[Section]) -> list[int]:
    return [one.pk for one in sections]


def all_questions(user: Reader, language: str) -> list[tuple[Section, list[Article]]]:
    """Give every question with its short answer, by section, sections in their order."""
    key = ("questions", language, audience_of(user))
    return remember(key, lambda: _all_questions(user, language))


def _all_questions(user: Reader, language: str) -> list[tuple[Section, list[Article]]]:
    visible = Article.objects.visible_to(user).in_language(language)
    asked = visible.filter(kind=Kind.QUESTION).for_reading()
    ordered = asked.order_by("section__order", "section", "current_revision__title", "id")
    found = groupby(ordered[:MOST_ON_A_PAGE], key=lambda one: one.section)
    return [(section, list(some)) for section, some in found]


def questions(section: Section, user: Reader, language: str) -> list[Article]:
    """Give the questions with short answers that stand in a section."""
    key = ("questions", section.pk, language, audience_of(user))
    return remember(key, lambda: _questions(section, user, language))


def _questions(section: Section, user: Reader, language: str) -> list[Article]:
    visible = Article.objects.visible_to(user).in_language(language)
    asked = visible.filter(section=section, kind=Kind.QUESTION).for_reading()
    return list(asked.order_by("current_revision__title", "id")[:MOST_QUESTIONS])


def is_older_translation(article: Article) -> bool:
    """Whether the original has changed since this translation was written."""
    if article.translation_of_id is None:
        return False
    return remember(("older", article.pk), lambda: _is_older(article))


def _is_older(article: Article) -> bool:
    return Article.objects.filter(pk=article.pk).older_translations().exists()


def _home_lists(user: Reader, language: str) -> HomeLists:
    visible = Article.objects.visible_to(user).in_language(language)
    tree = remember(("tree", language, audience_of(user)), lambda: _tree(user, language))
    return {
        "sections": [one for one in tree if one.parent_id is None],
        "popular": list(visible.for_list().popular()[:MOST]),
        "recent": list(visible.for_list().order_by("-updated_at", "-id")[:MOST]),
        "has_questions": visible.filter(kind=Kind.QUESTION).exists(),
    }


def _around(article: Article, user: Reader) -> Around:
    visible = Article.objects.visible_to(user).for_list()
    same = Q(translation_of=article) | Q(pk=article.translation_of_id)
    return Around(
        related=_related(article, user),
        translations=list(visible.filter(same).exclude(pk=article.pk).order_by("language")),
    )


def _related(article: Article, user: Reader) -> list[Article]:
    """Give the articles chosen as related, filled up with the most similar of the section."""
    visible = Article.objects.visible_to(user).filter(language=article.language).for_list()
    chosen = list(visible.filter(related=article).order_by("id")[:MOST_RELATED])
    known = {article.pk, *(one.pk for one in chosen)}
    numbers = [number for number in similar(article, user) if number not in known]
    found = visible.filter(section=article.section_id).in_bulk(numbers)
    near = [found[number] for number in numbers if number in found]
    return (chosen + near)[:MOST_RELATED]
