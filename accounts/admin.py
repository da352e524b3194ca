"""People, organizations, roles and invitations in the admin; every change goes through an action."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import TokenProxy
from unfold.admin import ModelAdmin, TabularInline

from accounts import actions
from accounts.models import Invitation, Organization, Property, Role, User
from accounts.requests import signed_in
from portal.refusals import Refused

# Groups follow roles, addresses follow people: editing either by hand would break that.
for model in (Group, EmailAddress, TokenProxy):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class PropertyInline(TabularInline):
    """The hotels of an organization."""

    model = Property
    extra = 0


@admin.register(Organization)
class OrganizationAdmin(ModelAdmin):
    """Organizations with their hotels."""

    list_display = ("name", "account_manager", "is_active")
    list_filter = ("is_active", "account_manager")
    search_fields = ("name", "properties__name")
    list_select_related = ("account_manager",)
    autocomplete_fields = ("account_manager",)
    readonly_fields = ("created_at",)
    inlines = (PropertyInline,)
    ordering = ("name",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: tickets belong to it."""
        return False


@admin.register(Role)
class RoleAdmin(ModelAdmin):
    """What the holders of each role may do."""

    list_display = ("name", "side", "sees_organization", "manages_people")
    readonly_fields = ("code", "side", "group")
    ordering = ("order",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Only customer roles differ by their fields; new staff roles need code."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: people hold it."""
        return False


class InvitationForm(forms.ModelForm):
    """Checks what the action would refuse, so that the form can say it."""

    class Meta:
        model = Invitation
        fields = ("email", "full_name", "position", "role", "organization", "language")

    def clean_email(self) -> str:
        """Refuse an address that somebody has."""
        email = str(self.cleaned_data["email"]).lower()
        if User.objects.filter(email__iexact=email).exists():
            raise forms.ValidationError(str(actions.AddressTaken.message))
        return email

    def clean(self) -> dict[str, Any]:
        """Refuse a customer without an organization, and staff with one."""
        data = super().clean() or {}
        role = data.get("role")
        if role and (role.side == "customer") != bool(data.get("organization")):
            self.add_error("organization", _("Customers have an organization, staff have none."))
        return data


@admin.register(Invitation)
class InvitationAdmin(ModelAdmin):
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

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: revoke it instead."""
        return False

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
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

    @admin.action(description=_("Take back"))
    def revoke(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """Take invitations back."""
        for invitation in queryset:
            actions.revoke(invitation=invitation, actor=signed_in(request), at=timezone.now())


@admin.register(User)
class UserAdmin(ModelAdmin):
    """People; they come in by invitation."""

    list_display = ("full_name", "email", "role", "organization", "is_active")
    list_filter = ("is_active", "role", "organization")
    search_fields = ("full_name", "email")
    list_select_related = ("role", "organization")
    fields = (
        "email", "full_name", "position", "phone", "role", "organization", "language", "time_zone",
        "is_active", "created_at", "deactivated_at", "last_login",
    )  # fmt: skip
    readonly_fields = ("organization", "is_active", "created_at", "deactivated_at", "last_login")
    actions = ("deactivate", "reactivate")
    ordering = ("full_name",)

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002
        """Invite them instead."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ARG002
        """Never: what they wrote stays; deactivate them instead."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Superusers are changed by superusers only."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or signed_in(request).is_superuser)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: ARG002, FBT001
        """Change through the actions; what one refuses is said and nothing of it is kept."""
        person, actor = User.objects.get(pk=obj.pk), signed_in(request)
        plain = {"full_name", "position", "phone", "language", "time_zone"}
        try:
            actions.update_profile(person=person, **{name: getattr(obj, name) for name in plain})
            if "role" in form.changed_data:
                actions.change_role(person=person, role=obj.role, actor=actor)
            if "email" in form.changed_data:
                actions.change_address(person=person, email=obj.email, actor=actor)
        except Refused as refusal:
            messages.error(request, str(refusal.message))

    @admin.action(description=_("Deactivate: sessions end at once"))
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Shut people out."""
        for person in queryset:
            try:
                actions.deactivate(person=person, actor=signed_in(request), at=timezone.now())
            except Refused as refusal:
                messages.error(request, f"{person}: {refusal.message}")

    @admin.action(description=_("Let in again"))
    def reactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Let people in again."""
        for person in queryset:
            actions.reactivate(person=person, actor=signed_in(request))
