"""Links by which a solution is rated from its letter, without signing in."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner
from django.urls import reverse

from accounts.models import User
from tickets.models import Ticket

LIVES = timedelta(days=30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_signer = TimestampSigner(salt="tickets.rating", sep=".")


@dataclass(frozen=True)
class Named:
    """What a link names: a ticket, the solution that is meant, and who rates it."""

    ticket: Ticket
    resolved_at: datetime
    person: User


def address_of(ticket: Ticket, person: User) -> str:
    """Give the address of the page that rates the present solution; a score may follow it."""
    return f"{settings.SITE_URL}{reverse('rate', args=[token_of(ticket, person)])}"


def token_of(ticket: Ticket, person: User) -> str:
    """Sign who may rate which solution."""
    resolved_at = ticket.resolved_at or EPOCH
    said = f"{ticket.pk}_{person.pk}_{(resolved_at - EPOCH) // MICROSECOND}"
    return str(_signer.sign(said))


def read(token: str) -> Named:
    """Give what a link names. Raises SignatureExpired when it is old, BadSignature when not ours."""
    ticket_id, person_id, microseconds = map(int, _signer.unsign(token, max_age=LIVES).split("_"))
    ticket = Ticket.objects.filter(pk=ticket_id).first()
    person = User.objects.select_related("role").filter(pk=person_id).first()
    if ticket is None or person is None:
        raise BadSignature
    return Named(ticket, EPOCH + microseconds * MICROSECOND, person)
