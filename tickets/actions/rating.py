"""What the requester thinks of a solution: one to five, in one tap."""

from datetime import datetime, timedelta

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from portal.feedback import actions as feedback
from portal.feedback.models import Kind, Source, To
from portal.refusals import Refused
from tickets import access, history, rules
from tickets.actions import locking, texts
from tickets.models import Rating, Ticket

CHANGED_FOR = timedelta(days=7)
SCORES = range(1, 6)
LOW = 2  # what is no better goes to the head of support as a complaint


class NoSuchScore(Refused):
    """The score is one to five."""

    code = "no_such_score"
    status = 400
    field = "score"
    message = gettext_lazy("Choose a mark from 1 to 5.")


class NotSolved(Refused):
    """There is no solution to judge, or it is another one by now."""

    code = "not_solved"
    message = gettext_lazy("This solution is not judged any more: work on the ticket goes on.")


class RatedLongAgo(Refused):
    """A mark stands after a week."""

    code = "rated_long_ago"
    message = gettext_lazy("The mark is more than a week old: it stays as it is.")


@transaction.atomic
def rate(
    *,
    ticket: Ticket,
    actor: User,
    score: int,
    at: datetime,
    comment: str | None = None,
    resolved_at: datetime | None = None,
) -> Rating:
    """Keep the mark for the present solution; a low one goes to the head of support, once.

    Without a comment the earlier one stays. `resolved_at` names the solution that is meant, as a
    letter does. Raises NotAllowed, NoSuchScore, NotSolved, RatedLongAgo, texts.RemarkTooLong.
    """
    if score not in SCORES:
        raise NoSuchScore
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_rate)
    if ticket.status not in rules.DONE_STATUSES or ticket.resolved_at is None:
        raise NotSolved
    if resolved_at is not None and resolved_at != ticket.resolved_at:
        raise NotSolved
    found = Rating.objects.filter(ticket=ticket, resolved_at=ticket.resolved_at).first()
    rating = found or Rating(
        ticket=ticket,
        resolved_at=ticket.resolved_at,
        rated_at=at,
        specialist=_solver_of(ticket),
    )
    said = rating.comment if comment is None else texts.remark_of(comment, field="comment")
    if (rating.score, rating.comment) == (score, said):
        return rating
    if found and at - found.rated_at > CHANGED_FOR:
        raise RatedLongAgo
    return _write(rating, actor, score, said, at)


def _solver_of(ticket: Ticket) -> User | None:
    """Give whoever called it solved; the assignee where the customer closed it without that."""
    event = ticket.events.filter(code="resolved").select_related("actor").order_by("id").last()
    is_of_now = event is not None and event.at == ticket.resolved_at
    return event.actor if event and is_of_now else ticket.assignee


def _write(rating: Rating, actor: User, score: int, comment: str, at: datetime) -> Rating:
    is_new_score = rating.score != score
    rating.score, rating.comment = score, comment
    rating.save()
    if is_new_score:
        history.record(ticket=rating.ticket, code="rated", actor=actor, at=at, score=score)
    if score <= LOW:
        _tell_the_head(rating, actor, at)
    return rating


def _tell_the_head(rating: Rating, actor: User, at: datetime) -> None:
    """Make it a complaint that specialists do not see; a second thought only changes its words."""
    ticket, key = rating.ticket, f"rating:{rating.pk}"
    text = _("Rated %(score)d of 5.") % {"score": rating.score}
    text = f"{text}\n\n{rating.comment}" if rating.comment else text
    feedback.give(
        kind=Kind.COMPLAINT,
        to=To.HEAD,
        source=Source.TICKET,
        text=text,
        author=actor,
        language=actor.language,
        about_path=reverse("desk:ticket", args=[ticket.number]),
        about_title=str(ticket),
        form_key=key,
        at=at,
    )
    feedback.reword(form_key=key, text=text)
