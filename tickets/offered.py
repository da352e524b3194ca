"""What tickets tell the knowledge base (portal.exchange): who asked after reading, what solved tickets."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from accounts.models import User
from portal.exchange import OfArticle
from tickets import rules
from tickets.models import ArticleTie, Ticket

SHOWN = 20
DONE = [status.value for status in rules.DONE_STATUSES]


def counted(kind: str, start: datetime, end: datetime, *, most: int) -> Sequence[tuple[int, int]]:
    """Give articles with their tickets of a stretch of time; what was given counts once solved."""
    ties = ArticleTie.objects.filter(kind=kind, at__gte=start, at__lt=end)
    if kind == ArticleTie.Kind.GIVEN:
        ties = ties.filter(ticket__status__in=DONE)
    rows = ties.values("article").annotate(tickets=Count("id")).order_by("-tickets", "article")
    return list(rows.values_list("article", "tickets")[:most])


def of_article(article: int, person: User) -> Sequence[OfArticle]:
    """Give the tickets of an article that this person may see, newest first."""
    visible = Ticket.objects.visible_to(person).values("pk")
    ties = ArticleTie.objects.filter(article=article, ticket__in=visible).order_by("-at", "-id")
    rows = ties.values_list("kind", "ticket__number", "ticket__subject", "ticket__status", "at")
    return [
        OfArticle(kind, number, subject, status in DONE, at)
        for kind, number, subject, status, at in rows[:SHOWN]
    ]


def count_solved(article: int) -> int:
    """Count the solved tickets in which this article was given."""
    given = ArticleTie.objects.filter(article=article, kind=ArticleTie.Kind.GIVEN)
    return given.filter(ticket__status__in=DONE).count()
