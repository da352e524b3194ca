"""What the base template needs: its area, its menus, and which of their links is the present page."""

import re
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

from django import template
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString

from portal.templatetags.parts import part

register = template.Library()
PLACE = re.compile(r"@@(name|initials|email|address|token)@@")


@dataclass(frozen=True)
class Role:
    """What a menu asks of somebody's role."""

    manages_people: bool


@dataclass(frozen=True)
class Reader:
    """What a menu depends on; where it names the reader, a place is left."""

    is_authenticated: bool
    is_customer: bool
    works_desk: bool
    is_staff: bool
    is_head: bool
    role: Role
    full_name: str = "@@name@@"
    initials: str = "@@initials@@"
    email: str = "@@email@@"


STRANGER = Reader(
    is_authenticated=False,
    is_customer=False,
    works_desk=False,
    is_staff=False,
    is_head=False,
    role=Role(manages_people=False),
)


@register.simple_block_tag
def area(content: str) -> str:
    """Read the block `area` of a page into a variable, which a block alone cannot give."""
    return content.strip()


@register.simple_tag(takes_context=True)
def current(context: dict[str, Any], *names: str) -> SafeString:
    """Mark the link of the present page; a name that ends in a colon stands for its namespace."""
    here = context.get("here") or _here(context.get("request"))
    if any(here == name or (name.endswith(":") and here.startswith(name)) for name in names):
        return format_html(' aria-current="{}"', "page")
    return SafeString("")


@register.simple_tag(takes_context=True)
def menu(context: dict[str, Any], component: str, **values: Hashable) -> SafeString:
    """Draw a component with menus as a part; the reader's own words are put in each time."""
    request: HttpRequest | None = context.get("request")
    user = context.get("user")
    drawn = part(component, user=_reader(user), here=_here(request), **values)
    own = {
        "name": getattr(user, "full_name", ""),
        "initials": getattr(user, "initials", ""),
        "email": getattr(user, "email", ""),
        "address": request.get_full_path() if request else "",
        "token": get_token(request) if request else "",
    }
    return SafeString(PLACE.sub(lambda place: escape(own[place[1]]), drawn))


def _here(request: HttpRequest | None) -> str:
    match = request.resolver_match if request else None
    return match.view_name if match else ""


def _reader(user: Any) -> Reader:
    if user is None or not user.is_authenticated:
        return STRANGER
    return Reader(
        is_authenticated=True,
        is_customer=user.is_customer,
        works_desk=user.works_desk,
        is_staff=user.is_staff,
        is_head=user.works_desk and user.has_perm("accounts.head_support"),
        role=Role(manages_people=user.role.manages_people),
    )
