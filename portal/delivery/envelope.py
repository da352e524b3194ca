"""What the apps above know of a letter that leaves: where answers and failures go, what it answers, its files.

They are asked when it leaves, so that a letter that waited knows the mailbox, the conversation and
the dead addresses of that moment.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Apps that start tell this module before models are ready.
    from portal.delivery.models import Delivery


@dataclass(frozen=True)
class File:
    """A file that a letter names, by link or with its bytes inside."""

    name: str
    content_type: str
    size: int  # bytes
    url: str
    path: Path
    is_inside: bool = False


@dataclass(frozen=True)
class Envelope:
    """What stands around the words of a letter."""

    sender: str = ""  # for the mail servers alone (RFC 5321, MAIL FROM); empty: the usual
    headers: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)  # for its templates
    files: Sequence[File] = ()


# Told by apps when they start: who addresses letters, and who knows why one must not leave.
addressing: list[Callable[["Delivery"], Envelope]] = []
refusing: list[Callable[["Delivery"], str]] = []


def of(delivery: "Delivery") -> Envelope:
    """Give what stands around a letter, as the first app that knows says it."""
    return next((found for address in addressing if (found := address(delivery))), Envelope())


def why_not(delivery: "Delivery") -> str:
    """Say why a letter must not leave; nothing when it may."""
    return next((why for refuse in refusing if (why := refuse(delivery))), "")
