"""Around a ticket: watchers, mentions, drafts, presence, parts that became tickets of their own."""

from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from portal.refusals import NotAllowed
from tickets import actions, clock, tasks
from tickets.actions import drafting, linking, texts
from tickets.models import Draft, Link, Presence, Proof, Ticket, Watcher

MINUTE = timedelta(minutes=1)
NAMES = ("draft", "watch", "unwatch", "merge", "undo_merge", "link", "unlink", "split", "follow_up")


def address(ticket, name="ticket", *more):
    return reverse(f"desk:{name}", args=[ticket.number, *more])


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


@pytest.fixture
def say(ticket, at):
    def said(author, text="Смотрим", **changes):
        given = {"ticket": fresh(ticket), "form_key": uuid4(), "at": at, **changes}
        return actions.reply(author=author, text=text, **given)

    return said


@pytest.fixture
def note(ticket, at):
    def noted(author, text, **changes):
        given = {"ticket": ticket, "form_key": uuid4(), "at": at, **changes}
        return actions.note(author=author, text=text, **given)

    return noted


def codes(ticket):
    return list(ticket.events.order_by("id").values_list("code", flat=True))


@pytest.mark.parametrize("name", NAMES)
def test_every_move_is_posted_by_people_of_the_desk_who_see_the_ticket(
    sign_in, anna, vera, elena, daria, sergey, ticket, name
):
    before = codes(ticket)
    for person in (anna, vera, elena):
        assert sign_in(person).post(address(ticket, name), {"text": "Ой"}).status_code == 403
    assert sign_in(daria).post(address(ticket, name), {"text": "Ой"}).status_code == 404
    assert sign_in(sergey).get(address(ticket, name)).status_code == 405
    assert codes(ticket) == before
    assert not Draft.objects.exists()


@pytest.mark.parametrize("name", ["history", "ledger", "connect", "macros"])
def test_what_is_fetched_later_is_a_page_of_its_own_too(sign_in, sergey, daria, ticket, name):
    client = sign_in(sergey)
    assert soup(client.get(address(ticket, name))).select_one("h1")
    part = soup(client.get(address(ticket, name), headers={"HX-Request": "true"}))
    assert not part.select("h1")
    assert client.post(address(ticket, name)).status_code == 405
    assert sign_in(daria).get(address(ticket, name)).status_code == 404


# --- watchers ---


def test_who_watches_hears_of_messages_and_of_the_solution(
    ticket, say, sergey, galina, anna, letters_to, at
):
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    actions.watch(ticket=ticket, actor=galina, at=at)
    say(anna, "Ещё гость")
    assert letters_to(galina) == ["ticket_watched"]
    actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    assert letters_to(galina) == ["ticket_watched", "ticket_watched"]


def test_nobody_hears_twice_or_of_what_they_did(ticket, say, sergey, anna, letters_to, at):
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    actions.watch(ticket=ticket, actor=sergey, at=at)
    say(anna, "Ещё гость")
    actions.resolve(ticket=ticket, actor=sergey, text="Готово", form_key=uuid4(), at=at)
    assert letters_to(sergey) == ["ticket_new_message"]


def test_who_may_not_read_it_any_more_hears_nothing(
    ticket, say, daria, sergey, anna, letters_to, at
):
    actions.assign(ticket=ticket, actor=sergey, assignee=daria, at=at)
    actions.watch(ticket=ticket, actor=daria, at=at)
    actions.assign(ticket=ticket, actor=sergey, assignee=sergey, at=at)
    before = letters_to(daria)
    say(anna, "Ещё гость")
    assert letters_to(daria) == before


def test_watching_twice_is_once_and_ends(ticket, sergey, at):
    for _time in range(2):
        actions.watch(ticket=ticket, actor=sergey, at=at)
    assert Watcher.objects.filter(ticket=ticket).count() == 1
    for _time in range(2):
        actions.unwatch(ticket=ticket, actor=sergey, at=at)
    assert codes(ticket)[-2:] == ["watched", "unwatched"]


def test_customers_watch_nothing(ticket, anna, daria, at):
    for person in (anna, daria):
        with pytest.raises(NotAllowed):
            actions.watch(ticket=ticket, actor=person, at=at)


def test_the_page_lists_who_watches(sign_in, sergey, galina, ticket, at):
    actions.watch(ticket=ticket, actor=galina, at=at)
    client = sign_in(sergey)
    for name, shown in (("watch", "unwatch"), ("unwatch", "watch")):
        client.post(address(ticket, name))
        page = soup(client.get(address(ticket)))
        assert page.select_one(f"form[action='{address(ticket, shown)}']")
        assert "Галина Зорина" in page.select_one("[aria-labelledby=watchers]").text


# --- mentions ---


def test_a_note_calls_people_of_the_desk(ticket, note, sergey, galina, letters_to):
    note(sergey, "@Галина Зорина, посмотрите, пожалуйста")
    assert letters_to(galina) == ["mentioned"]
    assert list(ticket.watchers.values_list("person", flat=True)) == [galina.pk]
    assert ticket.events.get(code="mentioned").data == {"names": ["Галина Зорина"]}


def test_only_the_desk_is_called_and_nobody_calls_themselves(
    ticket, note, sergey, anna, elena, daria, letters_to
):
    before = letters_to(anna)
    note(sergey, "@Анна Лебедева @Елена Словова @Дарья Кодова @Сергей Орлов @Никто")
    assert not ticket.watchers.exists()
    assert "mentioned" not in codes(ticket)
    assert letters_to(anna) == before
    for person in (elena, daria, sergey):
        assert letters_to(person) == []


def test_the_same_note_twice_calls_once(ticket, note, sergey, galina, letters_to):
    key = uuid4()
    for _time in range(2):
        note(sergey, "@Галина Зорина", form_key=key)
    assert letters_to(galina) == ["mentioned"]


def test_a_reply_calls_nobody(say, sergey, galina, letters_to):
    say(sergey, "Спросите @Галина Зорина")
    assert letters_to(galina) == []


def test_a_mention_is_marked_and_stays_with_the_staff(sign_in, sergey, galina, anna, ticket, note):
    note(sergey, "@Галина Зорина <b>срочно</b>")
    page = soup(sign_in(sergey).get(address(ticket)))
    assert page.select_one("[data-from=note] [data-kind=mention]").text == "@Галина Зорина"
    assert not page.select("[data-from=note] b:-soup-contains('срочно')")
    assert "Галина" not in sign_in(anna).get(ticket.get_absolute_url()).content.decode()


# --- drafts ---


def test_what_is_typed_is_kept_for_the_desk_until_it_is_sent(sign_in, sergey, galina, ticket):
    client = sign_in(sergey)
    client.post(address(ticket, "draft"), {"mode": "note", "text": "  Начал писать"})
    client.post(address(ticket, "draft"), {"mode": "reply", "text": "Начал писать иначе"})
    draft = Draft.objects.get()
    assert (draft.author, draft.mode, draft.text) == (sergey, "reply", "Начал писать иначе")
    own = soup(client.get(address(ticket)))
    assert own.select_one(".composer textarea").text.strip() == "Начал писать иначе"
    assert not own.select("#drafts details")
    theirs = soup(sign_in(galina).get(address(ticket)))
    assert "Сергей Орлов" in theirs.select_one("#drafts summary").text
    assert not theirs.select_one(".composer textarea").text.strip()
    client.post(address(ticket, "reply"), {"text": "Готово", "form_key": uuid4()})
    assert not Draft.objects.exists()


def test_an_emptied_draft_is_gone_and_a_refused_reply_keeps_it(sign_in, sergey, anna, say, ticket):
    client = sign_in(sergey)
    client.post(address(ticket, "draft"), {"mode": "reply", "text": "Начал"})
    say(anna, "Ещё гость")
    form = {"text": "Начал", "seen": "1", "form_key": uuid4()}
    assert client.post(address(ticket, "reply"), form).status_code == 422
    assert Draft.objects.get().text == "Начал"
    client.post(address(ticket, "draft"), {"mode": "reply", "text": " \x00 "})
    assert not Draft.objects.exists()


def test_going_on_takes_a_copy(sign_in, sergey, galina, ticket, at):
    draft = actions.save_draft(ticket=ticket, author=sergey, mode="note", text="Начало", at=at)
    draft = Draft.objects.get()
    response = sign_in(galina).post(address(ticket, "go_on", draft.pk), follow=True)
    page = soup(response)
    assert page.select_one(".composer textarea").text.strip() == "Начало"
    assert page.select_one("[name=mode][value=note]").has_attr("checked")
    assert Draft.objects.count() == 2
    assert sign_in(galina).get(address(ticket, "go_on", draft.pk)).status_code == 405


def test_a_draft_of_the_system_is_offered_and_taken(sign_in, sergey, ticket, at):
    ready = Draft.objects.create(ticket=ticket, author=None, text="Вышло обновление", updated_at=at)
    client = sign_in(sergey)
    page = soup(client.get(address(ticket)))
    assert "Вышло обновление" in page.select_one("#drafts details").text
    client.post(address(ticket, "go_on", ready.pk))
    assert Draft.objects.get().author == sergey
    page = client.post(address(ticket, "go_on", ready.pk), follow=True)
    assert soup(page).select_one(".notices [data-kind=late]")


def test_drafts_refuse_strangers_and_endless_texts(ticket, anna, sergey, at):
    given = {"ticket": ticket, "mode": "reply", "at": at}
    with pytest.raises(NotAllowed):
        actions.save_draft(author=anna, text="Ой", **given)
    with pytest.raises(texts.TooLong):
        actions.save_draft(author=sergey, text="ы" * 50_001, **given)
    with pytest.raises(drafting.DraftGone):
        actions.take_over_draft(ticket=ticket, actor=sergey, draft_id=1, at=at)


# --- presence ---


def asks(client, ticket, **changes):
    page = soup(client.get(address(ticket)))
    known = {
        "seen": page.select_one("#seen")["value"],
        "event": page.select_one("#history input")["value"],
        "mark": page.select_one("#here input")["value"],
        **changes,
    }
    return client.get(address(ticket), known, headers={"HX-Request": "true"})


def test_a_page_learns_who_else_looks_and_writes(sign_in, sergey, galina, ticket):
    one, other = sign_in(sergey), sign_in(galina)
    assert asks(one, ticket).status_code == 204
    asks(one, ticket, writing="1")
    shown = soup(other.get(address(ticket))).select_one("#here")
    assert "Сергей Орлов" in shown.text
    assert shown["aria-live"] == "polite"
    news = asks(other, ticket, mark="")
    assert "Сергей Орлов" in soup(news).select_one("#here").text
    assert Presence.objects.count() == 2
    assert not ticket.events.exclude(code="filed").exists()


def test_who_has_left_is_forgotten_after_a_minute(sign_in, sergey, galina, ticket):
    actions.show_presence(
        ticket=ticket, person=sergey, is_writing=True, at=timezone.now() - 61 * timedelta(seconds=1)
    )
    assert "Сергей" not in soup(sign_in(galina).get(address(ticket))).select_one("#here").text


def test_rows_of_those_who_left_long_ago_are_swept_and_others_stay(sergey, galina, ticket):
    at = timezone.now()
    for person, ago in ((sergey, timedelta(hours=2)), (galina, timedelta(minutes=2))):
        actions.show_presence(ticket=ticket, person=person, is_writing=False, at=at - ago)
    assert actions.forget_presence(at=at) == 1
    assert actions.forget_presence(at=at) == 0
    assert list(Presence.objects.values_list("person_id", flat=True)) == [galina.pk]


def test_the_hourly_sweep_of_uploads_sweeps_presence_as_well(sergey, ticket):
    actions.show_presence(
        ticket=ticket, person=sergey, is_writing=True, at=timezone.now() - timedelta(days=1)
    )
    tasks.forget_unsent_files()
    assert not Presence.objects.exists()


# --- a second specialist ---


def test_of_two_replies_at_once_the_second_is_stopped_and_sees_the_first(
    sign_in, sergey, galina, ticket, say
):
    client = sign_in(galina)
    seen = soup(client.get(address(ticket))).select_one(".composer [name=seen]")["value"]
    say(sergey, "Уже отвечаю")
    form = {"text": "И я отвечаю", "seen": seen, "form_key": uuid4(), "after": "open"}
    response = client.post(address(ticket, "reply"), form)
    page = soup(response)
    assert response.status_code == 422
    assert "Уже отвечаю" in page.select_one("#new").find_next("article").text
    alert = page.select_one(".write [role=alert]")
    assert alert.select_one("a[href='#new']")
    assert alert.select_one("button[form=composer]")
    assert page.select_one(".composer textarea").text.strip() == "И я отвечаю"
    form["seen"] = page.select_one(".composer [name=seen]")["value"]
    assert client.post(address(ticket, "reply"), form).status_code == 302


# --- split, link, follow up ---


def test_a_message_becomes_a_ticket_whose_clock_runs_from_its_receipt(
    ticket, say, sergey, anna, letters_to, at
):
    """Rule 9. Split: a new clock from the message's receipt."""
    say(sergey, at=at + MINUTE)
    asked = say(anna, "И ещё: не приходят письма", at=at + 5 * MINUTE)
    made = actions.split(
        ticket=ticket, message_id=asked.pk, subject="Письма", actor=sergey, at=at + 30 * MINUTE
    )
    running = clock.open_clock(made)
    assert (running.kind, running.started_at, running.due_at) == (
        "first", at + 5 * MINUTE, at + 35 * MINUTE,
    )  # fmt: skip
    assert (made.requester, made.subject, made.due_at) == (anna, "Письма", running.due_at)
    assert made.messages.get().text == asked.text
    link = Link.objects.get()
    assert (link.kind, link.ticket, link.other) == ("split", made, ticket)
    assert (codes(ticket)[-1], codes(made)) == ("split", ["split_off"])
    assert Proof.objects.filter(ticket=made).count() == 1
    assert letters_to(anna)[-1] == "ticket_received"
    # Nothing else waits in the ticket that it left.
    assert clock.open_clock(fresh(ticket)) is None


def test_what_was_asked_after_it_waits_on(ticket, say, sergey, anna, at):
    say(sergey, at=at + MINUTE)
    first = say(anna, "И ещё", at=at + 5 * MINUTE)
    second = say(anna, "И оплата всё ещё стоит", at=at + 8 * MINUTE)
    actions.split(
        ticket=ticket, message_id=first.pk, subject="Письма", actor=sergey, at=at + 9 * MINUTE
    )
    running = clock.open_clock(fresh(ticket))
    assert (running.message, running.started_at) == (second, at + 8 * MINUTE)


def test_what_cannot_be_split(ticket, say, sergey, anna, at):
    answer = say(sergey)
    first = ticket.messages.earliest("id")
    for message in (first.pk, answer.pk, 10**9):
        with pytest.raises(linking.NothingToSplit):
            actions.split(ticket=ticket, message_id=message, subject="X", actor=sergey, at=at)
    asked = say(anna, "Ещё")
    with pytest.raises(texts.NoSubject):
        actions.split(ticket=ticket, message_id=asked.pk, subject=" ", actor=sergey, at=at)
    actions.split(ticket=ticket, message_id=asked.pk, subject="X", actor=sergey, at=at)
    with pytest.raises(linking.SplitBefore):
        actions.split(ticket=ticket, message_id=asked.pk, subject="X", actor=sergey, at=at)
    assert Ticket.objects.count() == 2


def test_tickets_are_linked_and_unlinked(ticket, file, sergey, at):
    other = file()
    for pair in ((ticket, other), (ticket, other), (other, ticket)):
        actions.link(ticket=pair[0], other=pair[1], actor=sergey, at=at)
    assert Link.objects.count() == 1
    assert (codes(ticket)[-1], codes(other)[-1]) == ("linked", "linked")
    for _time in range(2):
        actions.unlink(ticket=other, other=ticket, actor=sergey, at=at)
    assert not Link.objects.exists()
    assert codes(ticket).count("unlinked") == 1
    with pytest.raises(linking.LinkedToItself):
        actions.link(ticket=ticket, other=ticket, actor=sergey, at=at)


def test_a_closed_ticket_is_followed_up(ticket, say, sergey, anna, letters_to, at):
    given = {"ticket": ticket, "subject": "Продолжение", "text": "Проверили ещё раз"}
    key = uuid4()
    with pytest.raises(linking.StillOpen):
        actions.follow_up(**given, actor=sergey, form_key=key, at=at)
    say(sergey)
    actions.close(ticket=ticket, actor=sergey, at=at)
    made = actions.follow_up(**given, actor=sergey, form_key=key, at=at + MINUTE)
    again = actions.follow_up(**given, actor=sergey, form_key=key, at=at + MINUTE)
    assert made == again
    assert (made.status, made.assignee, made.due_at) == ("open", sergey, None)
    assert made.messages.get().author == sergey
    assert Link.objects.get(ticket=made).kind == "follow_up"
    assert letters_to(anna)[-1] == "ticket_reply"
    assert fresh(ticket).status == "closed"


def test_the_panel_connects_by_the_page(sign_in, sergey, anna, ticket, say, file, at):
    say(sergey)
    asked = say(anna, "И ещё", at=at + MINUTE)
    client, other = sign_in(sergey), file()
    client.post(address(ticket, "link"), {"number": other.number})
    client.post(address(ticket, "split"), {"message": asked.pk, "subject": "Письма"})
    page = soup(client.get(address(ticket)))
    assert len(page.select("#connected .rows li")) == 2
    client.post(address(ticket, "unlink"), {"number": other.number})
    assert len(soup(client.get(address(ticket))).select("#connected .rows li")) == 1
    actions.close(ticket=ticket, actor=sergey, at=at + MINUTE)
    form = {"subject": "Дальше", "text": "Проверили", "form_key": uuid4()}
    response = client.post(address(ticket, "follow_up"), form)
    assert response.url == address(Ticket.objects.latest("id"))


def test_links_to_tickets_out_of_sight_are_not_shown(
    sign_in, sergey, maxim, vera, lighthouse, ticket, file, at
):
    foreign = file(person=vera, property=lighthouse, subject="Чужая тайна")
    actions.link(ticket=ticket, other=foreign, actor=sergey, at=at)
    page = sign_in(maxim).get(address(ticket)).content.decode()
    assert "Чужая тайна" not in page
    assert "Чужая тайна" in sign_in(sergey).get(address(ticket)).content.decode()


def test_every_new_event_has_words(sign_in, sergey, galina, anna, ticket, say, note, file, at):
    other = file()
    say(sergey)
    asked = say(anna, "И ещё", at=at + MINUTE)
    note(sergey, "@Галина Зорина")
    actions.watch(ticket=ticket, actor=sergey, at=at)
    actions.unwatch(ticket=ticket, actor=sergey, at=at)
    actions.link(ticket=ticket, other=other, actor=sergey, at=at)
    actions.unlink(ticket=ticket, other=other, actor=sergey, at=at)
    actions.split(ticket=ticket, message_id=asked.pk, subject="X", actor=sergey, at=at)
    actions.merge(source=other, target=ticket, actor=sergey, at=at)
    actions.undo_merge(ticket=fresh(other), actor=sergey, at=at)
    lines = soup(sign_in(sergey).get(address(ticket, "history"))).select(".steps li")
    assert len(lines) == ticket.events.count()
    assert not [line.text for line in lines if "_" in line.text or not line.text.strip()]


def test_a_long_history_is_cut_and_fetched(sign_in, sergey, ticket, at):
    for number in range(25):
        actions.triage(
            ticket=ticket, actor=sergey, category="incident", at=at,
            priority=("low", "medium")[number % 2],
        )  # fmt: skip
    page = soup(sign_in(sergey).get(address(ticket)))
    assert len(page.select("#history li")) == 20
    assert page.select_one(f"#history a[href='{address(ticket, 'history')}']")


def test_the_cost_does_not_grow_with_what_stands_around(
    sign_in, sergey, galina, anna, ticket, say, note, file, at
):
    client, costs = sign_in(sergey), []
    client.get(address(ticket))
    for _round in range(2):
        merged, linked = file(), file()
        actions.merge(source=merged, target=ticket, actor=sergey, at=at)
        actions.link(ticket=ticket, other=linked, actor=sergey, at=at)
        actions.watch(ticket=ticket, actor=galina, at=at)
        note(sergey, "@Галина Зорина")
        actions.save_draft(ticket=ticket, author=galina, mode="note", text="…", at=at)
        actions.show_presence(ticket=ticket, person=galina, is_writing=True, at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            client.get(address(ticket))
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 10
