"""Articles and tickets: read before filing, given in answers, written from what was solved."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Property, User
from kb import actions as kb
from kb import offered
from kb.models import Article, Section
from portal import personal
from portal.exchange import Named
from portal.refusals import NotAllowed
from tickets import actions, figures, reports, retelling
from tickets.models import ArticleTie, Ticket
from tickets.reports import Period
from tickets.views.desk.article import KINDS

SignIn = Callable[..., Client]
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def article(elena: User, at: datetime) -> Article:
    """A published article."""
    section = Section.objects.create(slug="rates", title_ru="Тарифы", title_en="Rates")
    made = Article.objects.create(slug="zakryt", section=section)
    kb.save(article=made, title="Как закрыть", summary="", body="<p>Так.</p>", author=elena, at=at)
    return kb.publish(article=made, actor=elena, at=at)


@pytest.fixture
def solved(file: Callable[..., Ticket], sergey: User, at: datetime) -> Ticket:
    """Anna's ticket, full of names, answered and solved."""
    ticket = file(
        subject="Гость Смирнов не может оплатить в «Верфи»",
        description=(
            "Добрый день, Сергей!\nГость Смирнов Пётр Иванович, бронь 45128, +7 921 123-45-67, не может"
            " оплатить. Паспорт 4509 123456, живёт: ул. Садовая, д. 5, кв. 12, ИНН 500100732259.\nС уважением,\nАнна Лебедева, отель Верфь"
        ),
    )
    actions.note(ticket=ticket, author=sergey, text="Тайная заметка", form_key=uuid4(), at=at)
    answer = "Здравствуйте, Анна! Откройте «Тарифы» и проверьте предоплату.\n\nС уважением, Сергей"
    actions.resolve(ticket=ticket, actor=sergey, text=answer, form_key=uuid4(), at=at + HOUR)
    ticket.refresh_from_db()
    return ticket


def write_it(ticket: Ticket, actor: User, section: int, at: datetime) -> ArticleTie:
    return actions.write_article(
        ticket=ticket, actor=actor, section=section, title="Оплата", body="Текст", at=at
    )


def test_an_article_retells_the_question_and_the_answer_and_nobody(solved: Ticket) -> None:
    told = retelling.retell(solved)
    for secret in (
        "Смирнов",
        "45128",
        "921",
        "4509",
        "Садовая",
        "5001",
        "Анна",
        "Лебедев",
        "Верф",
        "Серге",
        "заметка",
        "уважением",
    ):
        assert secret not in told.title + told.body, secret
    assert "не может оплатить" in told.body
    assert "Откройте «Тарифы» и проверьте предоплату." in told.body
    kinds = {one.kind for one in told.hidden}
    assert {"name", "place", "number", "phone", "address", "greeting", "signature"} <= kinds
    # Every kind has words of its own, for the draft and for the list of what was taken out.
    assert {kind for kind, _pattern in personal.RULES} <= set(KINDS)


def test_colleagues_are_not_named_either(
    file: Callable[..., Ticket], boris: User, sergey: User, at: datetime
) -> None:
    ticket = file(description="Спросите Климова, Борис знает.")
    actions.resolve(ticket=ticket, actor=sergey, text="Борису ответили.", form_key=uuid4(), at=at)
    body = retelling.retell(ticket).body
    assert "Борис" not in body
    assert "Климов" not in body


def test_a_question_in_one_line_with_a_greeting_keeps_its_words() -> None:
    text, found = retelling.without_manners("Здравствуйте, не работает оплата картой")
    assert text == "не работает оплата картой"
    assert [one.text for one in found] == ["Здравствуйте,"]


def test_a_draft_is_begun_once_and_tied_to_the_ticket(
    solved: Ticket, galina: User, article: Article, sign_in: SignIn, at: datetime
) -> None:
    first = write_it(solved, galina, article.section_id, at)
    again = write_it(solved, galina, article.section_id, at)
    draft = Article.objects.get(pk=first.article)
    assert first == again
    assert (draft.status, draft.owner, str(draft.revisions.get().title)) == (
        "draft",
        galina,
        "Оплата",
    )
    assert solved.events.filter(code="article_written").count() == 1
    cabinet = sign_in(solved.requester).get(reverse("cabinet:ticket", args=[solved.number]))
    assert cabinet.status_code == 200
    assert "Оплата" not in cabinet.content.decode()
    assert "Как закрыть" not in cabinet.content.decode()


def test_two_drafts_of_one_name_have_addresses_of_their_own(
    galina: User, article: Article, at: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if another had taken the address after it was looked for.
    monkeypatch.setattr("kb.actions.words.slugs.free", lambda wanted, _taken: wanted)
    slugs = [
        kb.write_draft(
            actor=galina, section=article.section, title="Оплата", body="<p>Т</p>", language="ru",
            comment="", at=at,
        ).slug
        for _twice in range(2)
    ]  # fmt: skip
    assert slugs[0] == "oplata"
    assert slugs[1].startswith("oplata-")


def test_a_key_of_a_session_that_is_gone_opens_none(client: Client, article: Article) -> None:
    client.cookies["sid"] = "a" * 32
    assert client.post(reverse("kb:read", args=[article.slug])).status_code == 204
    assert not Session.objects.exists()


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        ("Лев, здравствуйте! Откройте отчёт.", "Откройте отчёт."),
        ("Анна Лебедева, добрый день. Готово.", "Готово."),
        ("Цены, налоги и сборы", "Цены, налоги и сборы"),
    ],
)
def test_greetings_that_begin_with_a_name_go_too(text: str, bare: str) -> None:
    assert retelling.without_manners(text)[0] == bare


def test_a_hotel_goes_by_the_name_in_quotes_too(
    file: Callable[..., Ticket], hotel: Property, sergey: User, at: datetime
) -> None:
    Property.objects.filter(pk=hotel.pk).update(name="Гостевой дом «Маяк»")
    ticket = file(description="Не вижу счёт по «Маяку», в Маяке тоже.")
    actions.resolve(ticket=ticket, actor=sergey, text="Починили.", form_key=uuid4(), at=at)
    assert "Маяк" not in retelling.retell(ticket).body


def test_an_article_is_written_of_what_is_solved_and_by_authors(
    ticket: Ticket, solved: Ticket, galina: User, sergey: User, article: Article, at: datetime
) -> None:
    with pytest.raises(actions.NotSolvedYet):
        write_it(ticket, galina, article.section_id, at)
    with pytest.raises(actions.UnknownSection):
        write_it(solved, galina, 987654, at)
    for person in (sergey, solved.requester):
        with pytest.raises(NotAllowed):
            write_it(solved, person, article.section_id, at)
    assert not ArticleTie.objects.exists()


# The page of the admin that it leads to names variables that are not there.
@pytest.mark.ignore_template_errors
def test_the_page_shows_what_was_taken_out_and_begins_the_draft(
    sign_in: SignIn, galina: User, sergey: User, solved: Ticket, article: Article
) -> None:
    client, address = sign_in(galina), reverse("desk:article", args=[solved.number])
    page = BeautifulSoup(client.get(address).content, "html.parser")
    assert "45128" in page.select_one("[aria-labelledby=taken-out]").text
    assert "45128" not in page.select_one("textarea").text
    said = {"title": "", "body": "Текст", "section": article.section_id}
    assert client.post(address, said).status_code == 422
    answer = client.post(address, {**said, "title": "Оплата картой"})
    tie = ArticleTie.objects.get(kind="written")
    assert answer.url == reverse("admin:kb_article_change", args=[tie.article])
    assert client.get(address).url == answer.url
    back = client.get(answer.url).content.decode()
    assert reverse("desk:ticket", args=[solved.number]) in back
    assert sign_in(sergey).get(address).status_code == 403
    assert client.delete(address).status_code == 405


def test_the_desk_offers_it_for_solved_tickets_to_authors(
    sign_in: SignIn, galina: User, sergey: User, solved: Ticket, file: Callable[..., Ticket]
) -> None:
    def offers(person: User, ticket: Ticket) -> bool:
        page = sign_in(person).get(reverse("desk:ticket", args=[ticket.number]))
        return reverse("desk:article", args=[ticket.number]) in page.content.decode()

    opened = file()
    assert [offers(galina, solved), offers(sergey, solved), offers(galina, opened)] == [
        True,
        False,
        False,
    ]


def test_an_open_ticket_leads_back_instead(
    sign_in: SignIn, galina: User, ticket: Ticket, article: Article
) -> None:
    answer = sign_in(galina).get(reverse("desk:article", args=[ticket.number]))
    assert answer.url == reverse("desk:ticket", args=[ticket.number])


def test_the_staff_sees_what_was_read_before_and_the_customer_does_not(
    sign_in: SignIn,
    sergey: User,
    anna: User,
    file: Callable[..., Ticket],
    article: Article,
    at: datetime,
) -> None:
    read = Named(article.pk, "Как закрыть", article.short_code, 1, at - HOUR)
    ticket = file(has_read=[read, read])
    tie = ticket.articles.get()
    assert (tie.kind, tie.revision, tie.at) == ("read", 1, at - HOUR)
    link = reverse("short_link", args=[article.short_code])
    desk = sign_in(sergey).get(reverse("desk:ticket", args=[ticket.number]))
    cabinet = sign_in(anna).get(reverse("cabinet:ticket", args=[ticket.number]))
    assert link in desk.content.decode()
    assert link not in cabinet.content.decode()


def test_a_session_remembers_ten_articles_for_a_day(
    sign_in: SignIn, anna: User, article: Article, elena: User, at: datetime, rf
) -> None:
    client, now = sign_in(anna), timezone.now()
    client.post(reverse("kb:read", args=[article.slug]))
    for number in range(11):
        other = Article.objects.create(slug=f"a{number}", section=article.section)
        kb.save(
            article=other, title=f"А {number}", summary="", body="<p>.</p>", author=elena, at=at
        )
        kb.publish(article=other, actor=elena, at=at)
        client.post(reverse("kb:read", args=[other.slug]))
    client.post(reverse("kb:read", args=["a5"]))
    request = rf.get("/")
    request.session = client.session
    kept = offered.recently_read(request, at=now + HOUR)
    assert [one.title for one in kept[:2]] == ["А 5", "А 10"]
    assert len(kept) == 10
    assert offered.recently_read(request, at=now + 25 * HOUR) == []


def test_a_reader_without_a_session_is_given_none(client: Client, article: Article) -> None:
    assert client.post(reverse("kb:read", args=[article.slug])).status_code == 204
    assert "sid" not in client.cookies


def test_answers_remember_the_articles_they_name_and_notes_do_not(
    ticket: Ticket, sergey: User, anna: User, article: Article, at: datetime, settings
) -> None:
    settings.SITE_URL = "https://help.example"
    address = f"https://help.example/to/{article.short_code}"
    actions.note(ticket=ticket, author=sergey, text=address, form_key=uuid4(), at=at)
    actions.reply(ticket=ticket, author=anna, text=address, form_key=uuid4(), at=at)
    assert not ticket.articles.exists()
    for _twice in range(2):
        actions.reply(ticket=ticket, author=sergey, text=address, form_key=uuid4(), at=at)
    tie = ticket.articles.get()
    assert (tie.kind, tie.article, tie.by) == ("given", article.pk, sergey)


def test_the_share_of_those_who_helped_themselves(
    file: Callable[..., Ticket], article: Article, sign_in: SignIn, galina: User, at: datetime
) -> None:
    for _reading in range(8):
        kb.count_read(article=article, on=at.date())
    read = Named(article.pk, "Как закрыть", article.short_code, 1, at - HOUR)
    file(has_read=[read])
    file()
    file()
    figures.rebuild(at=at)
    today = Period(at.date(), at.date())
    came = reports.report(today, today, reports.newest()).everything.came
    assert (came.total, came.in_time, came.share) == (10, 7, 70.0)
    client = sign_in(galina)
    days = {"from": str(at.date()), "to": str(at.date())}
    page = BeautifulSoup(
        client.get(reverse("desk:reports"), {"period": "dates", **days}).content, "html.parser"
    )
    assert "70,0" in page.select_one("[aria-labelledby=r-self]").text
    for metric, count in (("read_first", 1), ("unread", 2)):
        listed = client.get(reverse("desk:report_tickets"), {"metric": metric, **days})
        assert len(BeautifulSoup(listed.content, "html.parser").select("tbody tr")) == count


def test_more_tickets_than_readings_make_no_negative_share(
    file: Callable[..., Ticket], article: Article, at: datetime
) -> None:
    # Scripts were off: the article was read, and not counted.
    file(has_read=[Named(article.pk, "Как закрыть", article.short_code, 1, at)])
    file()
    figures.rebuild(at=at)
    today = Period(at.date(), at.date())
    came = reports.report(today, today, reports.newest()).everything.came
    assert (came.total, came.in_time) == (1, 0)


def test_only_published_articles_of_this_site_are_named(
    article: Article, elena: User, at: datetime
) -> None:
    assert [one.article for one in offered.named_in("см. /kb/zakryt/")] == [article.pk]
    assert offered.named_in("см. /kb/net/ и https://elsewhere.example/kb/zakryt/") == []
    kb.unpublish(article=article, actor=elena, at=at)
    assert offered.named_in("/kb/zakryt/") == []
