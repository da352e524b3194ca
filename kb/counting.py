"""Counts searches and what was opened from them, beside the page: it is shown whatever happens here.

Searches are added up in the memory of the process and written together after an answer has gone
out, so that no reader waits for it; what a process counted in its last seconds ends with it.
"""

import logging
import re
import time
from threading import Lock
from typing import Any

from allauth.account.adapter import get_adapter
from django.core import signing
from django.core.cache import cache
from django.db import Error, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.dateparse import parse_date
from django.utils.translation import get_language

from kb import actions
from kb.audience import Audience, audience_of
from kb.readers import is_robot
from kb.search import Results

log = logging.getLogger("kb.learning")
MOST_A_MINUTE = 30  # searches of one address in this process; whoever asks more is no reader
MOST_ADDRESSES = 5000
KEPT_FOR = 10.0  # seconds
MOST_KEPT = 200  # questions
A_DAY = 24 * 3600
SALT = "kb.answers"
NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
AGAIN = {
    "page",
    "section",
    "literal",
    "quiet",
}  # the same search seen otherwise; or an editor looks

_minute = [0]
_searches: dict[str, int] = {}
_lock = Lock()
_pending: dict[actions.Asked, actions.Counted] = {}
_since = [0.0]


def search_shown(request: HttpRequest, results: Results, *, before: int = 0) -> str:
    """Count the first page of a search by a person; answers what its clicks are proven by."""
    if request.method != "GET" or is_robot(request) or not _within_rate(request):
        return ""
    asked = actions.Asked(
        timezone.localdate(), results.query, get_language() or "ru", audience_of(request.user)
    )
    if not AGAIN & request.GET.keys():
        _add(asked, actions.Counted(1, 0 if results.total else 1, results.corrected))
    return _proof(asked, [hit.article.pk for hit in results.hits], before)


def _add(asked: actions.Asked, count: actions.Counted) -> None:
    with _lock:
        if not _pending:
            _since[0] = time.monotonic()
        _pending.setdefault(asked, actions.Counted()).add(count)


def write_when_due(**_signal: Any) -> None:
    """Write what was counted when it is much or some seconds old; called after an answer."""
    if _pending and (len(_pending) >= MOST_KEPT or time.monotonic() - _since[0] >= KEPT_FOR):
        write()


def write() -> None:
    """Write what was counted."""
    with _lock:
        counted = dict(_pending)
        _pending.clear()
    try:
        with transaction.atomic():
            actions.count_questions(counted)
    except Error:
        # The readers have their answers; that nothing is learned of them is for the log.
        log.exception("searches were not counted")


def hit_opened(request: HttpRequest) -> None:
    """Count what a browser says was opened: an answer that we gave, of one address once a day."""
    article, proof = request.POST.get("article", ""), request.POST.get("proof", "")
    if is_robot(request) or not NUMBER.fullmatch(article):
        return
    try:
        day, text, language, audience, before, shown = signing.loads(
            proof, salt=SALT, max_age=A_DAY
        )
    except (signing.BadSignature, ValueError):
        return
    if int(article) not in shown or not _is_first(request, day, text, article):
        return
    asked = actions.Asked(
        parse_date(day) or timezone.localdate(), text, language, Audience(audience)
    )
    place = before + shown.index(int(article)) + 1
    try:
        with transaction.atomic():
            # The search itself may still wait to be written, here or in another process.
            actions.count_questions({asked: actions.Counted()})
            actions.count_click(asked=asked, article=int(article), place=place)
    except Error:
        log.exception("a click was not counted")


def _proof(asked: actions.Asked, shown: list[int], before: int) -> str:
    if not shown:
        return ""
    said = [asked.day.isoformat(), asked.text, asked.language, int(asked.audience), before, shown]
    return signing.dumps(said, salt=SALT)


def _is_first(request: HttpRequest, *said: str) -> bool:
    """Whether this address says so for the first time that day; the address itself is not kept."""
    whole = "\n".join([_address(request), *said])
    key = salted_hmac("kb.click", whole, algorithm="sha256").hexdigest()
    return cache.add(f"kb.click:{key}", 1, A_DAY)


def forget() -> None:
    """Forget who searched how often and what waits, as tests need."""
    _searches.clear()
    _pending.clear()


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))


def _within_rate(request: HttpRequest) -> bool:
    """Whether this address asks as people do; kept in memory, for it must cost no statement."""
    minute = int(time.time() // 60)
    if _minute[0] != minute or len(_searches) > MOST_ADDRESSES:
        _searches.clear()
        _minute[0] = minute
    address = _address(request)
    _searches[address] = _searches.get(address, 0) + 1
    return _searches[address] <= MOST_A_MINUTE
