"""`{% ground as ground %}`: brand and channels for templates that are rendered without a request."""

from django import template

from portal.support import schedule

register = template.Library()


@register.simple_tag
def ground() -> schedule.Ground:
    """Give the present ground, as letters need it."""
    return schedule.ground()
