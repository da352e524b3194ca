"""The page for editors: what to write, what to mend, what helps; and votes revision by revision."""

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Property, User
from kb import actions, learning
from kb.audience import Audience
from kb.models import Article, AskedQuestion, QuestionMark
from portal.exchange import Named
from portal.refusals import NotAllowed
from tickets import actions as tickets
from tickets import identity
from tickets.models import ArticleTie, Ticket

# The templates of the admin itself name variables that are not there.
pytestmark = pytest.mark.ignore_template_errors
Write = Callable[..., Article]
SignIn = Callable[..., Client]
PAGE = reverse("admin:kb_askedquestion_changelist")
FILE = reverse("admin:kb_askedquestion_file")
MARK = reverse("admin:kb_askedquestion_mark")
MOST_QUERIES = 12


def ask(
    text: str, *, times: int = 1, was_found: bool = False, ago: int = 0, to: str = ""
) -> actions.Asked:
    day = timezone.localdate() - timedelta(days=ago)
    asked = actions.Asked(day, text, "ru", Audience.EVERYBODY)
    actions.count_questions({asked: actions.Counted(times, 0 if was_found else times, to)})
    return asked


def days(length: int = 30) -> learning.Days:
    today = timezone.localdate()
    return learning.Days(today - timedelta(days=length - 1), today)


def soup(answer: HttpResponse) -> BeautifulSoup:
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def vote(article: Article, at: datetime, *, yes: int = 0, no: int = 0) -> None:
    revision = article.current_revision
    assert revision is not None
    for number in range(yes + no):
        is_helpful = number < yes
        actions.vote(
            revision=revision, voter=f"{revision.pk}:{number}", is_helpful=is_helpful, at=at,
            reasons=() if is_helpful else ("outdated",),
        )  # fmt: skip


@pytest.fixture
def solved(anna: User, hotel: Property, sergey: User) -> Callable[..., Ticket]:
    """File a ticket now, answer it with a text, solve it."""

    def done(text: str, *, is_solved: bool = True, **given: object) -> Ticket:
        at = timezone.now()
        ticket = tickets.file_ticket(
            person=anna, property=hotel, category="information_request", subject="Как закрыть даты",
            description="Не нахожу.", evidence=identity.session(), form_key=uuid4(), at=at, **given,
        )  # fmt: skip
        tickets.reply(ticket=ticket, author=sergey, text=text, form_key=uuid4(), at=at)
        if is_solved:
            tickets.resolve(ticket=ticket, actor=sergey, form_key=uuid4(), at=at)
        return ticket

    return done


def test_the_same_question_in_other_words_is_one_row(db: None) -> None:
    ask("закрыть даты", times=3)
    ask("закрыть дату", times=2)
    ask("дату закрыть", times=1)
    ask("овербукинг", times=5)
    found = learning.nothing_found(days())
    assert [(one.text, one.times, one.wordings) for one in found] == [
        ("закрыть даты", 6, 3),
        ("овербукинг", 5, 1),
    ]


def test_questions_without_answers_and_without_clicks_are_told_apart(write: Write) -> None:
    article = write("Как закрыть даты")
    ask("ничего", times=2)
    ask("найдено", times=2, was_found=True)
    opened = ask("открыто", times=2, was_found=True)
    ask("однажды", was_found=True)
    actions.count_click(asked=opened, article=article.pk, place=1)
    assert [one.text for one in learning.nothing_found(days())] == ["ничего"]
    assert [one.text for one in learning.nothing_opened(days())] == ["найдено"]


def test_only_the_days_that_were_asked_for_count(db: None) -> None:
    ask("давно", ago=20)
    ask("недавно", ago=6)
    assert [one.text for one in learning.nothing_found(days(7))] == ["недавно"]
    assert [one.text for one in learning.nothing_found(days(30))] == ["давно", "недавно"]


def test_a_marked_question_moves_away_and_comes_back(elena: User, at: datetime) -> None:
    ask("закрыть даты")
    stems = AskedQuestion.objects.get().stems
    for _twice in range(2):
        actions.mark_question(stems=stems, state="done", actor=elena, at=at)
    assert not learning.nothing_found(days())
    assert [(one.text, one.state) for one in learning.marked(days())] == [("закрыть даты", "done")]
    actions.mark_question(stems=stems, state="", actor=elena, at=at)
    assert [one.text for one in learning.nothing_found(days())] == ["закрыть даты"]
    assert not QuestionMark.objects.exists()


def test_only_authors_and_editors_mark(sergey: User, anna: User, at: datetime) -> None:
    for person in (sergey, anna):
        with pytest.raises(NotAllowed):
            actions.mark_question(stems="x", state="done", actor=person, at=at)


def test_few_votes_are_no_verdict_and_many_are(write: Write, at: datetime) -> None:
    few, bad, worse, good = (write(title) for title in ("Мало", "Плохо", "Хуже", "Хорошо"))
    vote(few, at, no=4)
    vote(bad, at, yes=10, no=20)
    vote(worse, at, yes=1, no=20)
    vote(good, at, yes=18, no=2)
    found = learning.help_given(days()).worst
    assert [one.article for one in found] == [worse, bad]
    assert [count for _words, count in found[1].reasons] == [20]


def test_votes_on_old_words_do_not_count_against_the_mended(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Плохо")
    vote(article, at, no=10)
    actions.save(
        article=article, title="Плохо", summary="", body="<p>Иначе</p>", author=elena, at=at
    )
    article.refresh_from_db()
    vote(article, at, yes=3, no=1)
    assert not learning.help_given(days()).worst
    said = learning.votes_of(article)["revisions"]
    assert [(one.number, one.yes, one.votes) for one in said] == [(2, 3, 4), (1, 0, 10)]


def test_articles_in_answers_count_once_the_ticket_is_solved(
    write: Write, solved: Callable[..., Ticket], settings
) -> None:
    settings.SITE_URL = "https://help.example"
    article, other = write("Как закрыть даты", slug="zakryt"), write("Другая", slug="drugaya")
    solved(f"Вот: https://help.example/to/{article.short_code}, и https://help.example/kb/zakryt/.")
    solved("Вот: https://help.example/kb/zakryt/")
    solved("Вот: https://help.example/kb/drugaya/", is_solved=False)
    solved("Вот: https://elsewhere.example/kb/drugaya/")
    assert [(one.article, one.tickets) for one in learning.help_given(days()).useful] == [
        (article, 2)
    ]
    assert ArticleTie.objects.filter(article=other.pk, kind="given").count() == 1


def test_what_was_read_before_filing_stands_on_the_page(
    write: Write, solved: Callable[..., Ticket], sign_in: SignIn, anna: User, hotel: Property
) -> None:
    article = write("Как закрыть даты")
    client = sign_in(anna)
    client.post(reverse("kb:read", args=[article.slug]))
    client.post(
        reverse("cabinet:new"),
        {
            "form_key": str(uuid4()), "category": "information_request", "addressee": "support",
            "property": hotel.pk, "subject": "Как закрыть даты", "description": "Прочла, не вышло.",
            "goal": "Закрыть даты", "interface": "Шахматка", "steps": "",
        },
    )  # fmt: skip
    tie = ArticleTie.objects.get()
    assert (tie.kind, tie.article, tie.revision) == ("read", article.pk, 1)
    [row] = learning.help_given(days()).still_asked
    assert (row.article, row.tickets, row.reads, row.ticket_share) == (article, 1, 1, 100.0)


def test_the_page_says_what_to_write_and_what_to_mend(
    sign_in: SignIn, elena: User, write: Write, at: datetime
) -> None:
    ask("=cmd|закрыть даты", times=2, to="закрыть дату")
    vote(write("Плохо"), at, no=10)
    client = sign_in(elena)
    client.cookies["language"] = "en"
    page = soup(client.get(PAGE))
    assert "закрыть даты" in page.select_one("#q-nothing").parent.text
    assert "Плохо" in page.select_one("#worst").parent.text
    link = page.find("a", string="Write this")["href"]
    form = soup(client.get(link))
    assert form.select_one("#id_title")["value"] == "=cmd|закрыть даты"
    rows = list(
        csv.reader(io.StringIO(client.get(FILE).content.decode("utf-8-sig")), delimiter=";")
    )
    assert rows[1][:3] == ["'=cmd|закрыть даты", "2", "2"]


def test_an_empty_page_says_so(sign_in: SignIn, elena: User) -> None:
    client = sign_in(elena)
    client.cookies["language"] = "en"
    page = soup(client.get(PAGE, {"period": "nonsense"}))
    assert len(page.select(".teach-empty")) == 5
    assert page.select_one(".teach-periods [aria-current]")["href"] == "?period=30"


def test_a_mark_is_set_by_a_form_and_leads_back(sign_in: SignIn, elena: User) -> None:
    ask("закрыть даты")
    client, stems = sign_in(elena), AskedQuestion.objects.get().stems
    said = {"stems": stems, "state": "ignored"}
    assert client.post(MARK, {**said, "next": f"{PAGE}?period=7"}).url == f"{PAGE}?period=7"
    assert client.post(MARK, {**said, "next": "https://evil.example/"}).url == PAGE
    assert client.post(MARK, {**said, "stems": "nobody"}).url == PAGE
    assert [row.state for row in QuestionMark.objects.all()] == ["ignored"]
    assert client.get(MARK).status_code == 405
    assert client.post(PAGE).status_code == 405


def test_those_who_do_not_write_articles_do_not_come_in(sign_in: SignIn, sergey: User) -> None:
    client = sign_in(sergey)
    assert [client.get(PAGE).status_code, client.get(FILE).status_code] == [403, 403]
    assert client.post(MARK, {"stems": "x", "state": "done"}).status_code == 403


@pytest.mark.parametrize("who", ["elena", "galina"])
def test_the_page_asks_as_often_for_many_rows_as_for_few(
    request: pytest.FixtureRequest,
    sign_in: SignIn,
    who: str,
    write: Write,
    solved: Callable[..., Ticket],
    at: datetime,
    settings,
    django_assert_max_num_queries,
) -> None:
    settings.SITE_URL = "https://help.example"
    client = sign_in(request.getfixturevalue(who))

    def more(first: int, last: int) -> None:
        for number in range(first, last):
            ask(f"вопрос{number}")
            article = write(f"Плохо {number}")
            vote(article, at, no=10)
            actions.count_read(article=article, on=timezone.localdate())
            read = Named(article.pk, "Плохо", article.short_code, 1, timezone.now())
            solved(f"https://help.example/kb/{article.slug}/", has_read=[read])

    def queries() -> int:
        with django_assert_max_num_queries(MOST_QUERIES) as asked:
            client.get(PAGE)
        return len(asked)

    more(0, 2)
    client.get(PAGE)
    few = queries()
    more(2, 8)
    assert queries() == few


def test_the_history_of_votes_shows_reasons_and_comments(
    sign_in: SignIn, elena: User, write: Write, at: datetime
) -> None:
    article = write("Как закрыть даты")
    assert article.current_revision is not None
    for said in ("кнопки нет", "кнопки нет нигде"):  # the same reader says it anew
        actions.vote(
            revision=article.current_revision, voter="one", is_helpful=False, at=at,
            reasons=["outdated"], comment=said,
        )  # fmt: skip
    asked = ask("даты", was_found=True)
    actions.count_click(asked=asked, article=article.pk, place=3)
    client = sign_in(elena)
    page = soup(client.get(reverse("admin:kb_article_votes", args=[article.pk])))
    text = page.select_one(".teach").get_text(" ", strip=True)
    assert "кнопки нет нигде" in text
    assert text.count("кнопки нет") == 1
    assert "3,0" in text
    assert client.post(reverse("admin:kb_article_votes", args=[article.pk])).status_code == 405


def test_the_admin_page_of_an_article_counts_what_it_solved(
    sign_in: SignIn,
    galina: User,
    elena: User,
    write: Write,
    solved: Callable[..., Ticket],
    settings,
) -> None:
    settings.SITE_URL = "https://help.example"
    article = write("Как закрыть даты", slug="zakryt")
    ticket = solved("https://help.example/kb/zakryt/")
    client = sign_in(galina)
    client.cookies["language"] = "en"
    page = soup(client.get(reverse("admin:kb_article_change", args=[article.pk])))
    assert page.find("summary", string="Solved 1 ticket")
    assert page.find("a", href=reverse("desk:ticket", args=[ticket.number]))
    # Whoever writes articles and does not work the desk sees that it helped, and nothing of the ticket.
    writer = sign_in(elena)
    writer.cookies["language"] = "en"
    page = soup(writer.get(reverse("admin:kb_article_change", args=[article.pk])))
    solved_by = page.find("summary", string="Solved 1 ticket").parent
    assert solved_by.get_text(" ", strip=True).endswith("You do not see these tickets.")
    assert str(ticket.number) not in solved_by.text
    assert not solved_by.find("a")
