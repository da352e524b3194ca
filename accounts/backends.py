"""Signing in, and what is known of a person on every page: in one query, not three."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission

from accounts.models import User


class Backend(AuthenticationBackend):
    """allauth's backend; people come with their role, and only roles grant permissions."""

    def get_user(self, user_id: Any) -> User | None:
        """Give the person of a session if they may still sign in."""
        # The role alone: of the organization few pages ask, and each table costs every page.
        person = User.objects.select_related("role").filter(pk=user_id).first()
        return person if person and self.user_can_authenticate(person) else None

    def _get_user_permissions(self, user_obj: Any) -> Any:  # noqa: ARG002
        # Nobody has permissions of their own: they follow the role (accounts.actions).
        return Permission.objects.none()
