"""People, organizations, roles and invitations in the admin; every change goes through an action."""

from collections.abc import Callable
from typing import Any, ClassVar
from zoneinfo import available_timezones

# Their pages must be registered before this module takes them off again.
import allauth.account.admin
import allauth.mfa.admin
import allauth.usersessions.admin  # noqa: F401
import django.contrib.auth.admin  # noqa: F401
import rest_framework.authtoken.admin  # noqa: F401
from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from accounts import actions
from accounts.models import Invitation, Organization, Property, Role, User
from accounts.requests import signed_in
from portal.refusals import Refused

# Groups follow roles, addresses follow people: editing either by hand would break that.
for model in (Group, EmailAddress, EmailConfirmation, Authenticator, UserSession, TokenProxy):
    if admin.site.is_registered(model):
        admin.site.unregister(model)

# What the holders of a role may file; the same as tickets.rules.Category, which stands above.
MAY_FILE = (
    ("incident", _("Incident")),
    ("service_request", _("Service request")),
    ("information_request", _("Information request")),
    ("change_request", _("Change request")),
)


class Kept(ModelAdmin):
    """A page whose rows are never deleted: tickets, messages and people point at them."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never."""
        return False


class PropertyInline(TabularInline):
    """The hotels of an organization."""

    model = Property
    extra = 0

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Never: tickets are about it; make it inactive instead."""
        return False


@admin.register(Organization)
class OrganizationAdmin(Kept):
    """Organizations with their hotels."""

    list_display = ("name", "account_manager", "is_active")
    list_filter = ("is_active", "account_manager")
    search_fields = ("name", "properties__name")
    list_select_related = ("account_manager",)
    autocomplete_fields = ("account_manager",)
    readonly_fields = ("created_at",)
    inlines = (PropertyInline,)
    ordering = ("name",)


class RoleForm(forms.ModelForm):
    """A role; what it may file is ticked, not typed."""

    may_file = forms.MultipleChoiceField(
        label=_("may file"),
        choices=MAY_FILE,
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Role
        fields = ("name_ru", "name_en", "may_file", "sees_organization", "manages_people", "order")


@admin.register(Role)
class RoleAdmin(Kept):
    """What the holders of each role may do."""

    form = RoleForm
    list_display = ("name", "side", "sees_organization", "manages_people")
    readonly_fields = ("code", "side", "group")
    ordering = ("order",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Only customer roles differ by their fields; new staff roles need code."""
        return False


class ActorForm(forms.ModelForm):
    """A form that knows who fills it in, so that it can say what an action would refuse."""

    actor: ClassVar[User]


def known_to(form: type[Any], request: HttpRequest) -> type[Any]:
    """Make the form of one request: it knows whoever asks."""
    return type(form.__name__, (form,), {"actor": signed_in(request)})


class InvitationForm(ActorForm):
    """Whom to invite, and as what."""

    class Meta:
        model = Invitation
        fields = ("email", "full_name", "position", "role", "organization", "language")
        widgets = {"language": UnfoldAdminSelectWidget(choices=settings.LANGUAGES)}

    def clean_email(self) -> str:
        """Refuse an address that somebody has."""
        email = str(self.cleaned_data["email"]).lower()
        if actions.is_taken(email):
            raise forms.ValidationError(str(actions.AddressTaken.message))
        return email

    def clean(self) -> dict[str, Any]:
        """Refuse a customer without an organization, staff with one, a role out of reach."""
        data = super().clean() or {}
        role, organization = data.get("role"), data.get("organization")
        if role and (role.side == "customer") != bool(organization):
            self.add_error("organization", _("Customers have an organization, staff have none."))
        elif role and not actions.can_invite(self.actor, role, organization):
            self.add_error("role", str(actions.RoleOutOfReach.message))
        return data


@admin.register(Invitation)
class InvitationAdmin(Kept):
    """Inviting people, and taking invitations back."""

    form = InvitationForm
    list_display = (
        "email",
        "full_name",
        "role",
        "organization",
        "created_at",
        "accepted_at",
        "revoked_at",
    )
    list_select_related = ("role", "organization")
    search_fields = ("email", "full_name")
    autocomplete_fields = ("organization",)
    actions = ("revoke",)
    ordering = ("-created_at",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A letter that has left cannot be changed."""
        return obj is None and super().has_change_permission(request)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let the form know who invites."""
        return known_to(super().get_form(request, *args, **kwargs), request)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:
        """Invite."""
        made = actions.invite(
            by=signed_in(request),
            email=obj.email,
            full_name=obj.full_name,
            position=obj.position,
            role=obj.role,
            organization=obj.organization,
            language=obj.language,
            at=timezone.now(),
        )
        obj.pk = made.pk

    @admin.action(description=_("Take back"), permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Take invitations back."""
        for invitation in queryset:
            actions.revoke(invitation=invitation, actor=signed_in(request), at=timezone.now())


class PersonForm(ActorForm):
    """A person; says what the actions would refuse."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            same_side = Role.objects.filter(side=self.instance.role.side)
            field = self.fields["role"]
            assert isinstance(field, forms.ModelChoiceField)  # noqa: S101 (tells the type checker)
            field.queryset = same_side.order_by("order")

    def clean_email(self) -> str:
        """Refuse an address that somebody else has."""
        email = str(self.cleaned_data["email"]).lower()
        if actions.is_taken(email, but_by=self.instance):
            raise forms.ValidationError(str(actions.AddressTaken.message))
        return email

    def clean_time_zone(self) -> str:
        """Refuse a zone that no clock knows."""
        zone = str(self.cleaned_data["time_zone"])
        if zone not in available_timezones():
            raise forms.ValidationError(_("There is no such time zone."))
        return zone

    def clean_role(self) -> Role:
        """Refuse a role out of reach."""
        role: Role = self.cleaned_data["role"]
        # The instance already holds what was typed; the row does not.
        person = User.objects.select_related("role", "organization").get(pk=self.instance.pk)
        if role != person.role and not actions.can_change_role(self.actor, person, role):
            raise forms.ValidationError(str(actions.RoleOutOfReach.message))
        return role


@admin.register(User)
class UserAdmin(Kept):
    """People; they come in by invitation."""

    form = PersonForm
    list_display = ("full_name", "email", "role", "organization", "is_active", "last_login")
    list_filter = ("is_active", "role", "organization")
    search_fields = ("full_name", "email")
    list_select_related = ("role", "organization")
    fields = (
        "email", "full_name", "position", "phone", "role", "organization", "language", "time_zone",
        "is_active", "created_at", "deactivated_at", "last_login",
    )  # fmt: skip
    readonly_fields = ("organization", "is_active", "created_at", "deactivated_at", "last_login")
    actions = ("deactivate", "reactivate", "reset_second_factor")
    ordering = ("full_name",)

    def add_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """People are made by inviting them."""
        return redirect("admin:accounts_invitation_add")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers are changed by superusers only."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or signed_in(request).is_superuser)

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Let the form know who changes."""
        return known_to(super().get_form(request, *args, **kwargs), request)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Change through the actions; the form has asked already whether they will."""
        person, actor = User.objects.get(pk=obj.pk), signed_in(request)
        own = actions.OWN_FIELDS & set(form.changed_data)
        actions.update_profile(person=person, **{name: getattr(obj, name) for name in own})
        if "role" in form.changed_data:
            actions.change_role(person=person, role=obj.role, actor=actor)
        if "email" in form.changed_data:
            actions.change_address(person=person, email=obj.email, actor=actor)

    @admin.action(description=_("Deactivate: sessions end at once"), permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Shut people out."""
        self._each(request, queryset, actions.deactivate, at=timezone.now())

    @admin.action(description=_("Let in again"), permissions=["change"])
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let people in again."""
        self._each(request, queryset, actions.reactivate)

    @admin.action(description=_("Remove a lost second factor"), permissions=["change"])
    def reset_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let people who lost their app or key set up a new one."""
        self._each(request, queryset, actions.reset_second_factor, at=timezone.now())

    def _each(
        self,
        request: HttpRequest,
        queryset: QuerySet[User],
        action: Callable[..., None],
        **fields: Any,
    ) -> None:
        done = 0
        for person in queryset.select_related("role", "organization"):
            try:
                action(person=person, actor=signed_in(request), **fields)
                done += 1
            except Refused as refusal:
                messages.error(request, f"{person}: {refusal.message}")
        if done:
            messages.success(request, _("Done for %(count)s.") % {"count": done})
