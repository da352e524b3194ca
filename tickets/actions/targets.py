"""Targets of answers: versions by date; what has begun to hold is history."""

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from portal.refusals import NotAllowed, Refused
from portal.support.schedule import current_schedule
from tickets import rules
from tickets.actions.triage import PriorityTooHigh
from tickets.models import Target


class TargetInThePast(Refused):
    """Targets that have begun to hold are history: clocks have run by them."""

    code = "target_in_the_past"
    message = _("Targets hold from a day to come on: clocks have run by those of the past.")
    field = "valid_from"


def check_target(*, target: Target, at: datetime) -> None:
    """Refuse what save_target would refuse. Raises PriorityTooHigh, TargetInThePast."""
    if not rules.is_allowed(target.category, target.priority):
        raise PriorityTooHigh
    stored = Target.objects.filter(pk=target.pk).first()
    if has_begun(target, at) or (stored and has_begun(stored, at)):
        raise TargetInThePast


@transaction.atomic
def save_target(*, target: Target, actor: User, at: datetime) -> Target:
    """Add a target, or change one that does not hold yet; clocks that run keep theirs.

    Raises NotAllowed, PriorityTooHigh, TargetInThePast.
    """
    _may(actor, "change_target")
    check_target(target=target, at=at)
    target.save()
    return target


@transaction.atomic
def delete_target(*, target: Target, actor: User, at: datetime) -> None:
    """Take back a target that does not hold yet. Raises NotAllowed, TargetInThePast."""
    _may(actor, "delete_target")
    if has_begun(target, at):
        raise TargetInThePast
    target.delete()


def has_begun(target: Target, at: datetime) -> bool:
    """Whether the target holds already, by the calendar of support."""
    return target.valid_from <= current_schedule().day_of(at)


def _may(actor: User, permission: str) -> None:
    if not actor.is_active or not actor.has_perm(f"tickets.{permission}"):
        raise NotAllowed
