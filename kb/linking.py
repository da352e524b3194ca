"""What articles link to: read off their words when readers begin to see them, and looked after since."""

import re
from collections.abc import Iterable, Sequence

from django.conf import settings

from kb import slugs
from kb.models import Article, ArticleLink, OldAddress, Section
from portal import links

HREF = re.compile(r'<a [^>]*?href="([^"]{1,500})"')
INNER = re.compile(r"^/kb/([-\w]{1,200})/(?:[#?].*)?$")
SHELF = re.compile(r"^/kb/sections/([-\w]{1,120})/(?:[#?].*)?$")
SHORT = re.compile(r"^/to/([-\w]{1,60})$")
OUTER = re.compile(r"^https?://", re.IGNORECASE)


def read(articles: Sequence[Article]) -> None:
    """Keep what the current words of these articles link to; broken is what leads to no article.

    What an address of elsewhere answered when it was asked last is known still.
    """
    found = {
        article.pk: addresses_in(article.current_revision.body)
        for article in articles
        if article.current_revision
    }
    everything = {address for some in found.values() for address in some}
    asked = _asked(everything)
    ArticleLink.objects.filter(article__in=[one.pk for one in articles]).delete()
    targets = _targets(everything)
    pages = _pages(everything)
    ArticleLink.objects.bulk_create(
        ArticleLink(
            article_id=pk,
            address=address,
            target_id=targets.get(address),
            state=asked[address].state if address in asked else _state(address, targets, pages),
            checked_at=asked[address].checked_at if address in asked else None,
        )
        for pk, some in found.items()
        for address in some
    )


def _asked(addresses: set[str]) -> dict[str, ArticleLink]:
    rows = ArticleLink.objects.filter(address__in=addresses, checked_at__isnull=False)
    return {one.address: one for one in rows}


def forget(articles: Iterable[Article]) -> None:
    """Forget the links of articles that readers see no more; those to them are broken now."""
    numbers = [one.pk for one in articles]
    ArticleLink.objects.filter(article__in=numbers).delete()
    ArticleLink.objects.filter(target__in=numbers).update(state="broken")


def arrived(articles: Iterable[Article]) -> None:
    """Mend the links that waited for these articles."""
    for article in articles:
        follow(article.slug, article)
        ArticleLink.objects.filter(address=f"/to/{article.short_code}").update(target=article)
        ArticleLink.objects.filter(target=article).update(state="ok")


def follow(slug: str, article: Article) -> None:
    """Know that links to an address that an article has or had lead to it."""
    # With whatever place in it, or mark, a link names behind the address.
    waiting = ArticleLink.objects.filter(address__startswith=f"/kb/{slug}/")
    waiting.update(target=article, state="ok")


def addresses_in(body: str) -> list[str]:
    """Give the addresses that can be looked after, each once, ours without the name of the site."""
    found = (_ours(address.replace("&amp;", "&")) for address in HREF.findall(body))
    kinds = (INNER, SHELF, SHORT, OUTER)
    return list(dict.fromkeys(one for one in found if any(kind.match(one) for kind in kinds)))


def _ours(address: str) -> str:
    site = f"{settings.SITE_URL}/"
    return f"/{address.removeprefix(site)}" if address.startswith(site) else address


def _targets(addresses: set[str]) -> dict[str, int]:
    slugs = {address: match[1] for address in addresses if (match := INNER.match(address))}
    codes = {address: match[1] for address in addresses if (match := SHORT.match(address))}
    shown = Article.objects.published()
    by_slug = dict(shown.filter(slug__in=slugs.values()).values_list("slug", "pk"))
    old = OldAddress.objects.filter(slug__in=slugs.values(), article__status="published")
    by_slug = {**dict(old.values_list("slug", "article_id")), **by_slug}
    by_code = dict(shown.filter(short_code__in=codes.values()).values_list("short_code", "pk"))
    named = [(address, by_slug.get(slug)) for address, slug in slugs.items()]
    named += [(address, by_code.get(code)) for address, code in codes.items()]
    return {address: pk for address, pk in named if pk is not None}


def _pages(addresses: set[str]) -> set[str]:
    """Give those of these addresses that are pages of ours beside articles."""
    shelves = {address: match[1] for address in addresses if (match := SHELF.match(address))}
    known = set(Section.objects.filter(slug__in=shelves.values()).values_list("slug", flat=True))
    old = OldAddress.objects.filter(slug__in=shelves.values(), section__isnull=False)
    known |= set(old.values_list("slug", flat=True))
    own = {one for one in addresses if (match := INNER.match(one)) and match[1] in slugs.RESERVED}
    own |= {one for one in addresses if (match := SHORT.match(one)) and links.is_name(match[1])}
    return own | {address for address, slug in shelves.items() if slug in known}


def _state(address: str, targets: dict[str, int], pages: set[str]) -> str:
    if address in targets or address in pages:
        return "ok"
    return "" if OUTER.match(address) else "broken"  # elsewhere is asked later
