"""Macros: words with places to fill in, and the changes that go with them.

Pure: no Django, no clock, no network.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tickets import rules

# What may stand between {{ and }} in the text of a macro.
PLACES = (
    "customer",
    "full_name",
    "number",
    "subject",
    "hotel",
    "organization",
    "specialist",
    "due",
)
AFTER = ("open", "wait", "resolve")
ME = "me"
PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
KNOWN = {"after", "category", "priority", "assign"}


class BrokenMacro(ValueError):
    """A macro would change something that cannot be so; `field` says which change, `code` why."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field, self.code = field, code


@dataclass(frozen=True)
class Changes:
    """What sending a macro changes beside the conversation; empty where nothing is."""

    after: str = ""
    category: str = ""
    priority: str = ""
    assign: str = ""

    @property
    def is_triage(self) -> bool:
        """Whether category and priority are set."""
        return bool(self.category)


def places_in(text: str) -> list[str]:
    """Name the places of a text in the order in which they stand, each once."""
    return list(dict.fromkeys(match[1] for match in PLACE.finditer(text)))


def unknown_places(text: str) -> list[str]:
    """Name the places that nothing fills."""
    return [place for place in places_in(text) if place not in PLACES]


def render(text: str, values: Mapping[str, str]) -> str:
    """Fill the places in; what is filled in is never read for places again."""
    return PLACE.sub(lambda match: values.get(match[1], match[0]), text)


def read(changes: Mapping[str, object], *, is_receipt: bool = False) -> Changes:
    """Read the changes of a macro. Raises BrokenMacro where they cannot be made."""
    for name, value in changes.items():
        if name not in KNOWN or not isinstance(value, str):
            raise BrokenMacro(name, "unknown_change")
    found = Changes(**{name: str(value) for name, value in changes.items()})
    _refuse_unknown(found)
    _refuse_illegal_cell(found)
    if is_receipt and found.after == "resolve":
        raise BrokenMacro("after", "receipt_solves_nothing")
    return found


def _refuse_unknown(changes: Changes) -> None:
    if changes.after and changes.after not in AFTER:
        raise BrokenMacro("after", "unknown_change")
    if changes.assign and changes.assign != ME:
        raise BrokenMacro("assign", "unknown_change")
    if changes.category and changes.category not in set(rules.Category):
        raise BrokenMacro("category", "unknown_change")
    if changes.priority and changes.priority not in set(rules.Priority):
        raise BrokenMacro("priority", "unknown_change")


def _refuse_illegal_cell(changes: Changes) -> None:
    if bool(changes.category) != bool(changes.priority):
        raise BrokenMacro("priority" if changes.category else "category", "half_a_cell")
    if changes.category and not rules.is_allowed(changes.category, changes.priority):
        raise BrokenMacro("priority", "illegal_cell")
