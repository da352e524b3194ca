"""Why somebody should look after an article: the reasons beside each row of the list."""

from collections import Counter
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from unfold.views import ChangeList

from kb import actions
from kb.models import Article, ArticleLink, ArticleStatus


class CaredList(ChangeList):
    """A page of articles, each with what is wrong with it: asked for the rows that are shown."""

    result_list: Any

    def get_results(self, request: HttpRequest) -> None:
        """Ask for all rows of the page at once."""
        super().get_results(request)
        rows: list[Any] = list(self.result_list)
        numbers = [row.pk for row in rows]
        shown = Article.objects.filter(pk__in=numbers)
        older = set(shown.older_translations().values_list("pk", flat=True))
        links = ArticleLink.objects.leading_nowhere().filter(article__in=numbers)
        broken = Counter(links.values_list("article", flat=True))
        for row in rows:
            row.is_older, row.broken_links = row.pk in older, broken[row.pk]
        self.result_list = rows


def reasons(row: Any) -> list[str]:
    """Give the reasons why somebody should look at an article of a CaredList."""
    if row.status != ArticleStatus.PUBLISHED:
        return []
    due, found = actions.due_on(row), []
    if row.needs_change:
        found.append(_("needs a change: %(what)s") % {"what": row.needs_change})
    if due and due <= timezone.localdate():
        found.append(_("due since %(day)s") % {"day": date_format(due, "j E Y")})
    if row.is_older:
        found.append(_("older than its original"))
    if row.broken_links:
        found.append(_("broken links: %(count)d") % {"count": row.broken_links})
    return found
