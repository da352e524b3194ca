"""One function per letter about accounts; its name is the name of the letter's template."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse

from accounts.models import Invitation, User
from portal.delivery import outbox
from portal.delivery.models import new_token

CODE_LIVES = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
LINK_LIVES = timedelta(hours=24)
URGENT = 1


def login_code(email: str, language: str, *, code: str, at: datetime) -> None:
    """Send the code that signs in; it is of no use after ten minutes."""
    _secret("login_code", email, language, {"code": code}, at, CODE_LIVES)


def password_reset(email: str, language: str, *, url: str, at: datetime) -> None:
    """Send the link under which a new password is set."""
    _secret("password_reset", email, language, {"url": url}, at, LINK_LIVES)


def email_confirmation(email: str, language: str, *, url: str, at: datetime) -> None:
    """Send the link that proves a new address."""
    _secret("email_confirmation", email, language, {"url": url}, at, LINK_LIVES)


def account_notice(email: str, language: str, *, code: str, at: datetime) -> None:
    """Tell somebody that something about their account changed; the letter has words per code."""
    outbox.write(
        letter="account_notice",
        recipient=email,
        language=language,
        context={"code": code},
        dedupe_key=f"account:{new_token()}",
        at=at,
    )


def invitation(invited: Invitation, token: str, *, at: datetime) -> None:
    """Send the link that lets an invited person in."""
    url = settings.SITE_URL + reverse("accept_invitation", args=[token])
    outbox.write(
        letter="invitation",
        recipient=invited.email,
        language=invited.language,
        context={
            "name": invited.full_name.split(" ")[0],
            "organization": invited.organization.name if invited.organization else "",
            "invited_by": invited.invited_by.full_name,
            "expires_at": invited.expires_at.isoformat(),
        },
        secret={"url": url},
        expires_at=invited.expires_at,
        dedupe_key=f"invitation:{invited.pk}",
        at=at,
    )


def language_of(email: str) -> str:
    """Give the language of whoever has this address, else the portal's own."""
    found = User.objects.filter(email__iexact=email).values_list("language", flat=True).first()
    return found or settings.LANGUAGE_CODE


def _secret(
    letter: str,
    email: str,
    language: str,
    secret: dict[str, str],
    at: datetime,
    lives: timedelta,
) -> None:
    outbox.write(
        letter=letter,
        recipient=email,
        language=language,
        context={},
        secret=secret,
        expires_at=at + lives,
        priority=URGENT,
        dedupe_key=f"account:{new_token()}",
        at=at,
    )
