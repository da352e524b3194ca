"""Personas, the moment, and what every test shares."""

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from accounts.models import Organization, Property, Role, User

# A Monday, 12:00 in Moscow: support is open.
NOON = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    """The moment of the test: Monday 23 November 2026, 12:00 Moscow time."""
    return NOON


def _person(email: str, name: str, role: str, organization: Organization | None = None) -> User:
    held = Role.objects.get(code=role)
    person = User.objects.create_user(
        email,
        full_name=name,
        position="…",
        role=held,
        organization=organization,
        is_staff=held.side == "staff" and role not in {"developer"},
    )
    if held.group:
        person.groups.add(held.group)
    return person


@pytest.fixture
def verf(db: None) -> Organization:
    """Hotel A's company: anna, boris and olga work there, maxim looks after it."""
    return Organization.objects.create(name="Северная верфь")


@pytest.fixture
def mayak(db: None) -> Organization:
    """Another company: vera works there."""
    return Organization.objects.create(name="Дом у маяка")


@pytest.fixture
def hotel(verf: Organization) -> Property:
    """Hotel A."""
    return Property.objects.create(organization=verf, name="Верфь", site="verf.example")


@pytest.fixture
def lighthouse(mayak: Organization) -> Property:
    """The hotel of another company."""
    return Property.objects.create(organization=mayak, name="Маяк", site="mayak.example")


@pytest.fixture
def anna(verf: Organization, hotel: Property) -> User:
    """Front desk of hotel A: an employee, sees her own tickets."""
    return _person("anna@verf.example", "Анна Лебедева", "employee", verf)


@pytest.fixture
def boris(verf: Organization, hotel: Property) -> User:
    """Anna's manager: sees the tickets of the organization."""
    return _person("boris@verf.example", "Борис Климов", "manager", verf)


@pytest.fixture
def olga(verf: Organization, hotel: Property) -> User:
    """Owner of hotel A: as boris, and looks after its people."""
    return _person("olga@verf.example", "Ольга Верфина", "owner", verf)


@pytest.fixture
def vera(mayak: Organization, lighthouse: Property) -> User:
    """Manager of another organization."""
    return _person("vera@mayak.example", "Вера Маякова", "manager", mayak)


@pytest.fixture
def sergey(db: None) -> User:
    """Support specialist."""
    return _person("sergey@hotbot.example", "Сергей Орлов", "specialist")


@pytest.fixture
def galina(db: None) -> User:
    """Head of support."""
    return _person("galina@hotbot.example", "Галина Зорина", "head")


@pytest.fixture
def maxim(verf: Organization) -> User:
    """Account manager of hotel A's company."""
    person = _person("maxim@hotbot.example", "Максим Дёмин", "account_manager")
    verf.account_manager = person
    verf.save(update_fields=["account_manager"])
    return person


@pytest.fixture
def daria(db: None) -> User:
    """Developer."""
    return _person("daria@hotbot.example", "Дарья Кодова", "developer")


@pytest.fixture
def elena(db: None) -> User:
    """Editor of the knowledge base."""
    return _person("elena@hotbot.example", "Елена Словова", "editor")


@pytest.fixture
def admin(db: None) -> User:
    """Administrator."""
    person = _person("admin@hotbot.example", "Админ Портала", "administrator")
    person.is_superuser = True
    person.save(update_fields=["is_superuser"])
    return person


@pytest.fixture
def sign_in() -> Callable[[User | None], Client]:
    """Give a client signed in as somebody; None is nobody."""

    def signed_in(person: User | None) -> Client:
        client = Client()
        if person is not None:
            client.force_login(person, backend="accounts.backends.Backend")
        return client

    return signed_in


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """A headless Chromium; where there is none its tests skip, or fail if REQUIRE_BROWSER is set."""
    if not CHROMIUM:
        missing = "browser tests need Chromium, and there is none on this machine"
        pytest.fail(missing) if os.environ.get("REQUIRE_BROWSER") else pytest.skip(missing)
    # Playwright keeps an event loop in this thread, which Django takes for asynchronous code: it
    # wants to be allowed to, and opens a connection of its own, which must know the seeded rows.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    seeded = connections["default"]._test_serialized_contents
    with sync_playwright() as playwright:
        connections["default"]._test_serialized_contents = seeded
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        browser.close()
        connections.close_all()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
