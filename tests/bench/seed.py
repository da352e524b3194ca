"""Fills a database for measuring: people, tickets with their whole life, articles with their index."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from importlib.util import find_spec
from itertools import accumulate
from uuid import UUID

from allauth.account.models import EmailAddress
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.utils import timezone

from accounts.actions import make_person
from accounts.models import Organization, Property, Role, User
from kb import indexing
from kb.models import Article, Revision, Section
from portal import html
from tests.bench import filling, lives
from tickets import actions, identity, search
from tickets.models import DutyShift, Rank, Ticket

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
SPECIALISTS = 20
AT_ONCE = 1000  # rows of one statement, which takes 65,535 values at most
# A ticket of so many messages is what the page of a conversation is measured with.
LONG_CONVERSATION = 20  # messages; and minutes ago
WAITING = 200  # conversations: a half for replies, a half for triage


def figures_of_reports() -> None:
    """Add the figures of reports up, where there are any."""
    if find_spec("tickets.figures"):
        import_module("tickets.figures").rebuild(at=timezone.now())


# What COPY passes by: whoever keeps something beside the tickets adds its function here.
AFTER_COPY: list[Callable[[], None]] = [search.index_at_once, figures_of_reports]


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
    """Make specialists, heads, managers and organizations with two people each."""
    roles = {role.code: role for role in Role.objects.select_related("group")}
    staff = {
        "sergey": ("specialist", "Сергей Орлов"),
        "galina": ("head", "Галина Зорина"),
        "maxim": ("account_manager", "Максим Дёмин"),
        **{f"s{n}": ("specialist", f"Орлов {n}") for n in range(1, SPECIALISTS)},
    }
    made = {
        name: make_person(
            email=f"{name}@bench.example",
            password=None,
            full_name=full_name,
            role=roles[code],
            is_staff=True,
        )
        for name, (code, full_name) in staff.items()
    }
    # Somebody is always on duty, or each incident of the night would call all heads.
    DutyShift.objects.create(
        person=made["sergey"],
        rank=Rank.FIRST,
        starts_at=timezone.now() - timedelta(days=400),
        ends_at=timezone.now() + timedelta(days=30),
    )
    companies = Organization.objects.bulk_create(
        (
            Organization(name=f"Организация {n}", account_manager=made["maxim"])
            for n in range(organizations)
        ),
        AT_ONCE,
    )
    Property.objects.bulk_create(
        (Property(organization=company, name=f"Отель {n}") for n, company in enumerate(companies)),
        AT_ONCE,
    )
    for code in ("manager", "employee"):
        found = _colleagues(roles[code], companies)
        made |= {f"{code}{n}": person for n, person in enumerate(found)}
    return made


def _colleagues(role: Role, companies: list[Organization]) -> list[User]:
    found = User.objects.bulk_create(
        (
            User(
                email=f"{role.code}{n}@bench.example",
                full_name=f"Анна {n}",
                role=role,
                organization=company,
                password="!",
            )
            for n, company in enumerate(companies)
        ),
        AT_ONCE,
    )
    EmailAddress.objects.bulk_create(
        (
            EmailAddress(user=person, email=person.email, primary=True, verified=True)
            for person in found
        ),
        AT_ONCE,
    )
    if role.group:
        role.group.user_set.add(*found)
    return found


def tickets(
    count: int, made: dict[str, User], *, open_share: float = 0.05, now: datetime | None = None
) -> dict[str, float]:
    """Write tickets with four messages each, clocks, segments and history by COPY.

    Answers the seconds of each step.
    """
    luck = random.Random(7)
    hotels = dict(Property.objects.values_list("organization_id", "id"))
    askers = [
        lives.Asker(one.pk, one.organization_id, hotels[one.organization_id])
        for one in made.values()
        if one.organization_id
    ]
    few = max(1000, min(count, 40_000))
    sentences = [f"{words(luck, luck.randint(5, 10)).capitalize()}." for _one in range(few)]
    subjects = [words(luck, 6).capitalize() for _one in range(few)]
    order = filling.Order(
        range(1, count + 1),
        lives.Words(sentences, subjects),
        askers,
        [made["sergey"].pk, *(made[f"s{n}"].pk for n in range(1, SPECIALISTS))],
        now or timezone.now().replace(second=0, microsecond=0),
        open_share,
    )
    return filling.fill(order, after=AFTER_COPY)


def long_conversation(person: User, specialist: User) -> Ticket:
    """File a ticket and talk about it for twenty messages; the customer has the last word."""
    authors = [person if n % 4 == 3 else specialist for n in range(1, LONG_CONVERSATION)]
    return _talk(random.Random(13), person, specialist, authors)


def waiting(made: dict[str, User]) -> list[int]:
    """Begin conversations in which the customer waits again; answers their numbers.

    As many at every size, one for each form that is sent: what is measured differs in the size of
    the tables, not in how often a ticket was written into before.
    """
    luck, sergey = random.Random(17), made["sergey"]
    people = [person for person in made.values() if person.organization_id]
    askers = [people[n % len(people)] for n in range(WAITING)]
    return [_talk(luck, one, sergey, [sergey, one]).number for one in askers]


def _talk(luck: random.Random, person: User, specialist: User, authors: Sequence[User]) -> Ticket:
    at = timezone.now() - timedelta(minutes=LONG_CONVERSATION)
    ticket = actions.file_ticket(
        person=person,
        property=Property.objects.get(organization=person.organization),
        category="incident",
        subject=words(luck, 6).capitalize(),
        description=words(luck, 30),
        evidence=identity.session(),
        form_key=UUID(int=luck.getrandbits(128)),
        at=at,
    )
    actions.triage(ticket=ticket, actor=specialist, category="incident", priority="medium", at=at)
    for minute, author in enumerate(authors, 1):
        actions.reply(
            ticket=ticket,
            author=author,
            text=words(luck, 30),
            form_key=UUID(int=luck.getrandbits(128)),
            at=at + timedelta(minutes=minute),
        )
    return ticket


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
        (
            Article(
                section=luck.choice(shelves),
                slug=f"article-{number}",
                short_code=f"b{number}",  # made by chance, two of fifty thousand are alike
                created_at=NOW,
            )
            for number in range(count)
        ),
        AT_ONCE,
    )
    revisions = Revision.objects.bulk_create(
        (_revision(article, luck) for article in made), AT_ONCE
    )
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
