"""A browser by the name that people know it by."""

from django import template
from django.utils.translation import gettext as _

register = template.Library()
# Order matters: most browsers also name the ones they descend from.
BROWSERS = {
    "YaBrowser": "Yandex Browser",
    "Edg": "Edge",
    "OPR": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "Chrome": "Chrome",
    "Safari": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


@register.filter
def device(user_agent: str) -> str:
    """Say browser and system: «Chrome, Windows»."""
    found = [_first(user_agent, BROWSERS), _first(user_agent, SYSTEMS)]
    return ", ".join(name for name in found if name) or _("Unknown browser")


def _first(user_agent: str, names: dict[str, str]) -> str:
    return next((name for mark, name in names.items() if mark in user_agent), "")
