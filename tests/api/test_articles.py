"""The knowledge base for programs: what they read, find and vote on."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import urlsafe_base64_encode

from accounts.models import User
from kb.models import Article, Section, Vote
from portal.feedback.models import Feedback

Write = Callable[..., Article]
Program = Callable[[User | None], Client]
JSON = "application/json"
ARTICLES = "/api/v1/articles/"


def slugs(client: Client, address: str = ARTICLES) -> set[str]:
    return {row["slug"] for row in client.get(address).json()["results"]}


@pytest.fixture
def shelf(write: Write) -> None:
    """Three articles, of which strangers may read one."""
    write("open")
    write("inside", access="customers")
    write("draft", is_published=False)


def test_strangers_list_what_is_public_and_customers_what_is_published(
    shelf: None, program: Program, anna: User
) -> None:
    assert slugs(program(None)) == {"open"}
    assert slugs(program(anna)) == {"open", "inside"}


@pytest.mark.parametrize("slug", ["inside", "draft", "nowhere"])
def test_what_a_stranger_may_not_read_is_as_good_as_none(
    slug: str, shelf: None, client: Client
) -> None:
    for answer in (
        client.get(f"{ARTICLES}{slug}/"),
        client.post(f"{ARTICLES}{slug}/vote/", {"is_helpful": True}, content_type=JSON),
    ):
        assert answer.status_code == 404
        assert answer.json()["error"]["code"] == "not_found"
    assert not Vote.objects.exists()


def test_an_article_comes_with_clean_words_and_addresses_that_work_anywhere(
    write: Write, client: Client
) -> None:
    article = write("open", body="<p>Слова</p><script>alert(1)</script>", tags=["тариф"])
    found = client.get(f"{ARTICLES}open/").json()
    assert found["body"] == "<p>Слова</p>"
    assert found["url"] == f"{settings.SITE_URL}/kb/open/"
    assert found["short_link"] == f"{settings.SITE_URL}/to/{article.short_code}"
    assert found["section"] == "rates"
    assert set(found) == {
        "slug", "language", "section", "title", "summary", "url", "updated_at", "body",
        "short_link", "tags", "checked_on",
    }  # fmt: skip


def test_a_section_of_hidden_articles_is_hidden_too(
    shelf: None, write: Write, program: Program, anna: User
) -> None:
    write("price", access="customers", section=Section.objects.create(slug="partners"))

    def named(client: Client) -> dict[str, int]:
        return {one["slug"]: one["article_count"] for one in client.get("/api/v1/sections/").json()}

    assert named(program(None)) == {"rates": 1}
    assert named(program(anna)) == {"rates": 2, "partners": 1}


def test_the_list_is_narrowed_by_section_and_language(write: Write, client: Client) -> None:
    write("ru")
    write("en", language="en")
    write("else", section=Section.objects.create(slug="other"))
    assert slugs(client, f"{ARTICLES}?section=rates") == {"ru", "en"}
    assert slugs(client, f"{ARTICLES}?section=rates&language=en") == {"en"}
    assert slugs(client, f"{ARTICLES}?section=nowhere") == set()


@pytest.mark.parametrize(
    "query", ["section=%00", "section=a b", "language=de", "section=" + 99 * "/"]
)
def test_a_filter_that_cannot_be_is_refused_by_its_name(query: str, client: Client) -> None:
    answer = client.get(f"{ARTICLES}?{query}")
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {query.partition("=")[0]}


def test_pages_hold_every_article_once_while_new_ones_come_in(
    write: Write, client: Client, at: datetime
) -> None:
    for number in range(30):
        write(f"a{number}")
    # All of one moment: the cursor must tell them apart all the same.
    Article.objects.update(updated_at=at)
    first = client.get(ARTICLES).json()
    newest = write("newest")
    Article.objects.filter(pk=newest.pk).update(updated_at=at + timedelta(hours=1))
    second = client.get(first["next"]).json()
    seen = [row["slug"] for page in (first, second) for row in page["results"]]
    assert len(first["results"]) == 25
    assert sorted(seen) == sorted(f"a{number}" for number in range(30))
    assert second["next"] is None


@pytest.mark.parametrize("said", ["x", "", "\x00", "2026-11-23T09:00:00+00:00 x", "9 9", "\udcff"])
def test_a_cursor_that_we_never_gave_is_refused(said: str, client: Client, shelf: None) -> None:
    cursor = urlsafe_base64_encode(said.encode("utf-8", "surrogateescape")) or "%%%"
    answer = client.get(ARTICLES, {"cursor": cursor})
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    ("said", "rows"),
    [
        ("9999-12-31T23:59:59.999999+00:00 99999999999999999999999", 1),
        ("0001-01-01T00:00:00+00:00 -1", 0),
    ],
)
def test_a_cursor_from_the_end_of_time_does_no_harm(
    said: str, rows: int, client: Client, shelf: None
) -> None:
    answer = client.get(ARTICLES, {"cursor": urlsafe_base64_encode(said.encode())})
    assert len(answer.json()["results"]) == rows


def test_a_longer_list_costs_no_more_queries(write: Write, client: Client) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(ARTICLES).status_code == 200
        return len(queries)

    for number in range(3):
        write(f"a{number}")
    cost()  # the count of the rate is begun
    few = cost()
    for number in range(6):
        write(f"b{number}")
    assert cost() == few


def test_search_finds_what_this_reader_may_read(shelf: None, program: Program, anna: User) -> None:
    def found(client: Client) -> set[str]:
        answer = client.get("/api/v1/search/", {"q": "тариф"}).json()
        assert answer["query"] == "тариф"
        return {hit["article"]["slug"] for hit in answer["hits"]}

    assert found(program(None)) == {"open"}
    assert found(program(anna)) == {"open", "inside"}


def test_search_marks_the_words_and_offers_a_way_on_when_it_finds_nothing(
    write: Write, client: Client
) -> None:
    write("open", body="<p>Скидка за раннее бронирование & завтрак</p>")
    hit = client.get("/api/v1/search/", {"q": "скидка"}).json()["hits"][0]
    assert "<mark>Скидка</mark>" in hit["snippet"]
    assert "&amp; завтрак" in hit["snippet"]
    nothing = client.get("/api/v1/search/", {"q": "ъъъъъъ"}).json()
    assert nothing["hits"] == []
    assert [row["slug"] for row in nothing["nearest"]] == ["open"]


@pytest.mark.parametrize(
    ("query", "field"), [("", "q"), ("q=a%00b", "q"), ("q=a&language=de", "language")]
)
def test_a_question_that_cannot_be_asked_is_refused(
    query: str, field: str, client: Client, db: None
) -> None:
    answer = client.get(f"/api/v1/search/?{query}")
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {field}


def test_a_vote_is_kept_once_for_each_reader(write: Write, program: Program, anna: User) -> None:
    write("open")
    client = program(anna)
    for is_helpful in (True, False):
        said = {"is_helpful": is_helpful, "reasons": ["wrong"], "comment": "Цена другая"}
        answer = client.post(f"{ARTICLES}open/vote/", said, content_type=JSON)
        assert answer.status_code == 204
    assert list(Vote.objects.values_list("is_helpful", "reasons", "comment")) == [
        (False, ["wrong"], "Цена другая")
    ]
    assert Feedback.objects.get().author == anna


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "is_helpful"),
        ({"is_helpful": "perhaps"}, "is_helpful"),
        ({"is_helpful": False, "reasons": ["ugly"]}, "reasons"),
        ({"is_helpful": False, "reasons": "wrong"}, "reasons"),
        ({"is_helpful": False, "comment": "x" * 4001}, "comment"),
        ({"is_helpful": False, "comment": "a\x00b"}, "comment"),
        ({"is_helpful": True, "voter": "boris"}, "voter"),
    ],
)
def test_a_vote_that_cannot_be_kept_says_why(
    said: dict, field: str, write: Write, client: Client
) -> None:
    write("open")
    answer = client.post(f"{ARTICLES}open/vote/", said, content_type=JSON)
    assert answer.status_code == 400
    assert set(answer.json()["error"]["fields"]) == {field}
    assert not Vote.objects.exists()


def test_strangers_vote_no_faster_by_program_than_on_the_page(
    write: Write, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(settings.ACCOUNT_RATE_LIMITS, "vote", "2/h/ip")
    write("open")
    met = [
        client.post(f"{ARTICLES}open/vote/", {"is_helpful": True}, content_type=JSON)
        for _ in range(3)
    ]
    assert [answer.status_code for answer in met] == [204, 204, 429]
    assert met[2].json()["error"]["code"] == "throttled"
