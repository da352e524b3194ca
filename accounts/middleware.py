"""What a person's account means for each request: language, sessions, the second factor."""

import time
from collections.abc import Callable

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import second_factor

Next = Callable[[HttpRequest], HttpResponseBase]
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)
NOTE_EVERY = 300  # seconds


class LanguageMiddleware:
    """Speaks the language of the switch, else of the account, else Russian.

    The browser's own list is not asked: computers at Russian front desks often speak English.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Choose the language and say so in the answer."""
        language = chosen_language(request)
        request.LANGUAGE_CODE = language
        with translation.override(language):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
        return response


def chosen_language(request: HttpRequest) -> str:
    """Give the code of the language in which to answer this request."""
    cookie = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
    if cookie in LANGUAGES:
        return cookie
    # Sessions are only read when there is one: anonymous pages stay free of queries.
    if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
        return request.user.language
    return settings.LANGUAGE_CODE


class ActivityMiddleware:
    """Notes when each session was last used, for its owner to see: at most once in five minutes."""

    STAMP = "seen"

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Note the use when the last note is old, and pass the request on."""
        # Sessions are only read when there is one: anonymous pages stay free of queries.
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            now = int(time.time())
            if now - request.session.get(self.STAMP, 0) > NOTE_EVERY:
                request.session[self.STAMP] = now
                UserSession.objects.create_from_request(request)
        return self.get_response(request)


class SecondFactorMiddleware:
    """Sends staff without a second factor to set one up, outside demo mode."""

    # Where somebody without a second factor may still go: to set it up, to leave, to be checked.
    OPEN_PREFIXES = ("/accounts/", "/static/", "/i18n/", "/healthz", "/readyz")

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the request through, or lead to the page of second factors."""
        if not self._lacks_factor(request):
            return self.get_response(request)
        if request.path.startswith("/api/"):
            message = _("Set up a second factor first.")
            error = {"code": "second_factor_missing", "message": message, "fields": {}}
            return JsonResponse({"error": error}, status=403)
        return HttpResponseRedirect(reverse("mfa_index"))

    def _lacks_factor(self, request: HttpRequest) -> bool:
        if not settings.SECOND_FACTOR_REQUIRED or request.path.startswith(self.OPEN_PREFIXES):
            return False
        user = request.user
        return user.is_authenticated and second_factor.is_missing(user)
