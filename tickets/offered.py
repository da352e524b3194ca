"""What tickets tell the knowledge base (portal.exchange): who asked after reading, what solved tickets."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from accounts.models import User
from portal.exchange import OfArticle
from tickets import rules
from tickets.models import ArticleTie, Ticket

SHOWN = 20
DONE = [status.value for status in rules.DONE_STATUSES]


def counted(
    start: datetime, end: datetime, *, most: int
) -> Mapping[str, Sequence[tuple[int, int]]]:
    """Give articles with their tickets of a stretch of time; what was given counts once solved."""
    ties = ArticleTie.objects.filter(at__gte=start, at__lt=end)
    read = ties.filter(kind=ArticleTie.Kind.READ)
    given = ties.filter(kind=ArticleTie.Kind.GIVEN, ticket__status__in=DONE)
    found: dict[str, list[tuple[int, int]]] = {"read": [], "given": []}
    for kind, article, tickets in _most(read, most).union(_most(given, most), all=True):
        found[kind].append((article, tickets))
    return {kind: sorted(rows, key=_by_tickets) for kind, rows in found.items()}


def _most(ties: QuerySet[ArticleTie], most: int) -> QuerySet[ArticleTie, Any]:
    rows = ties.values("kind", "article").annotate(tickets=Count("id"))
    return rows.values_list("kind", "article", "tickets").order_by("-tickets", "article")[:most]


def _by_tickets(row: tuple[int, int]) -> tuple[int, int]:
    article, tickets = row
    return -tickets, article


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
