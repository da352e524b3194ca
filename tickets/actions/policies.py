"""The figures of the life of tickets, as the head of support sets them."""

from django.db import transaction

from accounts.models import User
from portal.refusals import NotAllowed
from tickets.models import Policy


@transaction.atomic
def save_policy(*, policy: Policy, actor: User) -> Policy:
    """Change the figures; ends that were announced to customers already hold. Raises NotAllowed."""
    if not actor.is_active or not actor.has_perm("tickets.change_policy"):
        raise NotAllowed
    policy.save(force_update=True)
    return policy
