"""Short permanent links: /to/<slug> leads to a page whatever its address is today."""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.views.decorators.http import require_safe

Resolver = Callable[[HttpRequest, str], str | None]

_named: dict[str, str] = {}
_resolvers: list[Resolver] = []


def register_name(slug: str, url_name: str) -> None:
    """Let /to/<slug> lead to the page of this URL name."""
    _named[slug] = url_name


def is_name(slug: str) -> bool:
    """Whether a page of our own has this short link."""
    return slug in _named


def register_resolver(resolver: Resolver) -> None:
    """Let an app find pages of its own by slug; it answers an address, or None."""
    _resolvers.append(resolver)


@require_safe
def follow(request: HttpRequest, slug: str) -> HttpResponseRedirect:
    """Lead to the page behind a short link."""
    if slug in _named:
        return HttpResponseRedirect(reverse(_named[slug]))
    for resolver in _resolvers:
        if address := resolver(request, slug):
            return HttpResponseRedirect(address)
    raise Http404
