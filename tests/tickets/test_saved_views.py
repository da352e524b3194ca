"""Saved views: kept, opened, shared, renamed, taken away; what is refused."""

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse

from portal.refusals import NotAllowed
from tickets import actions
from tickets.actions import views as saving
from tickets.models import SavedView

QUEUE = reverse("desk:queue")
SAVE = reverse("desk:view_save")
LATE = {"status": "open_ones", "due": "late"}


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def rail(client):
    page = soup(client.get(QUEUE))
    return {
        link.select_one(".name").text: count.contents[0]
        if (count := link.select_one(".count"))
        else ""
        for link in page.select("#views a[href^='?saved=']")
    }


@pytest.fixture
def save(sergey, at):
    """Keep late tickets as a view of sergey's, unless told otherwise."""

    def saved(**changes):
        said = {"owner": sergey, "name": "Поздно", "kept": LATE, "at": at}
        return actions.save_view(**{**said, **changes})

    return saved


def test_the_filters_on_the_page_are_kept_under_a_name_and_open_again(sign_in, sergey, file, at):
    high, low = file(at=at), file(at=at)
    for ticket, priority in ((high, "high"), (low, "low")):
        actions.triage(ticket=ticket, actor=sergey, category="incident", priority=priority, at=at)
    client = sign_in(sergey)
    here = "?priority=high&status=open_ones&sort=message"
    response = client.post(SAVE, {"here": here, "name": " Срочное "})
    view = SavedView.objects.get()
    assert (view.owner, view.name, view.is_shared) == (sergey, "Срочное", False)
    assert view.filters == {"priority": "high", "status": "open_ones", "sort": "message"}
    assert response.url == f"{QUEUE}?saved={view.pk}"
    page = soup(client.get(response.url))
    assert page.select_one("h1").text == "Срочное"
    assert [link["id"] for link in page.select(".subj a")] == [f"ticket-{high.number}"]
    assert page.select_one(".sorts a[aria-current]")["href"].endswith("sort=message")
    assert rail(client) == {"Срочное": "1"}


def test_a_search_is_kept_with_its_words_and_not_counted(sign_in, sergey, ticket):
    client = sign_in(sergey)
    client.post(SAVE, {"here": "?q=оплатить", "name": "Оплата"})
    assert SavedView.objects.get().filters == {"text": "оплатить"}
    assert rail(client) == {"Оплата": ""}
    page = soup(client.get(QUEUE, {"saved": SavedView.objects.get().pk}))
    assert page.select_one(f"#ticket-{ticket.number}")


def test_mine_in_a_shared_view_is_whoever_looks(sign_in, sergey, galina, save, file, at):
    hers = file(at=at)
    actions.assign(ticket=hers, actor=sergey, assignee=galina, at=at)
    view = save(kept={"assignee": "me"}, is_shared=True)
    assert soup(sign_in(galina).get(QUEUE, {"saved": view.pk})).select_one(f"#ticket-{hers.number}")
    assert not soup(sign_in(sergey).get(QUEUE, {"saved": view.pk})).select(".subj a")


def test_others_see_what_is_shared_and_nothing_else(sign_in, sergey, galina, maxim, save):
    view = save()
    assert rail(sign_in(galina)) == {}
    assert soup(sign_in(galina).get(QUEUE, {"saved": view.pk})).select_one("h1").text != "Поздно"
    sign_in(sergey).post(reverse("desk:view_share", args=[view.pk]), {"shared": "yes"})
    assert rail(sign_in(galina)) == rail(sign_in(maxim)) == {"Поздно": "0"}
    sign_in(sergey).post(reverse("desk:view_share", args=[view.pk]))
    assert rail(sign_in(galina)) == {}


def test_the_owner_renames_and_deletes(sign_in, sergey, save):
    view, client = save(), sign_in(sergey)
    client.post(reverse("desk:view_rename", args=[view.pk]), {"name": "Опоздали"})
    assert rail(client) == {"Опоздали": "0"}
    assert client.post(reverse("desk:view_delete", args=[view.pk])).url == QUEUE
    assert rail(client) == {}
    actions.delete_view(view=view, actor=sergey)  # twice changes nothing


def test_nobody_else_changes_a_shared_view_but_the_head_may_delete_it(
    sign_in, sergey, galina, maxim, save
):
    view = save(is_shared=True)
    for person in (galina, maxim):
        with pytest.raises(NotAllowed):
            actions.rename_view(view=view, actor=person, name="Моё")
        with pytest.raises(NotAllowed):
            actions.share_view(view=view, actor=person, is_shared=False)
    with pytest.raises(NotAllowed):
        actions.delete_view(view=view, actor=maxim)
    actions.delete_view(view=view, actor=galina)
    assert not SavedView.objects.exists()


def test_what_is_not_shared_is_for_its_owner_alone(sign_in, galina, save):
    view = save()
    for name in ("view_rename", "view_share", "view_delete"):
        response = sign_in(galina).post(reverse(f"desk:{name}", args=[view.pk]), {"name": "Моё"})
        assert response.status_code == 404
    with pytest.raises(NotAllowed):
        actions.delete_view(view=view, actor=galina)
    assert SavedView.objects.get().name == "Поздно"


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"name": " \x00 "}, saving.NameMissing),
        ({"kept": {}}, saving.NothingFiltered),
        ({"kept": {"sort": "due"}}, saving.NothingFiltered),
        ({"kept": {"mood": "good"}}, saving.UnknownFilter),
        ({"kept": {"due": "never"}}, saving.UnknownFilter),
        ({"kept": {**LATE, "sort": "mood"}}, saving.UnknownFilter),
    ],
)
def test_what_makes_no_view_is_refused(save, changes, refusal):
    with pytest.raises(refusal):
        save(**changes)
    assert not SavedView.objects.exists()


def test_a_name_is_taken_only_by_ones_own_views(save, galina, sergey):
    view = save()
    save(owner=galina)
    with pytest.raises(saving.NameTaken):
        save()
    other = save(name="Другое")
    with pytest.raises(saving.NameTaken):
        actions.rename_view(view=other, actor=sergey, name=view.name)


def test_twenty_views_are_enough(save):
    for number in range(20):
        save(name=str(number))
    with pytest.raises(saving.TooManyViews):
        save(name="21")


def test_customers_and_those_who_do_not_work_the_desk_save_nothing(save, anna, elena):
    for person in (anna, elena):
        with pytest.raises(NotAllowed):
            save(owner=person)


def test_a_refusal_is_said_where_the_filters_still_are(sign_in, sergey, save):
    save()
    client = sign_in(sergey)
    response = client.post(
        SAVE, {"here": "?due=late&status=open_ones", "name": "Поздно"}, follow=True
    )
    page = soup(response)
    assert str(saving.NameTaken.message) in response.content.decode()
    assert page.select_one("#filter-due option[selected]")["value"] == "late"


def test_a_row_with_filters_of_former_times_still_opens(sign_in, sergey, at):
    kept = {"due": "late", "gone": "1", "status": "lost"}
    view = SavedView.objects.create(owner=sergey, name="Старый", filters=kept, created_at=at)
    assert sign_in(sergey).get(QUEUE, {"saved": view.pk}).status_code == 200
