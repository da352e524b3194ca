"""Template filters around portal.html."""

from collections.abc import Iterable

from django import template
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from portal import html

register = template.Library()


@register.filter
def clean(text: str) -> SafeString:
    """Show HTML of an author, cleaned."""
    return html.trusted(text)


@register.filter
def typed(text: str) -> SafeString:
    """Show what somebody typed, with its line breaks and links."""
    return html.typed(text)


@register.filter
def mentions(shown: SafeString, names: Iterable[str]) -> SafeString:
    """Mark the people whom a text that is clean already names by `@`; the longest names first."""
    for name in sorted(names, key=len, reverse=True):
        mark = format_html('<b class="badge" data-kind="mention">@{}</b>', name)
        shown = SafeString(shown.replace(f"@{escape(name)}", mark))
    return shown
