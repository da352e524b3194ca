"""How programs prove who they act for."""

from django.utils.translation import gettext_lazy as _
from rest_framework import authentication
from rest_framework.authtoken.models import Token
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from accounts import second_factor
from accounts.models import User


class TokenAuthentication(authentication.TokenAuthentication):
    """A token of the API; the staff's works only beside a second factor, as their password does."""

    def authenticate_credentials(self, key: str) -> tuple[User, Token]:
        """Give the person of a token. Raises AuthenticationFailed, PermissionDenied."""
        # Unlike the framework's own way, with the role: every answer asks for it.
        token = Token.objects.select_related("user__role").filter(key=key).first()
        if token is None or not token.user.is_active:
            raise AuthenticationFailed(_("This token is not valid."), "authentication_failed")
        user: User = token.user
        if second_factor.is_missing(user):
            raise PermissionDenied(_("Set up a second factor first."), "second_factor_missing")
        return user, token
