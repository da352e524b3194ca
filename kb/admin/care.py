"""What should be done to articles: the lists of work, and the reasons beside each row."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.views import ChangeList

from kb import actions
from kb.models import Article, ArticleLink, ArticleStatus


class WaitingFilter(admin.SimpleListFilter):
    """What somebody should do next."""

    title = gettext_lazy("what to do")
    parameter_name = "waits"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        """Offer each list of work."""
        return [(code, name) for code, name, _narrow in LISTS]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Article]) -> QuerySet[Article]:
        """Keep what belongs to the list."""
        narrow = next((one for code, _name, one in LISTS if code == self.value()), None)
        return narrow(queryset) if narrow else queryset


LISTS: tuple[tuple[str, Any, Callable[[Any], QuerySet[Article]]], ...] = (
    (
        "care",
        gettext_lazy("look after it: due, flagged, broken or older than its original"),
        lambda rows: rows.needing_care(timezone.localdate()),
    ),
    (
        "review",
        gettext_lazy("review it"),
        lambda rows: rows.filter(submitted_revision__isnull=False),
    ),
    (
        "scheduled",
        gettext_lazy("nothing: it comes out at its hour"),
        lambda rows: rows.filter(scheduled_at__isnull=False),
    ),
    (
        "flagged",
        gettext_lazy("change it: somebody says what"),
        lambda rows: rows.exclude(needs_change=""),
    ),
    (
        "stale",
        gettext_lazy("look whether it is still true"),
        lambda rows: rows.stale(timezone.localdate()),
    ),
    (
        "links",
        gettext_lazy("mend its links"),
        lambda rows: rows.broken(),
    ),
    ("older", gettext_lazy("translate what is new"), lambda rows: rows.older_translations()),
)


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
