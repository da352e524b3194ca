"""People, the organizations they work for, the hotels of these, and roles."""

from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, Group, PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts.querysets import PropertyQuerySet, UserManager, UserQuerySet


class Side(models.TextChoices):
    """Which side of the conversation a role sits on."""

    CUSTOMER = "customer", _("Customer")
    STAFF = "staff", _("Staff")


class Role(models.Model):
    """What the holders of a role may do: for customers by its fields, for staff by its group."""

    code = models.SlugField(_("code"), unique=True)
    name_ru = models.CharField(_("name (Russian)"), max_length=80)
    name_en = models.CharField(_("name (English)"), max_length=80)
    side = models.CharField(_("side"), max_length=10, choices=Side.choices)
    group = models.OneToOneField(
        Group, models.PROTECT, null=True, blank=True, verbose_name=_("permissions of staff")
    )
    # Codes of tickets.rules.Category: accounts stands below tickets and may not import it.
    may_file = ArrayField(
        models.CharField(max_length=30), default=list, blank=True, verbose_name=_("may file")
    )
    sees_organization = models.BooleanField(
        _("sees all tickets of the organization"), default=False
    )
    manages_people = models.BooleanField(_("invites and deactivates colleagues"), default=False)
    order = models.PositiveSmallIntegerField(_("order"), default=0)

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.CheckConstraint(
                name="only_staff_roles_have_a_group",
                condition=Q(side=Side.STAFF) | Q(group__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the language of the reader."""
        return self.name_en if get_language() == "en" else self.name_ru


class Organization(models.Model):
    """A company that is our customer; tickets, people and hotels belong to it."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    account_manager = models.ForeignKey(
        "accounts.User",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="managed_organizations",
        limit_choices_to={"role__side": "staff"},
        verbose_name=_("account manager"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self) -> str:
        return self.name


class User(AbstractBaseUser, PermissionsMixin):
    """A person who can sign in: of a customer, or of the staff."""

    email = models.EmailField(_("e-mail"))
    full_name = models.CharField(_("full name"), max_length=150)
    position = models.CharField(_("position"), max_length=120, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    language = models.CharField(
        _("language"),
        max_length=5,
        choices=[("ru", _("Russian")), ("en", _("English"))],
        default="ru",
    )
    time_zone = models.CharField(_("time zone"), max_length=60, default="Europe/Moscow")
    role = models.ForeignKey(Role, models.PROTECT, verbose_name=_("role"))
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="people",
        verbose_name=_("organization"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may enter the admin"), default=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now)
    deactivated_at = models.DateTimeField(_("deactivated at"), null=True, blank=True)

    objects = UserManager.from_queryset(UserQuerySet)()

    EMAIL_FIELD = "email"
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["full_name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        permissions = [
            ("work_desk", "Can work the desk"),
            ("see_all_tickets", "Sees every ticket, not only those of own organizations"),
            ("triage_ticket", "Can set category and priority"),
            ("head_support", "Is told as the head of support"),
            ("develop", "Takes tickets over as a developer"),
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="email_is_unique_whatever_its_case",
                violation_error_message=_("Somebody with this e-mail is here already."),
            )
        ]

    def __str__(self) -> str:
        return self.full_name or self.email

    def get_full_name(self) -> str:
        """Give the name as Django and allauth ask for it."""
        return self.full_name

    def get_short_name(self) -> str:
        """Give the first name, for a greeting."""
        return self.full_name.split(" ")[0]

    @property
    def initials(self) -> str:
        """At most two letters for the avatar."""
        return initials_of(self.full_name)

    @property
    def is_customer(self) -> bool:
        """Whether this person asks rather than answers."""
        return self.role.side == Side.CUSTOMER

    @property
    def works_desk(self) -> bool:
        """Whether this person may enter the desk of the specialists."""
        # Customers are not asked for permissions: it saves two queries on each of their pages.
        return self.is_active and not self.is_customer and self.has_perm("accounts.work_desk")


def initials_of(full_name: str) -> str:
    """Give at most two letters of a name."""
    return "".join(word[0] for word in full_name.split()[:2]).upper()


class Property(models.Model):
    """A hotel (объект) of an organization, as named in its cabinet."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="properties", verbose_name=_("organization")
    )
    name = models.CharField(_("name"), max_length=200)
    site = models.CharField(_("site"), max_length=200, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    objects = PropertyQuerySet.as_manager()

    class Meta:
        verbose_name = _("property")
        verbose_name_plural = _("properties")
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "name"], name="property_name_is_unique_in_its_organization"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Invitation(models.Model):
    """A letter that lets one person in, once, until it expires; only the token's hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    email = models.EmailField(_("e-mail"))
    full_name = models.CharField(_("full name"), max_length=150)
    position = models.CharField(_("position"), max_length=120, blank=True)
    role = models.ForeignKey(Role, models.PROTECT, verbose_name=_("role"))
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, verbose_name=_("organization")
    )
    language = models.CharField(_("language"), max_length=5, default="ru")
    invited_by = models.ForeignKey(
        User, models.PROTECT, related_name="sent_invitations", verbose_name=_("invited by")
    )
    created_at = models.DateTimeField(_("created at"))
    expires_at = models.DateTimeField(_("expires at"))
    accepted_at = models.DateTimeField(_("accepted at"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")

    def __str__(self) -> str:
        return self.email

    def is_open(self, at: datetime) -> bool:
        """Whether the invitation can still be accepted."""
        return self.accepted_at is None and self.revoked_at is None and at < self.expires_at
