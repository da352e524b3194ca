"""Who comes in to the cabinet, and where an accepted form leads."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRedirect

from accounts.models import User

View = Callable[..., HttpResponse]
SAFE = ("GET", "HEAD")


def customers_only(view: View) -> View:
    """Let customers in; lead the desk's people to the same page of the desk, refuse the rest."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        user = person(request)
        if user.is_customer:
            return view(request, *args, **kwargs)
        if user.works_desk and request.method in SAFE:
            return _to_the_desk(kwargs.get("number"))
        raise PermissionDenied

    return guarded


def _to_the_desk(number: int | None) -> HttpResponse:
    return redirect("desk:ticket", number) if number else redirect("desk:queue")


def person(request: HttpRequest) -> User:
    """Give who is signed in."""
    if not isinstance(request.user, User):
        raise PermissionDenied
    return request.user


def onward(request: HttpRequest, address: str, *, sent: UUID | None = None) -> HttpResponse:
    """Lead to the next page; `sent` names the form whose draft may now be forgotten."""
    if sent is not None:
        address = f"{address}?{urlencode({'sent': sent})}"
    if getattr(request, "htmx", False):
        return HttpResponseClientRedirect(address)
    return redirect(address)


def status_of_refusal(request: HttpRequest) -> int:
    """Give the status of a form that was not accepted: HTMX only shows answers that are 200."""
    return 200 if getattr(request, "htmx", False) else 422
