"""The access matrix: every address, every persona. An address without a row fails.

`access.tsv` has a line per URL name (several names of one kind share a pattern) and says what each
persona meets on GET: a status, or `login` for being led to the sign-in page. Objects in addresses
belong to hotel A, whose people are anna (her own ticket), boris and olga; vera is of another one.
"""

from collections.abc import Iterator
from datetime import datetime
from fnmatch import fnmatch
from io import BytesIO
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from accounts import actions as accounts
from accounts.models import Role, User
from kb import actions as kb
from kb.models import Article, Section
from portal.feedback import actions as feedback
from portal.jobs import actions as jobs
from tickets import actions, identity
from tickets.channels.email import store
from tickets.models import IncomingLetter, Mailbox, Ticket

PERSONAS = (
    "nobody", "anna", "boris", "olga", "vera", "sergey", "galina", "maxim", "daria", "elena", "admin",
    "left",
)  # fmt: skip
TABLE = Path(__file__).parent / "access.tsv"
LOGIN = "/accounts/login/"
# A letter with a file, in the name of anna.
LETTER = b"""From: anna@verf.example\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Disposition: attachment; filename=log.txt\r
\r
line\r
--b--\r
"""


def picture() -> bytes:
    out = BytesIO()
    Image.new("RGB", (8, 8), "#d8e4e0").save(out, "PNG")
    return out.getvalue()


def names_of(
    resolver: URLResolver, spaces: tuple[str, ...] = (), parts: tuple[str, ...] = ()
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give every URL name with the names of the values that its address needs."""
    for entry in resolver.url_patterns:
        mine = (*parts, *_parts(entry))
        if isinstance(entry, URLResolver):
            inner = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from names_of(entry, inner, mine)
        else:
            yield ":".join((*spaces, entry.name or str(entry.pattern))), mine


def _parts(entry: URLPattern | URLResolver) -> tuple[str, ...]:
    return tuple(entry.pattern.converters or entry.pattern.regex.groupindex)


def rows() -> list[tuple[str, dict[str, str]]]:
    lines = [line for line in TABLE.read_text().splitlines() if line and not line.startswith("#")]
    header = lines[0].split("\t")[1:]
    assert tuple(header) == PERSONAS
    return [
        (line.split("\t")[0], dict(zip(PERSONAS, line.split("\t")[1:], strict=True)))
        for line in lines[1:]
    ]


def row_of(name: str) -> dict[str, str]:
    for pattern, expected in rows():
        if fnmatch(name, pattern):
            return expected
    pytest.fail(f"{name} has no row in {TABLE.name}: say who may come there")


NAMES = sorted({name for name, _parts in names_of(get_resolver())})


@pytest.fixture
def left(verf: object, hotel: object, olga: User) -> User:
    """Somebody of hotel A who no longer works there."""
    person = accounts.make_person(
        email="left@verf.example",
        password=None,
        full_name="Лев Бывший",
        role=Role.objects.get(code="manager"),
        organization=olga.organization,
    )
    accounts.deactivate(person=person, actor=olga, at=datetime.now().astimezone())
    return person


@pytest.fixture
def world(
    anna: User,
    olga: User,
    elena: User,
    galina: User,
    hotel: object,
    at: datetime,
    settings,
    tmp_path,
) -> dict[str, object]:
    """One object of each kind, all of hotel A, and the values that addresses need."""
    settings.ATTACHMENT_ROOT = tmp_path
    settings.MAIL_ROOT = tmp_path / "mail"
    attachment = actions.keep_upload(
        person=anna, upload=SimpleUploadedFile("снимок.png", picture(), "image/png"), at=at
    )
    ticket = actions.file_ticket(
        person=anna, property=hotel, category="incident", subject="Не открывается шахматка",
        description="Белый экран с утра", evidence=identity.session(), form_key=uuid4(), at=at,
        attachments=[attachment.id],
    )  # fmt: skip
    section = Section.objects.create(slug="start", title_ru="Начало")
    article = Article.objects.create(section=section, slug="shahmatka")
    kb.save(article=article, title="Шахматка", summary="", body="<p>Текст</p>", author=elena, at=at)
    article = kb.publish(article=article, actor=galina, at=at)
    given = feedback.give(
        kind="complaint", to="head", text="Долго", at=at, form_key="k", author=anna
    )
    invitation = accounts.invite(
        by=olga, email="new@verf.example", full_name="Новый Человек",
        role=Role.objects.get(code="employee"), organization=olga.organization, at=at,
    )  # fmt: skip
    job = jobs.enqueue(kind="export", params={}, actor=galina, at=at)
    letter = store.keep(
        LETTER, mailbox=Mailbox.objects.create(address="support@portal.example"), received_at=at
    )
    IncomingLetter.objects.filter(pk=letter.pk).update(state="quarantined", reason="unsigned")
    return {
        "letter": letter,
        "ticket": ticket, "attachment": attachment, "section": section, "article": article,
        "feedback": given, "invitation": invitation, "anna": anna, "job": job,
    }  # fmt: skip


def arguments(name: str, parts: tuple[str, ...], world: dict) -> dict[str, object]:
    """Give the values of an address: those of hotel A's objects."""
    return {part: _value(name, part, world) for part in parts}


def _value(name: str, part: str, world: dict) -> object:
    if name.startswith("admin:"):
        return _of_the_admin(name, world)
    if name.startswith("desk:letter"):
        return world["letter"].pk if part == "pk" else 0
    if "attachment" in name:
        return world["attachment"].id
    if name == "kb:picture" and part == "number":
        return UUID(int=0)
    return {
        "number": world["ticket"].number,
        "key": world["job"].key,
        "slug": world["section"].slug
        if "section" in name
        else world["article"].short_code
        if name == "short_link"
        else world["article"].slug,
        "pk": world["anna"].pk if name == "deactivate" else world["invitation"].pk,
        "token": "no-such-token",
        "format": ".json",
    }.get(part, "1")


def _of_the_admin(name: str, world: dict) -> object:
    if name == "admin:app_list":
        return "kb"
    if name.startswith("admin:kb_article_import"):
        return UUID(int=0)
    model = name.split("_")[1] if "_" in name else ""
    known = {
        "ticket": "ticket",
        "article": "article",
        "section": "section",
        "feedback": "feedback",
        "invitation": "invitation",
        "user": "anna",
    }
    return world[known[model]].pk if model in known else 999_999


def meets(client: Client, name: str, parts: tuple[str, ...], world: dict) -> str:
    kwargs = arguments(name, parts, world)
    try:
        address = reverse(name, kwargs=kwargs) if kwargs else reverse(name)
    except Exception:  # noqa: BLE001 (nameless patterns of the admin's catch-all)
        address = "/admin/no-such-page/"
    response = client.get(address)
    for close in response._resource_closers:  # a served file stays open until it is read
        close()
    where = response.headers.get("Location", "")
    if response.status_code == 302 and where.startswith(LOGIN):
        return "login"
    return str(response.status_code)


def walk(world, request, sign_in) -> dict[str, dict[str, str]]:
    """Send every persona to every address."""
    clients = {
        persona: sign_in(None if persona == "nobody" else request.getfixturevalue(persona))
        for persona in PERSONAS
    }
    return {
        name: {persona: meets(client, name, parts, world) for persona, client in clients.items()}
        for name, parts in sorted(dict(names_of(get_resolver())).items())
    }


def test_every_address_has_a_row():
    table = rows()
    lost = [name for name in NAMES if not any(fnmatch(name, pattern) for pattern, _row in table)]
    assert lost == []


def test_no_row_is_left_over():
    unused = [
        pattern for pattern, _row in rows() if not any(fnmatch(name, pattern) for name in NAMES)
    ]
    assert unused == []


# The admin's own templates read variables that are not always there.
@pytest.mark.ignore_template_errors
def test_everybody_meets_what_the_table_says(world, request, sign_in):
    met = walk(world, request, sign_in)
    wrong = {
        (name, persona): (found, row_of(name)[persona])
        for name, row in met.items()
        for persona, found in row.items()
        if found != row_of(name)[persona]
    }
    assert wrong == {}


# Whoever may not read hotel A's ticket may not change it either; maxim and sergey may do both.
OUTSIDERS = ("nobody", "vera", "daria", "elena", "left")
CHANGES = [
    name
    for name in NAMES
    if name.startswith(("cabinet:", "desk:", "api:")) or name in {"deactivate", "revoke_invitation"}
]
# These begin something of one's own rather than touch what belongs to hotel A.
# The bulk actions name no ticket in their address: test_bulk shows that they refuse outsiders.
OWN = {
    *("cabinet:list", "cabinet:new", "cabinet:promise", "cabinet:matches"),
    *("desk:queue", "desk:bulk", "desk:view_save"),
}


def test_outsiders_change_nothing_of_hotel_a(world, request, sign_in):
    parts, changed = dict(names_of(get_resolver())), {}
    for persona in OUTSIDERS:
        client = sign_in(None if persona == "nobody" else request.getfixturevalue(persona))
        for name in CHANGES:
            if name in OWN or (name.startswith("api:") and "number" not in parts[name]):
                continue
            response = client.post(reverse(name, kwargs=arguments(name, parts[name], world)))
            led_to = response.headers.get("Location", "")
            if response.status_code not in {401, 403, 404, 405} and not led_to.startswith(LOGIN):
                changed[name, persona] = response.status_code
    assert changed == {}
    assert list(Ticket.objects.values_list("status", "priority", "assignee")) == [
        ("new", None, None)
    ]


def test_the_objects_of_the_table_belong_to_hotel_a(world, anna, vera):
    assert Ticket.objects.get(pk=world["ticket"].pk).requester == anna
    assert not Ticket.objects.visible_to(vera).exists()
