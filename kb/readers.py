"""Who reads, without knowing who it is: a keyed hash of account or session, and whether a robot."""

import re

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

ROBOT = re.compile(
    r"bot\b|bot[/;_-]|crawl|spider|slurp|archiver|preview|facebookexternalhit|curl|wget|python|httpx|"
    r"java/|go-http|monitor|feed",
    re.IGNORECASE,
)


def is_robot(request: HttpRequest) -> bool:
    """Whether a program asks: it says so, or says nothing of itself, or fetches ahead."""
    agent = request.headers.get("User-Agent", "")
    ahead = request.headers.get("Sec-Purpose", "") or request.headers.get("Purpose", "")
    return not agent or bool(ROBOT.search(agent)) or "prefetch" in ahead


def voter_of(request: HttpRequest) -> str:
    """Give the same 64 signs for the same reader; a session is begun for whoever has none."""
    if request.user.is_authenticated:
        return _hash(f"person:{request.user.pk}")
    if not request.session.session_key:
        request.session.create()
    return _hash(f"session:{request.session.session_key}")


def _hash(text: str) -> str:
    return salted_hmac("kb.vote", text, algorithm="sha256").hexdigest()
