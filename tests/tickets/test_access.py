"""Who sees and does what: exact sets, not samples."""

from collections.abc import Callable
from datetime import datetime
from uuid import uuid4

import pytest

from accounts.models import User
from tickets import access, actions
from tickets.models import Attachment, Message, Ticket

# People come by name, so pytest-django cannot see for itself that the database is needed.
pytestmark = pytest.mark.django_db
File = Callable[..., Ticket]
EVERYBODY = (
    "anna", "boris", "olga", "vera", "sergey", "galina", "maxim", "daria", "elena", "admin",
)  # fmt: skip


@pytest.fixture
def people(request: pytest.FixtureRequest) -> dict[str, User]:
    """All personas by name."""
    return {name: request.getfixturevalue(name) for name in EVERYBODY}


QUESTIONS = {
    "can_see": {"anna", "boris", "olga", "sergey", "galina", "maxim", "admin"},
    "can_reply": {"anna", "sergey", "galina", "maxim", "admin"},
    "can_close": {"anna", "sergey", "galina", "maxim", "admin"},
    "can_reopen": {"anna", "sergey", "galina", "maxim", "admin"},
    "can_join": {"boris", "olga"},
    "can_rate": {"anna"},
    "can_agree_date": {"sergey", "galina", "maxim", "admin"},
    "can_move_promise": {"sergey", "galina", "maxim", "admin"},
    "can_note": {"sergey", "galina", "maxim", "admin"},
    "can_assign": {"sergey", "galina", "maxim", "admin"},
    "can_readdress": {"sergey", "galina", "maxim", "admin"},
    "can_resolve": {"sergey", "galina", "maxim", "admin"},
    "can_set_status": {"sergey", "galina", "maxim", "admin"},
    "can_triage": {"sergey", "galina", "admin"},
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_exactly_these_people_may(people: dict[str, User], ticket: Ticket, question: str) -> None:
    ask = getattr(access, question)
    assert {name for name in EVERYBODY if ask(people[name], ticket)} == QUESTIONS[question]


@pytest.mark.parametrize("question", QUESTIONS)
def test_who_is_deactivated_may_nothing(
    people: dict[str, User], ticket: Ticket, question: str
) -> None:
    ask = getattr(access, question)
    for person in people.values():
        person.is_active = False
    assert [name for name in EVERYBODY if ask(people[name], ticket)] == []


def test_an_employee_does_not_see_the_tickets_of_their_boss(
    people: dict[str, User], file: File
) -> None:
    theirs = file(person=people["boris"])
    seeing = {name for name in EVERYBODY if access.can_see(people[name], theirs)}
    assert seeing == {"boris", "olga", "sergey", "galina", "maxim", "admin"}


def test_visible_tickets_are_exact_sets(
    people: dict[str, User], file: File, lighthouse: object
) -> None:
    own = file()
    colleagues = file(person=people["boris"])
    foreign = file(person=people["vera"], property=None)
    seen = {
        name: set(Ticket.objects.visible_to(people[name]).values_list("id", flat=True))
        for name in EVERYBODY
    }
    everything = {own.pk, colleagues.pk, foreign.pk}
    assert seen == {
        "anna": {own.pk},
        "boris": {own.pk, colleagues.pk},
        "olga": {own.pk, colleagues.pk},
        "vera": {foreign.pk},
        "sergey": everything,
        "galina": everything,
        "maxim": {own.pk, colleagues.pk},
        "daria": set(),
        "elena": set(),
        "admin": everything,
    }


def test_a_colleague_who_has_joined_writes_until_the_role_sees_the_organization_no_more(
    people: dict[str, User], ticket: Ticket, at: datetime
) -> None:
    boris = people["boris"]
    actions.join(ticket=ticket, actor=boris, at=at)
    questions = (access.can_reply, access.can_close, access.can_reopen)
    assert all(ask(boris, ticket) for ask in questions)
    boris.role.sees_organization = False
    assert not any(ask(boris, ticket) for ask in questions)


def test_a_developer_sees_what_is_assigned_to_them(
    people: dict[str, User], ticket: Ticket, at: datetime
) -> None:
    actions.assign(ticket=ticket, actor=people["sergey"], assignee=people["daria"], at=at)
    ticket.refresh_from_db()
    assert access.can_reply(people["daria"], ticket)


def test_the_role_says_which_categories_may_be_filed(people: dict[str, User]) -> None:
    every = ["incident", "service_request", "information_request", "change_request"]
    assert {name: access.categories_for(people[name]) for name in EVERYBODY} == {
        "anna": ["incident", "information_request"],
        "boris": every,
        "olga": every,
        "vera": every,
        **{name: [] for name in ("sergey", "galina", "maxim", "daria", "elena", "admin")},
    }


def test_incidents_are_open_to_a_role_that_may_file_nothing_else(anna: User) -> None:
    anna.role.may_file = []
    assert access.categories_for(anna) == ["incident"]


def test_an_organization_that_has_left_files_nothing(anna: User) -> None:
    assert anna.organization is not None
    anna.organization.is_active = False
    assert not access.can_file(anna)


def attached(message: Message | None, person: User, at: datetime) -> Attachment:
    return Attachment.objects.create(
        message=message, uploaded_by=person, name="a.png", content_type="image/png", size=1,
        sha256="0" * 64, created_at=at,
    )  # fmt: skip


def test_files_are_read_with_their_messages_and_those_of_notes_by_the_staff(
    people: dict[str, User], ticket: Ticket, at: datetime
) -> None:
    sergey, anna = people["sergey"], people["anna"]
    note = actions.note(ticket=ticket, author=sergey, text="Внутреннее", form_key=uuid4(), at=at)
    public = attached(ticket.messages.visible_to(anna).get(), anna, at).pk
    internal = attached(note, sergey, at).pk
    unsent = attached(None, anna, at).pk
    readable = {
        name: set(access.attachments_for(people[name]).values_list("id", flat=True))
        for name in EVERYBODY
    }
    assert readable == {
        "anna": {public, unsent},
        "boris": {public},
        "olga": {public},
        "vera": set(),
        **{name: {public, internal} for name in ("sergey", "galina", "maxim", "admin")},
        "daria": set(),
        "elena": set(),
    }
