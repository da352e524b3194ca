"""Values of sources, read strictly: what has another type than it should is refused with its name.

Containers are never turned into text: front matter may hold lists that unfold without end.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from kb import slugs
from kb.models import Access
from kb.porting.shape import BadRow
from portal import html

Values = Mapping[str, Any]
SLUG = re.compile(r"[-\w]{1,200}", re.ASCII)
MOST_TAGS = 50
MOST_ITEMS = 1000
LARGEST_NUMBER = 2_000_000_000
LONGEST_NUMBER = 20  # digits
LANGUAGES = ("ru", "en")


def text(values: Values, *names: str) -> str:
    """Give the first of these values that is there, as a text. Raises BadRow."""
    for name in names:
        value = values.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, bool) or not isinstance(value, str | int | float | date):
            raise BadRow(_("%(field)s is not a text") % {"field": name})
        return html.without_control(str(value)).strip()
    return ""


def number(values: Values, name: str, default: int = 0) -> int:
    """Give a whole number, none below zero. Raises BadRow."""
    value = values.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, str) and value.strip().lstrip("-").isascii() and _is_whole(value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadRow(_("%(field)s is not a whole number") % {"field": name})
    return max(0, min(value, LARGEST_NUMBER))


def _is_whole(value: str) -> bool:
    return value.strip().lstrip("-").isdigit() and len(value) < LONGEST_NUMBER


def words(values: Values, *names: str) -> tuple[str, ...]:
    """Give a list of texts, or the parts of one between commas. Raises BadRow."""
    for name in names:
        value = values.get(name)
        if value is None or value == "":
            continue
        if isinstance(value, str):
            value = value.split(",")
        if not isinstance(value, list) or len(value) > MOST_ITEMS:
            raise BadRow(_("%(field)s is not a list of texts") % {"field": name})
        return tuple(_item(one, name) for one in value if one is not None and one != "")
    return ()


def _item(value: object, name: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float | date):
        raise BadRow(_("%(field)s is not a list of texts") % {"field": name})
    return html.without_control(str(value)).strip()


def tags(values: Values, *names: str) -> tuple[str, ...]:
    """Give tags, each once. Raises BadRow."""
    given = map(slugs.tag, words(values, *names))
    return tuple(dict.fromkeys(one for one in given if one))[:MOST_TAGS]


def day(values: Values, name: str) -> date | None:
    """Give a day. Raises BadRow."""
    value: object = values.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    found: date | None = _parsed(parse_date, value)
    if found is None:
        raise BadRow(_("%(field)s is not a day, such as 2026-11-25") % {"field": name})
    return found


def moment(values: Values, name: str) -> datetime | None:
    """Give a moment; without a zone it is UTC. Raises BadRow."""
    value = values.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, datetime):
        value = _parsed(parse_datetime, value)
    if value is None:
        raise BadRow(_("%(field)s is not a moment, such as 2026-11-25T10:00Z") % {"field": name})
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def _parsed(parse: Any, value: object) -> Any:
    try:
        return parse(value) if isinstance(value, str) else None
    except ValueError:
        return None


def slug(values: Values, name: str) -> str:
    """Give an address, as it is. Raises BadRow."""
    value = text(values, name)
    if value and not SLUG.fullmatch(value):
        raise BadRow(_("%(field)s is no address: letters a-z, digits and - only") % {"field": name})
    return value


def access(values: Values, name: str = "access") -> str:
    """Give who may read it. Raises BadRow."""
    value = text(values, name) or Access.PUBLIC
    if value not in Access.values:
        raise BadRow(_("unknown access: %(access)s") % {"access": value[:60]})
    return value


def language(code: str) -> str:
    """Give the language of a code such as en-us. Raises BadRow."""
    short = code.replace("_", "-").partition("-")[0].lower()
    if short and short not in LANGUAGES:
        raise BadRow(_("unknown language: %(language)s") % {"language": code[:60]})
    return short


def one_of(values: Values, name: str, known: tuple[str, ...], default: str) -> str:
    """Give one of these words. Raises BadRow."""
    value = text(values, name) or default
    if value not in known:
        raise BadRow(_("unknown %(field)s: %(value)s") % {"field": name, "value": value[:60]})
    return value
