"""What the bench asks of us: pages and forms with their goals, and what each is called."""

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
# Another cell than they stand in, and not one that calls whoever is on duty.
CELL = "incident:low"


def targets(port: int, known: dict[str, Any]) -> list[Target]:
    """Name everything that is measured, reading first."""
    anna, sergey, head = (_signed_in(known[who]) for who in ("customer", "specialist", "head"))
    number = known["number"]
    token = {"Authorization": f"Token {known['token']}"}

    def reads(name: str, path: str, goal: float, who: dict[str, str] | None = None) -> Target:
        return Target(name, port, page(path), goal, who or {})

    def writes(name: str, ask: Callable[[int], Asked], goal: float, who: dict[str, str]) -> Target:
        return Target(name, port, ask, goal, who)

    return [
        *of_strangers(port, known),
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


def of_strangers(port: int, known: dict[str, Any]) -> list[Target]:
    """Name the pages of the knowledge base as somebody sees them who is not signed in."""
    goal = 8 if known["articles"] <= 5000 else 12
    return [
        Target("article, anonymous", port, page("/kb/article-7/"), 2.5),
        Target("home, anonymous", port, page("/"), 2.5),
        Target("search", port, page(f"/kb/search?q={RARE}"), goal),
        Target("suggestions", port, page(f"/kb/suggest?q={quote('возв')}"), 5),
    ]


def of_readers(port: int, known: dict[str, Any]) -> list[Target]:
    """Name the pages of the knowledge base, for strangers and for a customer."""
    anna = _signed_in(known["customer"])
    return [
        *of_strangers(port, known),
        Target("article, customer", port, page("/kb/article-7/"), 0, anna),
        Target("home, customer", port, page("/"), 0, anna),
        Target("search, customer", port, page(f"/kb/search?q={RARE}"), 0, anna),
        Target("section, anonymous", port, page("/kb/sections/s1/"), 0),
    ]


def _signed_in(session: str) -> dict[str, str]:
    return {"Cookie": f"sid={session}; csrf={CSRF}"}


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
    numbers = known["waiting"][::2]

    def ask(number: int) -> Asked:
        form = _form(text=f"{TEXT} {number}", after="open")
        return Asked([f"/desk/{numbers[number]}/reply/"], form)

    return ask


def _triage(known: dict[str, Any]) -> Callable[[int], Asked]:
    numbers = known["waiting"][1::2]
    return lambda number: Asked([f"/desk/{numbers[number]}/triage/"], _form(cell=CELL))
