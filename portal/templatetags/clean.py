"""Template filters around portal.html."""

from django import template
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
