"""Codes that prove who asks: sent to the account's own address and nowhere else, told back to us.

Figures: design/security.md, 5.5. Of a code only a digest is kept; the code itself stands in the
letter, encrypted until it has left.
"""

import secrets
from datetime import datetime, timedelta
from uuid import uuid4

from django.contrib.auth.hashers import check_password, make_password
from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import Refused
from tickets import notices
from tickets.models import IncomingLetter, ProofCode, Ticket

LIVES = timedelta(minutes=10)
DIGITS = 6
MOST_ATTEMPTS = 5
AGAIN_AFTER = timedelta(seconds=60)
MOST_SENT = ((3, timedelta(hours=1)), (10, timedelta(days=1)))  # to one person
MOST_WRONG = (10, timedelta(days=1))  # of one person, over all codes


class CodeTooSoon(Refused):
    """A code has only just left."""

    code = "code_too_soon"
    message = _("A code left less than a minute ago. Let it arrive first.")


class TooManyCodes(Refused):
    """One person gets so many codes and no more."""

    code = "too_many_codes"
    message = _(
        "This person got 3 codes within an hour or 10 within a day. Send the next one later."
    )


class TooManyWrong(Refused):
    """Codes of this person were guessed at too often."""

    code = "too_many_wrong"
    message = _("Ten wrong codes for this person within a day. No code is taken until tomorrow.")


class CodeGone(Refused):
    """There is no code that could be answered now."""

    code = "code_gone"
    field = "code"
    message = _(
        "No code waits for an answer: it was used, replaced, guessed at, or ran out. Send a new one."
    )


class AskedByAnother(Refused):
    """Somebody else asked for the code, and only they are told it."""

    code = "asked_by_another"
    field = "code"
    message = _("Somebody else of us asked for this code. Send one of your own.")


class WrongCode(Refused):
    """The digits are others."""

    code = "wrong_code"
    field = "code"
    message = _("This is not the code. After five tries it is void.")


def send(
    *, letter: IncomingLetter, person: User, actor: User, ticket: Ticket | None, at: datetime
) -> ProofCode:
    """Send a code to a person's own address; it voids the one before. The letter is locked.

    Raises CodeTooSoon, TooManyCodes, TooManyWrong.
    """
    # Race: two letters that claim the same person, asked for at once.
    person = User.objects.select_for_update(of=("self",)).get(pk=person.pk)
    _refuse_too_many(person, at)
    void(letter, at=at)
    digits = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    id = uuid4()  # noqa: A001
    sent = ProofCode.objects.create(
        id=id,
        person=person,
        asked_by=actor,
        letter=letter,
        ticket=ticket,
        digest=make_password(_salted(id, digits)),
        created_at=at,
        expires_at=at + LIVES,
    )
    notices.proof_code(sent, digits, at=at)
    return sent


def void(letter: IncomingLetter, *, at: datetime) -> None:
    """Let no code of this letter be answered any more."""
    letter.codes.filter(used_at=None, voided_at=None).update(voided_at=at)


def open_code(letter: IncomingLetter, at: datetime) -> ProofCode | None:
    """Give the code that can be answered now, if there is one."""
    return _open(letter, at).select_related("person", "ticket", "asked_by").first()


def check(*, letter: IncomingLetter, actor: User, digits: str, at: datetime) -> ProofCode:
    """Give the code that these digits answer. Every try counts, in a transaction of its own.

    The letter with the code names who may be told it. Raises CodeGone, AskedByAnother, WrongCode,
    TooManyWrong.
    """
    if _open(letter, at).exclude(asked_by=actor).exists():
        raise AskedByAnother
    # Order matters: counted before it is compared, or many tries at once would count as one.
    if not _open(letter, at).update(attempts=F("attempts") + 1):
        raise CodeGone
    asked = letter.codes.select_related("person__organization", "ticket", "asked_by").latest(
        "created_at"
    )
    if _wrong_of(asked.person, at) > MOST_WRONG[0]:
        raise TooManyWrong
    told = "".join(sign for sign in digits if sign.isdigit())
    if not check_password(_salted(asked.pk, told), asked.digest):
        if _wrong_of(asked.person, at) >= MOST_WRONG[0]:
            notices.codes_guessed(asked, at=at)
        raise WrongCode
    return asked


def use(asked: ProofCode, *, at: datetime) -> None:
    """Spend a code, in the transaction of what it allows. Raises CodeGone."""
    unused = ProofCode.objects.filter(pk=asked.pk, used_at=None, voided_at=None)
    if not unused.update(used_at=at):
        raise CodeGone


def _open(letter: IncomingLetter, at: datetime) -> QuerySet[ProofCode]:
    return letter.codes.filter(
        used_at=None, voided_at=None, expires_at__gt=at, attempts__lt=MOST_ATTEMPTS
    )


def _salted(id: object, digits: str) -> str:  # noqa: A002
    return f"{id}:{digits}"


def _refuse_too_many(person: User, at: datetime) -> None:
    sent = ProofCode.objects.filter(person=person)
    if sent.filter(created_at__gt=at - AGAIN_AFTER).exists():
        raise CodeTooSoon
    if any(sent.filter(created_at__gt=at - within).count() >= most for most, within in MOST_SENT):
        raise TooManyCodes
    if _wrong_of(person, at) >= MOST_WRONG[0]:
        raise TooManyWrong


def _wrong_of(person: User, at: datetime) -> int:
    """Count the tries of a day that were wrong; the one that is being made counts until it is right."""
    lately = ProofCode.objects.filter(person=person, created_at__gt=at - MOST_WRONG[1])
    told = lately.aggregate(
        tries=Sum("attempts"), right=Count("id", filter=Q(used_at__isnull=False))
    )
    return int(told["tries"] or 0) - int(told["right"])
