"""What readers ask is counted without telling who they are."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
from bs4 import BeautifulSoup
from django.core import signing
from django.db import DatabaseError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from kb import actions, counting, tasks
from kb.audience import Audience
from kb.models import Article, AskedQuestion, QuestionClick
from kb.search import tidy
from portal.delivery.models import Heartbeat
from tests.kb.test_hostile import assert_nothing_runs
from tests.portal.test_html import SHARED

# The templates of the admin itself name variables that are not there.
pytestmark = pytest.mark.ignore_template_errors
Write = Callable[..., Article]
SEARCH, CLICKED = reverse("kb:search"), reverse("kb:clicked")
BROWSER = {"HTTP_USER_AGENT": "Mozilla/5.0 Firefox/140.0"}
ON = timezone.localdate()


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
    counting.write()
    rows = AskedQuestion.objects.order_by("id")
    return list(rows.values_list("text", "times", "nothing"))


def ask(text: str, *, times: int = 1, day: date = ON, was_found: bool = True) -> None:
    asked = actions.Asked(day, text, "ru", Audience.EVERYBODY)
    actions.count_questions({asked: actions.Counted(times, 0 if was_found else times)})


def test_a_search_is_counted_by_its_words_whatever_their_case(reader: Client, write: Write) -> None:
    write("Как закрыть даты")
    for text in ("Закрыть  даты", "закрыть даты", "Ёжик в тумане"):
        reader.get(SEARCH, {"q": text})
    assert sorted(counted()) == [("ежик в тумане", 1, 1), ("закрыть даты", 2, 0)]


def test_kinds_of_readers_are_told_apart_and_people_are_not(
    write: Write, sign_in: Callable[..., Client], anna: User, boris: User, sergey: User
) -> None:
    write("Как закрыть даты")
    for person in (None, anna, boris, sergey):
        sign_in(person).get(SEARCH, {"q": "закрыть даты"}, **BROWSER)
    counting.write()
    rows = AskedQuestion.objects.order_by("audience").values_list("audience", "times")
    assert list(rows) == [(0, 1), (1, 2), (2, 1)]


@pytest.mark.parametrize(
    "more", [{"page": "2"}, {"section": "rates"}, {"literal": "1"}, {"page": "1"}, {"quiet": "1"}]
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
    counting.write()
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


def test_counting_adds_no_statement_to_the_page(
    reader: Client, write: Write, django_assert_num_queries, django_assert_max_num_queries
) -> None:
    write("Как закрыть даты")
    reader.get(SEARCH, {"q": "закрыть даты"})  # lists are remembered from here on
    with django_assert_max_num_queries(12) as asked:
        reader.get(SEARCH, {"q": "закрыть даты"})
    with django_assert_num_queries(len(asked)):
        Client().get(SEARCH, {"q": "закрыть даты"})  # a program: not counted


def test_what_waits_is_written_together_some_seconds_later(
    reader: Client, write: Write, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries
) -> None:
    write("Как закрыть даты")
    clock = [0.0]
    monkeypatch.setattr(counting.time, "monotonic", lambda: clock[0])
    for text in ("закрыть даты", "ЗАКРЫТЬ ДАТЫ", "овербукинг"):
        reader.get(SEARCH, {"q": text})
    assert not AskedQuestion.objects.exists()
    clock[0] = counting.KEPT_FOR
    with django_assert_max_num_queries(4):
        counting.write_when_due()  # as the end of any answer does
    assert set(AskedQuestion.objects.values_list("text", "times")) == {
        ("закрыть даты", 2),
        ("овербукинг", 1),
    }
    counting.write()
    assert [times for _text, times, _nothing in counted()] == [2, 1]


def test_much_is_written_at_once(
    reader: Client, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_KEPT", 2)
    for text in ("закрыть даты", "овербукинг"):
        reader.get(SEARCH, {"q": text})
    assert AskedQuestion.objects.count() == 2


def test_only_so_many_questions_a_day_are_kept(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kb.actions.learning.MOST_A_DAY", 2)
    for text in ("один", "два", "три", "два"):
        ask(text)
    assert counted() == [("один", 1, 0), ("два", 2, 0)]


def test_the_page_is_shown_when_counting_fails_and_the_log_says_so(
    reader: Client,
    write: Write,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    write("Как закрыть даты")

    def broken(*_values: object) -> None:
        raise DatabaseError("read-only")

    monkeypatch.setattr(counting.actions, "count_questions", broken)
    monkeypatch.setattr(counting, "MOST_KEPT", 1)
    with caplog.at_level(logging.ERROR, logger="kb.learning"):
        assert reader.get(SEARCH, {"q": "закрыть даты"}).status_code == 200
    assert "searches were not counted" in caplog.text


def proof(reader: Client, **asked: str) -> str:
    page = BeautifulSoup(reader.get(SEARCH, {"q": "Закрыть даты", **asked}).content, "html.parser")
    return str(page.select_one("[data-clicked]")["data-proof"])


def click(reader: Client, article: Article | int, said: str, **more: str) -> None:
    number = article if isinstance(article, int) else article.pk
    answer = reader.post(CLICKED, {"proof": said, "article": number}, **more)
    assert (answer.status_code, answer.content) == (204, b"")


def clicks() -> list[tuple[int, int, int]]:
    rows = QuestionClick.objects.order_by("article", "place")
    return list(rows.values_list("article", "place", "times"))


def test_what_is_opened_is_counted_with_its_place_once_an_address(
    reader: Client, write: Write
) -> None:
    first, second = write("Как закрыть даты"), write("Закрыть даты и открыть", "<p>Даты.</p>")
    said = proof(reader)
    for _twice in range(2):
        click(reader, first, said)
        click(reader, second, said)
    click(reader, first, proof(reader))  # asked anew: it is the same opening still
    click(reader, first, said, REMOTE_ADDR="192.0.2.9")
    found = {article: (place, times) for article, place, times in clicks()}
    assert {place for place, _times in found.values()} == {1, 2}
    assert (found[first.pk][1], found[second.pk][1]) == (2, 1)
    assert counted() == [("закрыть даты", 2, 0)]


def test_an_opening_is_kept_although_another_process_counts_the_search(
    reader: Client, write: Write
) -> None:
    article = write("Как закрыть даты")
    said = proof(reader)
    counting.forget()  # as if it waited elsewhere
    click(reader, article, said)
    assert clicks() == [(article.pk, 1, 1)]
    assert counted() == [("закрыть даты", 0, 0)]


@pytest.mark.parametrize("forged", ["", "x", "WyIyMDI2Il0:1x:y", "ё" * 5000, "cut", "aged"])
def test_what_we_did_not_answer_is_not_counted(
    reader: Client, write: Write, forged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = write("Как закрыть даты")
    said = proof(reader)
    if forged == "aged":
        monkeypatch.setattr(signing.time, "time", lambda: time.time_ns() / 1e9 + counting.A_DAY + 9)
    click(reader, article, {"cut": said[:-2], "aged": said}.get(forged, forged))
    assert clicks() == []


@pytest.mark.parametrize("number", ["0", "-1", "x", "", "9999999999", "²"])
def test_an_article_that_was_not_among_the_answers_is_not_counted(
    reader: Client, write: Write, number: str
) -> None:
    write("Как закрыть даты")
    other = write("Овербукинг")
    said = proof(reader)
    click(reader, other, said)
    assert reader.post(CLICKED, {"proof": said, "article": number}).status_code == 204
    assert clicks() == []


def test_an_article_that_such_a_reader_may_read_no_more_is_not_counted(
    reader: Client, write: Write
) -> None:
    article = write("Как закрыть даты")
    said = proof(reader)
    Article.objects.filter(pk=article.pk).update(access="staff")
    click(reader, article, said)
    assert clicks() == []


def test_programs_are_given_no_proof(client: Client, write: Write) -> None:
    write("Как закрыть даты")
    page = client.get(SEARCH, {"q": "закрыть даты"}, HTTP_USER_AGENT="curl/8.0")
    assert page.status_code == 200
    assert b"data-article" in page.content
    assert b"data-clicked" not in page.content
    assert client.get(CLICKED).status_code == 405


def test_the_beacon_is_capped_an_address(
    reader: Client, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = write("Как закрыть даты")
    said = proof(reader)
    monkeypatch.setattr("kb.views.within_rate", lambda _request, action: action != "clicked")
    click(reader, article, said)
    assert clicks() == []


def test_days_become_months_and_what_was_asked_once_is_forgotten(write: Write, db: None) -> None:
    article = write("Как закрыть даты")
    on = date(2026, 11, 25)
    for day in (date(2026, 7, 1), date(2026, 7, 9), date(2026, 7, 30)):
        ask("закрыть даты", day=day, times=2)
        for place in (1, 1, 2):
            asked = actions.Asked(day, "закрыть даты", "ru", Audience.EVERYBODY)
            actions.count_click(asked=asked, article=article.pk, place=place)
    ask("однажды", day=date(2026, 7, 9))
    ask("однажды", day=date(2026, 8, 1))
    assert [actions.forget_questions(on=on) for _twice in range(2)] == [4, 0]
    rows = AskedQuestion.objects.order_by("day").values_list("day", "text", "times")
    # The first of August is not ninety-two days old: its month stays as it is.
    assert list(rows) == [
        (date(2026, 7, 1), "закрыть даты", 6),
        (date(2026, 8, 1), "однажды", 1),
    ]
    assert clicks() == [(article.pk, 1, 6), (article.pk, 2, 3)]


@pytest.mark.parametrize(
    "name", ["blns.json", "owasp_xss_filter_evasion.json", "bleach_pairs.json"]
)
def test_hostile_questions_are_kept_as_typed_and_shown_as_text(
    sign_in: Callable[..., Client], elena: User, name: str
) -> None:
    path = SHARED / "hostile" / name
    if not path.exists():
        pytest.skip(f"{name} is not here; SHARED_DATA names its folder")
    for one in json.loads(path.read_text()):
        ask(tidy(one if isinstance(one, str) else one["payload"]), was_found=False)
    texts = AskedQuestion.objects.values_list("text", flat=True)
    assert len(texts) > 10
    assert all(len(text) <= 200 and text == text.strip() for text in texts)
    page = sign_in(elena).get(reverse("admin:kb_askedquestion_changelist"), {"period": "365"})
    assert_nothing_runs(page)


def test_questions_older_than_a_year_are_forgotten(db: None) -> None:
    today = timezone.localdate()
    ask("старое", day=today - timedelta(days=400), times=2)
    ask("новое", day=today - timedelta(days=60), times=2)
    for _twice in range(2):
        tasks.forget_questions()
    assert [row[0] for row in counted()] == ["новое"]
    assert Heartbeat.objects.filter(job="forget-questions").exists()
