"""What the bench asks of us: pages and forms with their goals, and what each is called."""

import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from tests.bench.load import CSRF, Asked, Target, page

# Multiples of the floor; the shared benchmark sets them.
RARE = quote("возврат оплаты")
TEXT = (
    "Здравствуйте! Проверили настройки тарифа и поправили их. Загляните, пожалуйста, в календарь. "
)
CELLS = ("incident:high", "incident:medium")


def targets(port: int, known: dict[str, Any]) -> list[Target]:
    """Name everything that is measured, reading first."""
    anna, sergey, head = (
        {"Cookie": f"sid={known[who]}; csrf={CSRF}"} for who in ("customer", "specialist", "head")
    )
    number = known["number"]
    token = {"Authorization": f"Token {known['token']}"}

    def reads(name: str, path: str, goal: float, who: dict[str, str] | None = None) -> Target:
        return Target(name, port, page(path), goal, who or {})

    def writes(name: str, ask: Callable[[int], Asked], goal: float, who: dict[str, str]) -> Target:
        return Target(name, port, ask, goal, who)

    return [
        reads("article, anonymous", "/kb/article-7/", 2.5),
        reads("home, anonymous", "/", 2.5),
        reads("search", f"/kb/search?q={RARE}", 8),
        reads("suggestions", f"/kb/suggest?q={quote('возв')}", 5),
        reads("cabinet list", "/cabinet/", 6, anna),
        reads("ticket, customer, 20 messages", f"/cabinet/{number}/", 8, anna),
        reads("queue", "/desk/", 10, sergey),
        reads(
            "queue, filter", "/desk/?status=open_ones&category=incident&priority=high", 15, sergey
        ),
        reads(
            "queue, filter and search", f"/desk/?category=incident&inside=1&q={RARE}", 15, sergey
        ),
        reads("queue, search", f"/desk/?q={RARE}", 15, sergey),
        reads("ticket, specialist", f"/desk/{number}/", 12, sergey),
        reads("dashboard of the admin", "/admin/", 20, head),
        reads("reports", "/desk/reports/", 20, head),
        reads("API list of 25", "/api/v1/tickets/?limit=25", 6, token),
        writes("file a ticket (POST)", _file(known), 15, anna),
        writes("reply (POST)", _reply(known), 15, sergey),
        writes("triage (POST)", _triage(known), 15, sergey),
    ]


def _form(**fields: str) -> dict[str, str]:
    return {"csrfmiddlewaretoken": CSRF, "form_key": str(uuid4()), **fields}


def _file(known: dict[str, Any]) -> Callable[[int], Asked]:
    def ask(number: int) -> Asked:
        form = _form(
            category="incident",
            property=str(known["property"]),
            subject=f"Не сохраняется тариф, замер {number}",
            description=TEXT * 2,
            addressee="support",
        )
        return Asked(["/cabinet/new/"], form)

    return ask


def _reply(known: dict[str, Any]) -> Callable[[int], Asked]:
    numbers = itertools.cycle([number for number, _cell in known["numbers"]])

    def ask(number: int) -> Asked:
        form = _form(text=f"{TEXT} {number}", after="open")
        return Asked([f"/desk/{next(numbers)}/reply/"], form)

    return ask


def _triage(known: dict[str, Any]) -> Callable[[int], Asked]:
    """Choose another cell than the ticket stands in: each request changes something."""
    cells = dict(known["numbers"])
    numbers = itertools.cycle(list(cells))

    def ask(_number: int) -> Asked:
        number = next(numbers)
        cells[number] = next(cell for cell in CELLS if cell != cells[number])
        return Asked([f"/desk/{number}/triage/"], _form(cell=cells[number]))

    return ask
