"""Who may do what with a ticket. Each question has the stem of its action."""

from collections.abc import Callable

from django.db.models import Q, QuerySet

from accounts.models import Property, User
from portal import exchange
from tickets import rules
from tickets.models import Attachment, Development, Message, Participant, SavedView, Ticket
from tickets.querysets import develops, sees_all

AboutDevelopment = Callable[[User, Development], bool]


def can_see(user: User, ticket: Ticket) -> bool:
    """Whether this person may read the ticket."""
    return sees_all(user) or Ticket.objects.visible_to(user).filter(pk=ticket.pk).exists()


def categories_for(user: User) -> list[str]:
    """Name the categories this person may file: incidents always, requests within the role."""
    if not user.is_customer or user.organization is None or not user.organization.is_active:
        return []
    allowed = {rules.Category.INCIDENT.value, *user.role.may_file}
    return [category.value for category in rules.Category if category.value in allowed]


def can_file(user: User) -> bool:
    """Whether this person files tickets at all: active customers do."""
    return user.is_active and bool(categories_for(user))


def can_file_about(user: User, hotel: Property) -> bool:
    """Whether this hotel is one of the person's organization, and in use."""
    return hotel.is_active and hotel.organization_id == user.organization_id


def takes_part(user: User, ticket: Ticket) -> bool:
    """Whether this customer writes here: the requester, and colleagues who have joined."""
    if not user.is_customer or user.organization_id != ticket.organization_id:
        return False
    return user.pk == ticket.requester_id or (
        user.role.sees_organization and _has_joined(user, ticket)
    )


def _has_joined(user: User, ticket: Ticket) -> bool:
    return Participant.objects.filter(ticket=ticket, person=user).exists()


def can_join(user: User, ticket: Ticket) -> bool:
    """Whether this customer may join the conversation: who reads it as a colleague may."""
    is_colleague = user.is_customer and user.organization_id == ticket.organization_id
    return user.is_active and is_colleague and user.role.sees_organization


def can_rate(user: User, ticket: Ticket) -> bool:
    """Whether this person says how well it was solved: the requester alone."""
    is_theirs = user.is_customer and user.organization_id == ticket.organization_id
    return user.is_active and is_theirs and user.pk == ticket.requester_id


def works_on(user: User, ticket: Ticket) -> bool:
    """Whether this person of the staff answers here.

    Developers read the tickets that wait for them, and answer where they are the assignee.
    """
    if not user.works_desk:
        return False
    theirs = ticket.assignee_id, ticket.organization.account_manager_id
    return sees_all(user) or user.pk in theirs


def can_reply(user: User, ticket: Ticket) -> bool:
    """Whether this person may write a message that all participants read."""
    return user.is_active and (takes_part(user, ticket) or works_on(user, ticket))


def can_note(user: User, ticket: Ticket) -> bool:
    """Whether this person may leave a note for the staff: whoever of it reads the ticket."""
    return user.works_desk and can_see(user, ticket)


def can_triage(user: User, ticket: Ticket) -> bool:
    """Whether this person may set category and priority."""
    return user.has_perm("accounts.triage_ticket") and works_on(user, ticket)


def can_assign(user: User, ticket: Ticket) -> bool:
    """Whether this person may say who answers."""
    return works_on(user, ticket)


def can_readdress(user: User, ticket: Ticket) -> bool:
    """Whether this person may move it between support and the account manager."""
    return works_on(user, ticket)


def can_set_status(user: User, ticket: Ticket) -> bool:
    """Whether this person may say what the ticket waits for."""
    return works_on(user, ticket)


def can_hand_over(user: User, ticket: Ticket) -> bool:
    """Whether this person may give it to the developers."""
    return works_on(user, ticket)


def can_withdraw(user: User, ticket: Ticket) -> bool:
    """Whether this person may take it back from the developers: they give it back themselves too."""
    return works_on(user, ticket) or (develops(user) and can_see(user, ticket))


def can_see_development(user: User, development: Development) -> bool:
    """Whether this person may read what is developed."""
    return Development.objects.visible_to(user).filter(pk=development.pk).exists()


def can_tell_news(user: User, development: Development) -> bool:  # noqa: ARG001 (asked as the rest)
    """Whether this person tells the customers of it: support and developers."""
    return develops(user) or sees_all(user)


def can_release(user: User, development: Development) -> bool:
    """Whether this person may call it released: whoever tells the news."""
    return can_tell_news(user, development)


def can_take_development(user: User, development: Development) -> bool:  # noqa: ARG001 (as above)
    """Whether this person may take it on: developers."""
    return develops(user)


def can_take_alert(user: User, ticket: Ticket) -> bool:
    """Whether this person may answer a call for an urgent incident."""
    return works_on(user, ticket)


def can_agree_date(user: User, ticket: Ticket) -> bool:
    """Whether this person may note the date on which work goes on."""
    return works_on(user, ticket)


def can_move_promise(user: User, ticket: Ticket) -> bool:
    """Whether this person may promise the answer for another time."""
    return works_on(user, ticket)


def can_resolve(user: User, ticket: Ticket) -> bool:
    """Whether this person may call it solved."""
    return works_on(user, ticket)


def can_close(user: User, ticket: Ticket) -> bool:
    """Whether this person may close it: whoever writes in it."""
    return can_reply(user, ticket)


def can_reopen(user: User, ticket: Ticket) -> bool:
    """Whether this person may take it up again."""
    return can_reply(user, ticket)


def can_merge(user: User, ticket: Ticket) -> bool:
    """Whether this person may merge it with another, split it, or connect it."""
    return works_on(user, ticket)


def can_watch(user: User, ticket: Ticket) -> bool:
    """Whether this person may hear of what happens here."""
    return works_on(user, ticket)


def can_draft(user: User, ticket: Ticket) -> bool:
    """Whether this person may leave here what they have begun to write."""
    return works_on(user, ticket)


def can_write_article(user: User, ticket: Ticket) -> bool:
    """Whether this person may make an article of a ticket they work on."""
    return can_see(user, ticket) and user.works_desk and exchange.of_articles().may_write(user)


def attachments_for(user: User) -> QuerySet[Attachment]:
    """Give the files of messages this person may read, and their own unsent ones."""
    own = Q(message__isnull=True, uploaded_by=user)
    readable = Message.objects.visible_to(user).filter(ticket__in=Ticket.objects.visible_to(user))
    return Attachment.objects.filter(own | Q(message__in=readable))


def can_change_view(user: User, view: SavedView) -> bool:
    """Whether this person may rename or share a saved view: it is their own."""
    return user.works_desk and view.owner_id == user.pk


def can_delete_view(user: User, view: SavedView) -> bool:
    """Whether this person may take a saved view away: the head also what is shared."""
    if can_change_view(user, view):
        return True
    return user.works_desk and view.is_shared and user.has_perm("accounts.head_support")
