"""What becomes of feedback: taken, handed over, answered, closed; and who may do it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from portal.delivery import letters
from portal.delivery.models import Delivery
from portal.feedback import actions
from portal.feedback.models import Feedback, Status
from portal.refusals import NotAllowed, Refused


def give(at: datetime, **said: Any) -> Feedback:
    values = {
        "kind": "complaint",
        "to": "team",
        "text": "По телефону не дозвониться.",
        "email": "guest@mail.example",
        "form_key": f"key-{Feedback.objects.count()}",
    }
    return actions.give(**{**values, **said}, at=at)


@pytest.fixture
def to_team(db: None, at: datetime) -> Feedback:
    return give(at)


@pytest.fixture
def to_head(db: None, at: datetime) -> Feedback:
    return give(at, to="head")


def test_each_reviewer_sees_exactly_what_is_meant_for_them(
    to_team: Feedback, to_head: Feedback, sergey: User, galina: User, anna: User, elena: User
) -> None:
    seen = {person: set(Feedback.objects.visible_to(person)) for person in (sergey, galina)}
    assert seen == {sergey: {to_team}, galina: {to_team, to_head}}
    assert not Feedback.objects.visible_to(anna).exists()
    assert not Feedback.objects.visible_to(elena).exists()


def test_an_answer_is_really_sent_to_the_author(
    to_head: Feedback, galina: User, at: datetime
) -> None:
    actions.answer(feedback=to_head, actor=galina, text="Добавили вторую линию.", at=at)
    sent = Delivery.objects.get(letter="feedback_answered")
    assert sent.recipient == "guest@mail.example"
    assert "Добавили вторую линию." in letters.render(sent, with_secret=True).text
    to_head.refresh_from_db()
    assert (to_head.status, to_head.answered_by, to_head.owner) == (
        Status.ANSWERED,
        galina,
        galina,
    )
    assert to_head.answered_at == at


def test_an_answer_is_sent_once(to_team: Feedback, galina: User, at: datetime) -> None:
    actions.answer(feedback=to_team, actor=galina, text="Да.", at=at)
    with pytest.raises(actions.AlreadyAnswered):
        actions.answer(feedback=to_team, actor=galina, text="И ещё.", at=at)
    assert Delivery.objects.filter(letter="feedback_answered").count() == 1


def test_nobody_can_be_answered_who_left_no_address(db: None, galina: User, at: datetime) -> None:
    given = give(at, email="")
    with pytest.raises(actions.NoAddress):
        actions.answer(feedback=given, actor=galina, text="Спасибо", at=at)
    given.refresh_from_db()
    assert (given.status, given.answer) == (Status.NEW, "")


def test_an_empty_answer_is_refused(to_team: Feedback, galina: User, at: datetime) -> None:
    with pytest.raises(actions.NothingSaid):
        actions.answer(feedback=to_team, actor=galina, text=" \x00\n", at=at)


def test_a_specialist_can_do_nothing_with_a_complaint_to_the_head(
    to_head: Feedback, sergey: User, at: datetime
) -> None:
    tries: list[Callable[[], Feedback]] = [
        lambda: actions.take(feedback=to_head, actor=sergey),
        lambda: actions.close(feedback=to_head, actor=sergey),
        lambda: actions.hand_over(feedback=to_head, owner=sergey, actor=sergey),
        lambda: actions.answer(feedback=to_head, actor=sergey, text="…", at=at),
    ]
    for attempt in tries:
        with pytest.raises(NotAllowed):
            attempt()
    to_head.refresh_from_db()
    assert (to_head.status, to_head.owner) == (Status.NEW, None)


def test_it_cannot_be_handed_to_somebody_who_may_not_read_it(
    to_head: Feedback, galina: User, sergey: User
) -> None:
    with pytest.raises(NotAllowed):
        actions.hand_over(feedback=to_head, owner=sergey, actor=galina)
    assert set(actions.reviewers(to_head)) == {galina}


def test_who_takes_it_owns_it(to_team: Feedback, sergey: User) -> None:
    actions.take(feedback=to_team, actor=sergey)
    to_team.refresh_from_db()
    assert (to_team.owner, to_team.status) == (sergey, Status.IN_PROGRESS)


def test_taking_what_is_closed_does_not_open_it(to_team: Feedback, sergey: User) -> None:
    actions.close(feedback=to_team, actor=sergey)
    actions.take(feedback=to_team, actor=sergey)
    to_team.refresh_from_db()
    assert to_team.status == Status.CLOSED


@pytest.mark.parametrize(("text", "refusal"), [("\n", actions.NothingSaid), ("я" * 10_001, actions.TooLong)])  # fmt: skip
def test_what_cannot_be_kept_is_refused(
    text: str, refusal: type[Refused], at: datetime, db: None
) -> None:
    with pytest.raises(refusal):
        give(at, text=text)
    assert not Delivery.objects.exists()


def test_a_letter_brings_feedback_to_its_addressee_and_the_reply_to_its_author(
    to_team: Feedback,
) -> None:
    letter = Delivery.objects.get(letter="feedback_received")
    assert letter.headers == {"Reply-To": "guest@mail.example"}
    assert to_team.text in letters.render(letter, with_secret=True).text


def test_strangers_get_no_letter_that_they_did_not_ask_for(to_team: Feedback) -> None:
    assert not Delivery.objects.filter(recipient="guest@mail.example").exists()


def test_the_database_knows_no_answered_feedback_without_an_answer(to_team: Feedback) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Feedback.objects.filter(pk=to_team.pk).update(status=Status.ANSWERED)
