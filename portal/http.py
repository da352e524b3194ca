"""What every request and answer share: policy, log line, page or fragment, rates."""

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any

from allauth.core import ratelimit
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

Next = Callable[[HttpRequest], HttpResponseBase]
log = logging.getLogger("portal.request")


class RequestLogMiddleware:
    """Writes one line per request: no address, no person, no query, no cookie."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Give the request an id, pass it on, and log how it went."""
        request.META["REQUEST_ID"] = request_id = uuid.uuid4().hex[:16]
        started = time.perf_counter()
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        match = request.resolver_match
        log.info(
            "request",
            extra={
                "request_id": request_id,
                "method": request.method,
                "route": match.route if match else "",
                "status": response.status_code,
                "ms": round(1000 * (time.perf_counter() - started), 1),
            },
        )
        return response


class PolicyMiddleware(CSPMiddleware):
    """Sends the Content-Security-Policy: strict for pages, one of its own for the admin."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Choose the policy by the address."""
        if request.path.startswith(reverse("admin:index")):
            # The package's own mark on an answer, as its decorators set it.
            vars(response)["_csp_config"] = _policy_in_the_admin(request)["DIRECTIVES"]
            response.headers["X-Frame-Options"] = "SAMEORIGIN"
        return super().process_response(request, response)


def _policy_in_the_admin(request: HttpRequest) -> dict[str, Any]:
    match = request.resolver_match
    policies = settings.POLICIES_IN_THE_ADMIN
    chosen: dict[str, Any] = policies.get(
        match.view_name if match else "", settings.ADMIN_CONTENT_SECURITY_POLICY
    )
    return chosen


def page(
    request: HttpRequest, template: str, fragment: str, context: dict[str, Any], status: int = 200
) -> HttpResponse:
    """Render the whole page, or only its fragment when HTMX asks for a part of it."""
    wants_part = getattr(request, "htmx", False) and not request.headers.get("HX-Boosted")
    response = render(request, fragment if wants_part else template, context, status=status)
    response.headers["Vary"] = "HX-Request, Cookie"
    return response


def within_rate(request: HttpRequest, action: str) -> bool:
    """Count one use of an action against settings.ACCOUNT_RATE_LIMITS; False when it is too much."""
    return bool(ratelimit.consume(request, action=action))
