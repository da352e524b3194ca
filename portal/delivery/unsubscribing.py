"""Letters that their reader does without: the link of each, one click, and back again (RFC 8058).

The link is sealed: it names an address and a topic to us alone, and nobody else can make one.
"""

from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import InvalidToken
from django.conf import settings
from django.urls import reverse

from portal.delivery import manners, secrets
from portal.delivery.models import Delivery, Unsubscribed

REASON = "unsubscribed"


@dataclass(frozen=True)
class Named:
    """What a link names."""

    address: str
    topic: str


def address_of(delivery: Delivery) -> str:
    """Give the page that ends letters of this kind; nothing for one that is essential."""
    topic = manners.of(delivery.letter).topic
    if not topic:
        return ""
    token = secrets.seal({"unsubscribe": topic, "from": delivery.recipient.lower()}).decode()
    return f"{settings.SITE_URL}{reverse('unsubscribe', args=[token])}"


def read(token: str) -> Named | None:
    """Give what a link names; none when it is not one of ours."""
    try:
        said = secrets.unseal(token.encode())
    except (InvalidToken, ValueError):
        return None
    topic = str(said.get("unsubscribe", ""))
    return Named(str(said.get("from", "")), topic) if topic in manners.TOPICS else None


def is_wanted(named: Named) -> bool:
    """Whether letters of this kind still go to this address."""
    return not Unsubscribed.objects.filter(address=named.address, topic=named.topic).exists()


def end(named: Named, *, at: datetime) -> None:
    """Send no more letters of this kind there."""
    Unsubscribed.objects.get_or_create(
        address=named.address, topic=named.topic, defaults={"since": at}
    )


def begin(named: Named) -> None:
    """Send them again."""
    Unsubscribed.objects.filter(address=named.address, topic=named.topic).delete()


def why_not(delivery: Delivery) -> str:
    """Say that the reader does without this letter; nothing when they want it or need it."""
    topic = manners.of(delivery.letter).topic
    if not topic or is_wanted(Named(delivery.recipient.lower(), topic)):
        return ""
    return REASON
