"""What looks after articles by itself: links to elsewhere, and a weekly letter to owners."""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import groupby, islice

from django.db import transaction
from django.db.models import F, Q

from accounts.models import User
from kb import letters
from kb.actions.access import can_write
from kb.actions.shelves import confirm
from kb.models import Article, ArticleLink
from portal import fetching
from portal.fetching import Found

AGAIN_AFTER = timedelta(days=7)
MOST_AT_ONCE = 20  # addresses
MOST_SECONDS = 15.0  # after which no further address is asked: the task ends after 45

Ask = Callable[[str], Found]


def check_links(*, at: datetime, ask: Ask = fetching.ask) -> int:
    """Ask the addresses that were asked longest ago; answers how many answered.

    Without any answer there is no network: then nothing is said of a name that nobody knows.
    """
    found, until = {}, time.monotonic() + MOST_SECONDS
    for address, before in _due(at).items():
        if time.monotonic() > until:
            break
        # Noted first: an address that breaks its asker must not be the first ever after.
        ArticleLink.objects.filter(address=address).update(checked_at=at)
        found[address] = (ask(address), before)
    answered = [one for one, _before in found.values() if one in {Found.THERE, Found.GONE}]
    for address, (result, before) in found.items():
        _keep(address, result, before, has_network=bool(answered))
    return len(answered)


def _due(at: datetime) -> dict[str, datetime | None]:
    """Give the addresses to ask, with when they were asked before."""
    waited = Q(checked_at=None) | Q(checked_at__lt=at - AGAIN_AFTER)
    outer = ArticleLink.objects.filter(waited, address__startswith="http", target=None)
    oldest = outer.order_by(F("checked_at").asc(nulls_first=True), "id")
    rows = dict(oldest.values_list("address", "checked_at")[: 2 * MOST_AT_ONCE])
    return dict(islice(rows.items(), MOST_AT_ONCE))


def _keep(address: str, found: Found, before: datetime | None, *, has_network: bool) -> None:
    rows = ArticleLink.objects.filter(address=address)
    if found == Found.NO_NAME and not has_network:
        rows.update(checked_at=before)
    elif found != Found.UNKNOWN:  # otherwise what it said before stays
        rows.update(state="ok" if found == Found.THERE else "broken")


@transaction.atomic
def confirm_all(*, articles: Iterable[Article], actor: User, on: date, at: datetime) -> int:
    """Say of several articles that they are still true; answers how many. Raises NotAllowed."""
    return len([confirm(article=one, actor=actor, on=on, at=at) for one in articles])


@transaction.atomic
def remind_owners(*, on: date, at: datetime) -> int:
    """Write to everybody who owns articles that need care, once a week; answers to how many."""
    rows = Article.objects.needing_care(on).filter(owner__isnull=False).for_list()
    due = rows.select_related("owner").order_by("owner", "review_by", "id")
    told = 0
    for owner, articles in groupby(due, key=lambda one: one.owner):
        if owner is not None and can_write(owner):
            letters.needing_care(owner, list(articles), on=on, at=at)
            told += 1
    return told
