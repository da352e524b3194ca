"""Who of the desk wants to hear of a ticket, and who is named in a note."""

from datetime import datetime

from django.db import transaction

from accounts.models import User
from tickets import access, history, notices
from tickets.actions import locking
from tickets.models import Message, Ticket, Watcher

SIGN = "@"


@transaction.atomic
def watch(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Hear of new messages and of the solution. Twice is once. Raises NotAllowed."""
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_watch)
    if _add(ticket, [actor], at):
        history.record(ticket=ticket, code="watched", actor=actor, at=at)
    return ticket


@transaction.atomic
def unwatch(*, ticket: Ticket, actor: User, at: datetime) -> Ticket:
    """Hear no more of it. Raises NotAllowed."""
    ticket = locking.lock(ticket, actor=actor, allowed=access.can_watch)
    deleted, _by_model = Watcher.objects.filter(ticket=ticket, person=actor).delete()
    if deleted:
        history.record(ticket=ticket, code="unwatched", actor=actor, at=at)
    return ticket


def mention(ticket: Ticket, note: Message, *, at: datetime) -> list[User]:
    """Let those hear of a locked ticket whom a note names by `@` and their full name.

    Only people of the desk who may read the ticket; whoever names themselves knows already.
    """
    if SIGN not in note.text:
        return []
    desk = User.objects.desk().exclude(pk=note.author_id).select_related("role")
    people = [one for one in named_in(note.text, list(desk)) if access.works_on(one, ticket)]
    if not people:
        return []
    _add(ticket, people, at)
    names = [person.full_name for person in people]
    history.record(ticket=ticket, code="mentioned", actor=note.author, at=at, names=names)
    for person in people:
        notices.mentioned(ticket, note, person, at=at)
    return people


def named_in(text: str, people: list[User]) -> list[User]:
    """Keep whom a text names; of two names the longer one is meant where it begins like another."""
    found = []
    for person in sorted(people, key=lambda one: (-len(one.full_name), one.pk)):
        name = SIGN + person.full_name
        if person.full_name and name in text:
            found.append(person)
            text = text.replace(name, " ")
    return sorted(found, key=lambda one: one.full_name)


def _add(ticket: Ticket, people: list[User], at: datetime) -> list[Watcher]:
    """Add those who do not watch yet, and give them."""
    already = set(Watcher.objects.filter(ticket=ticket).values_list("person_id", flat=True))
    new = [Watcher(ticket=ticket, person=one, since=at) for one in people if one.pk not in already]
    return Watcher.objects.bulk_create(new, ignore_conflicts=True)
