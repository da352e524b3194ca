"""What readers ask is counted without telling who they are."""

import logging
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from kb import actions, counting, tasks
from kb.audience import Audience
from kb.models import Article, AskedQuestion, QuestionClick
from portal.delivery.models import Heartbeat

Write = Callable[..., Article]
SEARCH, CLICKED = reverse("kb:search"), reverse("kb:clicked")
BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 Firefox/140.0"}
ON = date(2026, 11, 23)


@pytest.fixture(autouse=True)
def fresh_rates() -> Iterator[None]:
    """Let no search of another test count against this one's."""
    counting.forget()
    yield
    counting.forget()


@pytest.fixture
def reader() -> Client:
    """Somebody with a browser."""
    return Client(**BROWSER)


def counted() -> list[tuple[str, int, int]]:
    rows = AskedQuestion.objects.order_by("id")
    return list(rows.values_list("text", "times", "nothing"))


def ask(text: str, *, times: int = 1, day: date = ON, was_found: bool = True) -> None:
    asked = actions.Asked(day, text, "ru", Audience.EVERYBODY)
    for _time in range(times):
        actions.count_question(asked=asked, was_found=was_found)


def test_a_search_is_counted_by_its_words_whatever_their_case(reader: Client, write: Write) -> None:
    write("Как закрыть даты")
    for text in ("Закрыть  даты", "закрыть даты", "Ёжик в тумане"):
        reader.get(SEARCH, {"q": text})
    assert counted() == [("закрыть даты", 2, 0), ("ежик в тумане", 1, 1)]


def test_kinds_of_readers_are_told_apart_and_people_are_not(
    write: Write, sign_in: Callable[..., Client], anna: User, boris: User, sergey: User
) -> None:
    write("Как закрыть даты")
    for person in (None, anna, boris, sergey):
        sign_in(person).get(SEARCH, {"q": "закрыть даты"}, **BROWSER)
    rows = AskedQuestion.objects.order_by("audience").values_list("audience", "times")
    assert list(rows) == [(0, 1), (1, 2), (2, 1)]


@pytest.mark.parametrize(
    "more", [{"page": "2"}, {"section": "rates"}, {"literal": "1"}, {"page": "1"}]
)
def test_going_on_in_a_search_is_not_asking_again(
    reader: Client, write: Write, more: dict[str, str]
) -> None:
    write("Как закрыть даты")
    reader.get(SEARCH, {"q": "закрыть даты", **more})
    assert counted() == []


@pytest.mark.parametrize("agent", ["", "Mozilla/5.0 (compatible; YandexBot/3.0)", "curl/8.0"])
def test_programs_are_not_counted(client: Client, write: Write, agent: str) -> None:
    write("Как закрыть даты")
    client.get(SEARCH, {"q": "закрыть даты"}, HTTP_USER_AGENT=agent)
    client.head(SEARCH, {"q": "закрыть даты"}, **BROWSER)
    assert counted() == []


def test_persons_in_a_question_are_hidden_or_it_is_not_kept(reader: Client, write: Write) -> None:
    write("Как вернуть оплату")
    for text in ("вернуть оплату Анна Лебедева", "+7 921 123-45-67", "anna@verf.example ?"):
        reader.get(SEARCH, {"q": text})
    assert counted() == [("вернуть оплату […]", 1, 0)]


def test_a_correction_is_kept_beside_the_question(reader: Client, write: Write) -> None:
    write("Настройка шахматки", "<p>Шахматка</p>")
    reader.get(SEARCH, {"q": "шахматкп"})
    row = AskedQuestion.objects.get()
    assert row.text == "шахматкп"
    assert row.corrected_to.startswith("шахматк")


def test_one_address_counts_only_so_many_searches_a_minute(
    reader: Client, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write("Как закрыть даты")
    monkeypatch.setattr(counting.time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(counting, "MOST_A_MINUTE", 3)
    for _time in range(5):
        assert reader.get(SEARCH, {"q": "закрыть даты"}).status_code == 200
    assert counted() == [("закрыть даты", 3, 0)]


def test_counting_adds_one_statement_to_the_page(
    reader: Client, write: Write, django_assert_num_queries, django_assert_max_num_queries
) -> None:
    write("Как закрыть даты")
    reader.get(SEARCH, {"q": "закрыть даты"})  # lists are remembered from here on
    with django_assert_max_num_queries(12) as asked:
        reader.get(SEARCH, {"q": "закрыть даты"})
    with django_assert_num_queries(len(asked) - 1):
        Client().get(SEARCH, {"q": "закрыть даты"})  # a program: not counted


def test_the_page_is_shown_when_counting_fails_and_the_log_says_so(
    reader: Client,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write("Как закрыть даты")

    def broken(**_values: object) -> None:
        raise DatabaseError("read-only")

    monkeypatch.setattr(counting.actions, "count_question", broken)
    with caplog.at_level(logging.ERROR, logger="kb.learning"):
        assert reader.get(SEARCH, {"q": "закрыть даты"}).status_code == 200
    assert "a search was not counted" in caplog.text


def click(reader: Client, article: Article, place: str = "1", q: str = "Закрыть даты") -> int:
    answer = reader.post(CLICKED, {"q": q, "article": article.pk, "place": place})
    return answer.status_code


def test_what_is_opened_is_counted_with_its_place(reader: Client, write: Write) -> None:
    article = write("Как закрыть даты")
    reader.get(SEARCH, {"q": "закрыть даты"})
    answers = [click(reader, article), click(reader, article), click(reader, article, "4")]
    assert answers == [204, 204, 204]
    rows = QuestionClick.objects.order_by("place").values_list("article", "place", "times")
    assert list(rows) == [(article.pk, 1, 2), (article.pk, 4, 1)]


@pytest.mark.parametrize("place", ["0", "31", "-1", "x", "", "9999999999", "²"])
def test_a_click_on_no_place_is_not_counted(reader: Client, write: Write, place: str) -> None:
    article = write("Как закрыть даты")
    reader.get(SEARCH, {"q": "закрыть даты"})
    assert click(reader, article, place) == 204
    assert not QuestionClick.objects.exists()


def test_a_click_on_what_nobody_asked_or_may_read_is_not_counted(
    reader: Client, write: Write
) -> None:
    article, hidden = write("Как закрыть даты"), write("Внутреннее", access="staff")
    assert click(reader, article, q="другой вопрос") == 204
    reader.get(SEARCH, {"q": "закрыть даты"})
    assert click(reader, hidden) == 204
    gone = reader.post(CLICKED, {"q": "закрыть даты", "article": 987654, "place": 1})
    assert gone.status_code == 204
    assert not QuestionClick.objects.exists()


def test_the_page_names_what_the_beacon_says(reader: Client, write: Write) -> None:
    article = write("Как закрыть даты")
    page = BeautifulSoup(reader.get(SEARCH, {"q": "закрыть даты"}).content, "html.parser")
    link = page.select_one("[data-clicked] a[data-place]")
    assert (link["data-article"], link["data-place"]) == (str(article.pk), "1")
    assert page.select_one("[data-clicked]")["data-query"] == "закрыть даты"
    assert page.select_one('input[name="csrfmiddlewaretoken"]')
    assert reader.get(CLICKED).status_code == 405


def test_questions_older_than_a_year_are_forgotten(db: None) -> None:
    today = timezone.localdate()
    ask("старое", day=today - timedelta(days=366))
    ask("новое", day=today - timedelta(days=365))
    tasks.forget_questions()
    tasks.forget_questions()
    assert [row[0] for row in counted()] == ["новое"]
    assert Heartbeat.objects.filter(job="forget-questions").exists()
