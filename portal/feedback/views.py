"""The feedback page, open to everybody."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from portal.feedback import actions
from portal.feedback.forms import FeedbackForm, read_about
from portal.feedback.models import Kind, Source, To
from portal.http import within_rate
from portal.refusals import Refused


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Take an idea, praise or a complaint."""
    sent = request.POST if request.method == "POST" else None
    form = FeedbackForm(sent, initial=_initial(request))
    ticket = read_about(str(form["of"].value() or ""), _reader(request))[1]
    if form.is_valid() and (form.is_robot or _keep(request, form)):
        return redirect("feedback:thanks")
    status = 400 if form.errors else 200
    return render(request, "feedback/give.html", {"form": form, "ticket": ticket}, status=status)


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Say what happens next."""
    return render(request, "feedback/thanks.html")


def _initial(request: HttpRequest) -> dict[str, str]:
    asked = request.GET
    return {
        "kind": asked["kind"] if asked.get("kind") in Kind.values else Kind.IDEA,
        "to": To.HEAD if asked.get("to") == To.HEAD else To.TEAM,
        "about_path": asked.get("about", "")[:300],
        "about_title": asked.get("title", "")[:300],
        "of": asked.get("of", "")[:1000],
    }


def _keep(request: HttpRequest, form: FeedbackForm) -> bool:
    """Give it to the action; False when it was refused and the form says why."""
    author = _author(request, form)
    if author is None and not within_rate(request, "feedback"):
        form.add_error(None, _("Too much at once from here. Try again in an hour, or sign in."))
        return False
    try:
        actions.give(
            author=author,
            language=request.LANGUAGE_CODE,
            at=timezone.now(),
            **_said(form.cleaned_data, _reader(request)),
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal.message))
        return False
    return True


def _said(data: dict[str, Any], reader: User | None) -> dict[str, Any]:
    is_anonymous = data["is_anonymous"]
    path, title = read_about(data["of"], reader)
    is_ticket = bool(path)
    # A ticket says whose it is: who sends without a name does not want that.
    about = {
        "about_path": path or data["about_path"],
        "about_title": title or data["about_title"],
    }
    return {
        "kind": data["kind"],
        "to": data["to"],
        "text": data["text"],
        "email": "" if is_anonymous else data["email"],
        "source": Source.TICKET if is_ticket else Source.PAGE,
        "form_key": data["form_key"],
        **({} if is_ticket and is_anonymous else about),
    }


def _author(request: HttpRequest, form: FeedbackForm) -> User | None:
    return None if form.cleaned_data["is_anonymous"] else _reader(request)


def _reader(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
