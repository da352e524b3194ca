"""Articles of a ticket: read before it was filed, given in its answers, written from it."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from accounts.models import User
from portal import exchange
from portal.exchange import Named
from portal.refusals import Refused
from tickets import access, history, rules
from tickets.actions import locking
from tickets.models import ArticleTie, Message, Ticket

Kind = ArticleTie.Kind


class NotSolvedYet(Refused):
    """An article tells how something was solved."""

    code = "not_solved_yet"
    message = _("Write the article when the ticket is solved.")


class UnknownSection(Refused):
    """An article stands in a section."""

    code = "unknown_section"
    status = 400
    field = "section"
    message = _("Choose a section.")


def read_before(ticket: Ticket, articles: Iterable[Named], *, at: datetime) -> None:
    """Keep which articles the customer had read when they filed."""
    _tie(ticket, Kind.READ, articles, by=None, at=at)


def given(ticket: Ticket, message: Message, *, at: datetime) -> None:
    """Keep which articles an answer names; most name none and ask nothing of the database."""
    found = exchange.of_articles().named_in(message.text)
    _tie(ticket, Kind.GIVEN, found, by=message.author, at=at)


def _tie(
    ticket: Ticket, kind: Kind, articles: Iterable[Named], *, by: User | None, at: datetime
) -> None:
    ties = [
        ArticleTie(
            ticket=ticket,
            kind=kind,
            article=one.article,
            revision=one.revision,
            title=one.title,
            code=one.code,
            by=by,
            at=one.at or at,
        )
        for one in articles
    ]
    if ties:
        ArticleTie.objects.bulk_create(ties, ignore_conflicts=True)


@transaction.atomic
def write_article(
    *, ticket: Ticket, actor: User, section: int, title: str, body: str, at: datetime
) -> ArticleTie:
    """Begin an article from a solved ticket; a second time gives the first one.

    The words are those of whoever reviewed them. Raises NotAllowed, NotSolvedYet, UnknownSection
    and what the knowledge base refuses.
    """
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_write_article)
    if (before := ticket.articles.filter(kind=Kind.WRITTEN).first()) is not None:
        return before
    if ticket.status not in rules.DONE_STATUSES:
        raise NotSolvedYet
    articles = exchange.of_articles()
    if section not in {number for number, _title in articles.sections()}:
        raise UnknownSection
    with override(ticket.language):
        comment = str(_("from ticket No. %(number)d") % {"number": ticket.number})
    draft = articles.write_draft(
        actor=actor,
        section=section,
        title=title,
        body=body,
        language=ticket.language,
        comment=comment,
        at=at,
    )
    _tie(ticket, Kind.WRITTEN, [draft], by=actor, at=at)
    history.record(ticket=ticket, code="article_written", actor=actor, at=at, title=title[:250])
    return ticket.articles.get(kind=Kind.WRITTEN)
