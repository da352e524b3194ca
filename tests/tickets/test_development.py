"""Hand-over to development: dates that are promised, moved with a reason, and kept or broken."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from accounts.models import User
from portal.delivery import letters
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed, Refused
from tickets import access, actions, watch
from tickets.actions import development as hand_overs
from tickets.actions import locking
from tickets.models import Clock, ClockKind, Development, Draft, Eta, Outcome, Ticket

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
ETA = date(2026, 12, 4)
File = Callable[..., Ticket]
Letters = Callable[[User], list[str]]
AtOnce = Callable[[Sequence[Callable[[], Any]]], list[Any]]


def hand_over(ticket: Ticket, actor: User, at: datetime, **changes: Any) -> Development:
    said: dict[str, Any] = {
        "title": "Оплата картой: пустая страница",
        "brief": "Страница оплаты пуста, когда у тарифа нет названия.",
        "eta_on": ETA,
        "news_due_at": at + 3 * DAY,
        "customer_text": "Нашли причину, исправим в ближайшем выпуске.",
        "tracker_url": "https://tracker.example/PAY-12",
        "tracker_key": "PAY-12",
    }
    return actions.hand_over(ticket=ticket, actor=actor, at=at, **{**said, **changes})


def move_eta(development: Development, actor: User, at: datetime, **changes: Any) -> Eta:
    said: dict[str, Any] = {
        "eta_on": ETA + DAY,
        "news_due_at": at + 5 * DAY,
        "reason": "Нашли вторую причину",
        "customer_text": "Исправление займёт на день больше.",
    }
    return actions.move_eta(development=development, actor=actor, at=at, **{**said, **changes})


def clocks(ticket: Ticket) -> list[tuple[str, datetime | None]]:
    found = Clock.objects.filter(ticket=ticket, kind=ClockKind.UPDATE).order_by("id")
    return list(found.values_list("outcome", "due_at"))


@pytest.fixture
def development(ticket: Ticket, sergey: User, at: datetime) -> Development:
    """Anna's incident, handed over at noon."""
    return hand_over(ticket, sergey, at)


@pytest.fixture
def other(development: Development, file: File, vera: User, sergey: User, at: datetime) -> Ticket:
    """Vera's ticket, which waits for the same."""
    ticket = file(person=vera, property=None)
    return actions.join_development(ticket=ticket, actor=sergey, development=development, at=at)


def test_a_hand_over_promises_news_and_tells_the_customer(
    development: Development, ticket: Ticket, sergey: User, anna: User, at: datetime,
    letters_to: Letters,
) -> None:  # fmt: skip
    ticket.refresh_from_db()
    assert (ticket.status, ticket.development) == ("in_development", development)
    assert ticket.due_at == at + 30 * MINUTE  # whoever waits for an answer still waits
    eta = development.etas.get()
    assert (eta.number, eta.eta_on, eta.news_due_at, eta.author) == (1, ETA, at + 3 * DAY, sergey)
    assert clocks(ticket) == [("", at + 3 * DAY)]
    assert letters_to(anna) == ["ticket_received", "development_started"]
    event = ticket.events.get(code="handed_over")
    assert (event.actor, event.eta_on, event.news_due_at) == (sergey, ETA, at + 3 * DAY)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_letters_hold_what_the_customer_reads_and_nothing_of_the_tracker(
    development: Development, sergey: User, anna: User, at: datetime, language: str
) -> None:
    move_eta(development, sergey, at + MINUTE, eta_on=None)
    found = Delivery.objects.filter(recipient=anna.email, letter__startswith="development")
    for delivery, words in zip(
        found.order_by("id"), ("Нашли причину", "Исправление займёт"), strict=True
    ):
        delivery.language = language
        letter = letters.render(delivery, with_secret=True)
        assert words in letter.text
        assert words in letter.html
        assert ("12:0" in letter.text, "PAY-12" in letter.text + letter.html) == (True, False)
    assert found.first().context["eta_on"] == "2026-12-04"


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no news date": ({"news_due_at": None}, "news_due_at"),
    "news in the past": ({"news_due_at": datetime.fromisoformat("2026-11-23T09:00Z")}, "news_due_at"),
    "an ETA in the past": ({"eta_on": date(2026, 11, 22)}, "eta_on"),
    "nothing for the customer": ({"customer_text": " \x00 "}, "customer_text"),
    "a text without end": ({"customer_text": "а" * 4001}, "customer_text"),
    "no title": ({"title": " "}, "title"),
    "nothing to do": ({"brief": ""}, "brief"),
    "an address that runs as a script": ({"tracker_url": "javascript:alert(1)"}, "tracker_url"),
    "an address of files": ({"tracker_url": "ftp://tracker.example/1"}, "tracker_url"),
    "an address without a host": ({"tracker_url": "https:///PAY-12"}, "tracker_url"),
    "a broken address": ({"tracker_url": "https://[::1"}, "tracker_url"),
    "an address with a space": ({"tracker_url": "https://a.example/ b"}, "tracker_url"),
    "a key without end": ({"tracker_key": "K" * 61}, "tracker_key"),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_a_hand_over_is_refused_with(ticket: Ticket, sergey: User, at: datetime, case: str) -> None:
    changes, field = REFUSED[case]
    with pytest.raises(Refused) as refused:
        hand_over(ticket, sergey, at, **changes)
    assert (refused.value.field, refused.value.status) == (field, 400)
    assert str(refused.value.message)
    assert not Development.objects.exists()


def test_the_day_of_today_is_an_eta(ticket: Ticket, sergey: User, at: datetime) -> None:
    assert hand_over(ticket, sergey, at, eta_on=date(2026, 11, 23)).eta_on == date(2026, 11, 23)


def test_a_ticket_is_handed_over_once(
    development: Development, ticket: Ticket, sergey: User, at: datetime
) -> None:
    with pytest.raises(hand_overs.AlreadyHandedOver):
        hand_over(ticket, sergey, at)
    assert Development.objects.count() == 1


def test_what_is_solved_is_not_handed_over(ticket: Ticket, sergey: User, at: datetime) -> None:
    actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    with pytest.raises(locking.StatusForbids):
        hand_over(ticket, sergey, at)
    assert not Development.objects.exists()


@pytest.mark.parametrize("person", ["anna", "boris", "vera", "elena", "daria"])
def test_who_does_not_answer_hands_nothing_over(
    ticket: Ticket, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        hand_over(ticket, request.getfixturevalue(person), at)


def test_no_status_click_leads_into_development_or_out_of_it(
    development: Development, ticket: Ticket, file: File, sergey: User, at: datetime
) -> None:
    for one, status in ((file(), "in_development"), (ticket, "open")):
        with pytest.raises(locking.StatusForbids):
            actions.set_status(ticket=one, actor=sergey, status=status, at=at)


def test_another_customer_joins_and_reads_what_was_said_last(
    other: Ticket, development: Development, vera: User, letters_to: Letters, at: datetime
) -> None:
    assert letters_to(vera) == ["ticket_received", "development_started"]
    assert (other.status, clocks(other)) == ("in_development", [("", at + 3 * DAY)])
    assert set(development.tickets.all()) == {other, Ticket.objects.exclude(pk=other.pk).get()}


def test_joining_twice_tells_once(
    other: Ticket, development: Development, sergey: User, vera: User, at: datetime,
    letters_to: Letters,
) -> None:  # fmt: skip
    actions.join_development(ticket=other, actor=sergey, development=development, at=at)
    assert letters_to(vera).count("development_started") == 1
    assert len(clocks(other)) == 1


def test_after_a_question_to_the_customer_it_goes_back_into_development_in_silence(
    development: Development, ticket: Ticket, sergey: User, anna: User, at: datetime,
    letters_to: Letters,
) -> None:  # fmt: skip
    actions.set_status(ticket=ticket, actor=sergey, status="waiting_customer", at=at)
    actions.reply(ticket=ticket, author=anna, text="Вот номер", form_key=uuid4(), at=at)
    actions.join_development(ticket=ticket, actor=sergey, development=development, at=at)
    ticket.refresh_from_db()
    assert ticket.status == "in_development"
    assert letters_to(anna).count("development_started") == 1
    assert clocks(ticket) == [("", at + 3 * DAY)]


def test_nobody_joins_what_is_released_or_owes_its_news(
    development: Development, file: File, sergey: User, at: datetime
) -> None:
    late = file()
    with pytest.raises(hand_overs.NewsOverdue):
        actions.join_development(
            ticket=late, actor=sergey, development=development, at=at + 3 * DAY
        )
    actions.release(development=development, actor=sergey, at=at)
    with pytest.raises(hand_overs.AlreadyReleased):
        actions.join_development(ticket=late, actor=sergey, development=development, at=at)


def test_an_account_manager_joins_only_what_their_own_tickets_wait_for(
    file: File, vera: User, maxim: User, sergey: User, at: datetime
) -> None:
    foreign = hand_over(file(person=vera, property=None), sergey, at)
    with pytest.raises(NotAllowed):
        actions.join_development(ticket=file(), actor=maxim, development=foreign, at=at)


def test_every_customer_is_told_that_the_date_moves_and_the_clocks_start_anew(
    other: Ticket, development: Development, ticket: Ticket, daria: User, anna: User, vera: User,
    at: datetime, letters_to: Letters,
) -> None:  # fmt: skip
    eta = move_eta(development, daria, at + DAY)
    development.refresh_from_db()
    assert (eta.number, development.eta_on, development.news_due_at) == (2, ETA + DAY, at + 6 * DAY)
    for person, one in ((anna, ticket), (vera, other)):
        assert letters_to(person)[-1] == "development_news"
        assert clocks(one) == [(Outcome.UPDATED, at + 3 * DAY), ("", at + 6 * DAY)]
        event = one.events.get(code="eta_moved")
        assert (event.actor, event.data["was_on"], event.eta_on) == (daria, "2026-12-04", ETA + DAY)
    assert not Clock.objects.filter(kind=ClockKind.UPDATE, was_late=True).exists()


def test_the_same_news_sent_twice_are_told_once(
    development: Development, sergey: User, anna: User, at: datetime, letters_to: Letters
) -> None:
    for _time in range(2):
        move_eta(development, sergey, at)
    assert letters_to(anna).count("development_news") == 1
    assert development.etas.count() == 2


def test_a_known_date_moves_with_a_reason_only(
    development: Development, sergey: User, at: datetime
) -> None:
    for eta_on in (ETA + DAY, None):
        with pytest.raises(hand_overs.ReasonMissing):
            move_eta(development, sergey, at, eta_on=eta_on, reason=" ")
    assert move_eta(development, sergey, at, eta_on=ETA, reason="").number == 2


def test_a_first_date_needs_no_reason(ticket: Ticket, sergey: User, at: datetime) -> None:
    development = hand_over(ticket, sergey, at, eta_on=None)
    assert move_eta(development, sergey, at, reason="").eta_on == ETA + DAY


@pytest.mark.parametrize("case", list(REFUSED)[:5])
def test_news_are_refused_with(
    development: Development, sergey: User, at: datetime, case: str
) -> None:
    changes, field = REFUSED[case]
    with pytest.raises(Refused) as refused:
        move_eta(development, sergey, at, **changes)
    assert refused.value.field == field
    assert development.etas.count() == 1


def test_news_that_do_not_come_are_a_breach_of_their_own(
    development: Development, ticket: Ticket, sergey: User, galina: User, at: datetime,
    letters_to: Letters,
) -> None:  # fmt: skip
    actions.reply(ticket=ticket, author=sergey, text="Передали.", form_key=uuid4(), at=at)
    watch.watch_clocks(at=at + 3 * DAY)
    assert "clock_late" not in letters_to(galina)
    assert watch.watch_clocks(at=at + 3 * DAY + MINUTE)[1] == 1
    assert letters_to(galina)[-1] == letters_to(sergey)[-1] == "clock_late"
    assert ticket.events.get(code="late").data == {"clock": "update"}
    move_eta(development, sergey, at + 4 * DAY)
    told = Clock.objects.get(kind=ClockKind.UPDATE, outcome=Outcome.UPDATED)
    assert told.was_late


def test_a_release_brings_the_tickets_back_with_a_reply_drafted(
    other: Ticket, development: Development, ticket: Ticket, daria: User, sergey: User, anna: User,
    at: datetime, letters_to: Letters,
) -> None:  # fmt: skip
    anna.language = "en"
    anna.save(update_fields=["language"])
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    actions.release(development=development, actor=daria, note="Выпуск 42", at=at + DAY)
    development.refresh_from_db()
    assert (development.released_at, development.released_by) == (at + DAY, daria)
    for one in (ticket, other):
        one.refresh_from_db()
        assert (one.status, one.development) == ("open", development)
        assert clocks(one) == [(Outcome.RELEASED, at + 3 * DAY)]
        assert one.events.get(code="development_released").data == {"note": "Выпуск 42"}
        draft = Draft.objects.get(ticket=one)
        assert (draft.author, draft.mode) == (None, "reply")
        assert one.subject in draft.text
        assert development.title not in draft.text
    assert Draft.objects.get(ticket=ticket).text.startswith("Анна, hello!")
    assert letters_to(sergey) == ["development_released"]
    assert letters_to(anna)[-1] == "development_started"  # the reply is sent by a person


def test_a_release_is_final(
    development: Development, sergey: User, daria: User, at: datetime
) -> None:
    actions.release(development=development, actor=sergey, at=at)
    acts = (
        partial(actions.release, development=development, actor=sergey, at=at),
        partial(move_eta, development, sergey, at),
        partial(actions.take, development=development, actor=daria, at=at),
        partial(actions.assign_owner, development=development, actor=sergey, owner=daria, at=at),
        partial(
            actions.describe, development=development, actor=sergey, title="Иное", brief="Иное"
        ),
    )
    for act in acts:
        with pytest.raises(hand_overs.AlreadyReleased):
            act()


def test_a_release_leaves_alone_what_is_solved(
    development: Development, ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.resolve(ticket=ticket, actor=sergey, text="Обошли", form_key=uuid4(), at=at)
    actions.release(development=development, actor=sergey, at=at)
    ticket.refresh_from_db()
    assert (ticket.status, Draft.objects.count()) == ("resolved", 0)
    assert clocks(ticket) == [(Outcome.WITHDRAWN, at + 3 * DAY)]


def test_a_released_ticket_may_be_handed_over_again(
    development: Development, ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.release(development=development, actor=sergey, at=at)
    again = hand_over(ticket, sergey, at + DAY)
    ticket.refresh_from_db()
    assert (ticket.development, ticket.status) == (again, "in_development")


def test_taken_up_again_its_news_are_owed_again(
    development: Development, ticket: Ticket, sergey: User, anna: User, at: datetime
) -> None:
    actions.resolve(ticket=ticket, actor=sergey, text="Обошли", form_key=uuid4(), at=at)
    actions.reply(ticket=ticket, author=anna, text="Нет", form_key=uuid4(), at=at + MINUTE)
    assert clocks(ticket) == [(Outcome.WITHDRAWN, at + 3 * DAY), ("", at + 3 * DAY)]


def test_support_takes_a_ticket_back(
    other: Ticket, development: Development, ticket: Ticket, sergey: User, at: datetime
) -> None:
    actions.withdraw(ticket=ticket, actor=sergey, at=at + DAY)
    ticket.refresh_from_db()
    assert (ticket.status, ticket.development) == ("open", None)
    assert clocks(ticket) == [(Outcome.WITHDRAWN, at + 3 * DAY)]
    assert ticket.events.filter(code="development_withdrawn").count() == 1
    assert list(development.tickets.all()) == [other]
    with pytest.raises(hand_overs.NotInDevelopment):
        actions.withdraw(ticket=ticket, actor=sergey, at=at + DAY)


def test_a_developer_gives_a_ticket_back(
    development: Development, ticket: Ticket, daria: User, at: datetime
) -> None:
    actions.withdraw(ticket=ticket, actor=daria, at=at)
    assert not access.can_see(daria, ticket)


def test_a_developer_takes_it_on_once(
    development: Development, ticket: Ticket, daria: User, sergey: User, at: datetime
) -> None:
    for _time in range(2):
        actions.take(development=development, actor=daria, at=at)
    development.refresh_from_db()
    assert development.owner == daria
    event = ticket.events.get(code="development_owned")
    assert (event.actor, event.data) == (daria, {"to": "Дарья Кодова"})
    with pytest.raises(NotAllowed):
        actions.take(development=development, actor=sergey, at=at)


def test_only_a_developer_owns_it(
    development: Development, daria: User, sergey: User, at: datetime
) -> None:
    with pytest.raises(hand_overs.NotADeveloper):
        actions.assign_owner(development=development, actor=sergey, owner=sergey, at=at)
    for owner in (daria, None):
        actions.assign_owner(development=development, actor=sergey, owner=owner, at=at)
        development.refresh_from_db()
        assert development.owner == owner


def test_the_words_for_the_staff_change_and_the_customers_are_not_told(
    development: Development, daria: User, anna: User, letters_to: Letters
) -> None:
    before = letters_to(anna)
    actions.describe(
        development=development, actor=daria, title="Иначе", brief="Точнее",
        tracker_url="http://tracker.example/PAY-13", tracker_key="PAY-13",
    )  # fmt: skip
    development.refresh_from_db()
    assert (development.title, development.tracker_key) == ("Иначе", "PAY-13")
    assert letters_to(anna) == before


@pytest.mark.parametrize("person", ["anna", "vera", "elena", "maxim"])
def test_only_support_and_developers_tell_news_and_release(
    development: Development, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    actor = request.getfixturevalue(person)
    for act in (
        partial(move_eta, development, actor, at),
        partial(actions.release, development=development, actor=actor, at=at),
        partial(actions.assign_owner, development=development, actor=actor, owner=None, at=at),
    ):
        with pytest.raises(NotAllowed):
            act()


EVERYBODY = (
    "anna", "boris", "olga", "vera", "sergey", "galina", "maxim", "daria", "elena", "admin",
)  # fmt: skip


def test_who_sees_tickets_and_developments_are_exact_sets(
    file: File, sergey: User, vera: User, at: datetime, request: pytest.FixtureRequest
) -> None:
    people = {name: request.getfixturevalue(name) for name in EVERYBODY}
    plain, going, done = file(), file(), file(person=vera, property=None)
    open_one, released = hand_over(going, sergey, at), hand_over(done, sergey, at)
    actions.release(development=released, actor=sergey, at=at)
    every, both = {plain, going, done}, {open_one, released}
    seen = {
        name: (
            set(Ticket.objects.visible_to(person)),
            set(Development.objects.visible_to(person)),
        )
        for name, person in people.items()
    }
    assert seen == {
        "anna": ({plain, going}, set()),
        "boris": ({plain, going}, set()),
        "olga": ({plain, going}, set()),
        "vera": ({done}, set()),
        "sergey": (every, both),
        "galina": (every, both),
        "maxim": ({plain, going}, {open_one}),
        "daria": ({going, done}, both),
        "elena": (set(), set()),
        "admin": (every, both),
    }


def test_a_developer_reads_notes_and_leaves_them_and_does_not_answer_customers(
    development: Development, ticket: Ticket, daria: User, sergey: User, at: datetime
) -> None:
    actions.note(ticket=ticket, author=sergey, text="Между нами", form_key=uuid4(), at=at)
    assert ticket.messages.visible_to(daria).filter(kind="note").exists()
    actions.note(ticket=ticket, author=daria, text="Вижу", form_key=uuid4(), at=at)
    with pytest.raises(NotAllowed):
        actions.reply(ticket=ticket, author=daria, text="Алло", form_key=uuid4(), at=at)
    actions.assign(ticket=ticket, actor=sergey, assignee=daria, at=at)
    assert actions.reply(ticket=ticket, author=daria, text="Алло", form_key=uuid4(), at=at).pk


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_many_tickets_moved_at_once_block_nobody(
    file: File, sergey: User, galina: User, daria: User, at: datetime, at_once: AtOnce
) -> None:
    tickets = [file() for _number in range(4)]
    development = hand_over(tickets[0], sergey, at)
    for one in tickets[1:3]:
        actions.join_development(ticket=one, actor=sergey, development=development, at=at)
    notes = [
        partial(actions.note, ticket=one, author=galina, text="…", form_key=uuid4(), at=at)
        for one in tickets
    ]
    at_once(
        [
            partial(move_eta, development, daria, at, customer_text="Первое"),
            partial(move_eta, development, galina, at, customer_text="Второе"),
            partial(
                actions.join_development,
                ticket=tickets[3],
                actor=sergey,
                development=development,
                at=at,
            ),
            partial(actions.withdraw, ticket=tickets[1], actor=sergey, at=at),
            partial(actions.take, development=development, actor=daria, at=at),
            *notes,
        ]
    )
    assert sorted(development.etas.values_list("number", flat=True)) == [1, 2, 3]
    assert set(development.tickets.all()) == {tickets[0], tickets[2], tickets[3]}
    running = Clock.objects.running().filter(kind=ClockKind.UPDATE)
    assert {one.ticket_id for one in running} == {tickets[0].pk, tickets[2].pk, tickets[3].pk}
    assert {one.due_at for one in running} == {at + 5 * DAY}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_hand_overs_at_once_make_one(
    ticket: Ticket, sergey: User, galina: User, at: datetime, at_once: AtOnce
) -> None:
    def attempt(person: User) -> str:
        try:
            hand_over(ticket, person, at)
        except hand_overs.AlreadyHandedOver as refusal:
            return refusal.code
        return "handed over"

    done = at_once([partial(attempt, person) for person in (sergey, galina)])
    assert sorted(done) == ["already_handed_over", "handed over"]
    assert Development.objects.count() == 1


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_events_read_as_words(
    other: Ticket, development: Development, ticket: Ticket, daria: User, at: datetime,
    language: str,
) -> None:  # fmt: skip
    actions.take(development=development, actor=daria, at=at)
    move_eta(development, daria, at)
    actions.withdraw(ticket=other, actor=daria, at=at)
    actions.release(development=development, actor=daria, note="Выпуск 42", at=at)
    codes = {"handed_over", "development_owned", "eta_moved", "development_withdrawn", "development_released"}  # fmt: skip
    events = [*ticket.events.filter(code__in=codes), *other.events.filter(code__in=codes)]
    with translation.override(language):
        said = {
            event.code: render_to_string("tickets/components/event.html", {"event": event}).strip()
            for event in events
        }
    assert set(said) == codes
    assert all("Дарья Кодова" in said[code] for code in codes - {"handed_over"})
