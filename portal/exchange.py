"""What articles and tickets tell each other: each side gives when it starts, and neither knows the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from django.http import HttpRequest

    from accounts.models import User


@dataclass(frozen=True)
class Named:
    """An article as the other side knows it: its number, its title, its short link, its words."""

    article: int
    title: str
    code: str
    revision: int | None = None  # its number
    at: datetime | None = None


@dataclass(frozen=True)
class OfArticle:
    """A ticket that has to do with an article."""

    kind: str  # read, given, written
    number: int
    subject: str
    is_done: bool
    at: datetime


class Articles(Protocol):
    """What the knowledge base gives."""

    def recently_read(self, request: HttpRequest, *, at: datetime) -> Sequence[Named]:
        """Give the articles that this session has read lately, newest first."""

    def named_in(self, text: str) -> Sequence[Named]:
        """Give the articles whose addresses stand in a text."""

    def reads_by_day(self, first: date, last: date) -> Mapping[date, int]:
        """Count the readings of each day."""

    def sections(self) -> Sequence[tuple[int, str]]:
        """Give the places an article may stand at."""

    def may_write(self, person: User) -> bool:
        """Whether this person writes articles."""

    def write_draft(
        self,
        *,
        actor: User,
        section: int,
        title: str,
        body: str,
        language: str,
        comment: str,
        at: datetime,
    ) -> Named:
        """Write a draft of typed text. Raises NotAllowed, NothingWritten, TooLong."""

    def address_for_authors(self, article: int) -> str:
        """Give where an article is written."""


class Tickets(Protocol):
    """What the ticket system gives."""

    def counted(
        self, start: datetime, end: datetime, *, most: int
    ) -> Mapping[str, Sequence[tuple[int, int]]]:
        """Give articles with the number of tickets, the most first: those read, those given."""

    def of_article(self, article: int, person: User) -> Sequence[OfArticle]:
        """Give the tickets of an article that this person may see, newest first."""

    def count_solved(self, article: int) -> int:
        """Count the solved tickets in which this article was given."""


class Missing(Exception):
    """The app that would give this is not installed: a mistake of the start-up."""


_articles: list[Articles] = []
_tickets: list[Tickets] = []


def give_articles(giver: Articles) -> None:
    """Let tickets learn of articles."""
    _articles[:] = [giver]


def give_tickets(giver: Tickets) -> None:
    """Let articles learn of tickets."""
    _tickets[:] = [giver]


def of_articles() -> Articles:
    """Give what the knowledge base tells. Raises Missing."""
    if not _articles:
        raise Missing("articles")
    return _articles[0]


def of_tickets() -> Tickets:
    """Give what the ticket system tells. Raises Missing."""
    if not _tickets:
        raise Missing("tickets")
    return _tickets[0]
