"""The feedback page, open to everybody."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from portal.feedback import actions
from portal.feedback.forms import FeedbackForm
from portal.feedback.models import To
from portal.http import within_rate
from portal.refusals import Refused
from portal.support.schedule import for_request


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """Take an idea, praise or a complaint."""
    form = FeedbackForm(request.POST or None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        if form.is_robot or _keep(request, form):
            return redirect("feedback:thanks")
    context = {"form": form, "head_name": for_request(request).brand.head_name}
    return render(request, "feedback/give.html", context, status=400 if form.errors else 200)


@require_safe
def thanks(request: HttpRequest) -> HttpResponse:
    """Say what happens next."""
    return render(request, "feedback/thanks.html")


def _initial(request: HttpRequest) -> dict[str, str]:
    asked = request.GET
    return {
        "kind": asked.get("kind", "idea"),
        "to": To.HEAD if asked.get("to") == To.HEAD else To.TEAM,
        "about_path": asked.get("about", ""),
        "about_title": asked.get("title", ""),
    }


def _keep(request: HttpRequest, form: FeedbackForm) -> bool:
    """Give it to the action; False when it was refused and the form says why."""
    data, author = form.cleaned_data, _author(request, form)
    if author is None and not within_rate(request, "feedback"):
        form.add_error(None, _("Too much at once from here. Try again in an hour, or sign in."))
        return False
    try:
        actions.give(
            kind=data["kind"],
            to=data["to"],
            text=data["text"],
            author=author,
            email="" if data["is_anonymous"] else data["email"],
            about_path=data["about_path"],
            about_title=data["about_title"],
            source="ticket" if data["about_path"].startswith("/cabinet/") else "page",
            language=request.LANGUAGE_CODE,
            form_key=data["form_key"],
            at=timezone.now(),
        )
    except Refused as refusal:
        form.add_error(refusal.field or None, str(refusal.message))
        return False
    return True


def _author(request: HttpRequest, form: FeedbackForm) -> User | None:
    if form.cleaned_data["is_anonymous"] or not isinstance(request.user, User):
        return None
    return request.user
