"""Where allauth meets the house: no open sign-up, letters through the outbox."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts as allauth sees them."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Refuse: people come in by invitation only."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    """Second factors as allauth sees them."""
