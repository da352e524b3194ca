"""Two tickets about one matter: merged, undone, and what is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup

from portal.refusals import NotAllowed, Refused
from tickets import actions, clock
from tickets.actions import locking, merging
from tickets.actions.conversation import ConversationMovedOn
from tickets.models import Clock, Merge, Outcome, Ticket

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def merge(sergey, at):
    def merged(source, target, **changes):
        said = {"actor": sergey, "at": at + 20 * MINUTE, **changes}
        return actions.merge(source=source, target=target, **said)

    return merged


@pytest.fixture
def undo(sergey, at):
    def undone(ticket, **changes):
        said = {"actor": sergey, "at": at + 40 * MINUTE, **changes}
        return actions.undo_merge(ticket=fresh(ticket), **said)

    return undone


@pytest.fixture
def later(file, at):
    """A second ticket of anna about the same matter, ten minutes later: a request."""
    return file(category="information_request", subject="И ещё раз", at=at + 10 * MINUTE)


def fresh(ticket):
    return Ticket.objects.get(pk=ticket.pk)


def answer(ticket, author, at, **changes):
    said = {"text": "Смотрим", "form_key": uuid4(), **changes}
    return actions.reply(ticket=fresh(ticket), author=author, at=at, **said)


def running(ticket):
    return clock.open_clock(fresh(ticket))


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def codes(ticket):
    return list(ticket.events.order_by("id").values_list("code", flat=True))


def test_the_survivor_keeps_the_earliest_start_and_the_strictest_target(ticket, later, merge, at):
    """Rule 9. Merge: the earliest unanswered start, the strictest target."""
    merge(ticket, later)
    joined = running(later)
    assert (joined.started_at, joined.target_minutes) == (at, 30)
    assert joined.due_at == at + 30 * MINUTE
    assert fresh(later).due_at == joined.due_at
    source = fresh(ticket)
    assert (source.status, source.merged_into, source.due_at) == ("closed", later, None)
    assert running(ticket) is None


def test_a_milder_and_later_ticket_changes_nothing_in_the_survivor(ticket, later, merge):
    """Rule 9. What is earliest and strictest already goes on as it was."""
    before = running(ticket)
    merge(later, ticket)
    assert running(ticket) == before
    assert fresh(ticket).due_at == before.due_at


def test_the_start_of_one_and_the_target_of_the_other(file, merge, at):
    """Rule 9. The earlier start and the stricter target may come from different tickets."""
    request = file(category="information_request")
    incident = file(at=at + 10 * MINUTE)
    merge(request, incident)
    joined = running(incident)
    assert (joined.started_at, joined.target_minutes) == (at, 30)


def test_merged_clocks_are_closed_as_merged(ticket, later, merge):
    """Rule 9. The clocks of the merged ticket close as merged, outside the on-time share."""
    merge(ticket, later)
    assert set(Clock.objects.filter(ticket=ticket).values_list("kind", "outcome")) == {
        ("first", Outcome.MERGED),
        ("work", Outcome.MERGED),
    }


def test_whoever_waits_for_nobody_takes_the_waiting_of_the_other(ticket, later, merge, sergey, at):
    """Rule 9. A survivor that was answered waits for its next answer, not for its first."""
    answer(later, sergey, at + 11 * MINUTE)
    merge(ticket, later)
    joined = running(later)
    assert (joined.kind, joined.started_at, joined.target_minutes) == ("next", at, 30)


def test_a_ledger_line_says_that_a_clock_goes_on_here(ticket, later, merge):
    merge(ticket, later)
    joined = running(later)
    assert [(line.code, line.due_at) for line in joined.lines.order_by("id")] == [
        ("merged", joined.due_at)
    ]
    assert [one.is_running for one in joined.segments.all()] == [True]


def test_undoing_restores_both(ticket, later, merge, undo, at):
    """Rule 9. Undo restores both."""
    before = [running(one) for one in (ticket, later)]
    merge(ticket, later)
    undo(ticket)
    for one, was in zip((ticket, later), before, strict=True):
        now = running(one)
        assert (now.kind, now.started_at, now.target_minutes, now.due_at) == (
            was.kind, was.started_at, was.target_minutes, was.due_at,
        )  # fmt: skip
        assert fresh(one).due_at == now.due_at
    assert fresh(ticket).merged_into is None
    assert fresh(ticket).is_open
    assert fresh(ticket).closed_at is None
    assert clock.open_work(fresh(ticket)).started_at == at
    assert Merge.objects.get().undone_at == at + 40 * MINUTE


def test_undoing_leaves_a_paused_work_paused(ticket, later, merge, undo, sergey, at):
    """Rule 9. The work goes on as it stood, pauses included."""
    answer(ticket, sergey, at + MINUTE, waits_for_customer=True)
    merge(ticket, later)
    undo(ticket)
    work = clock.open_work(fresh(ticket))
    assert [one.is_running for one in work.segments.order_by("id")] == [True, False]
    assert clock.elapsed(work, at + 50 * MINUTE) == MINUTE
    assert fresh(ticket).status == "waiting_customer"


def test_where_somebody_was_answered_undoing_opens_the_ticket_without_a_clock(
    ticket, later, merge, undo, sergey, at
):
    """Rule 9. What was answered in the survivor is not waited for a second time."""
    merge(ticket, later)
    answer(later, sergey, at + 25 * MINUTE)
    undo(ticket)
    assert fresh(ticket).status == "open"
    assert running(ticket) is None
    assert running(later) is None
    assert clock.open_work(fresh(ticket)) is not None


def test_undoing_after_the_survivor_was_solved_opens_the_ticket(
    ticket, later, merge, undo, sergey, at
):
    merge(ticket, later)
    actions.resolve(
        ticket=later, actor=sergey, text="Готово", form_key=uuid4(), at=at + 25 * MINUTE
    )
    undo(ticket)
    assert fresh(ticket).status == "open"
    assert fresh(later).status == "resolved"


def test_a_triage_meanwhile_holds_after_undoing(ticket, later, merge, undo, sergey, at):
    """Rule 6. Whatever was decided about the survivor stays decided."""
    merge(ticket, later)
    actions.triage(
        ticket=later, actor=sergey, category="incident", priority="medium", at=at + 25 * MINUTE
    )
    undo(ticket)
    assert running(later).target_minutes == 90
    assert running(ticket).target_minutes == 30


@pytest.mark.parametrize("status", ["waiting_customer", "in_development", "resolved", "closed"])
def test_undoing_gives_the_status_back(ticket, later, merge, undo, sergey, anna, at, status):
    answer(ticket, sergey, at + MINUTE)
    if status == "resolved":
        actions.resolve(ticket=ticket, actor=sergey, form_key=uuid4(), at=at + 2 * MINUTE)
    elif status == "closed":
        actions.close(ticket=ticket, actor=anna, at=at + 2 * MINUTE)
    elif status == "in_development":
        actions.hand_over(
            ticket=ticket,
            actor=sergey,
            title="Оплата",
            brief="Исправить",
            news_due_at=at + timedelta(days=3),
            customer_text="Исправляем.",
            at=at + 2 * MINUTE,
        )
    else:
        actions.set_status(ticket=ticket, actor=sergey, status=status, at=at + 2 * MINUTE)
    before = fresh(ticket)
    merge(ticket, later)
    undo(ticket)
    now = fresh(ticket)
    assert (now.status, now.resolved_at, now.closed_at) == (
        status, before.resolved_at, before.closed_at,
    )  # fmt: skip


def test_both_histories_tell_of_it(ticket, later, merge, undo):
    merge(ticket, later)
    undo(ticket)
    assert [code for code in codes(ticket) if "merge" in code] == ["merged", "unmerged"]
    assert [code for code in codes(later) if "merge" in code] == ["merged_in", "unmerged"]


def test_the_customer_is_told_where_it_goes_on(ticket, later, merge, letters_to, anna):
    merge(ticket, later)
    assert letters_to(anna)[-1] == "ticket_merged"


def test_what_cannot_be_merged(ticket, later, merge, file, vera, lighthouse, boris, sergey, at):
    with pytest.raises(merging.MergedIntoItself):
        merge(ticket, ticket)
    foreign = file(person=vera, property=lighthouse)
    with pytest.raises(merging.OtherOrganization):
        merge(ticket, foreign, is_confirmed=True)
    colleague = file(person=boris)
    with pytest.raises(merging.CustomersDiffer, match="Борис Климов"):
        merge(ticket, colleague)
    answer(later, sergey, at + 11 * MINUTE)
    actions.resolve(ticket=later, actor=sergey, form_key=uuid4(), at=at + 12 * MINUTE)
    with pytest.raises(merging.TargetDone):
        merge(ticket, later)
    assert not Merge.objects.exists()
    merge(ticket, colleague, is_confirmed=True)


def test_no_circle_and_no_merge_into_what_was_merged(ticket, later, merge, file):
    third = file(subject="Третье")
    merge(ticket, later)
    with pytest.raises(merging.AlreadyMerged, match=str(later.number)):
        merge(later, ticket)
    with pytest.raises(merging.AlreadyMerged, match=str(later.number)):
        merge(third, ticket)
    with pytest.raises(merging.AlreadyMerged):
        merge(ticket, third)
    merge(later, third)
    assert set(Ticket.objects.inside(third.pk)) == {later, ticket}


def test_merges_are_undone_in_the_opposite_order(ticket, later, merge, undo, file):
    third = file(subject="Третье")
    merge(ticket, later)
    merge(later, third)
    with pytest.raises(merging.TargetWentOn, match=str(third.number)):
        undo(ticket)
    undo(later)
    undo(ticket)
    assert None not in {running(one) for one in (ticket, later, third)}


def test_two_into_one_are_undone_the_last_first(ticket, later, merge, undo, file):
    third = file(subject="Третье")
    merge(ticket, third)
    merge(later, third)
    with pytest.raises(merging.TargetWentOn, match=str(later.number)):
        undo(ticket)
    undo(later)
    undo(ticket)
    assert [running(one).started_at for one in (ticket, later, third)] == [
        one.received_at for one in (ticket, later, third)
    ]


def test_twice_is_refused_and_changes_nothing(ticket, later, merge, undo):
    merge(ticket, later)
    with pytest.raises(merging.AlreadyMerged):
        merge(ticket, later)
    undo(ticket)
    with pytest.raises(merging.NotMerged):
        undo(ticket)
    assert Merge.objects.count() == 1


def test_who_may_merge(ticket, later, merge, anna, daria, elena):
    for person in (anna, daria, elena):
        with pytest.raises(NotAllowed):
            merge(ticket, later, actor=person)


def test_a_merged_ticket_is_not_taken_up_again(ticket, later, merge, sergey, anna, at):
    merge(ticket, later)
    with pytest.raises(locking.WentElsewhere):
        answer(ticket, sergey, at + 21 * MINUTE)
    for actor in (sergey, anna):
        with pytest.raises(locking.WentElsewhere):
            actions.reopen(ticket=fresh(ticket), actor=actor, at=at + 21 * MINUTE)


def test_what_the_customer_writes_goes_on_in_the_survivor(ticket, later, merge, anna, sergey, at):
    merge(ticket, later)
    answer(later, sergey, at + 21 * MINUTE)
    said = answer(ticket, anna, at + 22 * MINUTE)
    assert said.ticket == later
    assert running(later).message == said


def test_who_may_not_read_the_survivor_writes_on_in_the_own_ticket(
    ticket, merge, file, boris, anna, sergey, letters_to, at
):
    """Nobody of the other ticket reads along, and the desk hears of it all the same."""
    colleague = file(person=boris)
    merge(ticket, colleague, is_confirmed=True)
    answer(colleague, sergey, at + 21 * MINUTE)
    before = letters_to(boris)
    said = answer(ticket, anna, at + 22 * MINUTE)
    assert said.ticket == ticket
    assert fresh(ticket).status == "closed"
    assert running(colleague).message == said
    assert fresh(colleague).last_message_at == said.created_at
    assert letters_to(boris) == before
    assert letters_to(sergey)[-1] == "ticket_new_message"


def test_a_reply_that_has_not_seen_what_came_in_by_the_merged_ticket_is_stopped(
    ticket, merge, file, boris, anna, sergey, at
):
    colleague = file(person=boris)
    merge(ticket, colleague, is_confirmed=True)
    seen = colleague.messages.get().pk
    answer(ticket, anna, at + 22 * MINUTE)
    with pytest.raises(ConversationMovedOn):
        answer(colleague, sergey, at + 23 * MINUTE, seen_message_id=seen)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_a_into_b_and_b_into_a_at_once_is_one_merge(file, sergey, at, at_once):
    """Both rows are locked in one order: no deadlock, and no circle."""
    first, second = file(), file(subject="Второе")

    def into(source, target):
        def act():
            try:
                return actions.merge(source=source, target=target, actor=sergey, at=at)
            except Refused as refusal:
                return refusal

        return act

    for _round in range(5):
        done = at_once([into(first, second), into(second, first)])
        assert sorted(type(one).__name__ for one in done) == ["AlreadyMerged", "Merge"]
        merged = Merge.objects.get(undone_at=None)
        actions.undo_merge(ticket=fresh(merged.source), actor=sergey, at=at)


def test_the_desk_reads_both_conversations_in_one(sign_in, sergey, ticket, later, merge):
    merge(ticket, later)
    page = soup(sign_in(sergey).get(f"/desk/{later.number}/"))
    said = page.select("article.msg")
    assert len(said) == 2
    assert [str(ticket.number) in one.text for one in said] == [True, False]
    assert page.select_one(f"#connected a[href='/desk/{ticket.number}/']")


def test_the_desk_says_where_a_merged_ticket_goes_on_and_undoes_it(
    sign_in, sergey, ticket, later, merge
):
    merge(ticket, later)
    client = sign_in(sergey)
    page = soup(client.get(f"/desk/{ticket.number}/"))
    assert page.select_one(f".talk .call a[href='/desk/{later.number}/']")
    assert [one["value"] for one in page.select("[name=mode]")] == ["note"]
    client.post(f"/desk/{ticket.number}/merge/undo/")
    assert fresh(ticket).merged_into is None


def test_merging_at_the_desk_asks_back_where_two_people_asked(sign_in, sergey, ticket, file, boris):
    other, client = file(person=boris), sign_in(sergey)
    address = f"/desk/{ticket.number}/merge/"
    asked = soup(client.post(address, {"number": f"№ {other.number}"}, follow=True))
    assert asked.select_one("[name=is_confirmed]")
    assert fresh(ticket).merged_into is None
    form = {"number": asked.select_one("[name=number]")["value"], "is_confirmed": "1"}
    assert client.post(address, form).url == f"/desk/{other.number}/"
    assert fresh(ticket).merged_into == other


@pytest.mark.parametrize("number", ["", "x", "999999999", "9" * 40, "-1"])
def test_a_number_that_nobody_has_is_refused_in_words(sign_in, sergey, ticket, number):
    for move in ("merge", "link", "unlink"):
        page = sign_in(sergey).post(
            f"/desk/{ticket.number}/{move}/", {"number": number}, follow=True
        )
        assert soup(page).select_one(".notices [data-kind=late]")
    assert not Merge.objects.exists()


def test_the_cabinet_leads_to_the_survivor(sign_in, anna, ticket, later, merge):
    merge(ticket, later)
    client = sign_in(anna)
    page = soup(client.get(f"/cabinet/{ticket.number}/"))
    assert page.select_one(f".call a[href='/cabinet/{later.number}/']")
    form = {"text": "Ещё один гость", "form_key": uuid4()}
    answer = client.post(f"/cabinet/{ticket.number}/reply/", form)
    assert answer.url.startswith(f"/cabinet/{later.number}/")
    assert "Ещё один гость" in client.get(f"/cabinet/{later.number}/").content.decode()


def test_the_cabinet_shows_nothing_of_a_colleague_whom_one_may_not_read(
    sign_in, anna, boris, ticket, merge, file
):
    colleague = file(person=boris, subject="Тайна Бориса", description="Только для глаз Бориса")
    merge(ticket, colleague, is_confirmed=True)
    client = sign_in(anna)
    page = client.get(f"/cabinet/{ticket.number}/").content.decode()
    assert str(colleague.number) not in page
    assert "Тайна Бориса" not in page
    form = {"text": "Ещё один гость", "form_key": uuid4()}
    answer = client.post(f"/cabinet/{ticket.number}/reply/", form)
    assert answer.url.startswith(f"/cabinet/{ticket.number}/")


def test_who_may_read_all_of_the_organization_reads_both(sign_in, boris, ticket, merge, file):
    own = file(person=boris)
    merge(ticket, own, is_confirmed=True)
    said = soup(sign_in(boris).get(f"/cabinet/{own.number}/")).select("article.msg")
    assert len(said) == 2


def test_a_merge_into_a_ticket_of_somebody_with_a_smaller_role_shows_them_nothing(
    sign_in, anna, boris, merge, file
):
    """Boris sees all of the organization, anna only her own: his words stay out of her page."""
    theirs, hers = file(person=boris, description="Только для глаз Бориса"), file()
    merge(theirs, hers, is_confirmed=True)
    page = sign_in(anna).get(f"/cabinet/{hers.number}/").content.decode()
    assert "Только для глаз" not in page
