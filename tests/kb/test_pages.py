"""The pages of the knowledge base: who sees what, what they offer, what they cost."""

import json
import re
from collections.abc import Callable
from datetime import datetime

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from kb import actions
from kb.models import Article, ReadCount, Section, Vote
from portal.feedback.models import Feedback

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]
LONG = "".join(f"<h2>Часть {number}</h2><p>Слова.</p>" for number in range(4))


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_an_article_shows_its_words_its_date_and_its_short_link(
    client: Client, write: Write, at: datetime
) -> None:
    article = write("Скидки", "<p>Нажмите <b>Тарифы</b>.</p>", checked_on=at.date())
    page = text(client, article.get_absolute_url())
    assert "<p>Нажмите <b>Тарифы</b>.</p>" in page
    assert f'datetime="{at.date().isoformat()}"' in page
    assert f"http://testserver/to/{article.short_code}" in page


def test_old_dirty_html_is_cleaned_when_it_is_shown(client: Client, write: Write) -> None:
    article = write("Скидки")
    article.revisions.update(body="<p>Слова<script>alert(1)</script></p>")
    assert "alert(1)" not in text(client, article.get_absolute_url())


def test_a_long_article_has_a_list_of_contents_and_a_short_one_has_none(
    client: Client, write: Write
) -> None:
    assert 'href="#h-часть-2"' in text(client, write("Длинная", LONG).get_absolute_url())
    assert "data-toc" not in text(client, write("Короткая").get_absolute_url())


def test_a_short_link_leads_to_the_article(client: Client, write: Write) -> None:
    article = write("Скидки")
    assert client.get(f"/to/{article.short_code}").headers["Location"] == article.get_absolute_url()


@pytest.mark.parametrize("fields", [{"is_published": False}, {"access": "customers"}])
def test_what_a_stranger_may_not_read_does_not_exist(
    client: Client, write: Write, fields: dict[str, object]
) -> None:
    article = write("Овербукинг", **fields)
    for address in (
        article.get_absolute_url(),
        f"/to/{article.short_code}",
        article.section.get_absolute_url(),
    ):
        assert client.get(address).status_code == 404
    for action in ("vote", "read"):
        answer = client.post(f"{article.get_absolute_url()}{action}/", {"vote": "yes"})
        assert answer.status_code == 404
    for address in ("/", "/kb/search?q=овербукинг", "/kb/suggest?q=овербукинг", "/kb/feed/"):
        assert article.get_absolute_url() not in text(client, address)


def test_customers_read_what_is_meant_for_them(sign_in: SignIn, anna: User, write: Write) -> None:
    article = write("Овербукинг", access="customers")
    client = sign_in(anna)
    assert "Овербукинг" in text(client, article.get_absolute_url())
    assert "Овербукинг" in text(client, article.section.get_absolute_url())


def test_lists_are_renewed_the_moment_an_article_is_taken_back(
    client: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Овербукинг")
    assert "Овербукинг" in text(client, "/")
    actions.unpublish(article=article, actor=elena, at=at)
    assert "Овербукинг" not in text(client, "/")


def test_the_page_kept_for_strangers_follows_every_change_at_once(
    client: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Овербукинг", "<p>Прежние слова.</p>")
    address = article.get_absolute_url()
    assert "Прежние слова" in text(client, address)
    actions.save(
        article=article,
        title="Овербукинг",
        summary="",
        body="<p>Новые слова.</p>",
        author=elena,
        at=at,
    )
    actions.publish(article=article, actor=elena, at=at)
    assert "Новые слова" in text(client, address)
    article.refresh_from_db()
    article.access = "customers"
    actions.keep(article=article)
    assert client.get(address).status_code == 404
    article.access = "public"
    actions.keep(article=article)
    assert client.get(address).status_code == 200
    actions.unpublish(article=article, actor=elena, at=at)
    assert client.get(address).status_code == 404


def test_a_section_lists_its_articles_only(client: Client, write: Write, payments: Section) -> None:
    write("Скидки")
    write("Возвраты", section=payments)
    page = client.get("/kb/sections/payments/")
    assert [str(one) for one in page.context["shown"]] == ["Возвраты"]


def test_chosen_articles_come_first_among_the_related_and_neighbours_fill_up(
    client: Client, write: Write, payments: Section
) -> None:
    article = write("Скидка гостю")
    far, near = write("Возврат", section=payments), write("Скидка детям")
    write("Скидка чужая", section=payments)
    actions.relate(article=article, others=[far])
    around = client.get(article.get_absolute_url()).context["around"]
    assert list(around.related) == [far, near]


def test_an_article_leads_to_its_translation_and_back(client: Client, write: Write) -> None:
    russian = write("Скидки")
    english = write("Discounts", language="en", translation_of=russian)
    for one, other in ((russian, english), (english, russian)):
        assert other.get_absolute_url() in text(client, one.get_absolute_url())


def test_readers_of_english_meet_translations_and_what_has_none(
    client: Client, write: Write
) -> None:
    russian = write("Скидки")
    write("Discounts", language="en", translation_of=russian)
    write("Возвраты")
    client.cookies["language"] = "en"
    titles = {str(one) for one in client.get("/kb/sections/rates/").context["shown"]}
    assert titles == {"Discounts", "Возвраты"}


def test_a_vote_without_scripts_leads_back_and_asks_why(client: Client, write: Write) -> None:
    article = write("Скидки")
    vote = f"{article.get_absolute_url()}vote/"
    asked = client.post(vote, {"vote": "no"})
    assert asked.headers["Location"] == f"{article.get_absolute_url()}?voted=no#helpful"
    assert 'name="reasons"' in text(client, f"{article.get_absolute_url()}?voted=no")
    client.post(vote, {"vote": "no", "reasons": ["wrong"], "comment": "Нет кнопки"})
    kept = Vote.objects.get()
    assert (kept.is_helpful, kept.reasons, kept.comment) == (False, ["wrong"], "Нет кнопки")
    assert Feedback.objects.get().text == "Нет кнопки"


def test_a_vote_with_scripts_answers_with_the_part_alone(client: Client, write: Write) -> None:
    vote = f"{write('Скидки').get_absolute_url()}vote/"
    answer = client.post(vote, {"vote": "yes"}, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in answer
    assert 'role="status"' in answer


def test_a_robot_that_fills_the_trap_votes_for_nothing(client: Client, write: Write) -> None:
    vote = f"{write('Скидки').get_absolute_url()}vote/"
    client.post(vote, {"vote": "no", "comment": "spam", "website": "https://spam.example"})
    assert not Vote.objects.exists()
    assert not Feedback.objects.exists()


def test_too_many_votes_from_one_place_are_refused_in_words(
    client: Client, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    vote = f"{write('Скидки').get_absolute_url()}vote/"
    monkeypatch.setattr("kb.views.within_rate", lambda _request, _action: False)
    answer = client.post(vote, {"vote": "yes"}, headers={"HX-Request": "true"})
    assert (answer.status_code, Vote.objects.count()) == (429, 0)
    assert 'role="alert"' in answer.content.decode()


@pytest.mark.parametrize("data", [{}, {"vote": "maybe"}, {"vote": "yes", "reasons": ["<x>"]}])
def test_a_vote_that_says_nothing_leads_back(
    client: Client, write: Write, data: dict[str, str]
) -> None:
    article = write("Скидки")
    answer = client.post(f"{article.get_absolute_url()}vote/", data)
    assert answer.headers["Location"] == article.get_absolute_url()
    assert not Vote.objects.exists()


def test_a_reading_is_counted_and_makes_an_article_popular(client: Client, write: Write) -> None:
    write("Никто не читает")
    article = write("Читают")
    write("Новее всех")
    assert client.post(f"{article.get_absolute_url()}read/").status_code == 204
    assert ReadCount.objects.get().on == timezone.localdate()
    assert client.get("/").context["lists"]["popular"][0] == article


@pytest.mark.parametrize("action", ["vote", "read"])
def test_nothing_changes_by_looking(client: Client, write: Write, action: str) -> None:
    assert client.get(f"{write('Скидки').get_absolute_url()}{action}/").status_code == 405


def test_search_without_a_question_offers_sections(client: Client, write: Write) -> None:
    write("Скидки")
    assert "/kb/sections/rates/" in text(client, "/kb/search")


def test_search_that_finds_nothing_leads_to_articles_and_to_a_ticket(
    client: Client, write: Write
) -> None:
    article = write("Скидки")
    page = text(client, "/kb/search?q=ъъъ")
    assert article.get_absolute_url() in page
    assert "/cabinet/new/?subject=%D1%8A%D1%8A%D1%8A" in page


def test_a_corrected_question_can_be_asked_as_typed(client: Client, write: Write) -> None:
    write("Предоплата")
    page = text(client, "/kb/search?q=предаплата")
    assert "предоплата" in page
    assert "literal=1" in page
    assert "предоплата" not in text(client, "/kb/search?q=предаплата&literal=1").lower().replace(
        "предоплата</a>", ""
    )


@pytest.mark.parametrize("query", ["page=9", "page=-1", "page=x", "section=%00", "section=nope"])
def test_odd_parameters_of_search_do_no_harm(client: Client, write: Write, query: str) -> None:
    write("Скидки")
    assert client.get(f"/kb/search?q=скидки&{query}").status_code == 200


def test_the_feed_gives_the_latest_to_everybody(client: Client, write: Write) -> None:
    write("Скидки", summary="О скидках")
    feed = client.get("/kb/feed/")
    assert feed.headers["Content-Type"].startswith("application/rss+xml")
    assert "О скидках" in feed.content.decode()


def test_the_cover_of_the_knowledge_base_is_the_home_page(client: Client) -> None:
    assert client.get("/kb/").headers["Location"] == "/"


@pytest.mark.parametrize(
    ("address", "most"),
    [
        ("/kb/article-1/", 3),
        ("/kb/sections/rates/", 4),
        ("/kb/search?q=скидка", 6),
        ("/kb/suggest?q=скид", 5),
    ],
)
def test_pages_ask_as_often_for_many_articles_as_for_few(
    client: Client, write: Write, address: str, most: int
) -> None:
    def asked() -> int:
        client.get(address)  # remembers lists and support hours
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        return len(queries)

    for number in range(4):
        write(f"Скидка {number}")
    few = asked()
    for number in range(8):
        write(f"Скидка и ещё {number}")
    assert asked() == few <= most


TOKENS = re.compile(r"\b[A-Za-z0-9]{64}\b")


def test_no_token_of_one_stranger_reaches_another(client: Client, write: Write) -> None:
    address = write("Овербукинг").get_absolute_url()
    pages = [Client().get(address).content.decode() for _reader in range(3)]
    found = [set(TOKENS.findall(page)) for page in pages]

    assert all(found)
    assert not found[0] & found[1]
    assert not found[1] & found[2]
    assert not any("@@" in page for page in pages)


def test_the_second_stranger_votes_as_well_as_the_first(write: Write) -> None:
    address = write("Овербукинг").get_absolute_url()
    Client().get(address)
    for _reader in range(2):
        reader = Client(enforce_csrf_checks=True)
        page = BeautifulSoup(reader.get(address).content, "html.parser")
        sent = page.body["hx-headers"]
        form = page.select_one("form[data-vote]")
        token = form.select_one("[name=csrfmiddlewaretoken]")["value"]
        vote = {"vote": "yes", "csrfmiddlewaretoken": token}
        assert reader.post(form["action"], vote).status_code == 302
        by_htmx = {**json.loads(sent), "HX-Request": "true"}
        assert reader.post(form["action"], {"vote": "yes"}, headers=by_htmx).status_code == 200
