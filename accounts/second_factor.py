"""Who must prove themself by more than a password or a code (ASVS 5.0, 6.3.3)."""

from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings

from accounts.models import User

# Recovery codes alone are no second factor: they are what is left when one is lost.
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_missing(user: User) -> bool:
    """Whether this person is of the staff and has still to set up a second factor."""
    return (
        settings.SECOND_FACTOR_REQUIRED
        and not user.is_customer
        and not is_mfa_enabled(user, types=KINDS)
    )
