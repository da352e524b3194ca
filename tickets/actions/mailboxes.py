"""Mailboxes and addresses, as the head of support sets them; passwords go in and never out."""

import re

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.delivery import secrets
from portal.refusals import NotAllowed, Refused
from tickets.models import DeadAddress, Mailbox, Policy

SELECTOR = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# Whoever changes one of these begins with another mailbox: its numbers mean nothing any more.
PLACE = ("host", "user", "folder")


class HasLetters(Refused):
    """Letters came by this mailbox, and they say so."""

    code = "has_letters"
    message = _("Letters came by this mailbox: take it out of use instead of deleting it.")


class NoPassword(Refused):
    """A server asks for a password."""

    code = "no_password"
    status = 400
    field = "password"
    message = _("Enter the password of this mailbox.")


class PasswordOfAnother(Refused):
    """A password that was given for one server must not be sent to another."""

    code = "password_of_another"
    status = 400
    field = "password"
    message = _("Server or user have changed: enter the password for them.")


class BadSelector(Refused):
    """No name under which a key can be published."""

    code = "bad_selector"
    status = 400
    field = "dkim_selector"
    message = _("A selector consists of letters, digits, dots and hyphens.")


def check_mailbox(*, mailbox: Mailbox, password: str) -> None:
    """Refuse what save_mailbox would refuse. Raises NoPassword, PasswordOfAnother."""
    if not mailbox.host or password:
        return
    stored = Mailbox.objects.filter(pk=mailbox.pk).first()
    if stored is None or not stored.secret:
        raise NoPassword
    if (stored.host, stored.port, stored.user) != (mailbox.host, mailbox.port, mailbox.user):
        raise PasswordOfAnother


@transaction.atomic
def save_mailbox(*, mailbox: Mailbox, password: str, actor: User) -> Mailbox:
    """Add a mailbox or change one; an empty password leaves the one that is kept.

    Raises NotAllowed, NoPassword, PasswordOfAnother.
    """
    _may(actor, "change_mailbox")
    check_mailbox(mailbox=mailbox, password=password)
    stored = Mailbox.objects.select_for_update().filter(pk=mailbox.pk).first()
    if password:
        mailbox.secret = secrets.seal({"password": password})
    elif stored is not None:
        mailbox.secret = stored.secret
    mailbox.address = mailbox.address.lower()
    names = [*Mailbox.SET_BY_HAND, "secret"]
    if stored is not None and any(getattr(stored, one) != getattr(mailbox, one) for one in PLACE):
        mailbox.uidvalidity = mailbox.last_uid = mailbox.since_uid = mailbox.failures = 0
        mailbox.troubled, mailbox.last_error = {}, ""
        # What came from another place keeps no number here: the new one may use the same.
        mailbox.letters.update(uid=None)
        names += ["uidvalidity", "last_uid", "since_uid", "failures", "troubled", "last_error"]
    if stored is None:
        mailbox.save(force_insert=True)
    else:
        # What the fetcher writes meanwhile is not overwritten.
        mailbox.save(update_fields=names)
    return mailbox


@transaction.atomic
def delete_mailbox(*, mailbox: Mailbox, actor: User) -> None:
    """Delete a mailbox by which nothing ever came. Raises NotAllowed, HasLetters."""
    _may(actor, "delete_mailbox")
    if mailbox.letters.exists():
        raise HasLetters
    mailbox.delete()


@transaction.atomic
def revive_address(*, address: DeadAddress, actor: User) -> None:
    """Write to an address again that mail servers called dead; safe to call twice. Raises NotAllowed."""
    _may(actor, "delete_deadaddress")
    DeadAddress.objects.filter(pk=address.pk).delete()


@transaction.atomic
def set_dkim_selector(*, selector: str, actor: User) -> None:
    """Say under which name the key of our own letters is published. Raises NotAllowed, BadSelector."""
    _may(actor, "change_mailbox")
    if selector and not SELECTOR.fullmatch(selector):
        raise BadSelector
    Policy.objects.update(dkim_selector=selector)


def _may(actor: User, permission: str) -> None:
    if not actor.is_active or not actor.has_perm(f"tickets.{permission}"):
        raise NotAllowed
