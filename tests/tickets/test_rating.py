"""A mark for a solution: by its requester, from the cabinet or from the letter without signing in."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.signing import TimestampSigner
from django.template import engines
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from portal.delivery import letters, secrets
from portal.delivery.models import Delivery
from portal.feedback.models import Feedback
from portal.refusals import NotAllowed
from tickets import actions, rating_links
from tickets.actions import texts
from tickets.actions.rating import NoSuchScore, NotSolved, RatedLongAgo
from tickets.models import Rating, Ticket

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SignIn = Callable[[User | None], Client]


def solve(ticket: Ticket, actor: User, at: datetime) -> Ticket:
    actions.resolve(ticket=ticket, actor=actor, text="Починили.", form_key=uuid4(), at=at)
    ticket.refresh_from_db()
    return ticket


@pytest.fixture
def solved(ticket: Ticket, sergey: User, at: datetime) -> Ticket:
    """Anna's incident, solved by sergey at one o'clock."""
    return solve(ticket, sergey, at + HOUR)


def rate(ticket: Ticket, actor: User, at: datetime, score: int = 5, **more: Any) -> Rating:
    return actions.rate(ticket=ticket, actor=actor, score=score, at=at, **more)


def link_of(ticket: Ticket, person: User) -> str:
    return reverse("rate", args=[rating_links.token_of(ticket, person)])


def soup(response: Any) -> BeautifulSoup:
    return BeautifulSoup(response.content, "html.parser")


def test_a_mark_is_kept_with_who_had_solved_it(
    solved: Ticket, anna: User, sergey: User, galina: User, at: datetime
) -> None:
    actions.assign(ticket=solved, actor=galina, assignee=galina, at=at + HOUR)
    kept = rate(solved, anna, at + 2 * HOUR)
    assert (kept.score, kept.specialist, kept.resolved_at) == (5, sergey, at + HOUR)
    event = solved.events.get(code="rated")
    assert (event.actor, event.data) == (anna, {"score": 5})
    assert not Feedback.objects.exists()


def test_the_same_mark_twice_is_one(solved: Ticket, anna: User, at: datetime) -> None:
    rate(solved, anna, at + HOUR)
    rate(solved, anna, at + 2 * HOUR)
    assert Rating.objects.get().rated_at == at + HOUR
    assert solved.events.filter(code="rated").count() == 1


def test_a_mark_is_changed_for_seven_days(solved: Ticket, anna: User, at: datetime) -> None:
    rate(solved, anna, at + HOUR)
    rate(solved, anna, at + HOUR + 7 * DAY, score=4)
    assert Rating.objects.get().score == 4
    with pytest.raises(RatedLongAgo):
        rate(solved, anna, at + 2 * HOUR + 7 * DAY, score=1)
    assert Rating.objects.get().score == 4


def test_a_comment_stays_when_only_the_mark_changes(
    solved: Ticket, anna: User, at: datetime
) -> None:
    rate(solved, anna, at + HOUR, comment=" Быстро ")
    rate(solved, anna, at + HOUR, score=4)
    assert Rating.objects.get().comment == "Быстро"


def test_a_low_mark_goes_to_the_head_of_support_once_with_its_last_words(
    solved: Ticket, anna: User, sergey: User, galina: User, at: datetime
) -> None:
    rate(solved, anna, at + HOUR, score=1)
    rate(solved, anna, at + HOUR, score=2, comment="Ждали два часа")
    given = Feedback.objects.get()
    assert (given.kind, given.to, given.source, given.author) == (
        "complaint",
        "head",
        "ticket",
        anna,
    )
    assert given.about_path == f"/desk/{solved.number}/"
    assert str(solved.number) in given.about_title
    assert "2" in given.text
    assert "Ждали два часа" in given.text
    assert not Feedback.objects.visible_to(sergey).exists()
    assert Feedback.objects.visible_to(galina).exists()


def test_the_words_of_a_low_mark_stay_with_the_head(
    solved: Ticket, anna: User, sergey: User, at: datetime, sign_in: SignIn
) -> None:
    rate(solved, anna, at + HOUR, score=1, comment="Сергей нагрубил")
    assert [event.data for event in solved.events.filter(code="rated")] == [{"score": 1}]
    page = sign_in(sergey).get(f"/desk/{solved.number}/").content.decode()
    assert "Сергей нагрубил" not in page


@pytest.mark.parametrize("score", [0, 6, -1])
def test_marks_are_one_to_five(solved: Ticket, anna: User, at: datetime, score: int) -> None:
    with pytest.raises(NoSuchScore):
        rate(solved, anna, at, score=score)


@pytest.mark.parametrize("person", ["boris", "vera", "sergey", "galina", "maxim"])
def test_only_the_requester_rates(
    solved: Ticket, person: str, at: datetime, request: pytest.FixtureRequest
) -> None:
    with pytest.raises(NotAllowed):
        rate(solved, request.getfixturevalue(person), at)


def test_what_is_not_solved_is_not_rated(
    ticket: Ticket, anna: User, sergey: User, at: datetime
) -> None:
    with pytest.raises(NotSolved):
        rate(ticket, anna, at)
    solve(ticket, sergey, at)
    actions.reopen(ticket=ticket, actor=anna, at=at)
    with pytest.raises(NotSolved):
        rate(ticket, anna, at)


def test_a_second_solution_is_rated_anew(
    solved: Ticket, anna: User, sergey: User, at: datetime
) -> None:
    rate(solved, anna, at + HOUR, score=2)
    actions.reopen(ticket=solved, actor=anna, at=at + 2 * HOUR)
    again = solve(solved, sergey, at + 3 * HOUR)
    with pytest.raises(NotSolved):
        rate(again, anna, at + 3 * HOUR, resolved_at=at + HOUR)
    rate(again, anna, at + 3 * HOUR, score=5)
    assert sorted(Rating.objects.values_list("score", flat=True)) == [2, 5]


def test_a_comment_has_an_end(solved: Ticket, anna: User, at: datetime) -> None:
    with pytest.raises(texts.RemarkTooLong) as refused:
        rate(solved, anna, at, comment="я" * 4001)
    assert refused.value.field == "comment"


def test_the_letter_holds_five_links_that_only_its_reader_sees(solved: Ticket, anna: User) -> None:
    delivery = Delivery.objects.get(letter="ticket_resolved", recipient=anna.email)
    address = secrets.unseal(delivery.secret)["rate_url"]
    sent = letters.render(delivery, with_secret=True)
    for score in range(1, 6):
        assert f"{address}{score}/" in sent.text
        assert f'href="{address}{score}/"' in sent.html
    shown = letters.render(delivery, with_secret=False)
    assert "/rate/" not in shown.text + shown.html
    assert str(delivery.context).find("/rate/") == -1


def test_a_colleague_who_takes_part_gets_no_links(
    ticket: Ticket, boris: User, sergey: User, at: datetime
) -> None:
    actions.join(ticket=ticket, actor=boris, at=at)
    solve(ticket, sergey, at)
    delivery = Delivery.objects.get(letter="ticket_resolved", recipient=boris.email)
    assert "/rate/" not in letters.render(delivery, with_secret=True).text


def test_opening_a_link_writes_nothing(solved: Ticket, anna: User, client: Client) -> None:
    page = soup(client.get(f"{link_of(solved, anna)}2/"))
    assert page.select_one("input[name=score][checked]")["value"] == "2"
    assert page.select_one("form[data-sends-itself]")
    client.head(f"{link_of(solved, anna)}2/")
    assert not Rating.objects.exists()


def test_sending_its_form_keeps_the_mark_and_then_the_words(
    solved: Ticket, anna: User, client: Client
) -> None:
    link = link_of(solved, anna)
    assert client.post(link, {"score": "4"}).url == link
    page = soup(client.get(link))
    assert page.select_one("input[name=score][checked]")["value"] == "4"
    assert not page.select("form[data-sends-itself]")
    client.post(link, {"score": "4", "comment": "Быстро"})
    kept = Rating.objects.get()
    assert (kept.score, kept.comment) == (4, "Быстро")
    assert solved.events.get(code="rated").actor == anna


def test_a_link_opened_again_does_not_send_itself(
    solved: Ticket, anna: User, client: Client
) -> None:
    client.post(link_of(solved, anna), {"score": "4"})
    again = soup(client.get(f"{link_of(solved, anna)}4/"))
    assert not again.select("form[data-sends-itself]")


@pytest.mark.parametrize("score", ["", "0", "6", "five", "9" * 30])
def test_a_mark_that_there_is_not_is_refused_with_words(
    solved: Ticket, anna: User, client: Client, score: str
) -> None:
    response = client.post(link_of(solved, anna), {"score": score, "comment": "Мои слова"})
    assert response.status_code == 422
    page = soup(response)
    assert page.select("[role=alert]")
    assert "Мои слова" in page.select_one("textarea").text
    assert not Rating.objects.exists()


@pytest.mark.parametrize("score", ["0", "6", "77"])
def test_a_link_with_a_strange_score_lets_choose(
    solved: Ticket, anna: User, client: Client, score: str
) -> None:
    page = soup(client.get(f"{link_of(solved, anna)}{score}/"))
    assert not page.select("input[name=score][checked]")


def test_a_broken_link_says_so_and_writes_nothing(
    solved: Ticket, anna: User, client: Client
) -> None:
    link = link_of(solved, anna)
    for broken in (f"{link[:-2]}x/", "/rate/x/", "/rate/1_2_3.x.y/", "/rate/ё/"):
        for answer in (client.get(broken), client.post(broken, {"score": "1"})):
            assert answer.status_code == 404
            assert soup(answer).select_one("main h1")
    assert not Rating.objects.exists()


def test_a_signature_of_something_else_opens_nothing(
    solved: Ticket, anna: User, client: Client
) -> None:
    said = rating_links.token_of(solved, anna).rsplit(".", 2)[0]
    other = TimestampSigner(salt="elsewhere", sep=".").sign(said)
    assert client.get(f"/rate/{other}/").status_code == 404


def test_a_link_is_old_after_thirty_days(
    solved: Ticket, anna: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = link_of(solved, anna)
    later = timezone.now() + 30 * DAY + HOUR
    monkeypatch.setattr("django.core.signing.time.time", later.timestamp)
    answer = client.post(link, {"score": "5"})
    assert answer.status_code == 410
    assert not Rating.objects.exists()


def test_after_a_reopening_the_link_of_the_first_solution_is_over(
    solved: Ticket, anna: User, sergey: User, client: Client, at: datetime
) -> None:
    link = link_of(solved, anna)
    actions.reopen(ticket=solved, actor=anna, at=at + 2 * HOUR)
    assert client.get(link).status_code == 410
    solve(solved, sergey, at + 3 * HOUR)
    assert client.post(link, {"score": "1"}).status_code == 410
    assert not Rating.objects.exists()


def test_who_is_not_here_any_more_rates_nothing(solved: Ticket, anna: User, client: Client) -> None:
    anna.is_active = False
    anna.save(update_fields=["is_active"])
    assert client.get(link_of(solved, anna)).status_code == 410


def test_who_sends_to_many_links_is_slowed_down(db: None, client: Client) -> None:
    codes = [client.post("/rate/x/").status_code for _ in range(61)]
    assert codes == [404] * 60 + [429]


def test_one_tap_in_the_cabinet(ticket: Ticket, anna: User, sergey: User, sign_in: SignIn) -> None:
    solve(ticket, sergey, timezone.now())
    client, page = sign_in(anna), f"/cabinet/{ticket.number}/"
    buttons = soup(client.get(page)).select("#rating button.score")
    assert [button["value"] for button in buttons] == ["1", "2", "3", "4", "5"]
    assert client.post(f"{page}rate/", {"score": "5"}).url == page
    pressed = soup(client.get(page)).select("#rating button.score[aria-pressed=true]")
    assert [button["value"] for button in pressed] == ["5"]


def test_a_refused_mark_is_said_on_the_page(
    ticket: Ticket, anna: User, sergey: User, sign_in: SignIn
) -> None:
    client, page = sign_in(anna), f"/cabinet/{ticket.number}/"
    assert soup(client.post(f"{page}rate/", {"score": "5"}, follow=True)).select(".notices .call")
    solve(ticket, sergey, timezone.now())
    assert soup(client.post(f"{page}rate/", {"score": "x"}, follow=True)).select(".notices .call")
    assert not Rating.objects.exists()


def test_colleagues_see_no_buttons_for_marks(
    ticket: Ticket, boris: User, sergey: User, sign_in: SignIn
) -> None:
    solve(ticket, sergey, timezone.now())
    page = soup(sign_in(boris).get(f"/cabinet/{ticket.number}/"))
    assert not page.select("#rating")


def test_a_mark_that_stands_offers_no_buttons(
    ticket: Ticket, anna: User, sergey: User, sign_in: SignIn
) -> None:
    at = timezone.now()
    solve(ticket, sergey, at - 9 * DAY)
    rate(ticket, anna, at - 8 * DAY, comment="Быстро")
    shown = soup(sign_in(anna).get(f"/cabinet/{ticket.number}/")).select_one("#rating")
    assert "5" in shown.text
    assert "Быстро" in shown.text
    assert not shown.select("button")


@pytest.fixture
def _forgiving_templates(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unfold's own templates ask for variables that are not there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


@pytest.mark.usefixtures("_forgiving_templates")
def test_the_head_reads_all_marks_in_the_admin_and_specialists_do_not(
    solved: Ticket, anna: User, sergey: User, galina: User, at: datetime, sign_in: SignIn
) -> None:
    kept = rate(solved, anna, at + HOUR, score=2, comment="Ждали два часа")
    pages = (
        reverse("admin:tickets_rating_changelist"),
        reverse("admin:tickets_rating_change", args=[kept.pk]),
    )
    for page in pages:
        assert sign_in(sergey).get(page).status_code == 403
        read = sign_in(galina).get(page)
        assert "Ждали два часа" in read.content.decode()
        assert "Сергей Орлов" in read.content.decode()
        assert not soup(read).select("[name=_save]")
    found = sign_in(galina).get(pages[0], {"said": "yes", "score": "5"})
    assert "Ждали два часа" not in found.content.decode()
