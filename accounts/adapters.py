"""Where allauth meets the house: no open sign-up, letters through the outbox."""

from email.utils import parseaddr
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import letters
from accounts.models import User
from portal.delivery import secrets

# What allauth wants to say to an address that is nobody's: nothing, or it would be a way to
# make us write to strangers.
SILENT = {"account/email/unknown_account", "account/email/account_already_exists"}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts as allauth sees them."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _(
            "The e-mail or the password is wrong. Check the keyboard layout and Caps Lock."
        ),
        "incorrect_code": _("This code does not fit. Take the one from the latest letter."),
        "incorrect_password": _("The password is wrong. Check the keyboard layout and Caps Lock."),
        "enter_current_password": _("This is not your present password."),
        "too_many_login_attempts": _("Too many attempts. Wait a few minutes and try again."),
        "rate_limited": _("Too many attempts. Wait a few minutes and try again."),
        "same_as_current": _("This is what you have already."),
        "duplicate_email": _("This is your address already."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse: people come in by invitation only."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the letter into the outbox instead of sending it inside the request."""
        if template_prefix in SILENT:
            return
        at, language = timezone.now(), _language(email, context.get("user"))
        name = template_prefix.rpartition("/")[2]
        if name == "login_code":
            letters.login_code(email, language, code=context["code"], at=at)
        elif name == "password_reset_key":
            letters.password_reset(email, language, url=context["password_reset_url"], at=at)
        elif name.startswith("email_confirmation"):
            letters.email_confirmation(email, language, url=context["activate_url"], at=at)
        else:
            letters.account_notice(email, language, code=name, at=at)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """Give the address in the letter: ours, whatever host the request names."""
        uid, _dash, token = key.partition("-")
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
        return f"{settings.SITE_URL}{path}"

    def get_email_confirmation_url(
        self,
        request: HttpRequest,  # noqa: ARG002
        emailconfirmation: Any,
    ) -> str:
        """Give the address in the letter: ours, whatever host the request names."""
        path = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.SITE_URL}{path}"

    def get_email_verification_redirect_url(self, email_address: Any) -> str:  # noqa: ARG002
        """Lead back to the profile, or to the sign-in page."""
        return reverse("profile" if self.request.user.is_authenticated else "account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:  # noqa: ARG002
        """Lead to the profile: past the sign-in page, for every session has ended."""
        return reverse("profile")


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors as allauth sees them; their secrets are kept encrypted."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": _("This code does not fit. Codes of the app change every 30 seconds."),
        "cannot_generate_recovery_codes": _(
            "Recovery codes come with an app or a key: set one up first."
        ),
    }

    def get_totp_issuer(self) -> str:
        """Name the portal in the app as its letters are signed."""
        return parseaddr(settings.DEFAULT_FROM_EMAIL)[0] or str(
            urlsplit(settings.SITE_URL).hostname
        )

    def encrypt(self, text: str) -> str:
        """Encrypt the secret of an app or of recovery codes."""
        return secrets.seal({"secret": text}).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Give back what encrypt() took."""
        return str(secrets.unseal(encrypted_text.encode())["secret"])


def _language(email: str, user: Any) -> str:
    # A new address is nobody's yet, but the letter is about somebody.
    return user.language if isinstance(user, User) else letters.language_of(email)
