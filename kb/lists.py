"""Lists of articles that many pages show; remembered until something that readers see changes."""

from collections.abc import Sequence
from typing import NamedTuple, TypedDict

from django.db.models import Q

from kb.audience import audience_of
from kb.memory import remember
from kb.models import Article, Section
from kb.search import Reader, similar

MOST = 5
MOST_RELATED = 4


class HomeLists(TypedDict):
    """What the home page shows of the knowledge base."""

    sections: Sequence[Section]
    popular: Sequence[Article]
    recent: Sequence[Article]


class Around(NamedTuple):
    """What stands around an article: others that may help, and itself in other languages."""

    related: Sequence[Article]
    translations: Sequence[Article]


def home_lists(user: Reader, language: str) -> HomeLists:
    """Give sections with their counts, what is read most, what was updated last."""
    key = ("home", language, audience_of(user))
    return remember(key, lambda: _home_lists(user, language))


def around(article: Article, user: Reader) -> Around:
    """Give what the page of an article shows below its words."""
    key = ("around", article.pk, audience_of(user))
    return remember(key, lambda: _around(article, user))


def _home_lists(user: Reader, language: str) -> HomeLists:
    visible = Article.objects.visible_to(user).in_language(language)
    sections = Section.objects.filled_with(visible).order_by("order", "id")
    return {
        "sections": list(sections),
        "popular": list(visible.for_list().popular()[:MOST]),
        "recent": list(visible.for_list().order_by("-updated_at", "-id")[:MOST]),
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
