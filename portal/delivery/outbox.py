"""The outbox: write a delivery, claim it under a lease, say how it went.

A delivery is written in the transaction that causes it and sent by a worker after commit. Leases
are fenced by an owner, so that a late worker cannot overwrite what another did meanwhile; the
clock of leases is the database's. Figures: design/security.md, section 3.
"""

import logging
import random
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from portal.delivery import secrets
from portal.delivery.bell import ring_after_commit
from portal.delivery.models import Delivery, State, new_token
from portal.refusals import Refused

log = logging.getLogger("portal.delivery")
MOST_ATTEMPTS = 15  # about 8 hours of waiting on average
FIRST_WAIT = 30  # seconds
LONGEST_WAIT = 3600  # seconds
LONGEST_ERROR = 500  # characters kept of what a server said

CLAIM = """
update delivery_delivery set owner = %(owner)s, attempts = attempts + 1,
    state = case when expires_at <= statement_timestamp() then 'expired' else 'sending' end,
    secret = case when expires_at <= statement_timestamp() then ''::bytea else secret end,
    lease_until = case when expires_at <= statement_timestamp() then null
        else statement_timestamp() + make_interval(secs => %(lease)s) end
where id = (
    select d.id from delivery_delivery d
    where ((d.state = 'pending' and d.next_at <= statement_timestamp())
            or (d.state = 'sending' and d.lease_until < statement_timestamp()))
        and (d.ordering_key = '' or not exists (
            select from delivery_delivery earlier
            where earlier.ordering_key = d.ordering_key and earlier.id < d.id
                and earlier.state in ('pending', 'sending')))
    order by d.priority, d.id
    for update skip locked limit 1)
returning *
"""


class NotDead(Refused):
    """Only a delivery that was given up, or was not to be sent, can be tried again."""

    code = "not_dead"
    message = _("Only a letter that was given up can be tried again.")


def write(
    *,
    letter: str,
    recipient: str,
    language: str,
    context: Mapping[str, Any],
    dedupe_key: str,
    at: datetime,
    ordering_key: str = "",
    secret: Mapping[str, Any] | None = None,
    expires_at: datetime | None = None,
    reply_to: str = "",
    priority: int = 5,
    message_id: str = "",
) -> None:
    """Write a delivery into the current transaction, unless one with its key is there already.

    Its Message-ID is fixed here, so that a letter which leaves twice is known as one.
    """
    written = Delivery(
        letter=letter,
        recipient=recipient,
        language=language,
        context=dict(context),
        secret=secrets.seal(dict(secret)) if secret else b"",
        headers={"Reply-To": reply_to} if reply_to else {},
        message_id=message_id or f"<{new_token()}@{domain()}>",
        dedupe_key=dedupe_key,
        ordering_key=ordering_key,
        priority=priority,
        next_at=at,
        expires_at=expires_at,
        created_at=at,
    )
    # A key that is there already must not break the caller's transaction.
    Delivery.objects.bulk_create([written], ignore_conflicts=True)
    ring_after_commit()


def claim() -> Delivery | None:
    """Take the next delivery that is due, under a lease; None when there is none.

    One that is of no use any more is not leased: it comes back as expired, its secret gone.
    """
    values = {"owner": new_token(), "lease": settings.DELIVERY_LEASE_SECONDS}
    return next(iter(Delivery.objects.raw(CLAIM, values)), None)


def mark_sent(delivery: Delivery) -> bool:
    """Note that it left; False when another worker holds it by now."""
    return _finish(delivery, state=State.SENT, sent_at=Now(), secret=b"", last_error="")


def mark_failed(delivery: Delivery, *, error: str, is_permanent: bool) -> bool:
    """Note a failure: it waits for another attempt, or is given up."""
    told = error[:LONGEST_ERROR]
    if is_permanent or delivery.attempts >= MOST_ATTEMPTS:
        log.error("delivery given up", extra={"delivery": delivery.pk, "letter": delivery.letter})
        return _finish(delivery, state=State.DEAD, last_error=told)
    next_at = Now() + timedelta(seconds=wait(delivery.attempts))
    return _finish(delivery, state=State.PENDING, last_error=told, next_at=next_at)


def refuse(delivery: Delivery, *, why: str) -> bool:
    """Note that it must not leave, and why; it keeps its secret, for it may be tried again."""
    return _finish(delivery, state=State.REFUSED, last_error=why[:LONGEST_ERROR])


def wait(attempts: int) -> float:
    """Give the seconds to wait after so many attempts: doubled each time, an hour at most."""
    doubled = min(FIRST_WAIT * 2.0 ** (attempts - 1), LONGEST_WAIT)
    return doubled * random.uniform(0.5, 1.5)  # noqa: S311 (spreads load, hides nothing)


def give_up_lost() -> int:
    """Give up deliveries that have taken their worker down again and again; answers how many."""
    lost = Delivery.objects.filter(
        state=State.SENDING, lease_until__lt=Now(), attempts__gte=MOST_ATTEMPTS
    )
    return lost.update(state=State.DEAD, lease_until=None, last_error="worker lost")


def forget_secrets() -> int:
    """Empty the secrets that open nothing any more in deliveries that did not leave."""
    ended = [State.DEAD, State.REFUSED]
    useless = Delivery.objects.filter(state__in=ended, expires_at__lte=Now()).exclude(secret=b"")
    return useless.update(secret=b"")


def is_waiting() -> bool:
    """Whether a delivery is due now."""
    return Delivery.objects.filter(state=State.PENDING, next_at__lte=Now()).exists()


def retry(*, delivery: Delivery, at: datetime) -> None:
    """Put a delivery that was given up or refused back. Raises NotDead."""
    ended = [State.DEAD, State.REFUSED]
    changed = Delivery.objects.filter(pk=delivery.pk, state__in=ended).update(
        state=State.PENDING, attempts=0, next_at=at, owner="", lease_until=None
    )
    if not changed:
        raise NotDead
    ring_after_commit()


def _finish(delivery: Delivery, **fields: Any) -> bool:
    held: models.QuerySet[Delivery] = Delivery.objects.filter(
        pk=delivery.pk, owner=delivery.owner, state=State.SENDING
    )
    return bool(held.update(lease_until=None, **fields))


def domain() -> str:
    """Give the domain we write from, for our Message-IDs."""
    address = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    return re.sub(r"[^\w.-]", "", address.rpartition("@")[2]) or "localhost"
