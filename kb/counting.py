"""Counts searches and what was opened from them, beside the page: it is shown whatever happens here."""

import logging
import re
import time
from collections.abc import Callable

from allauth.account.adapter import get_adapter
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language

from kb import actions
from kb.audience import audience_of
from kb.readers import is_robot
from kb.search import Results, tidy

log = logging.getLogger("kb.learning")
MOST_A_MINUTE = 30  # searches of one address in this process; whoever asks more is no reader
MOST_ADDRESSES = 5000
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)

_minute = [0]
_counted: dict[str, int] = {}


def search_shown(request: HttpRequest, results: Results) -> None:
    """Count the first page of a search by a person; no more statements than one."""
    is_first = not ({"page", "section", "literal"} & request.GET.keys())
    if request.method != "GET" or not is_first or is_robot(request) or not _within_rate(request):
        return
    _beside(
        lambda: actions.count_question(
            asked=_asked(request, results.query),
            was_found=bool(results.total),
            corrected_to=results.corrected,
        )
    )


def hit_opened(request: HttpRequest) -> None:
    """Count what a browser says was opened from the answers."""
    said = request.POST
    article, place = said.get("article", ""), said.get("place", "")
    if is_robot(request) or not (NUMBER.fullmatch(article) and NUMBER.fullmatch(place)):
        return
    asked = _asked(request, tidy(said.get("q", "")))
    _beside(lambda: actions.count_click(asked=asked, article=int(article), place=int(place)))


def forget() -> None:
    """Forget who searched how often, as tests need."""
    _counted.clear()


def _asked(request: HttpRequest, text: str) -> actions.Asked:
    language = get_language() or "ru"
    return actions.Asked(timezone.localdate(), text, language, audience_of(request.user))


def _beside(count: Callable[[], None]) -> None:
    try:
        count()
    except DatabaseError:
        # The reader has an answer; that nothing is learned of it is for whoever reads the log.
        log.exception("a search was not counted")


def _within_rate(request: HttpRequest) -> bool:
    """Whether this address asks as people do; kept in memory, for it must cost no statement."""
    minute = int(time.time() // 60)
    if _minute[0] != minute or len(_counted) > MOST_ADDRESSES:
        _counted.clear()
        _minute[0] = minute
    address = str(get_adapter().get_client_ip(request))
    _counted[address] = _counted.get(address, 0) + 1
    return _counted[address] <= MOST_A_MINUTE
