"""People who can sign in, and what the letters to them say."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.cache import cache

from accounts.models import User
from portal.delivery import secrets
from portal.delivery.models import Delivery

PASSWORD = "hotel-by-the-river-9"


@pytest.fixture(autouse=True)
def _fresh_limits(db: None) -> None:
    """Count every limit from nought, as the first of the day."""
    cache.clear()


@pytest.fixture
def with_password() -> Callable[[User], User]:
    """Let a persona sign in: a password, and an address that is known to be theirs."""

    def given(person: User) -> User:
        person.set_password(PASSWORD)
        person.save(update_fields=["password"])
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
        return person

    return given


@pytest.fixture
def with_address() -> Callable[[User], User]:
    """Let a persona sign in by codes only, as somebody who was invited and chose no password."""

    def given(person: User) -> User:
        EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
        return person

    return given


@pytest.fixture
def with_app() -> Callable[[User], str]:
    """Give a persona an app for codes; answers its secret."""

    def given(person: User) -> str:
        secret = "JBSWY3DPEHPK3PXP"
        TOTP.activate(person, secret)
        assert Authenticator.objects.get(user=person).type == Authenticator.Type.TOTP
        return secret

    return given


@pytest.fixture
def letters(db: None) -> Callable[[str], list[dict[str, Any]]]:
    """Read the letters of one name from the outbox, with their secrets."""

    def read(name: str) -> list[dict[str, Any]]:
        rows = Delivery.objects.filter(letter=name).order_by("pk")
        return [
            {"to": row.recipient, "language": row.language, **row.context}
            | secrets.unseal(row.secret)
            for row in rows
        ]

    return read


@pytest.fixture
def path_of() -> Callable[[str], str]:
    """Take the path out of a link in a letter."""
    return lambda url: re.sub(r"^https?://[^/]+", "", url)
