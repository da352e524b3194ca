"""Signing in, and what is known of a person on every page: in one query, not three."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import User

# Asked on every page of the staff: as a queryset it takes four times as long to compose and plan.
GRANTED = """
select content_type.app_label || '.' || permission.codename
from accounts_user_groups membership
join auth_group_permissions grant_ using (group_id)
join auth_permission permission on permission.id = grant_.permission_id
join django_content_type content_type on content_type.id = permission.content_type_id
where membership.user_id = %s
"""


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

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """Give what the groups of this person grant, read once."""
        if user_obj.is_superuser or not user_obj.is_active or obj is not None:
            granted: set[str] = super().get_group_permissions(user_obj, obj)
            return granted
        if not hasattr(user_obj, "_group_perm_cache"):  # the name by which Django keeps it
            user_obj._group_perm_cache = _granted(user_obj.pk)
        kept: set[str] = user_obj._group_perm_cache
        return kept


def _granted(person_id: int) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(GRANTED, [person_id])
        return {codename for (codename,) in cursor.fetchall()}
