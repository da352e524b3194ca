"""Conditional requests: a page that has not changed is not sent again, one that has always is."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from django.middleware.csrf import _does_token_match
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kb import actions
from kb.models import Article
from portal import strangers
from portal.support.models import HoursException

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]
# Two minutes in which support is in the same state.
NOON = datetime.fromisoformat("2026-11-25T12:00:10+03:00")


@pytest.fixture(autouse=True)
def moment(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[datetime]]:
    """The moment of the request, to be moved by a test; no page of another test is kept."""
    now = [NOON]
    monkeypatch.setattr(timezone, "now", lambda: now[0])
    strangers.forget()
    yield now
    strangers.forget()


def again(client: Client, address: str) -> Callable[[], int]:
    """Open a page as a browser does that keeps it, and give a way to ask for it once more."""
    # The first answer brings the cookie that the forms of the page need.
    client.get(address)
    mark = [client.get(address).headers["ETag"]]

    def asked() -> int:
        answer = client.get(address, headers={"If-None-Match": mark[0]})
        mark[0] = answer.headers.get("ETag", "")
        return answer.status_code

    return asked


@pytest.mark.parametrize("persona", ["nobody", "anna", "elena"])
@pytest.mark.parametrize(
    "address", ["/", "/kb/article-1/", "/kb/sections/rates/", "/kb/tags/скидки/"]
)
def test_an_unchanged_page_is_not_sent_again(
    request: pytest.FixtureRequest, sign_in: SignIn, write: Write, persona: str, address: str
) -> None:
    write("Скидки", tags=["скидки"])
    person = None if persona == "nobody" else request.getfixturevalue(persona)
    client = sign_in(person)
    asked = again(client, address)
    answer = client.get(address, headers={"If-None-Match": client.get(address).headers["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert asked() == 304


def test_a_later_minute_alone_changes_nothing(
    client: Client, write: Write, moment: list[datetime]
) -> None:
    asked = again(client, write("Скидки").get_absolute_url())
    moment[0] += timedelta(minutes=1)
    assert asked() == 304


def test_new_words_are_sent_at_once(
    client: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Скидки", tags=["скидки"])
    pages = [
        again(client, address)
        for address in (article.get_absolute_url(), "/kb/sections/rates/", "/kb/tags/скидки/", "/")
    ]
    actions.save(
        article=article, title="Новые скидки", summary="", body="<p>…</p>", author=elena, at=at
    )
    assert [asked() for asked in pages] == [200] * 4
    assert [asked() for asked in pages] == [304] * 4


def test_the_end_of_support_hours_is_sent_at_once(
    client: Client, write: Write, moment: list[datetime]
) -> None:
    moment[0] = datetime.fromisoformat("2026-11-25T19:59:30+03:00")
    pages = [again(client, address) for address in (write("Скидки").get_absolute_url(), "/")]
    moment[0] = datetime.fromisoformat("2026-11-25T20:00:30+03:00")
    assert [asked() for asked in pages] == [200, 200]


@pytest.mark.parametrize("persona", ["nobody", "anna", "sergey"])
def test_new_hours_language_access_and_neighbours_are_sent_at_once(
    request: pytest.FixtureRequest, sign_in: SignIn, write: Write, at: datetime, persona: str
) -> None:
    article, other = write("Скидки"), write("Возвраты")
    actions.relate(article=article, others=[other])
    client = sign_in(None if persona == "nobody" else request.getfixturevalue(persona))
    pages = [again(client, address) for address in (article.get_absolute_url(), "/")]
    assert [asked() for asked in pages] == [304, 304]
    HoursException.objects.create(
        on=NOON.date(), hours="10:00–11:00", name_ru="Короткий день", name_en="A short day"
    )
    assert [asked() for asked in pages] == [200, 200]
    other.access = "staff"
    actions.keep(article=other)
    expected = 304 if persona == "sergey" else 200
    assert [asked() for asked in pages] == [expected, expected]
    client.cookies["language"] = "en"
    assert [asked() for asked in pages] == [200, 200]
    assert [asked() for asked in pages] == [304, 304]


def test_a_page_is_sent_anew_to_another_reader(
    client: Client, sign_in: SignIn, anna: User, boris: User, sergey: User, write: Write
) -> None:
    address = write("Скидки").get_absolute_url()
    marks = {
        one.get(address).headers["ETag"]
        for one in (client, sign_in(anna), sign_in(boris), sign_in(sergey))
        if one.get(address).status_code == 200
    }
    assert len(marks) == 4
    client.get(address)
    asked = again(client, address)
    assert asked() == 304
    client.force_login(anna)
    assert asked() == 200
    client.logout()
    assert asked() == 200


def test_a_message_is_shown_and_no_304_swallows_it(
    sign_in: SignIn, elena: User, write: Write
) -> None:
    article = write("Скидки")
    client = sign_in(elena)
    asked = again(client, article.get_absolute_url())
    assert asked() == 304
    client.post(f"{article.get_absolute_url()}confirm/")
    assert asked() == 200
    assert asked() == 200  # the message is gone
    assert asked() == 304


def test_a_page_without_its_cookie_is_sent_anew(client: Client, write: Write) -> None:
    asked = again(client, write("Скидки").get_absolute_url())
    client.cookies.clear()
    assert asked() == 200


def test_the_thanks_for_a_vote_are_sent_and_the_vote_counts(client: Client, write: Write) -> None:
    article = write("Скидки")
    asked = again(client, f"{article.get_absolute_url()}?voted=yes")
    assert asked() == 304
    client.post(f"{article.get_absolute_url()}vote/", {"vote": "yes"})
    assert article.current_revision.votes.get().is_helpful


def test_no_reader_gets_the_token_of_another(write: Write) -> None:
    address = write("Скидки").get_absolute_url()
    first, second = Client(), Client()
    for reader in (first, second):
        page = reader.get(address).content.decode()
        tokens = re.findall(r"[A-Za-z0-9]{64}", page)
        secret = reader.cookies["csrf"].value
        assert len(tokens) > 1
        assert all(_does_token_match(token, secret) for token in tokens)


def test_what_readers_may_no_longer_read_is_gone_for_those_who_have_it(
    client: Client, write: Write, elena: User, at: datetime
) -> None:
    article = write("Скидки")
    asked = again(client, article.get_absolute_url())
    actions.unpublish(article=article, actor=elena, at=at)
    assert asked() == 404
