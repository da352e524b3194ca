"""What pages of people's accounts ask about them."""

from django import template

from accounts import second_factor
from accounts.models import User

register = template.Library()
GROUP = 4


@register.simple_tag
def second_factor_missing(person: User) -> bool:
    """Whether this person may go nowhere else before they set up a second factor."""
    return second_factor.is_missing(person)


@register.filter
def spaced(key: str) -> str:
    """Break a long key into groups that a person can type."""
    return " ".join(key[start : start + GROUP] for start in range(0, len(key), GROUP))
