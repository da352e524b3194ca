"""`{% icon "clock" %}`: one symbol of the sprite."""

from functools import lru_cache

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str) -> SafeString:
    """Show an icon in the colour and size of the text around it."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("img/icons.svg"), name
    )


@register.simple_tag
@lru_cache(maxsize=256)
def sign(name: str, label: str) -> SafeString:
    """Show an icon that speaks for itself, with the words it stands for."""
    return format_html(
        '<svg class="i" role="img" aria-label="{}"><use href="{}#{}"/></svg>',
        label,
        static("img/icons.svg"),
        name,
    )
