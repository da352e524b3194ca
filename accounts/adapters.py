"""Where allauth meets the house: no open sign-up, letters through the outbox."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest
from django.utils import timezone

from accounts import letters

# What allauth wants to say to an address that is nobody's: nothing, or it would be a way to
# make us write to strangers.
SILENT = {"account/email/unknown_account", "account/email/account_already_exists"}


class AccountAdapter(DefaultAccountAdapter):
    """Accounts as allauth sees them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse: people come in by invitation only."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the letter into the outbox instead of sending it inside the request."""
        if template_prefix in SILENT:
            return
        at, language = timezone.now(), letters.language_of(email)
        name = template_prefix.rpartition("/")[2]
        if name == "login_code":
            letters.login_code(email, language, code=context["code"], at=at)
        elif name == "password_reset_key":
            letters.password_reset(email, language, url=context["password_reset_url"], at=at)
        elif name.startswith("email_confirmation"):
            letters.email_confirmation(email, language, url=context["activate_url"], at=at)
        else:
            letters.account_notice(email, language, code=name, at=at)


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors as allauth sees them."""
