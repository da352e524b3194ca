"""What every template knows: whose portal this is, who is here now, and how to reach us."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.support import schedule


def brand(request: HttpRequest) -> dict[str, Any]:
    """Give templates the ground; it is only read where a template shows it."""
    return {
        "brand": SimpleLazyObject(lambda: schedule.for_request(request).brand),
        "presence": SimpleLazyObject(lambda: schedule.presence_for(request)),
        "channels": SimpleLazyObject(lambda: schedule.channels_for(request)),
    }
