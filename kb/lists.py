"""Lists of articles for the pages that put several things together."""

from collections.abc import Sequence
from dataclasses import dataclass

from kb.models import Article, Section
from kb.search import Reader

MOST = 5


@dataclass(frozen=True)
class HomeLists:
    """What the home page shows of the knowledge base."""

    sections: Sequence[Section]
    popular: Sequence[Article]
    recent: Sequence[Article]


def home_lists(user: Reader, language: str) -> HomeLists:
    """Load sections with their counts, what is read most, what was updated last."""
    visible = Article.objects.visible_to(user).in_language(language)
    sections = Section.objects.filled_with(visible)
    return HomeLists(
        sections=list(sections.order_by("order", "id")),
        popular=list(visible.for_list().popular()[:MOST]),
        recent=list(visible.for_list().order_by("-updated_at", "-id")[:MOST]),
    )


def related_to(article: Article, user: Reader) -> list[Article]:
    """Give the articles chosen as related, filled up with neighbours of the section."""
    visible = Article.objects.visible_to(user).filter(language=article.language).for_list()
    chosen = list(visible.filter(related=article).order_by("id")[:MOST])
    if len(chosen) >= MOST:
        return chosen
    known = {article.pk, *(one.pk for one in chosen)}
    near = visible.filter(section=article.section_id).exclude(pk__in=known).order_by("-updated_at")
    return chosen + list(near[: MOST - len(chosen)])
