"""Is this process alive, and is what it needs there? For supervisors and load balancers."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import DatabaseError, connection
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from portal.delivery.models import Delivery, Heartbeat, State

LETTERS_WAIT = timedelta(minutes=10)
# How long each job may be silent: several of its turns. What never ran yet says nothing.
SILENCE = {
    "outbox": timedelta(minutes=2),
    "clocks": timedelta(minutes=3),
    "alerts": timedelta(minutes=5),
    "letters": timedelta(minutes=3),
    "mail": timedelta(minutes=15),
    "compare-mailboxes": timedelta(days=2),
    "life-of-tickets": timedelta(minutes=20),
    "forget-unsent-files": timedelta(hours=3),
    "forget-old-deliveries": timedelta(hours=3),
    "publish-articles": timedelta(minutes=5),
    "article-links": timedelta(hours=1),
    "article-owners": timedelta(days=1),
    "settle-search": timedelta(hours=50),
    "forget-letters": timedelta(hours=50),
}


@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def readyz(_request: HttpRequest) -> JsonResponse:
    """Say what is there and what is not; 503 as soon as anything is broken."""
    at = timezone.now()
    try:
        with connection.cursor() as cursor:
            cursor.execute("select 1")
        letters, jobs = _letters(at), dict(_jobs(at))
    except DatabaseError:
        return JsonResponse({"ready": False, "database": "down"}, status=503)
    ready = bool(letters["ok"]) and all(job["ok"] for job in jobs.values())
    state = {"ready": ready, "database": "ok", "letters": letters, "jobs": jobs}
    return JsonResponse(state, status=200 if ready else 503)


def _letters(at: datetime) -> dict[str, float | bool]:
    """Tell for how long the letter has waited that should have left first."""
    waiting = Delivery.objects.filter(state__in=[State.PENDING, State.SENDING])
    oldest = waiting.filter(next_at__lte=at).aggregate(oldest=Min("next_at"))["oldest"]
    age = at - oldest if oldest else timedelta(0)
    return {"ok": age <= LETTERS_WAIT, "oldest_waits_seconds": round(age.total_seconds(), 1)}


def _jobs(at: datetime) -> Iterator[tuple[str, dict[str, float | bool]]]:
    """Tell for each background job how long it has been silent."""
    for job, beat_at in Heartbeat.objects.order_by("job").values_list("job", "beat_at"):
        age = at - beat_at
        allowed = SILENCE.get(job)
        ok = allowed is None or age <= allowed
        yield job, {"ok": ok, "silent_seconds": round(age.total_seconds(), 1)}
