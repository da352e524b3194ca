"""What happens to feedback: given, taken, answered, closed."""

from collections.abc import Sequence
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import html
from portal.feedback import letters
from portal.feedback.models import Feedback, Kind, Source, Status, To
from portal.refusals import NotAllowed, Refused

LONGEST = 10_000


class NothingSaid(Refused):
    """Feedback needs words."""

    code = "nothing_said"
    status = 400
    field = "text"
    message = _("Write a few words, please.")


class TooLong(Refused):
    """The text is longer than we keep."""

    code = "too_long"
    status = 400
    field = "text"
    message = _("This is longer than 10,000 characters. Shorten it a little, please.")


class NoAddress(Refused):
    """Nobody to send an answer to: it was given without a name."""

    code = "no_address"
    field = "answer"
    message = _("The author left no address, so an answer cannot be sent. Close it instead.")


class AlreadyAnswered(Refused):
    """An answer has left already."""

    code = "already_answered"
    field = "answer"
    message = _("An answer was sent already.")


def give(
    *,
    kind: str,
    to: str,
    text: str,
    at: datetime,
    form_key: str,
    author: User | None = None,
    name: str = "",
    email: str = "",
    language: str = "ru",
    source: str = Source.PAGE,
    reasons: Sequence[str] = (),
    about_path: str = "",
    about_title: str = "",
) -> Feedback:
    """Keep what somebody says and send it to its addressee; the same form twice is kept once.

    Raises NothingSaid, TooLong.
    """
    said = html.without_control(text).strip()
    if not said:
        raise NothingSaid
    if len(said) > LONGEST:
        raise TooLong
    given = Feedback(
        kind=Kind(kind),
        to=To(to),
        source=Source(source),
        author=author,
        name=author.full_name if author else html.without_control(name).strip()[:150],
        email=author.email if author else email,
        language=language,
        text=said,
        reasons=list(reasons),
        about_path=about_path[:300],
        about_title=html.without_control(about_title)[:300],
        created_at=at,
        form_key=form_key,
    )
    try:
        with transaction.atomic():
            given.save()
            letters.feedback_received(given, at=at)
            letters.feedback_thanks(given, at=at)
    except IntegrityError:
        return Feedback.objects.get(form_key=form_key)
    return given


def reword(*, form_key: str, text: str) -> None:
    """Keep the author's second thought in place of the first, while nobody has answered it."""
    Feedback.objects.filter(form_key=form_key, answered_at=None).update(text=text[:LONGEST])


@transaction.atomic
def take(*, feedback: Feedback, actor: User) -> Feedback:
    """Make somebody its owner and say that it is being looked at. Raises NotAllowed."""
    feedback = _lock(feedback, actor)
    feedback.owner = actor
    if feedback.status == Status.NEW:
        feedback.status = Status.IN_PROGRESS
    feedback.save(update_fields=["owner", "status"])
    return feedback


@transaction.atomic
def hand_over(*, feedback: Feedback, owner: User | None, actor: User) -> Feedback:
    """Make somebody else its owner. Raises NotAllowed when they may not read it."""
    feedback = _lock(feedback, actor)
    if owner and not Feedback.objects.visible_to(owner).filter(pk=feedback.pk).exists():
        raise NotAllowed(_("This person may not read it."))
    feedback.owner = owner
    feedback.save(update_fields=["owner"])
    return feedback


@transaction.atomic
def answer(*, feedback: Feedback, actor: User, text: str, at: datetime) -> Feedback:
    """Send an answer to the author. Raises NotAllowed, NoAddress, NothingSaid, AlreadyAnswered."""
    feedback = _lock(feedback, actor)
    said = html.without_control(text).strip()
    if not said:
        raise NothingSaid
    if not feedback.email:
        raise NoAddress
    if feedback.answered_at:
        raise AlreadyAnswered
    feedback.answer, feedback.answered_at, feedback.answered_by = said, at, actor
    feedback.status = Status.ANSWERED
    feedback.owner = feedback.owner or actor
    feedback.save(update_fields=["answer", "answered_at", "answered_by", "status", "owner"])
    letters.feedback_answered(feedback, at=at)
    return feedback


@transaction.atomic
def close(*, feedback: Feedback, actor: User) -> Feedback:
    """Say that nothing more will come of it. Raises NotAllowed."""
    feedback = _lock(feedback, actor)
    feedback.status = Status.CLOSED
    feedback.save(update_fields=["status"])
    return feedback


def reviewers(feedback: Feedback) -> QuerySet[User]:
    """Give the people who may read it, to choose an owner from."""
    needed = "review_head_feedback" if feedback.to == To.HEAD else "review_feedback"
    may_read = Q(groups__permissions__codename=needed) | Q(is_superuser=True)
    found: QuerySet[User] = User.objects.filter(may_read, is_active=True, is_staff=True)
    return found.distinct().order_by("full_name")


def _lock(feedback: Feedback, actor: User) -> Feedback:
    visible = Feedback.objects.visible_to(actor).filter(pk=feedback.pk)
    if not actor.is_active or not visible.exists():
        raise NotAllowed
    locked: Feedback = Feedback.objects.select_for_update(of=("self",)).get(pk=feedback.pk)
    return locked
