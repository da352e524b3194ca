"""What the base template needs: its area, and which link of the menu is the present page."""

from typing import Any

from django import template
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag
def area(content: str) -> str:
    """Read the block `area` of a page into a variable, which a block alone cannot give."""
    return content.strip()


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], *names: str) -> SafeString:
    """Mark the link of the present page; a name that ends in a colon stands for its namespace."""
    request: HttpRequest | None = context.get("request")
    match = request.resolver_match if request else None
    here = match.view_name if match else ""
    if any(here == name or (name.endswith(":") and here.startswith(name)) for name in names):
        return format_html(' aria-current="{}"', "page")
    return SafeString("")
