"""Fills a database for measuring: people, tickets with messages by COPY, articles with their index."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection

from accounts.actions import make_person
from accounts.models import Organization, Property, Role, User
from kb import indexing
from kb.models import Article, Revision, Section
from portal import html

WORDS = [
    "бронирование",
    "тариф",
    "цена",
    "номер",
    "гость",
    "оплата",
    "возврат",
    "чек",
    "канал",
    "продажи",
    "календарь",
    "шахматка",
    "квота",
    "сайт",
    "домен",
    "страница",
    "отель",
    "скидка",
    "завтрак",
    "отчёт",
    "выгрузка",
    "доступ",
    "роль",
    "сотрудник",
    "пароль",
    "письмо",
    "подтверждение",
    "предоплата",
    "карта",
    "банк",
    "модуль",
    "настройка",
    "категория",
    "фотография",
    "услуга",
    "дата",
    "заезд",
    "выезд",
    "ограничение",
    "срок",
    "правило",
    "отмена",
    "штраф",
    "налог",
    "счёт",
    "акт",
    "договор",
    "интеграция",
    "ключ",
    "запрос",
]
ENDINGS = ("", "а", "у", "ом", "ы", "ов", "ам", "ами", "ах", "и", "е")
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
STATUSES = ("closed",) * 14 + ("resolved",) * 2 + ("open",) * 2 + ("waiting_customer", "new")
DONE = {"closed", "resolved"}
CATEGORIES = ("incident", "service_request", "information_request", "change_request")


def _vocabulary() -> list[str]:
    """Make a vocabulary as large as that of a real help centre, our own words among the frequent."""
    luck = random.Random(3)
    syllables = [first + second for first in "бвгдзклмнпрст" for second in "аеиоуы"]
    made = {"".join(luck.choices(syllables, k=luck.choice((2, 3, 3, 4)))) for _word in range(9000)}
    vocabulary = sorted(made)
    luck.shuffle(vocabulary)
    for place, word in enumerate(WORDS):
        vocabulary.insert(5 + 6 * place, word)
    return vocabulary


VOCABULARY = _vocabulary()
# Zipf's law: a word of rank n is met 1/n as often as the first.
SHARES = list(accumulate(1 / (rank + 2) for rank in range(len(VOCABULARY))))


def words(luck: random.Random, count: int) -> str:
    """Make Russian-looking words, as unevenly frequent as in real texts."""
    chosen = luck.choices(VOCABULARY, cum_weights=SHARES, k=count)
    return " ".join(word + luck.choice(ENDINGS) for word in chosen)


def people(organizations: int) -> dict[str, User]:
    """Make a specialist, a manager and organizations with two people each."""
    roles = {role.code: role for role in Role.objects.select_related("group")}
    made = {
        "sergey": make_person(
            email="s@bench.example",
            password=None,
            full_name="Сергей Орлов",
            role=roles["specialist"],
        )
    }
    for number in range(organizations):
        organization = Organization.objects.create(name=f"Организация {number}")
        Property.objects.create(organization=organization, name=f"Отель {number}")
        for code in ("manager", "employee"):
            made[f"{code}{number}"] = make_person(
                email=f"{code}{number}@bench.example",
                password=None,
                full_name=f"Анна {number}",
                role=roles[code],
                organization=organization,
            )
    return made


def tickets(count: int, made: dict[str, User]) -> None:
    """Write tickets with two messages each, and a clock where somebody waits, with COPY."""
    luck = random.Random(7)
    requesters = [person for person in made.values() if person.organization_id]
    hotels = dict(Property.objects.values_list("organization_id", "id"))
    rows = list(_tickets(count, luck, requesters, hotels))
    _copy(
        "tickets_ticket",
        "id number organization_id property_id requester_id subject category priority status addressee"
        " assignee_id channel language details form_key received_at promised_at due_at last_message_at"
        " resolved_at closed_at",
        rows,
    )
    _copy(
        "tickets_message",
        "id ticket_id author_id kind is_from_staff text created_at form_key",
        _messages(rows, luck, made["sergey"].pk),
    )
    _copy(
        "tickets_clock",
        "ticket_id kind started_at message_id category priority target_minutes warn_at due_at outcome",
        _clocks(rows),
    )
    with connection.cursor() as cursor:
        for table in ("ticket", "message"):
            cursor.execute(
                f"select setval(pg_get_serial_sequence('tickets_{table}', 'id'), max(id)) from tickets_{table}"
            )
        cursor.execute("select setval('tickets_number', (select max(number) from tickets_ticket))")
        cursor.execute("vacuum analyze")


def _tickets(
    count: int, luck: random.Random, requesters: list[User], hotels: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    for number in range(1, count + 1):
        person = luck.choice(requesters)
        status, category = luck.choice(STATUSES), luck.choice(CATEGORIES)
        received = NOW - timedelta(minutes=luck.randrange(1, 500_000))
        priority = None if status == "new" else luck.choice(("low", "medium"))
        due = received + timedelta(hours=3) if status in {"new", "open"} else None
        done = received + timedelta(days=1) if status in DONE else None
        yield (
            number, 48_000 + number, person.organization_id, hotels[person.organization_id or 0],
            person.pk, words(luck, 6), category, priority, status, "support", None, "cabinet", "ru",
            "{}", uuid.UUID(int=luck.getrandbits(128)), received, received + timedelta(hours=3), due,
            received, done, done if status == "closed" else None,
        )  # fmt: skip


def _messages(
    rows: list[tuple[Any, ...]], luck: random.Random, specialist: int
) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        key = uuid.UUID(int=luck.getrandbits(128))
        yield (2 * row[0] - 1, row[0], row[4], "public", False, words(luck, 30), row[15], key)
        key = uuid.UUID(int=luck.getrandbits(128))
        yield (2 * row[0], row[0], specialist, "note", True, words(luck, 20), row[15], key)


def _clocks(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        if row[17] is not None:
            received, due = row[15], row[17]
            yield (row[0], "first", received, 2 * row[0] - 1, row[6], row[7], 180, due, due, "")


def _copy(table: str, columns: str, rows: Any) -> None:
    with connection.cursor() as cursor:
        names = ", ".join(columns.split())
        with cursor.cursor.copy(f"copy {table} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)


def articles(count: int) -> None:
    """Write published articles and their index."""
    luck = random.Random(11)
    shelves = [
        Section.objects.create(
            slug=f"s{number}", title_ru=words(luck, 2), title_en="S", order=number
        )
        for number in range(10)
    ]
    made = Article.objects.bulk_create(
        Article(section=luck.choice(shelves), slug=f"article-{number}", created_at=NOW)
        for number in range(count)
    )
    revisions = Revision.objects.bulk_create(_revision(article, luck) for article in made)
    for article, revision in zip(made, revisions, strict=True):
        article.current_revision, article.status, article.published_at = revision, "published", NOW
    Article.objects.bulk_update(
        made, ["current_revision", "status", "published_at"], batch_size=500
    )
    indexing.put(made)


def _revision(article: Article, luck: random.Random) -> Revision:
    parts = "".join(f"<h2>{words(luck, 3)}</h2><p>{words(luck, 60)}</p>" for _part in range(4))
    return Revision(
        article=article,
        number=1,
        title=words(luck, 5).capitalize(),
        summary=words(luck, 12),
        body=parts,
        plain=html.plain(parts),
        created_at=NOW,
    )


def session_of(person: User) -> str:
    """Sign somebody in and give the value of the cookie."""
    store = SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = "accounts.backends.Backend"
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.save()
    return str(store.session_key)
