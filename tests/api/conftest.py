"""Programs of the personas, tickets and articles for them to read."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.test import Client
from rest_framework.authtoken.models import Token

from accounts.models import Property, User
from kb import actions as writing
from kb.models import Article, Section
from tickets import actions, identity
from tickets.models import Ticket

JSON = "application/json"


@pytest.fixture(autouse=True)
def fresh_counts(db: None) -> Iterator[None]:
    """Let no test use up the rates of another one."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def program() -> Callable[[User | None], Client]:
    """Give a program that acts for somebody by a token; None is nobody."""

    def acting(person: User | None) -> Client:
        if person is None:
            return Client()
        token, _made = Token.objects.get_or_create(user=person)
        return Client(headers={"authorization": f"Token {token.key}"})

    return acting


@pytest.fixture
def file(hotel: Property, at: datetime) -> Callable[..., Ticket]:
    """File a ticket as the cabinet does."""

    def filed(person: User, **changes: Any) -> Ticket:
        said: dict[str, Any] = {
            "property": hotel if person.organization_id == hotel.organization_id else None,
            "category": "incident",
            "subject": "Не проходит оплата",
            "description": "Страница пустая.",
            "evidence": identity.session(),
            "form_key": uuid4(),
            "at": at,
        }
        return actions.file_ticket(person=person, **{**said, **changes})

    return filed


@pytest.fixture
def section(db: None) -> Section:
    """A section of articles."""
    return Section.objects.create(slug="rates", title_ru="Тарифы", title_en="Rates")


@pytest.fixture
def write(section: Section, elena: User, at: datetime) -> Callable[..., Article]:
    """Write an article and publish it unless told otherwise."""

    def written(slug: str, *, is_published: bool = True, **fields: Any) -> Article:
        said = {"title": f"Тариф {slug}", "summary": "Коротко", "body": f"<p>Про тариф {slug}</p>"}
        said |= {name: fields.pop(name) for name in list(fields) if name in said}
        article = Article.objects.create(slug=slug, **{"section": section, **fields})
        writing.save(article=article, author=elena, at=at, **said)
        return writing.publish(article=article, actor=elena, at=at) if is_published else article

    return written
