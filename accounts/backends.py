"""Signing in, and what is known of a person on every page: in one query, not three."""

from functools import cache
from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.models import Permission
from django.db import connection

from accounts.models import Role, User

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
        person = _person(user_id)
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


def _person(person_id: Any) -> User | None:
    with connection.cursor() as cursor:
        cursor.execute(_person_with_role(), [person_id])
        row = cursor.fetchone()
    if row is None:
        return None
    own = [field.attname for field in User._meta.concrete_fields]
    of_role = [field.attname for field in Role._meta.concrete_fields]
    person: User = User.from_db(connection.alias, own, row[: len(own)])
    person.role = Role.from_db(connection.alias, of_role, row[len(own) :])
    return person


@cache
def _person_with_role() -> str:
    """Compose the query of every signed-in page, once: composing takes longer than the answer.

    The role alone comes along: of the organization few pages ask.
    """
    sql, _values = User.objects.select_related("role").filter(pk=0).query.sql_with_params()
    return str(sql)


def _granted(person_id: int) -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute(GRANTED, [person_id])
        return {codename for (codename,) in cursor.fetchall()}
