"""What looks after articles by itself: links to elsewhere, and a weekly letter to owners."""

import time
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from itertools import groupby

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
LATER = timedelta(hours=1)  # when there is no network
MOST_AT_ONCE = 20  # addresses
MOST_SECONDS = 15.0  # after which no further address is asked: the task ends after 45

# What does not say anything clear keeps the state that it had.
MEANING = {Found.THERE: "ok", Found.GONE: "broken"}

Ask = Callable[[str], Found]


def check_links(*, at: datetime, ask: Ask = fetching.ask) -> int:
    """Ask the addresses that were asked longest ago; answers how many answered.

    Without any answer there is no network: then nothing is said of a name that nobody knows, and
    all are asked again before long, after those that wait already.
    """
    found: dict[str, Found] = {}
    until = time.monotonic() + MOST_SECONDS
    for address in _due(at):
        if time.monotonic() > until:
            break
        rows = ArticleLink.objects.filter(address=address)
        # Noted first: an address that breaks its asker must not be the first ever after.
        rows.update(checked_at=at)
        found[address] = ask(address)
        if found[address] in MEANING:
            rows.update(state=MEANING[found[address]])
    answered = sum(one in MEANING for one in found.values())
    nameless = [address for address, one in found.items() if one == Found.NO_NAME]
    if answered:
        ArticleLink.objects.filter(address__in=nameless).update(state="broken")
    else:
        again = at - AGAIN_AFTER + LATER
        ArticleLink.objects.filter(address__in=found).update(checked_at=again)
    return answered


def _due(at: datetime) -> list[str]:
    """Give the addresses to ask, each once."""
    waited = Q(checked_at=None) | Q(checked_at__lt=at - AGAIN_AFTER)
    outer = ArticleLink.objects.filter(waited, address__startswith="http", target=None)
    oldest = outer.order_by(F("checked_at").asc(nulls_first=True), "id")
    rows = oldest.values_list("address", flat=True)[: 2 * MOST_AT_ONCE]
    return list(dict.fromkeys(rows))[:MOST_AT_ONCE]


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
