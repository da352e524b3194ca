"""What a person makes of a letter that waits: each act does it, refuses, is written down, survives a second time."""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest

from accounts.models import User
from portal.delivery import secrets
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed, Refused
from tests.tickets.mail import WITH_FILE, waiting
from tickets import actions
from tickets.actions import codes
from tickets.channels.email import forgetting, opening, store, unidentified
from tickets.models import IncomingLetter, ProofCode, Ticket

MINUTE = timedelta(minutes=1)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folders(settings, tmp_path) -> None:
    settings.MAIL_ROOT = tmp_path / "mail"
    settings.ATTACHMENT_ROOT = tmp_path / "attachments"


@pytest.fixture
def letter(at: datetime, anna: User) -> IncomingLetter:
    """A letter in anna's name that nobody can believe."""
    return waiting(at - MINUTE)


def told_code(person: User) -> str:
    """Read the code as only its person can."""
    delivery = Delivery.objects.filter(letter="proof_code", recipient=person.email).latest("id")
    return str(secrets.unseal(delivery.secret)["code"])


def fresh(letter: IncomingLetter) -> IncomingLetter:
    return IncomingLetter.objects.get(pk=letter.pk)


def done_to(letter: IncomingLetter) -> list[str]:
    return list(letter.events.order_by("id").values_list("code", flat=True))


def ask(letter: IncomingLetter, actor: User, person: User, at: datetime, **more: Any) -> ProofCode:
    given = {"ticket": None, **more}
    return unidentified.ask_for_code(letter=letter, actor=actor, person=person, at=at, **given)


# A code.


def test_a_code_goes_to_the_account_and_never_to_the_sender(letter, anna, sergey, at):
    IncomingLetter.objects.update(sender="evil@else.example")
    ask(letter, sergey, anna, at)

    sent = Delivery.objects.get(letter="proof_code")
    assert sent.recipient == anna.email
    assert not Delivery.objects.filter(recipient="evil@else.example").exists()
    assert re.fullmatch(r"\d{6}", told_code(anna))
    assert told_code(anna) not in str(sent.context) + ProofCode.objects.get().digest
    assert (fresh(letter).state, fresh(letter).person) == ("quarantined", anna)
    assert done_to(letter) == ["code_sent"]


def test_a_code_told_back_makes_a_ticket_of_the_letter(letter, anna, sergey, at):
    ask(letter, sergey, anna, at)
    digits = told_code(anna)
    told = f"{digits[:3]} {digits[3:]}"
    for _time in range(2):
        unidentified.answer_code(letter=letter, actor=sergey, digits=told, at=at + MINUTE)

    ticket = Ticket.objects.get()
    assert (ticket.requester, ticket.channel, ticket.status) == (anna, "email", "new")
    assert ticket.messages.get().text == "Не открывается календарь цен."
    assert list(ticket.proofs.values_list("method", "level", "taken_by")) == [
        ("code", 2, sergey.pk)
    ]
    now = fresh(letter)
    assert (now.state, now.reason, now.ticket, now.decided_by) == (
        "done",
        "by_code",
        ticket,
        sergey,
    )
    assert done_to(letter) == ["code_sent", "became"]


def test_a_code_told_back_puts_the_letter_into_the_ticket_that_was_named(
    letter, ticket, anna, sergey, at
):
    ask(letter, sergey, anna, at + MINUTE, ticket=ticket)
    unidentified.answer_code(
        letter=letter, actor=sergey, digits=told_code(anna), at=at + 2 * MINUTE
    )

    message = ticket.messages.latest("id")
    assert (message.text, message.author) == ("Не открывается календарь цен.", anna)
    assert fresh(letter).message == message
    assert Ticket.objects.count() == 1
    assert ticket.proofs.latest("id").method == "code"


def test_files_of_a_proven_letter_come_along(at, anna, sergey):
    kept = waiting(at, raw=WITH_FILE, names=["счёт.html"], sizes=[27])
    ask(kept, sergey, anna, at)
    unidentified.answer_code(letter=kept, actor=sergey, digits=told_code(anna), at=at)
    # HTML is no kind that a message takes: it stays in the letter.
    assert Ticket.objects.get().messages.get().text == "Смотрите файл."
    assert not Ticket.objects.get().messages.get().attachments.exists()


def test_a_letter_goes_into_no_ticket_of_somebody_else(letter, ticket, vera, sergey, at):
    with pytest.raises(unidentified.NotTheirTicket):
        ask(letter, sergey, vera, at, ticket=ticket)
    assert not Delivery.objects.filter(letter="proof_code").exists()


def test_wrong_codes_are_counted_and_five_void_it(letter, anna, sergey, at):
    ask(letter, sergey, anna, at)
    right = told_code(anna)
    wrong = f"{(int(right) + 1) % 10**6:06d}"
    for _try in range(codes.MOST_ATTEMPTS):
        with pytest.raises(codes.WrongCode):
            unidentified.answer_code(letter=letter, actor=sergey, digits=wrong, at=at)
    with pytest.raises(codes.CodeGone):
        unidentified.answer_code(letter=letter, actor=sergey, digits=right, at=at)
    assert fresh(letter).state == "quarantined"
    assert not Ticket.objects.exists()


def test_a_code_lives_ten_minutes(letter, anna, sergey, at):
    ask(letter, sergey, anna, at)
    with pytest.raises(codes.CodeGone):
        unidentified.answer_code(
            letter=letter, actor=sergey, digits=told_code(anna), at=at + codes.LIVES
        )


def test_a_new_code_voids_the_one_before(letter, anna, sergey, at):
    ask(letter, sergey, anna, at)
    first = told_code(anna)
    with pytest.raises(codes.CodeTooSoon):
        ask(letter, sergey, anna, at)
    with mock.patch.object(codes.secrets, "randbelow", return_value=(int(first) + 1) % 10**6):
        ask(letter, sergey, anna, at + MINUTE)
    with pytest.raises(codes.WrongCode):
        unidentified.answer_code(letter=letter, actor=sergey, digits=first, at=at + MINUTE)


def test_a_code_is_told_only_to_who_asked_for_it(letter, anna, sergey, galina, at):
    ask(letter, sergey, anna, at)
    answer = partial(unidentified.answer_code, letter=letter, digits=told_code(anna), at=at)
    with pytest.raises(codes.AskedByAnother):
        answer(actor=galina)
    assert ProofCode.objects.get().attempts == 0
    answer(actor=sergey)
    assert fresh(letter).decided_by == sergey


def test_one_person_gets_three_codes_an_hour_whatever_they_are_for(letter, anna, sergey, at):
    other = waiting(at)
    for number in range(3):
        ask(other if number % 2 else letter, sergey, anna, at + number * MINUTE)
    with pytest.raises(codes.TooManyCodes):
        ask(letter, sergey, anna, at + 3 * MINUTE)
    ask(letter, sergey, anna, at + timedelta(minutes=61))


def test_ten_wrong_codes_lock_the_person_for_a_day(letter, anna, sergey, at):
    for hour in (0, 2):
        ask(letter, sergey, anna, at + timedelta(hours=hour))
        ProofCode.objects.filter(voided_at=None).update(attempts=5)
    with pytest.raises(codes.TooManyWrong):
        ask(letter, sergey, anna, at + timedelta(hours=4))
    ask(letter, sergey, anna, at + timedelta(hours=27))


def test_the_tenth_wrong_code_tells_the_owner_and_the_head_once(letter, anna, sergey, galina, at):
    for hour in (0, 2):
        moment = at + timedelta(hours=hour)
        ask(letter, sergey, anna, moment)
        wrong = f"{(int(told_code(anna)) + 1) % 10**6:06d}"
        assert not Delivery.objects.filter(letter__startswith="codes_guessed").exists()
        for _try in range(codes.MOST_ATTEMPTS):
            with pytest.raises(codes.WrongCode):
                unidentified.answer_code(letter=letter, actor=sergey, digits=wrong, at=moment)
    told = Delivery.objects.filter(letter__startswith="codes_guessed")
    assert dict(told.values_list("letter", "recipient")) == {
        "codes_guessed": anna.email,
        "codes_guessed_at": galina.email,
    }
    assert told.get(recipient=galina.email).context["specialist"] == sergey.full_name


def test_a_code_goes_only_to_active_customers(letter, sergey, galina, anna, at):
    with pytest.raises(unidentified.UnknownPerson):
        ask(letter, sergey, galina, at)
    User.objects.filter(pk=anna.pk).update(is_active=False)
    with pytest.raises(unidentified.UnknownPerson):
        unidentified.account_of(anna.email)
    with pytest.raises(unidentified.UnknownPerson):
        unidentified.account_of("anna+x@verf.example")


# A call.


def call(letter: IncomingLetter, actor: User, person: User, at: datetime, **more: Any) -> Any:
    given = {"category": "incident", "was_called": True, **more}
    return unidentified.file_letter(letter=letter, actor=actor, person=person, at=at, **given)


def test_after_a_call_it_is_a_ticket_that_waits_for_the_identification(letter, anna, sergey, at):
    for _time in range(2):
        call(letter, sergey, anna, at)
    ticket = Ticket.objects.get()
    assert (ticket.status, ticket.requester) == ("waiting_identification", anna)
    assert list(ticket.proofs.values_list("method", "level", "taken_by")) == [
        ("told", 1, sergey.pk)
    ]
    assert (fresh(letter).state, fresh(letter).reason) == ("done", "by_call")
    assert done_to(letter) == ["became"]


def test_a_ticket_after_a_call_is_proven_by_a_code_later(letter, anna, sergey, at):
    call(letter, sergey, anna, at)
    ask(letter, sergey, anna, at + MINUTE)
    unidentified.answer_code(
        letter=letter, actor=sergey, digits=told_code(anna), at=at + 2 * MINUTE
    )

    ticket = Ticket.objects.get()
    assert ticket.status == "open"
    assert sorted(ticket.proofs.values_list("method", flat=True)) == ["code", "told"]
    assert ticket.events.filter(code="identified").count() == 1
    assert done_to(letter) == ["became", "code_sent", "proven"]


@pytest.mark.parametrize("category", ["service_request", "change_request", "nonsense"])
def test_what_needs_proof_is_not_filed_after_a_call(letter, anna, sergey, at, category):
    with pytest.raises(unidentified.NeedsProof):
        call(letter, sergey, anna, at, category=category)
    with pytest.raises(unidentified.NotCalled):
        call(letter, sergey, anna, at, was_called=False)
    assert not Ticket.objects.exists()


# Nothing, and back.


def test_what_is_discarded_can_be_put_back_as_it_was(letter, sergey, at):
    for _time in range(2):
        unidentified.discard(letter=letter, actor=sergey, reason="forged", at=at)
    assert (fresh(letter).state, fresh(letter).reason) == ("discarded", "forged")
    for _time in range(2):
        unidentified.put_back(letter=letter, actor=sergey, at=at)
    assert (fresh(letter).state, fresh(letter).reason) == ("quarantined", "unsigned")
    assert fresh(letter).decided_by is None
    assert done_to(letter) == ["discarded", "put_back"]


def test_a_failed_letter_comes_back_as_failed(at, sergey):
    kept = waiting(at, state="failed", reason="took_too_long")
    unidentified.discard(letter=kept, actor=sergey, reason="spam", at=at)
    unidentified.put_back(letter=kept, actor=sergey, at=at)
    assert (fresh(kept).state, fresh(kept).reason) == ("failed", "took_too_long")


@pytest.mark.parametrize(("state", "reason"), [("duplicate", "came_before"), ("discarded", "loop")])
def test_what_a_rule_put_away_can_be_put_back_too(at, sergey, state, reason):
    kept = waiting(at, state=state, reason=reason)
    unidentified.put_back(letter=kept, actor=sergey, at=at)
    assert (fresh(kept).state, fresh(kept).reason) == ("quarantined", reason)


def test_a_discarded_letter_answers_no_code_any_more(letter, anna, sergey, at):
    ask(letter, sergey, anna, at)
    unidentified.discard(letter=letter, actor=sergey, reason="forged", at=at)
    with pytest.raises(unidentified.DecidedAlready):
        unidentified.answer_code(letter=letter, actor=sergey, digits=told_code(anna), at=at)


def test_a_letter_is_discarded_only_for_a_reason_of_ours(letter, sergey, at):
    with pytest.raises(unidentified.NoSuchReason):
        unidentified.discard(letter=letter, actor=sergey, reason="bored", at=at)
    assert fresh(letter).state == "quarantined"


def test_a_letter_is_read_again_as_if_it_had_just_come(at, sergey):
    kept = waiting(at, state="failed", reason="gave_up", attempts=6)
    for _time in range(2):
        unidentified.read_again(letter=kept, actor=sergey, at=at)
    now = fresh(kept)
    assert (now.state, now.reason, now.attempts, now.next_at) == ("stored", "", 0, at)
    assert done_to(kept) == ["read_again"]


def test_a_letter_without_its_bytes_is_not_read_again(letter, sergey, at):
    store.path_of(letter.pk).unlink()
    with pytest.raises(opening.NotReadable):
        unidentified.read_again(letter=letter, actor=sergey, at=at)


def test_whoever_opens_it_first_stops_its_clock(letter, sergey, galina, anna, at):
    unidentified.see(letter=letter, actor=anna, at=at)
    assert fresh(letter).seen_at is None
    unidentified.see(letter=letter, actor=sergey, at=at)
    unidentified.see(letter=letter, actor=galina, at=at + MINUTE)
    assert (fresh(letter).seen_by, fresh(letter).seen_at) == (sergey, at)


ACTS: dict[str, Callable[..., Any]] = {
    "code": ask,
    "answer": lambda letter, actor, _person, at: unidentified.answer_code(
        letter=letter, actor=actor, digits="000000", at=at
    ),
    "ticket": call,
    "discard": lambda letter, actor, _person, at: unidentified.discard(
        letter=letter, actor=actor, reason="spam", at=at
    ),
    "put back": lambda letter, actor, _person, at: unidentified.put_back(
        letter=letter, actor=actor, at=at
    ),
    "again": lambda letter, actor, _person, at: unidentified.read_again(
        letter=letter, actor=actor, at=at
    ),
}


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("persona", ["anna", "olga", "maxim", "daria", "elena"])
def test_only_who_reads_all_tickets_decides(letter, anna, request, at, act, persona):
    with pytest.raises(NotAllowed):
        ACTS[act](letter, request.getfixturevalue(persona), anna, at)
    assert fresh(letter).state == "quarantined"
    assert not letter.events.exists()


@pytest.mark.parametrize("act", ["code", "answer", "ticket", "discard", "again"])
def test_what_somebody_decided_is_told_to_who_comes_second(letter, anna, sergey, galina, at, act):
    unidentified.discard(letter=letter, actor=galina, reason="forged", at=at)
    with pytest.raises(unidentified.DecidedAlready) as refused:
        ACTS[act](letter, sergey, anna, at)
    assert galina.full_name in str(refused.value.message)


# Forgetting.


def test_what_became_nothing_is_forgotten_after_180_days_with_its_bytes(letter, anna, sergey, at):
    young, became = waiting(at), waiting(at)
    call(became, sergey, anna, at)
    IncomingLetter.objects.exclude(pk=young.pk).update(received_at=at - timedelta(days=181))

    assert forgetting.forget(at=at) == 1
    assert forgetting.forget(at=at) == 0
    gone = fresh(letter)
    assert (gone.sender, gone.sender_name, gone.subject, gone.text, gone.names) == (
        "",
        "",
        "",
        "",
        [],
    )
    assert (gone.state, gone.reason, gone.forgotten_at) == ("discarded", "unsigned", at)
    assert not store.path_of(letter.pk).exists()
    for kept in (young, became):
        assert fresh(kept).text
        assert store.path_of(kept.pk).exists()
    with pytest.raises(unidentified.Forgotten):
        unidentified.put_back(letter=letter, actor=sergey, at=at)


# At once.


def _or_refused(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except Refused as refusal:
        return refusal


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_of_two_who_decide_at_once_one_wins_and_the_other_sees_why(
    letter: IncomingLetter,
    anna: User,
    sergey: User,
    galina: User,
    at: datetime,
    at_once: Callable[[Sequence[Callable[[], Any]]], list[Any]],
) -> None:
    acts = [
        partial(_or_refused, partial(call, letter, sergey, anna, at)),
        partial(
            _or_refused,
            partial(unidentified.discard, letter=letter, actor=galina, reason="spam", at=at),
        ),
    ]
    answers = at_once(acts)
    lost = [one for one in answers if isinstance(one, Refused)]
    assert len(lost) == 1
    winner = galina if isinstance(answers[0], Refused) else sergey
    assert isinstance(lost[0], unidentified.DecidedAlready)
    assert winner.full_name in str(lost[0].message)
    assert fresh(letter).decided_by == winner
    assert Ticket.objects.count() == (winner == sergey)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_code_answered_twice_at_once_makes_one_ticket(
    letter: IncomingLetter,
    anna: User,
    sergey: User,
    galina: User,
    at: datetime,
    at_once: Callable[[Sequence[Callable[[], Any]]], list[Any]],
) -> None:
    ask(letter, sergey, anna, at)
    digits = told_code(anna)
    answer = partial(unidentified.answer_code, letter=letter, digits=digits, at=at)
    answers = at_once([partial(_or_refused, partial(answer, actor=sergey))] * 2)
    assert any(isinstance(one, IncomingLetter) for one in answers)
    assert Ticket.objects.count() == 1
    assert ProofCode.objects.exclude(used_at=None).count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_guesses_at_once_are_all_counted(
    letter: IncomingLetter,
    anna: User,
    sergey: User,
    at: datetime,
    at_once: Callable[[Sequence[Callable[[], Any]]], list[Any]],
) -> None:
    ask(letter, sergey, anna, at)
    wrong = f"{(int(told_code(anna)) + 1) % 10**6:06d}"
    guess = partial(unidentified.answer_code, letter=letter, actor=sergey, digits=wrong, at=at)
    answers = at_once([partial(_or_refused, guess)] * 8)
    assert sum(isinstance(one, codes.WrongCode) for one in answers) == codes.MOST_ATTEMPTS
    assert sum(isinstance(one, codes.CodeGone) for one in answers) == 3


def test_the_actions_of_tickets_are_what_writes(letter, anna, sergey, at):
    """The message of a proven letter is one like any other: it starts the clock and tells people."""
    ask(letter, sergey, anna, at)
    unidentified.answer_code(letter=letter, actor=sergey, digits=told_code(anna), at=at)
    ticket = Ticket.objects.get()
    assert ticket.due_at is not None
    assert Delivery.objects.filter(letter="ticket_received", recipient=anna.email).count() == 1
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
