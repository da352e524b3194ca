"""The page behind "no longer send me these": ends a kind of letter, and begins it again.

Programs that look through mail open links. Opening the page therefore changes nothing; sending its
form does, as does the one click that a mail program sends by itself (RFC 8058, 3.2).
"""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from portal.delivery import manners, unsubscribing
from portal.http import within_rate

PAGE = "delivery/unsubscribe.html"
NOT_OURS, TOO_OFTEN = 404, 429


# A mail program has no session and no form of ours; the sealed link is what allows it.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show what a link ends, or end it, or begin it again."""
    named = unsubscribing.read(token)
    if named is None:
        if not within_rate(request, "rating"):
            return render(request, "429.html", status=TOO_OFTEN)
        return render(request, PAGE, status=NOT_OURS)
    if request.method == "POST":
        if request.POST.get("wanted") == "yes":
            unsubscribing.begin(named)
        else:
            unsubscribing.end(named, at=timezone.now())
        # A mail program follows no redirect (RFC 8058, 3.1).
        if "List-Unsubscribe" not in request.POST:
            return redirect("unsubscribe", token)
    topic = manners.TOPICS[named.topic]
    context = {"topic": topic, "token": token, "is_wanted": unsubscribing.is_wanted(named)}
    return render(request, PAGE, context)
