"""Pages kept as they were made, for readers who are nobody in particular.

Most readers of the knowledge base are not signed in and see the same page. It is kept in the memory
of this process, under everything it depends on, for the minute in which it was made: hours open
and close on the minute, so no reader is told a wrong state. docs/decisions/0006.

A browser that has a page already is told so (304). Its mark is made of the page as it is now, so
whatever changes the page, an article or the opening of support, changes the mark at once.
"""

import hashlib
import re
from collections.abc import Callable, Hashable
from datetime import datetime
from threading import Lock

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.translation import get_language

MOST = 500  # pages; some 20 KB each
# Every place of a page where a token stands: its forms, each under a mask of its own, and what htmx sends.
TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value="|"X-CSRFToken": ")[A-Za-z0-9]{64}"')
PLACE = b"@@token-of-the-reader@@"

_lock = Lock()
_minute: list[int] = [0]
_kept: dict[Hashable, bytes] = {}


def keep(
    request: HttpRequest, key: Hashable, make: Callable[[], HttpResponse], *, at: datetime
) -> HttpResponse:
    """Answer a stranger with the page made last under this key, and everybody else with a new one.

    The key names what the page depends on beside its address, its language and the minute.
    """
    if not is_stranger(request):
        return revalidated(request, make())
    whole = (key, request.scheme, request.get_host(), request.path, get_language())
    page = _find(whole, int(at.timestamp() // 60))
    if page is not None:
        response = HttpResponse(page.replace(PLACE, get_token(request).encode()))
        return _marked(request, response, page)
    response = make()
    if response.status_code != 200:  # noqa: PLR2004 (everybody knows it)
        return response
    page = _without_tokens(response.content)
    _put(whole, page)
    return _marked(request, response, page)


def revalidated(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Answer 304 instead of a page that the browser has already."""
    if response.status_code != 200:  # noqa: PLR2004 (everybody knows it)
        return response
    return _marked(request, response, _without_tokens(response.content))


def _marked(request: HttpRequest, response: HttpResponse, page: bytes) -> HttpResponse:
    # The forms of a page work only beside the cookie they were made with: another one, another mark.
    secret = str(request.META.get("CSRF_COOKIE", "")).encode()
    mark = hashlib.blake2b(page, digest_size=16, key=secret[:64]).hexdigest()
    response.headers["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie"])
    etag = f'W/"{mark}"'
    response.headers["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response)
    return answer if isinstance(answer, HttpResponse) else response


def is_stranger(request: HttpRequest) -> bool:
    """Whether nothing in the request could make its answer differ from another reader's."""
    cookies = request.COOKIES
    return not (
        settings.SESSION_COOKIE_NAME in cookies
        or "messages" in cookies
        or request.GET
        or request.headers.get("HX-Request")
        or request.headers.get("Authorization")
    )


def forget() -> None:
    """Forget every page, as tests need."""
    _kept.clear()


def _find(whole: Hashable, minute: int) -> bytes | None:
    if _minute[0] != minute:
        with _lock:
            _kept.clear()
            _minute[0] = minute
    return _kept.get(whole)


def _without_tokens(page: bytes) -> bytes:
    # Tokens are one reader's own, and every reader gets others.
    return TOKEN.sub(rb"\g<1>" + PLACE + b'"', page)


def _put(whole: Hashable, page: bytes) -> None:
    if len(_kept) < MOST:
        _kept[whole] = page
