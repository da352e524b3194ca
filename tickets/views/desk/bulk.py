"""Bulk actions of the queue: each ticket by its usual action, in a transaction of its own."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from accounts.models import User
from accounts.requests import signed_in
from portal.refusals import Refused
from tickets import actions, filters, rules
from tickets.desk_forms import AssignForm, TriageForm
from tickets.models import Ticket
from tickets.views.desk.doors import desk_only
from tickets.views.desk.queue import asked_at

MOST = 100
Act = Callable[..., Any]


class NothingChosen(Refused):
    """No row was chosen."""

    code = "nothing_chosen"
    message = gettext_lazy("Choose tickets first.")


class TooMany(Refused):
    """More than are done at once."""

    code = "too_many"
    message = gettext_lazy("At most 100 tickets at once. Nothing was changed.")


class UnknownAction(Refused):
    """There is no such action."""

    code = "unknown_action"
    message = gettext_lazy("Choose what to do with the tickets.")


class NotFound(Refused):
    """It is out of this person's sight."""

    code = "not_found"
    message = gettext_lazy("There is no such ticket, or it is not for you to see.")


@dataclass
class Result:
    """Which tickets were changed, and which were refused, by reason."""

    done: list[int] = field(default_factory=list)
    refused: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def left(self) -> list[int]:
        """The tickets that stay chosen."""
        return [number for numbers in self.refused.values() for number in numbers]


@desk_only
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Do one thing to all chosen tickets, and say which were refused and why."""
    user, asked = signed_in(request), request.POST
    here = asked_at(asked.get("here", ""), user)
    try:
        numbers = _chosen(asked)
        act, values = _action(asked, user)
    except Refused as refusal:
        messages.error(request, str(refusal.message))
        picked = ".".join(asked.getlist("ticket")[:MOST])
        return redirect(reverse("desk:queue") + here.address(after=here.after, picked=picked))
    result = _do(numbers, act, user, timezone.now(), values)
    _tell(request, result)
    picked = ".".join(map(str, result.left))
    return redirect(reverse("desk:queue") + here.address(after=here.after, picked=picked))


def _chosen(asked: QueryDict) -> list[int]:
    given = dict.fromkeys(asked.getlist("ticket"))
    numbers = [int(one) for one in given if filters.is_number(one)]
    if not numbers:
        raise NothingChosen
    if len(numbers) > MOST:
        raise TooMany
    return numbers


def _action(asked: QueryDict, user: User) -> tuple[Act, dict[str, Any]]:
    """Find what is to be done, and with which values. Raises Refused."""
    make = ACTIONS.get(asked.get("do", ""))
    if make is None:
        raise UnknownAction
    return make(asked, user)


def _assign(asked: QueryDict, _user: User) -> tuple[Act, dict[str, Any]]:
    form = AssignForm(asked)
    if not form.is_valid():
        raise actions.NotOnDesk
    return actions.assign, {"assignee": form.cleaned_data["assignee"]}


def _take(_asked: QueryDict, user: User) -> tuple[Act, dict[str, Any]]:
    return actions.assign, {"assignee": user}


def _triage(asked: QueryDict, _user: User) -> tuple[Act, dict[str, Any]]:
    form = TriageForm(asked)
    if not form.is_valid():
        raise actions.UnknownKind
    return _judge, {"category": form.category, "priority": form.priority}


def _judge(*, ticket: Ticket, actor: User, at: datetime, category: str, priority: str) -> Ticket:
    """Set the priority alone where no category was chosen with it."""
    return actions.triage(
        ticket=ticket,
        actor=actor,
        at=at,
        category=category or ticket.category,
        priority=priority,
    )


def _wait(_asked: QueryDict, _user: User) -> tuple[Act, dict[str, Any]]:
    return actions.set_status, {"status": rules.Status.WAITING_CUSTOMER.value}


def _close(_asked: QueryDict, _user: User) -> tuple[Act, dict[str, Any]]:
    return actions.close, {}


ACTIONS: dict[str, Callable[[QueryDict, User], tuple[Act, dict[str, Any]]]] = {
    "assign": _assign,
    "take": _take,
    "triage": _triage,
    "wait": _wait,
    "close": _close,
}


def _do(
    numbers: Sequence[int], act: Act, user: User, at: datetime, values: dict[str, Any]
) -> Result:
    found = Ticket.objects.visible_to(user).in_bulk(numbers, field_name="number")
    result = Result()
    for number in numbers:
        try:
            if number not in found:
                raise NotFound
            act(ticket=found[number], actor=user, at=at, **values)
        except Refused as refusal:
            result.refused[str(refusal.message)].append(number)
        else:
            result.done.append(number)
    return result


def _tell(request: HttpRequest, result: Result) -> None:
    if result.done:
        said = ngettext("%(count)d ticket: done.", "%(count)d tickets: done.", len(result.done))
        messages.success(request, said % {"count": len(result.done)})
    for reason, numbers in result.refused.items():
        shown = ", ".join(f"№ {number}" for number in numbers)
        messages.error(
            request,
            _("Left as it was: %(tickets)s. %(reason)s") % {"tickets": shown, "reason": reason},
        )
