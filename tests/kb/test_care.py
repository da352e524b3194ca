"""Whether articles are still true: due lists, the weekly letter, links to elsewhere, tags."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kb import actions, tasks
from kb.models import Article, ArticleLink, Section
from portal import fetching
from portal.delivery import letters
from portal.delivery.models import Delivery, Heartbeat
from portal.fetching import Found
from portal.refusals import NotAllowed

Write = Callable[..., Article]
SignIn = Callable[[User | None], Client]
pytestmark = pytest.mark.ignore_template_errors  # of the admin, which is not ours
LINKS = '<p><a href="https://there.example/a">да</a> <a href="https://gone.example/b">нет</a></p>'


# What is due.


def names(rows: Any) -> set[str]:
    return {str(one) for one in rows}


def test_an_article_is_due_on_its_day_and_one_never_checked_a_while_after_it_came_out(
    write: Write, at: datetime, settings: Any
) -> None:
    settings.KB_REVIEW_DAYS = 180
    today = at.date()
    write("Сегодня", review_by=today)
    write("Завтра", review_by=today + timedelta(days=1))
    write("Не проверена")
    write("Черновик", review_by=today, is_published=False)
    assert names(Article.objects.stale(today)) == {"Сегодня"}
    later = today + timedelta(days=180)
    assert names(Article.objects.stale(later)) == {"Сегодня", "Завтра", "Не проверена"}
    for article in Article.objects.published():
        due = actions.due_on(article)
        assert due is not None
        assert article in Article.objects.stale(due)
        assert article not in Article.objects.stale(due - timedelta(days=1))


def test_what_needs_care_is_due_flagged_broken_or_older_than_its_original(
    write: Write, sergey: User, elena: User, at: datetime
) -> None:
    write("Хорошая")
    write("Пора", review_by=at.date())
    flagged = write("Помечена")
    actions.flag(article=flagged, actor=sergey, comment="Кнопка слева", at=at)
    write("Со ссылкой", '<p><a href="/kb/nowhere/">туда</a></p>')
    original = write("Исходная")
    write("Translation", language="en", translation_of=original)
    later = at + timedelta(hours=1)
    actions.save(
        article=original, title="Исходная", summary="", body="<p>Ново</p>", author=elena, at=later
    )
    expected = {"Пора", "Помечена", "Со ссылкой", "Translation"}
    assert names(Article.objects.needing_care(at.date())) == expected


def test_the_list_says_why_and_one_click_confirms_what_was_chosen(
    sign_in: SignIn, elena: User, write: Write
) -> None:
    today = timezone.localdate()
    due = [write(f"Пора {number}", review_by=today, needs_change="Кнопка") for number in range(2)]
    write("Хорошая", review_by=today + timedelta(days=9))
    client, address = sign_in(elena), "/admin/kb/article/"
    page = client.get(f"{address}?waits=care").content.decode()
    assert ("Пора 0" in page, "Пора 1" in page, "Хорошая" in page) == (True, True, False)
    assert "Кнопка" in page
    chosen = {"action": "still_true", "_selected_action": [one.pk for one in due]}
    client.post(f"{address}?waits=care", chosen)
    for article in due:
        article.refresh_from_db()
        assert (article.checked_on, article.needs_change) == (today, "")
        assert article.review_by == actions.next_review(today)
        assert article.events.filter(code="confirmed").count() == 1
    assert not Article.objects.needing_care(today).exists()


def test_only_those_who_write_confirm(write: Write, sergey: User, at: datetime) -> None:
    article = write("Пора", review_by=at.date())
    with pytest.raises(NotAllowed):
        actions.confirm_all(articles=[article], actor=sergey, on=at.date(), at=at)
    article.refresh_from_db()
    assert article.checked_on is None


def test_the_dashboard_counts_what_needs_care(sign_in: SignIn, elena: User, write: Write) -> None:
    write("Пора", review_by=date(2020, 1, 1))
    write("Хорошая", review_by=date(2999, 1, 1))
    cards = sign_in(elena).get("/admin/").context["cards"]
    assert [card.figure for card in cards if "waits=care" in card.href] == [1]


# The letter.


def test_owners_are_told_once_a_week_of_theirs_and_nobody_else(
    write: Write, elena: User, galina: User, anna: User, at: datetime
) -> None:
    for number in range(3):
        write(f"Пора {number}", review_by=at.date(), owner=elena)
    write("Ничья", review_by=at.date())
    write("Хорошая", review_by=at.date() + timedelta(days=300), owner=galina)
    write("Чужая", review_by=at.date(), owner=anna)
    for days in (0, 1, 6):
        actions.remind_owners(on=at.date() + timedelta(days=days), at=at + timedelta(days=days))
    letter = Delivery.objects.get(letter="articles_need_care")
    assert (letter.recipient, letter.context["count"]) == (elena.email, 3)
    week = timedelta(days=7)
    assert actions.remind_owners(on=at.date() + week, at=at + week) == 1
    assert Delivery.objects.filter(letter="articles_need_care").count() == 2


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_letter_names_each_article_and_says_how_many_more(
    write: Write, elena: User, at: datetime, language: str
) -> None:
    elena.language = language
    elena.save(update_fields=["language"])
    for number in range(23):
        write(f"Статья <{number}>", review_by=at.date(), owner=elena)
    actions.remind_owners(on=at.date(), at=at)
    letter = letters.render(Delivery.objects.get(letter="articles_need_care"), with_secret=True)
    assert "23" in letter.subject
    assert "Статья <0>" in letter.text
    assert "Статья &lt;0&gt;" in letter.html
    assert letter.text.count("/change/") == letter.html.count("/change/") == 20
    assert " 3" in letter.text.rpartition("/change/")[2]


def test_the_tasks_run_twice_without_harm(
    write: Write, elena: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.KB_CHECK_LINKS = False
    monkeypatch.setattr(actions, "check_links", lambda **_given: pytest.fail("switched off"))
    write("Пора", review_by=date(2020, 1, 1), owner=elena)
    for _time in range(2):
        tasks.remind_owners()
        tasks.check_links()
    assert Delivery.objects.filter(letter="articles_need_care").count() == 1
    assert Heartbeat.objects.filter(job__in=["article-links", "article-owners"]).count() == 2


# Links to elsewhere.


def states() -> dict[str, str]:
    return dict(ArticleLink.objects.values_list("address", "state"))


def answers(**by_host: Found) -> Callable[[str], Found]:
    """Answer as an internet would that has only these hosts."""
    return lambda address: by_host.get(address.split("//")[1].split(".")[0], Found.NO_NAME)


def test_links_to_elsewhere_are_not_checked_at_first_and_then_known(
    write: Write, at: datetime, sign_in: SignIn, elena: User
) -> None:
    article = write("Ссылки", LINKS)
    assert set(states().values()) == {""}
    actions.check_links(at=at, ask=answers(there=Found.THERE, gone=Found.GONE))
    assert states() == {"https://there.example/a": "ok", "https://gone.example/b": "broken"}
    assert names(Article.objects.broken()) == {"Ссылки"}
    page = sign_in(elena).get(f"/admin/kb/article/{article.pk}/change/").content.decode()
    assert page.count("https://gone.example/b</code>") == 2


def test_a_name_that_nobody_knows_is_broken_only_where_there_is_a_network(
    write: Write, at: datetime
) -> None:
    write("Ссылки", LINKS)
    assert actions.check_links(at=at, ask=answers()) == 0
    assert set(states().values()) == {""}
    asked: list[str] = []
    actions.check_links(at=at, ask=lambda address: (asked.append(address), Found.THERE)[1])
    assert asked == []
    later = at + timedelta(hours=2)
    actions.check_links(at=later, ask=answers(there=Found.THERE))
    assert states() == {"https://there.example/a": "ok", "https://gone.example/b": "broken"}


def test_what_does_not_say_keeps_its_state(write: Write, at: datetime) -> None:
    write("Ссылки", LINKS)
    actions.check_links(at=at, ask=answers(there=Found.THERE, gone=Found.GONE))
    later = at + timedelta(days=8)
    actions.check_links(at=later, ask=answers(there=Found.UNKNOWN, gone=Found.UNKNOWN))
    assert states() == {"https://there.example/a": "ok", "https://gone.example/b": "broken"}


def test_an_address_that_breaks_its_asker_waits_like_the_others(write: Write, at: datetime) -> None:
    write("Ссылки", LINKS)

    def breaks(_address: str) -> Found:
        raise SystemExit

    with pytest.raises(SystemExit):
        actions.check_links(at=at, ask=breaks)
    asked: list[str] = []
    actions.check_links(at=at, ask=lambda address: (asked.append(address), Found.THERE)[1])
    assert asked == ["https://gone.example/b"]


def test_an_address_is_asked_once_a_week_and_remembered_when_words_change(
    write: Write, elena: User, at: datetime
) -> None:
    article = write("Ссылки", LINKS)
    asked: list[str] = []

    def ask(address: str) -> Found:
        asked.append(address)
        return Found.GONE

    actions.check_links(at=at, ask=ask)
    actions.save(article=article, title="Ссылки", summary="Новое", body=LINKS, author=elena, at=at)
    assert set(states().values()) == {"broken"}
    actions.check_links(at=at + timedelta(days=6), ask=ask)
    assert len(asked) == 2
    actions.check_links(at=at + timedelta(days=8), ask=ask)
    assert len(asked) == 4


def test_links_inside_are_known_at_once_whatever_stands_behind_the_address(
    write: Write, elena: User, at: datetime, rates: Section
) -> None:
    Section.objects.create(slug="new", title_ru="Новый").old_addresses.create(slug="old")
    addresses = {
        "/kb/skidki/#how": "ok", "/kb/skidki/?x=1": "ok", "/kb/nowhere/": "broken",
        "/kb/questions/": "ok", "/kb/feed/": "ok", "/kb/sections/rates/": "ok",
        "/kb/sections/old/#a": "ok", "/kb/sections/nowhere/": "broken", "/to/about-support": "ok",
        "/to/zzzzzz": "broken", "https://testserver.evil.example/": "",
    }  # fmt: skip
    body = "".join(f'<p><a href="{one}">…</a></p>' for one in (*addresses, "/kb/search?q=1"))
    write("Ссылки", body)
    assert states()["/kb/skidki/#how"] == "broken"
    article = write("Скидки", slug="skidki")
    assert states() == addresses
    article.slug = "akcii"
    actions.keep(article=article)
    assert states() == addresses
    actions.archive(article=article, actor=elena, at=at)
    assert {one for one, state in states().items() if state == "broken"} == {
        "/kb/skidki/#how", "/kb/skidki/?x=1", "/kb/nowhere/", "/kb/sections/nowhere/", "/to/zzzzzz"
    }  # fmt: skip


def test_a_link_that_not_all_readers_may_follow_is_shown_to_editors(
    write: Write, sign_in: SignIn, elena: User
) -> None:
    write("Для своих", slug="inside", access="staff")
    write("Для гостей", slug="guests", access="customers")
    to = '<p><a href="/kb/{}/">…</a></p>'
    article = write("Всем", to.format("guests"))
    write("Гостям", to.format("guests"), access="customers")
    write("Гостям о своих", to.format("inside"), access="customers")
    write("Своим", to.format("inside"), access="staff")
    assert names(Article.objects.broken()) == {"Всем", "Гостям о своих"}
    page = sign_in(elena).get(f"/admin/kb/article/{article.pk}/change/").content.decode()
    assert page.count("/kb/guests/</code>") == 2
    listed = sign_in(elena).get("/admin/kb/article/?waits=care").content.decode()
    assert listed.count("broken links: 1") + listed.count("не работают ссылки: 1") == 2 or (
        "Всем" in listed and "Гостям о своих" in listed and "Своим" not in listed
    )


def test_a_translation_that_somebody_confirmed_is_older_no_more_until_the_original_changes(
    write: Write, elena: User, at: datetime
) -> None:
    original = write("Скидки")
    translation = write("Discounts", language="en", translation_of=original)

    def changed(words: str, at: datetime) -> None:
        actions.save(
            article=original, title=words, summary="", body="<p>…</p>", author=elena, at=at
        )

    changed("Скидки и акции", at + timedelta(hours=1))
    assert names(Article.objects.older_translations()) == {"Discounts"}
    actions.confirm(article=translation, actor=elena, on=at.date(), at=at + timedelta(hours=2))
    assert names(Article.objects.older_translations()) == set()
    changed("Скидки, акции, промокоды", at + timedelta(hours=3))
    assert names(Article.objects.older_translations()) == {"Discounts"}


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1", "127.0.0.1", "169.254.169.254", "192.168.1.1", "172.16.0.1", "100.64.0.1",
        "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0", "fd00::1", "::ffff:10.0.0.1",
        "::ffff:127.0.0.1", "2002:7f00:1::1", "64:ff9b::a00:1", "64:ff9b:1::a00:1", "::127.0.0.1",
        "::ffff:0:127.0.0.1", "fec0::1", "ff02::1", "2001:db8::1", "198.18.0.1", "240.0.0.1",
        "255.255.255.255",
    ],
)  # fmt: skip
def test_no_address_of_the_inside_is_public(address: str) -> None:
    assert not fetching.is_public(address)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_addresses_of_the_internet_are_public(address: str) -> None:
    assert fetching.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "http://inside.example/", "https://inside.example/x", "http://outside.example:8080/",
        "ftp://outside.example/", "http://user@outside.example/", "http:///x", "http://[::1/", "x",
        "http://outside.example/" + 3000 * "x",
    ],
)  # fmt: skip
def test_what_leads_inside_or_is_no_address_is_never_connected_to(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int, **_named: object) -> list[Any]:
        found = ["93.184.215.14", "10.0.0.1"] if host == "inside.example" else ["93.184.215.14"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    connected: list[object] = []
    monkeypatch.setattr(
        socket, "create_connection", lambda *given, **_named: connected.append(given)
    )
    assert fetching.ask(address) == Found.UNKNOWN
    assert connected == []


def test_a_connection_goes_to_the_address_that_was_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))
    connected: list[Any] = []

    def connect(address: Any, **_named: object) -> None:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_named: [row])
    monkeypatch.setattr(socket, "create_connection", connect)
    assert fetching.ask("http://outside.example/") == Found.UNKNOWN
    assert connected == [("93.184.215.14", 80)]


def test_a_redirect_inside_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def once(address: str, _until: float) -> tuple[int, str]:
        asked.append(address)
        if "inside" in address:
            fetching.public_addresses("169.254.169.254", 80)
        return 302, "http://inside.example/"

    monkeypatch.setattr(fetching, "_ask_once", once)
    assert fetching.ask("http://outside.example/") == Found.UNKNOWN
    assert asked == ["http://outside.example/", "http://inside.example/"]


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (200, Found.THERE), (404, Found.GONE), (410, Found.GONE), (403, Found.UNKNOWN),
        (429, Found.UNKNOWN), (503, Found.UNKNOWN),
    ],
)  # fmt: skip
def test_only_a_clear_no_is_a_no(
    status: int, found: Found, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "_request", lambda *_given: (status, ""))
    assert fetching.ask("https://there.example/") == found


def test_an_endless_chain_of_redirects_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_request", lambda *_given: (301, "/again"))
    assert fetching.ask("https://there.example/") == Found.UNKNOWN


def test_a_network_that_is_not_there_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(code: int) -> Callable[..., None]:
        def refused(*_given: object, **_named: object) -> None:
            raise socket.gaierror(code, "…")

        return refused

    monkeypatch.setattr(socket, "getaddrinfo", unknown(socket.EAI_NONAME))
    assert fetching.ask("https://there.example/") == Found.NO_NAME
    monkeypatch.setattr(socket, "getaddrinfo", unknown(socket.EAI_AGAIN))
    assert fetching.ask("https://there.example/") == Found.UNKNOWN


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., list[bytes]]]:
    """A host of the internet that answers with the given parts, one after another."""
    threads: list[threading.Thread] = []

    def host(*parts: bytes, ask_for: int = 1) -> list[bytes]:
        heard: list[bytes] = []
        ends = [socket.socketpair() for _number in range(ask_for)]
        ours = iter([one for one, _theirs in ends])

        def speak() -> None:
            for _ours, theirs in ends:
                with theirs, suppress(OSError):
                    heard.append(theirs.recv(4096))
                    for part in parts:
                        theirs.sendall(part)

        threads.append(threading.Thread(target=speak, daemon=True))
        threads[0].start()
        row = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_given, **_named: [row])
        monkeypatch.setattr(socket, "create_connection", lambda *_given, **_named: next(ours))
        return heard

    yield host
    for thread in threads:
        thread.join(timeout=10)


def test_only_the_head_of_an_answer_is_read(outside: Callable[..., list[bytes]]) -> None:
    heard = outside(
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 20", b"0 OK\r\nA: b\r\n\r\n", b"x" * 9
    )
    assert fetching.ask("http://outside.example/цены?q=1#x") == Found.THERE
    assert heard[0].startswith(b"HEAD /%D1%86%D0%B5%D0%BD%D1%8B?q=1 HTTP/1.1\r\n")
    assert b"Host: outside.example\r\n" in heard[0]


@pytest.mark.parametrize(
    "onward",
    ["http://127.0.0.1/", "file:///etc/passwd", "http://[::1", "//10.0.0.1/", "gopher://x"],
)
def test_a_redirect_to_the_inside_or_to_nonsense_ends_there(
    outside: Callable[..., list[bytes]], onward: str
) -> None:
    heard = outside(b"HTTP/1.1 302 Found\r\nLocation: " + onward.encode() + b"\r\n\r\n")
    original = socket.getaddrinfo
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *given, **named: (
                original(host, *given, **named)
                if host == "outside.example"
                else [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 80))]
            ),
        )
        assert fetching.ask("http://outside.example/") == Found.UNKNOWN
    assert len(heard) == 1


@pytest.mark.parametrize(
    "head", [b"", b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 9000]
)
def test_what_is_no_answer_or_never_ends_says_nothing(
    outside: Callable[..., list[bytes]], head: bytes
) -> None:
    outside(head)
    assert fetching.ask("http://outside.example/") == Found.UNKNOWN


def test_who_answers_a_sign_at_a_time_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]

    class Slow:
        """Says one sign in two seconds."""

        def settimeout(self, seconds: float) -> None:
            assert 0 < seconds <= fetching.TIMEOUT

        def recv(self, _most: int) -> bytes:
            now[0] += 2
            return b"H"

    monkeypatch.setattr(fetching.time, "monotonic", lambda: now[0])
    slow: Any = Slow()
    with pytest.raises(TimeoutError):
        fetching._answer(slow, fetching.LONGEST_WAIT)
    assert now[0] <= fetching.LONGEST_WAIT + 2


# Tags.


def test_tags_are_read_between_commas_each_once_and_as_others_wrote_them(write: Write) -> None:
    write("Скидки", tags=["Акции"])
    assert actions.tags_of(" акции , новое  слово,, АКЦИИ, а/б ") == ["Акции", "новое слово", "а б"]
    assert len(actions.tags_of(",".join(str(number) for number in range(99)))) == 20
    assert actions.tags_of("x" * 99) == ["x" * 60]


def test_the_form_of_an_article_offers_the_tags_that_others_have(
    sign_in: SignIn, elena: User, write: Write
) -> None:
    write("Скидки", tags=["акции", "тарифы"])
    write("Детям", tags=["акции"])
    article = write("Пусто")
    assert actions.known_tags() == ["акции", "тарифы"]
    form = sign_in(elena).get(f"/admin/kb/article/{article.pk}/change/").content.decode()
    assert "data-tags" in form
