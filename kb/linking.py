"""What articles link to: read off their words when readers begin to see them, and looked after since."""

import re
from collections.abc import Iterable, Sequence

from django.conf import settings

from kb.models import Article, ArticleLink, OldAddress

HREF = re.compile(r'<a [^>]*?href="([^"]{1,500})"')
INNER = re.compile(r"^/kb/([-\w]{1,200})/(?:[#?].*)?$")
SHORT = re.compile(r"^/to/(\w{4,12})/?$")


def read(articles: Sequence[Article]) -> None:
    """Keep what the current words of these articles link to; broken is what leads to no article."""
    ArticleLink.objects.filter(article__in=[one.pk for one in articles]).delete()
    found = {
        article.pk: addresses_in(article.current_revision.body)
        for article in articles
        if article.current_revision
    }
    targets = _targets({address for some in found.values() for address in some})
    ArticleLink.objects.bulk_create(
        ArticleLink(
            article_id=pk,
            address=address,
            target_id=targets.get(address),
            state=_state(address, targets),
        )
        for pk, some in found.items()
        for address in some
    )


def forget(articles: Iterable[Article]) -> None:
    """Forget the links of articles that readers see no more; those to them are broken now."""
    numbers = [one.pk for one in articles]
    ArticleLink.objects.filter(article__in=numbers).delete()
    ArticleLink.objects.filter(target__in=numbers).update(state="broken")


def arrived(articles: Iterable[Article]) -> None:
    """Mend the links that waited for these articles."""
    shown = list(articles)
    numbers = {f"/kb/{one.slug}/": one.pk for one in shown}
    numbers |= {f"/to/{one.short_code}": one.pk for one in shown}
    waiting = list(ArticleLink.objects.filter(address__in=numbers))
    for link in waiting:
        link.target_id, link.state = numbers[link.address], "ok"
    ArticleLink.objects.bulk_update(waiting, ["target", "state"])
    ArticleLink.objects.filter(target__in=[one.pk for one in shown]).update(state="ok")


def follow(slug: str, article: Article) -> None:
    """Know that links to an old address of an article lead to it still."""
    ArticleLink.objects.filter(address=f"/kb/{slug}/").update(target=article, state="ok")


def addresses_in(body: str) -> list[str]:
    """Give the addresses that words link to, each once, ours without the name of the site."""
    found = (_ours(address.replace("&amp;", "&")) for address in HREF.findall(body))
    kept = [one for one in found if one.startswith(("/kb/", "/to/", "http://", "https://"))]
    return list(dict.fromkeys(kept))


def _ours(address: str) -> str:
    return address.removeprefix(settings.SITE_URL) if settings.SITE_URL else address


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


def _state(address: str, targets: dict[str, int]) -> str:
    if not INNER.match(address):
        return "ok" if address in targets else ""  # what is not an article of ours is asked later
    return "ok" if address in targets else "broken"
