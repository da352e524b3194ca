"""What can be done to people: invite, let in, change, deactivate."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from rest_framework.authtoken.models import Token

from accounts import letters
from accounts.models import Invitation, Organization, Role, Side, User
from portal.refusals import NotAllowed, Refused

INVITATION_LIVES = timedelta(days=7)
OWN_FIELDS = {"full_name", "position", "phone", "language", "time_zone"}


class AddressTaken(Refused):
    """Somebody has this e-mail address already."""

    code = "address_taken"
    field = "email"
    message = _("Somebody with this e-mail is here already.")


class InvitationGone(Refused):
    """The invitation was used, revoked or has expired."""

    code = "invitation_gone"
    status = 404
    message = _("This invitation no longer works. Ask for a new one.")


class RoleOutOfReach(Refused):
    """This person may not give this role."""

    code = "role_out_of_reach"
    status = 403
    field = "role"
    message = _("You cannot give this role.")


class WeakPassword(Refused):
    """The password does not keep anybody out."""

    code = "weak_password"
    status = 400
    field = "password"


class NotYourself(Refused):
    """Nobody deactivates themself."""

    code = "not_yourself"
    message = _("You cannot deactivate yourself.")


def can_invite(by: User, role: Role, organization: Organization | None) -> bool:
    """Whether this person may invite into this role and organization.

    Staff who may add people invite anybody; who looks after the people of an organization invites
    colleagues into its customer roles, none above their own.
    """
    if (role.side == Side.CUSTOMER) != (organization is not None):
        return False
    if by.has_perm("accounts.add_user"):
        return role.code != "administrator" or by.is_superuser
    return manages(by, organization) and role.order >= by.role.order


def roles_to_give(by: User) -> QuerySet[Role]:
    """Give the customer roles that this person may give to colleagues, highest first."""
    return Role.objects.filter(side=Side.CUSTOMER, order__gte=by.role.order).order_by("order")


def manages(person: User, organization: Organization | None) -> bool:
    """Whether this customer looks after the people of the organization."""
    return (
        person.is_active
        and person.role.manages_people
        and organization is not None
        and person.organization_id == organization.pk
    )


@transaction.atomic
def invite(
    *,
    by: User,
    email: str,
    full_name: str,
    role: Role,
    at: datetime,
    organization: Organization | None = None,
    position: str = "",
    language: str = "ru",
) -> Invitation:
    """Invite somebody by letter; an earlier open invitation to the same place is revoked.

    Raises RoleOutOfReach, AddressTaken.
    """
    if not can_invite(by, role, organization):
        raise RoleOutOfReach
    address = email.strip().lower()
    if is_taken(address):
        raise AddressTaken
    _open(address).filter(organization=organization).update(revoked_at=at)
    token = secrets.token_urlsafe(32)
    made = Invitation.objects.create(
        token_hash=_hash(token),
        email=address,
        full_name=full_name,
        position=position,
        role=role,
        organization=organization,
        language=language,
        invited_by=by,
        created_at=at,
        expires_at=at + INVITATION_LIVES,
    )
    letters.invitation(made, token, at=at)
    return made


def find_invitation(token: str, *, at: datetime) -> Invitation:
    """Give the open invitation of a token. Raises InvitationGone."""
    found = Invitation.objects.select_related("role", "organization", "invited_by").filter(
        token_hash=_hash(token)
    )
    invitation = found.first()
    if invitation is None or not invitation.is_open(at):
        raise InvitationGone
    return invitation


@transaction.atomic
def accept(*, token: str, password: str, at: datetime) -> User:
    """Let an invited person in, once; without a password only an e-mailed code signs in.

    Raises InvitationGone, WeakPassword, AddressTaken.
    """
    invitation = find_invitation(token, at=at)
    # Race: of two who click at once one claims the row.
    claimed = Invitation.objects.filter(
        pk=invitation.pk, accepted_at__isnull=True, revoked_at__isnull=True
    ).update(accepted_at=at)
    if not claimed:
        raise InvitationGone
    _refuse_weak(password, invitation)
    return make_person(
        email=invitation.email,
        password=password or None,
        full_name=invitation.full_name,
        position=invitation.position,
        role=invitation.role,
        organization=invitation.organization,
        language=invitation.language,
    )


@transaction.atomic
def revoke(*, invitation: Invitation, actor: User, at: datetime) -> None:
    """Take an invitation back. Raises NotAllowed."""
    if not actor.has_perm("accounts.change_invitation") and not manages(
        actor, invitation.organization
    ):
        raise NotAllowed
    Invitation.objects.filter(pk=invitation.pk, accepted_at__isnull=True).update(revoked_at=at)


@transaction.atomic
def make_person(*, email: str, password: str | None, role: Role, **fields: Any) -> User:
    """Make a person whose address is known to be theirs. Raises AddressTaken."""
    try:
        with transaction.atomic():
            person = User.objects.create_user(email, password, role=role, **fields)
    except IntegrityError as error:
        raise AddressTaken from error
    _follow_role(person)
    EmailAddress.objects.create(user=person, email=person.email, primary=True, verified=True)
    return person


@transaction.atomic
def change_role(*, person: User, role: Role, actor: User) -> None:
    """Give a person another role, and the permissions of it. Raises RoleOutOfReach."""
    if not can_change_role(actor, person, role):
        raise RoleOutOfReach
    person.role = role
    person.save(update_fields=["role"])
    _follow_role(person)


@transaction.atomic
def change_address(*, person: User, email: str, actor: User) -> None:
    """Give a person another e-mail address, known to be theirs. Raises NotAllowed, AddressTaken."""
    if not actor.has_perm("accounts.change_user") or not can_deactivate(actor, person):
        raise NotAllowed
    address = email.strip().lower()
    if is_taken(address, but_by=person):
        raise AddressTaken
    person.email = address
    person.save(update_fields=["email"])
    EmailAddress.objects.filter(user=person).delete()
    EmailAddress.objects.create(user=person, email=address, primary=True, verified=True)
    end_sessions(person)


@transaction.atomic
def update_profile(*, person: User, **fields: str) -> None:
    """Change what people say of themselves: name, position, phone, language, time zone."""
    if unknown := fields.keys() - OWN_FIELDS:
        raise NotAllowed(", ".join(sorted(unknown)))
    for name, value in fields.items():
        setattr(person, name, value)
    person.save(update_fields=list(fields))


@transaction.atomic
def deactivate(*, person: User, actor: User, at: datetime) -> None:
    """Shut a person out at once: sessions and tokens end. Raises NotAllowed, NotYourself."""
    if person == actor:
        raise NotYourself
    if not can_deactivate(actor, person):
        raise NotAllowed
    person.is_active = False
    person.deactivated_at = at
    person.save(update_fields=["is_active", "deactivated_at"])
    end_sessions(person)
    Token.objects.filter(user=person).delete()


@transaction.atomic
def reactivate(*, person: User, actor: User) -> None:
    """Let a person in again. Raises NotAllowed."""
    if not can_deactivate(actor, person):
        raise NotAllowed
    person.is_active = True
    person.deactivated_at = None
    person.save(update_fields=["is_active", "deactivated_at"])


def can_deactivate(actor: User, person: User) -> bool:
    """Whether this person may shut that one out."""
    if actor.has_perm("accounts.change_user"):
        return actor.is_superuser or not person.is_superuser
    return (
        person.is_customer
        and manages(actor, person.organization)
        and person.role.order >= actor.role.order
    )


def can_change_role(actor: User, person: User, role: Role) -> bool:
    """Whether this person may give that one the role."""
    return can_deactivate(actor, person) and can_invite(actor, role, person.organization)


@transaction.atomic
def reset_second_factor(*, person: User, actor: User, at: datetime) -> None:
    """Remove the app, keys and codes of somebody who lost them. Raises NotAllowed, NotYourself."""
    if person == actor:
        raise NotYourself(_("Remove your own second factor in your profile."))
    if not actor.has_perm("accounts.change_user") or not can_deactivate(actor, person):
        raise NotAllowed
    Authenticator.objects.filter(user=person).delete()
    end_sessions(person)
    letters.account_notice(person.email, person.language, code="second_factor_reset", at=at)


def is_taken(email: str, *, but_by: User | None = None) -> bool:
    """Whether somebody signs in with this address, whatever its case."""
    people = User.objects.filter(email__iexact=email.strip())
    return (people.exclude(pk=but_by.pk) if but_by else people).exists()


def end_session(*, person: User, pk: int) -> None:
    """End one session of a person; one that is not theirs, or no more, changes nothing."""
    for session in UserSession.objects.filter(user=person, pk=pk):
        session.end()


def end_sessions(person: User) -> None:
    """End every session of a person, so that the very next request is refused."""
    for session in UserSession.objects.filter(user=person):
        session.end()


def _follow_role(person: User) -> None:
    """Let groups and the right to enter the admin follow the role."""
    person.groups.set([person.role.group] if person.role.group else [])
    person.is_staff = person.role.side == Side.STAFF and person.role.code != "developer"
    person.save(update_fields=["is_staff"])


def _refuse_weak(password: str, invitation: Invitation) -> None:
    if not password:
        return
    try:
        validate_password(password, User(email=invitation.email, full_name=invitation.full_name))
    except ValidationError as error:
        raise WeakPassword(" ".join(error.messages)) from error


def _open(email: str) -> Any:
    return Invitation.objects.filter(email=email, accepted_at__isnull=True, revoked_at__isnull=True)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
