"""Who votes, without knowing who it is: a keyed hash of the account or of the browser's session."""

from django.http import HttpRequest
from django.utils.crypto import salted_hmac


def voter_of(request: HttpRequest) -> str:
    """Give the same 64 signs for the same reader; a session is begun for whoever has none."""
    if request.user.is_authenticated:
        return _hash(f"person:{request.user.pk}")
    if not request.session.session_key:
        request.session.create()
    return _hash(f"session:{request.session.session_key}")


def _hash(text: str) -> str:
    return salted_hmac("kb.vote", text, algorithm="sha256").hexdigest()
