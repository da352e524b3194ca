"""One function per letter about accounts; its name is the name of the letter's template."""

from datetime import datetime, timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, User
from portal.delivery import outbox
from portal.delivery.models import new_token

CODE_LIVES = timedelta(seconds=settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT)
LINK_LIVES = timedelta(hours=24)
URGENT = 1
NOT_YOU = _("If it was not you, set a new password at once and write to us.")
# Title and text of each notice, by the names that allauth gives to what happened.
NOTICES = {
    "changed": (_("Your account was changed"), _("Something about how you sign in was changed.")),
    "password_changed": (
        _("Your password was changed"),
        _("The password of your account was changed, and all sessions have ended."),
    ),
    "password_set": (
        _("Your account has a password now"),
        _("A password was set: from now on you can sign in with it or with a code."),
    ),
    "password_reset": (
        _("Your password was changed"),
        _("A new password was set through the link in our letter, and all sessions have ended."),
    ),
    "email_changed": (
        _("Your e-mail address was changed"),
        _("You now sign in with another address; letters go there, too."),
    ),
    "totp_activated": (
        _("An app for codes was added"),
        _("Besides the password or the e-mailed code, a code from the app is now asked for."),
    ),
    "totp_deactivated": (
        _("The app for codes was removed"),
        _("Codes from the app are no longer asked for when you sign in."),
    ),
    "webauthn_added": (
        _("A security key was added"),
        _("Besides the password or the e-mailed code, the key is now asked for."),
    ),
    "webauthn_removed": (
        _("A security key was removed"),
        _("This key no longer signs you in."),
    ),
    "recovery_codes_generated": (
        _("You have new recovery codes"),
        _("The earlier recovery codes no longer work."),
    ),
    "second_factor_reset": (
        _("Your second factor was removed"),
        _("An administrator removed your app, keys and recovery codes. Set up a new one."),
    ),
}


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
    """Tell somebody that something about their account changed; `code` is a key of NOTICES."""
    title, text = NOTICES.get(code, NOTICES["changed"])
    with translation.override(language):
        context = {"title": str(title), "text": f"{text} {NOT_YOU}"}
    outbox.write(
        letter="account_notice",
        recipient=email,
        language=language,
        context=context,
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
