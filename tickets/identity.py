"""Who is asking, and is that enough: evidence becomes a proof."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets import rules
from tickets.models import Proof, ProofMethod, Ticket


class ProofTooWeak(Refused):
    """This kind of ticket needs to know better who asks."""

    code = "proof_too_weak"
    status = 403
    message = _(
        "For this we need to be sure who asks. Write from your cabinet or from your own e-mail address."
    )


@dataclass(frozen=True)
class Evidence:
    """What speaks for somebody's being who they say, before it is recorded."""

    method: str
    level: rules.Level
    taken_by: User | None = None  # of the staff, where somebody was asked


def session() -> Evidence:
    """Take the signed-in session of the cabinet as evidence: verified (docs/domain.md)."""
    return Evidence(ProofMethod.SESSION, rules.Level.VERIFIED)


def token() -> Evidence:
    """Take a token of the API as evidence."""
    return Evidence(ProofMethod.TOKEN, rules.Level.VERIFIED)


def told(taken_by: User) -> Evidence:
    """Take what somebody told of themselves as evidence: it identifies, and proves nothing."""
    return Evidence(ProofMethod.TOLD, rules.Level.ASSERTED, taken_by)


def code(taken_by: User) -> Evidence:
    """Take a code that was sent to the account's address, and told back, as evidence."""
    return Evidence(ProofMethod.CODE, rules.Level.VERIFIED, taken_by)


def require(evidence: Evidence, category: str) -> None:
    """Refuse what the category needs and the evidence does not give. Raises ProofTooWeak."""
    if evidence.level < rules.LEVEL_NEEDED[rules.Category(category)]:
        raise ProofTooWeak


def record(*, ticket: Ticket, person: User, evidence: Evidence, at: datetime) -> Proof:
    """Keep the proof with the ticket."""
    return Proof.objects.create(
        ticket=ticket,
        person=person,
        method=evidence.method,
        level=evidence.level,
        taken_by=evidence.taken_by,
        created_at=at,
    )
