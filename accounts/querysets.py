"""Who is who and what belongs to whom, as querysets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth.base_user import BaseUserManager
from django.db import models

if TYPE_CHECKING:
    from accounts.models import Property, User  # noqa: F401 (named in a string below)


class UserQuerySet(models.QuerySet["User"]):
    """People."""

    def active(self) -> UserQuerySet:
        """Keep those who may sign in."""
        return self.filter(is_active=True)

    def with_permission(self, codename: str) -> UserQuerySet:
        """Keep those whose groups grant `accounts.<codename>`; nobody has permissions of their own."""
        return self.active().filter(groups__permissions__codename=codename).distinct()

    def desk(self) -> UserQuerySet:
        """Keep those who answer tickets."""
        return self.with_permission("work_desk")

    def heads(self) -> UserQuerySet:
        """Keep those who answer for support."""
        return self.with_permission("head_support")


class UserManager(BaseUserManager["User"]):
    """Makes people; e-mail addresses are kept in lower case."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make a person; without a password only an e-mailed code lets them in."""
        user: User = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        """Make the first administrator, for `manage.py createsuperuser`."""
        roles: Any = self.model._meta.get_field("role").related_model
        role = roles.objects.get(code="administrator")
        person = self.create_user(
            email, password, role=role, is_staff=True, is_superuser=True, **fields
        )
        person.groups.add(role.group)
        addresses: Any = person.emailaddress_set  # type: ignore[attr-defined]  # of allauth
        addresses.create(email=person.email, primary=True, verified=True)
        return person

    def get_by_natural_key(self, username: str | None) -> User:
        """Find a person by e-mail whatever its case."""
        return self.get(email__iexact=username)


class PropertyQuerySet(models.QuerySet["Property"]):
    """Hotels."""

    def visible_to(self, user: User) -> PropertyQuerySet:
        """Keep the active hotels that this person may file tickets about."""
        if user.works_desk:
            return self.filter(is_active=True)
        return self.filter(is_active=True, organization_id=user.organization_id or 0)
