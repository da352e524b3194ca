"""What somebody has begun to write, kept for the whole desk, and who is looking just now.

Neither is history: rows are overwritten, nothing is locked and nothing is recorded.
"""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal import html
from portal.refusals import NotAllowed, Refused
from tickets import access
from tickets.actions.texts import LONGEST_TEXT, TooLong
from tickets.models import Draft, Presence, Ticket

MODES = ("reply", "note")
LEFT_AFTER = timedelta(hours=1)  # long after the last sign that pages still show


class DraftGone(Refused):
    """Its author has sent it or thrown it away."""

    code = "draft_gone"
    message = _("This draft is gone: it was sent or thrown away.")


def save_draft(*, ticket: Ticket, author: User, mode: str, text: str, at: datetime) -> Draft | None:
    """Keep what a person has written so far; without words there is no draft.

    Raises NotAllowed, texts.TooLong.
    """
    if not access.can_draft(author, ticket):
        raise NotAllowed
    words = html.without_control(text)
    if not words.strip():
        drop_draft(ticket=ticket, author=author)
        return None
    if len(words) > LONGEST_TEXT:
        raise TooLong
    draft = Draft(
        ticket=ticket,
        author=author,
        mode=mode if mode in MODES else MODES[0],
        text=words,
        updated_at=at,
    )
    _put(draft)
    return draft


def drop_draft(*, ticket: Ticket, author: User) -> None:
    """Forget what a person had begun: it was sent, or is not wanted any more."""
    Draft.objects.filter(ticket=ticket, author=author).delete()


def take_over_draft(*, ticket: Ticket, actor: User, draft_id: int, at: datetime) -> Draft:
    """Go on with a copy of what somebody else has begun; theirs stays, one of the system is taken.

    Raises NotAllowed, DraftGone.
    """
    if not access.can_draft(actor, ticket):
        raise NotAllowed
    found = Draft.objects.filter(ticket=ticket, pk=draft_id).first()
    if found is None:
        raise DraftGone
    taken = Draft(ticket=ticket, author=actor, mode=found.mode, text=found.text, updated_at=at)
    _put(taken)
    if found.author_id is None:
        found.delete()
    return taken


def show_presence(*, ticket: Ticket, person: User, is_writing: bool, at: datetime) -> None:
    """Say that somebody has the ticket open, and whether they write."""
    here = Presence(ticket=ticket, person=person, seen_at=at, writing_at=at if is_writing else None)
    Presence.objects.bulk_create(
        [here],
        update_conflicts=True,
        unique_fields=["ticket", "person"],
        update_fields=["seen_at", *(["writing_at"] if is_writing else [])],
    )


def forget_presence(*, at: datetime) -> int:
    """Forget who has left long ago; answers how many rows went."""
    # Race: a sign given meanwhile makes the row new; the database looks at it again and keeps it.
    return Presence.objects.filter(seen_at__lt=at - LEFT_AFTER).delete()[0]


def _put(draft: Draft) -> None:
    """Write the one draft of a person, whether there is one already or not."""
    Draft.objects.bulk_create(
        [draft],
        update_conflicts=True,
        unique_fields=["ticket", "author"],
        update_fields=["mode", "text", "updated_at"],
    )
