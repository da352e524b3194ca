"""What the knowledge base tells tickets (portal.exchange): what was read, named and written."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from django.conf import settings
from django.db.models import Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from kb import actions
from kb.models import Article, ReadCount, Section
from portal import html
from portal.exchange import Named

SESSION_KEY = "articles_read"
MOST_READ = 10
REMEMBERED_FOR = timedelta(hours=24)
MOST_NAMED = 20
ADDRESS = re.compile(
    r"(?P<site>https?://[^/\s]+)?/(?:kb/(?P<slug>[-\w]+)/|to/(?P<code>[a-z0-9]{4,12}))"
)


def remember_read(request: HttpRequest, article: Article, *, at: datetime) -> None:
    """Note in the session that an article was read; nobody is given a session for that."""
    if not request.session.session_key or article.current_revision is None:
        return
    kept = [one for one in _kept(request, at) if one[0] != article.pk]
    if not request.session.session_key:  # reading has shown that the key opens nothing
        return
    newest = [article.pk, article.current_revision.number, int(at.timestamp())]
    request.session[SESSION_KEY] = [newest, *kept][:MOST_READ]


def recently_read(request: HttpRequest, *, at: datetime) -> list[Named]:
    """Give what this session has read in the last day, newest first."""
    kept = _kept(request, at)
    if not kept:
        return []
    rows = _named(Article.objects.filter(pk__in=[one[0] for one in kept]))
    found = {one.article: one for one in rows}
    return [
        Named(number, found[number].title, found[number].code, revision, _moment(stamp, at))
        for number, revision, stamp in kept
        if number in found
    ]


def _moment(stamp: int, at: datetime) -> datetime:
    return datetime.fromtimestamp(stamp, at.tzinfo)


def _kept(request: HttpRequest, at: datetime) -> list[list[int]]:
    since = (at - REMEMBERED_FOR).timestamp()
    return [one for one in request.session.get(SESSION_KEY, []) if one[2] >= since]


def named_in(text: str) -> list[Named]:
    """Give the articles whose addresses on this site stand in a text, each once."""
    site = settings.SITE_URL.rstrip("/")
    found = [one for one in ADDRESS.finditer(text) if one["site"] in {None, site}][:MOST_NAMED]
    if not found:
        return []
    named = Q(slug__in=[one["slug"] for one in found if one["slug"]])
    named |= Q(short_code__in=[one["code"] for one in found if one["code"]])
    return _named(Article.objects.published().filter(named))


def _named(articles: QuerySet[Article]) -> list[Named]:
    rows = articles.filter(current_revision__isnull=False).order_by("id")
    return [
        Named(*row)
        for row in rows.values_list(
            "pk", "current_revision__title", "short_code", "current_revision__number"
        )
    ]


def reads_by_day(first: date, last: date) -> Mapping[date, int]:
    """Count the readings of each day, of all articles."""
    rows = ReadCount.objects.filter(on__range=(first, last)).values("on")
    return dict(rows.annotate(total=Sum("count")).values_list("on", "total"))


def sections() -> Sequence[tuple[int, str]]:
    """Give the sections in their order."""
    return [(one.pk, one.title) for one in Section.objects.order_by("order", "id")]


def may_write(person: User) -> bool:
    """Whether this person writes articles."""
    return actions.can_write(person)


def write_draft(
    *,
    actor: User,
    section: int,
    title: str,
    body: str,
    language: str,
    comment: str,
    at: datetime,
) -> Named:
    """Write a draft of typed text, its paragraphs and lists as they stand."""
    article = actions.write_draft(
        actor=actor,
        section=Section.objects.get(pk=section),
        title=title,
        body=html.from_markdown(body),
        language=language,
        comment=comment,
        at=at,
    )
    return Named(article.pk, title, article.short_code)


def address_for_authors(article: int) -> str:
    """Give where an article is written."""
    return reverse("admin:kb_article_change", args=[article])
