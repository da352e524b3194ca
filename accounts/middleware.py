"""What a person's account means for each request: language, and the second factor of the staff."""

from collections.abc import Callable

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation

Next = Callable[[HttpRequest], HttpResponseBase]
LANGUAGES = tuple(code for code, _name in settings.LANGUAGES)


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


class SecondFactorMiddleware:
    """Sends staff without a second factor to set one up (ASVS 5.0, 6.3.3), outside demo mode."""

    # Where somebody without a second factor may still go: to set it up, to leave, to be checked.
    OPEN_PREFIXES = ("/accounts/", "/static/", "/i18n/", "/healthz", "/readyz")

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let the request through, or lead to the page of second factors."""
        if settings.SECOND_FACTOR_REQUIRED and self._lacks_factor(request):
            return HttpResponseRedirect(reverse("mfa_index"))
        return self.get_response(request)

    def _lacks_factor(self, request: HttpRequest) -> bool:
        if request.path.startswith(self.OPEN_PREFIXES):
            return False
        user = request.user
        return user.is_authenticated and not user.is_customer and not is_mfa_enabled(user)
