"""Search inside tickets: what is found, by whom, and that the index keeps itself."""

from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from tickets import actions, search
from tickets.models import Message, SearchDocument, Ticket
from tickets.querysets import scope_of
from tickets.views.desk import paging

QUEUE = reverse("desk:queue")


def shown(client, **asked):
    page = BeautifulSoup(client.get(QUEUE, asked).content, "html.parser")
    return [int(link["id"].removeprefix("ticket-")) for link in page.select(".queue .subj a")]


def found(user, text, **given):
    ids = search.matches(text=text, scope=scope_of(user), wanted=50, **given).ids
    return list(Ticket.objects.filter(pk__in=ids).order_by("-id").values_list("number", flat=True))


@pytest.mark.parametrize(
    "text",
    [
        "оплатить",  # the subject
        "ОПЛАТА карта",  # stems, in another form
        "страница пустая",  # the message
        "лебедева",
        "Северной верфи",
        "верфь",
        "гости, пустая; лебедева!",
        "зеленая",  # ё is е
    ],
)
def test_words_find_subject_messages_person_organization_and_hotel(sergey, file, text):
    ticket = file(description="После выбора тарифа страница оплаты пустая. Кнопка зелёная.")
    assert found(sergey, text) == [ticket.number]


def test_answers_and_notes_are_found_from_the_moment_they_are_written(sergey, ticket, at):
    actions.reply(ticket=ticket, author=sergey, text="Проверьте эквайринг", form_key=uuid4(), at=at)
    actions.note(ticket=ticket, author=sergey, text="Похоже на таймаут", form_key=uuid4(), at=at)
    assert found(sergey, "эквайринга таймаут оплатить") == [ticket.number]


def test_all_words_must_be_there(sergey, ticket):
    assert found(sergey, "оплатить вертолёт") == []


@pytest.mark.parametrize(
    "text", ["и", "!", "", "%", "~10:0", "'~10:0'", "<script>", "\\", "а & б |"]
)
def test_what_holds_no_word_finds_nothing(sergey, ticket, text):
    assert found(sergey, text) == []


def test_words_after_what_looks_like_a_tag_are_found(sergey, file):
    ticket = file(description="Ошибка <script> а за ней бронирование")
    assert found(sergey, "бронирование") == [ticket.number]


def test_finished_tickets_are_found_unless_the_search_stays_in_its_view(sign_in, sergey, file, at):
    still, done = file(at=at), file(at=at)
    actions.resolve(ticket=done, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    client = sign_in(sergey)
    assert shown(client, view="all", q="оплатить") == [done.number, still.number]
    assert shown(client, view="all", q="оплатить", inside="1") == [still.number]


def test_search_combines_with_filters(sign_in, sergey, file, vera, lighthouse, mayak, at):
    mine, hers = file(at=at), file(at=at, person=vera, property=lighthouse)
    actions.triage(ticket=hers, actor=sergey, category="incident", priority="high", at=at)
    client = sign_in(sergey)
    assert shown(client, q="оплатить", inside="1", priority="high") == [hers.number]
    assert shown(client, q="оплатить", inside="1", organization=str(mayak.pk)) == [hers.number]
    assert shown(client, q="оплатить", inside="1", organization="Северная верфь") == [mine.number]
    assert shown(client, q="оплатить", inside="1", status="closed") == []


def test_nobody_finds_what_they_may_not_see(
    sign_in, sergey, maxim, daria, file, vera, lighthouse, at
):
    his, hers = file(at=at), file(at=at, person=vera, property=lighthouse)
    assert set(shown(sign_in(sergey), q="оплатить")) == {his.number, hers.number}
    assert shown(sign_in(maxim), q="оплатить") == [his.number]
    assert shown(sign_in(daria), q="оплатить") == []
    assert (
        shown(sign_in(maxim), q="оплатить", organization=str(hers.organization_id), inside="1")
        == []
    )
    actions.assign(ticket=hers, actor=sergey, assignee=daria, at=at)
    assert shown(sign_in(daria), q="оплатить") == [hers.number]
    actions.hand_over(
        ticket=his,
        actor=sergey,
        title="Пустая страница оплаты",
        brief="Страница оплаты пустая.",
        eta_on=None,
        news_due_at=at + timedelta(days=2),
        customer_text="Чиним.",
        at=at,
    )
    assert set(shown(sign_in(daria), q="оплатить")) == {his.number, hers.number}


def test_the_pages_of_a_search_hold_every_ticket_once_newest_first(
    sign_in, sergey, file, at, monkeypatch
):
    monkeypatch.setattr(paging, "ROWS", 3)
    numbers = [file(at=at).number for _time in range(7)]
    client, address, pages = sign_in(sergey), f"{QUEUE}?q=оплатить", []
    while address:
        page = BeautifulSoup(client.get(address).content, "html.parser")
        pages += [int(link["id"].removeprefix("ticket-")) for link in page.select(".subj a")]
        onward = page.select_one("#page-next")
        address = QUEUE + onward["href"] if onward else ""
    assert pages == numbers[::-1]


def test_where_filters_hide_the_newest_matches_a_link_leads_to_older_ones(
    sign_in, sergey, file, at, monkeypatch
):
    monkeypatch.setattr(paging, "CANDIDATES", 3)
    wanted = file(at=at)
    actions.triage(ticket=wanted, actor=sergey, category="incident", priority="high", at=at)
    for _time in range(5):
        file(at=at)
    client = sign_in(sergey)
    address, seen, pages = f"{QUEUE}?q=оплатить&inside=1&priority=high", [], 0
    while address:
        page = BeautifulSoup(client.get(address).content, "html.parser")
        seen += [int(link["id"].removeprefix("ticket-")) for link in page.select(".subj a")]
        onward, pages = page.select_one("#page-next"), pages + 1
        address = QUEUE + onward["href"] if onward else ""
    assert seen == [wanted.number]
    assert pages > 1


def test_matches_are_found_across_shelves_and_none_twice(sergey, ticket):
    """A shelf holds 1,024 tickets; the first two are narrow, then they widen."""
    words = "tickets_shelves(%s, 1) || tickets_words('вертолёт')"
    ids = [1, 1023, 1024, 4095, 4096, 70_000, 600_000, 1_100_000]
    with connection.cursor() as cursor:
        cursor.execute("set local session_replication_role = replica")  # rows without their tickets
        for number in ids:
            cursor.execute(
                f"insert into tickets_searchdocument (ticket_id, vector) values (%s, {words})"
                " on conflict (ticket_id) do update set vector = excluded.vector",
                [number, number],
            )
    given = {"text": "вертолеты", "scope": scope_of(sergey)}
    assert search.matches(**given, wanted=50).ids == ids[::-1]
    assert search.matches(**given, wanted=3).ids == ids[:-4:-1]
    assert search.matches(**given, wanted=3, below=4096).ids == [4095, 1024, 1023]
    with connection.cursor() as cursor:
        cursor.execute("delete from tickets_searchdocument where ticket_id = any(%s)", [ids])
        cursor.execute("set local session_replication_role = origin")


def test_a_changed_subject_and_a_moved_message_are_indexed_where_they_are(sergey, file, at):
    first, second = file(at=at), file(at=at)
    Ticket.objects.filter(pk=first.pk).update(subject="Шахматка не открывается")
    assert found(sergey, "шахматка") == [first.number]
    message = actions.reply(ticket=first, author=sergey, text="Эквайринг", form_key=uuid4(), at=at)
    Message.objects.filter(pk=message.pk).update(ticket=second)
    assert found(sergey, "эквайринг") == [second.number]


def test_a_very_long_conversation_is_still_answered(sergey, ticket, at):
    for part in range(4):
        text = " ".join(f"слово{part}х{number}" for number in range(4500))[:50_000]
        actions.note(ticket=ticket, author=sergey, text=text, form_key=uuid4(), at=at)
    assert found(sergey, "слово0х7") == [ticket.number]


@pytest.mark.parametrize(
    "rebuild", [search.index_at_once, lambda: call_command("rebuild_ticket_search")]
)
def test_what_was_written_without_the_index_is_found_after_a_rebuild(
    sergey, file, at, rebuild, capsys
):
    search.keep_up(is_on=False)
    ticket = file(at=at)
    search.keep_up(is_on=True)
    assert not SearchDocument.objects.exists()
    rebuild()
    assert found(sergey, "оплатить") == [ticket.number]
    with connection.cursor() as cursor:
        cursor.execute("select indexdef from pg_indexes where indexname = 'ticket_words'")
        assert "fastupdate" in cursor.fetchone()[0]
