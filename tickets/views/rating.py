"""Rating a solution from its letter, without signing in: a signed link, a page, one button.

Programs that look through mail open links. Opening one therefore writes nothing: the mark is kept
when the form of the page is sent, by its button or by the script once a person moves.
"""

from django.core.signing import BadSignature, SignatureExpired
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from portal.http import within_rate
from portal.refusals import Refused
from tickets import access, actions, rating_links, rules
from tickets.forms import RatingForm
from tickets.models import Rating
from tickets.rating_links import Named

PAGE, GONE = "tickets/rate/rate.html", "tickets/rate/gone.html"
NOT_OURS, OLD, TOO_OFTEN, REFUSED = 404, 410, 429, 422


@require_http_methods(["GET", "HEAD", "POST"])
def rate(request: HttpRequest, token: str, score: int = 0) -> HttpResponse:
    """Show the page of a link, or keep the mark that it sends."""
    try:
        named = rating_links.read(token)
    except SignatureExpired:
        return _gone(request, "old", OLD)
    except BadSignature:
        return _gone(request, "broken", NOT_OURS)
    if not _is_open(named):
        return _gone(request, "over", OLD)
    if request.method == "POST":
        return _keep(request, named, token)
    return _page(request, named, token, score=score)


def _gone(request: HttpRequest, why: str, status: int) -> HttpResponse:
    """Say clearly what is wrong with a link; who sends forms to many is slowed down."""
    if not within_rate(request, "rating"):
        return render(request, "429.html", status=TOO_OFTEN)
    return render(request, GONE, {"why": why}, status=status)


def _is_open(named: Named) -> bool:
    """Whether the solution still stands and the person may still say something about it."""
    ticket = named.ticket
    is_solved = ticket.status in rules.DONE_STATUSES and ticket.resolved_at == named.resolved_at
    return is_solved and access.can_rate(named.person, ticket)


def _keep(request: HttpRequest, named: Named, token: str) -> HttpResponse:
    form = RatingForm(request.POST)
    problem = form.problem()
    if not problem:
        try:
            actions.rate(
                ticket=named.ticket,
                actor=named.person,
                resolved_at=named.resolved_at,
                at=timezone.now(),
                score=form.cleaned_data["score"],
                comment=form.cleaned_data["comment"] if "comment" in request.POST else None,
            )
        except Refused as refusal:
            problem = str(refusal.message)
        else:
            return redirect("rate", token)
    return _page(request, named, token, form=form, problem=problem)


def _page(
    request: HttpRequest,
    named: Named,
    token: str,
    *,
    score: int = 0,
    form: RatingForm | None = None,
    problem: str = "",
) -> HttpResponse:
    rating = Rating.objects.filter(ticket=named.ticket, resolved_at=named.resolved_at).first()
    asked = score if score in actions.rating.SCORES else 0
    context = {
        "ticket": named.ticket,
        "token": token,
        "rating": rating,
        "form": form or RatingForm(initial={"comment": rating.comment if rating else ""}),
        "chosen": asked or (rating.score if rating else 0),
        # A link of the letter is one tap: the script sends it at the first move of a person.
        "sends_itself": bool(asked) and not problem and not (rating and rating.score == asked),
        "problem": problem,
        "scores": actions.rating.SCORES,
    }
    return render(request, PAGE, context, status=REFUSED if problem else 200)
