"""Mailboxes in the admin: for heads only, passwords go in and never out, tests say what failed."""

import logging
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from bs4 import BeautifulSoup
from django.contrib.admin.models import LogEntry
from django.template import engines
from django.urls import reverse
from django.utils import timezone, translation

from portal.delivery import secrets
from portal.refusals import NotAllowed
from portal.support.schedule import ground
from tests.tickets.channels.dovecot import NEEDED, PASSWORD, USER, Dovecot, dovecot, free_port
from tests.tickets.channels.letters import record
from tests.tickets.channels.names import Names
from tickets import actions, mail_routes
from tickets.channels.email import fetching, name_server
from tickets.models import DeadAddress, IncomingLetter, Mailbox, Policy, Trouble

pytestmark = pytest.mark.django_db
LIST = reverse("admin:tickets_mailbox_changelist")
ADD = reverse("admin:tickets_mailbox_add")
DOMAIN = reverse("admin:tickets_mailbox_domain")
LETTERS = reverse("admin:tickets_incomingletter_changelist")
DEAD = reverse("admin:tickets_deadaddress_changelist")
TEST = {"tickets_mailbox_save_and_test": "1"}
SECRET = "s3cret-of-the-mailbox"


@pytest.fixture(autouse=True)
def _forgiving_templates(monkeypatch):
    """Unfold's own templates ask for variables that are not there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def page_of(row, name="change"):
    return reverse(f"admin:tickets_{row._meta.model_name}_{name}", args=[row.pk])


def fields(**more):
    return {
        "address": "support@portal.example", "is_active": "on", "host": "127.0.0.1", "port": "993",
        "security": "tls", "user": "", "folder": "INBOX", "after": "seen",
        "processed_folder": "Processed", "verdict_servers": "", "verdict_place": "above",
        "verdict_received_by": "", "unpublished_domains": "", "password": SECRET, **more,
    }  # fmt: skip


@pytest.fixture
def box() -> Mailbox:
    return Mailbox.objects.create(
        address="support@portal.example",
        host="127.0.0.1",
        port=1,
        secret=secrets.seal({"password": SECRET}),
    )


def arrived(box, state="done", reason="", **more) -> IncomingLetter:
    return IncomingLetter.objects.create(
        mailbox=box, digest="d", canonical=uuid4().hex, size=1, state=state, reason=reason,
        **{"received_at": timezone.now(), "sender": "i@stranger.example", **more},
    )  # fmt: skip


def test_only_the_head_sees_mailboxes_letters_and_dead_addresses(
    sign_in, galina, admin, sergey, maxim, elena, box
):
    dead = DeadAddress.objects.create(address="a@b.example", since=timezone.now())
    letter = arrived(box)
    pages = [LIST, ADD, DOMAIN, LETTERS, DEAD, *(page_of(one) for one in (box, dead, letter))]
    for person in (galina, admin):
        assert {sign_in(person).get(one).status_code for one in pages} == {200}
    for person in (sergey, maxim, elena):
        assert {sign_in(person).get(one).status_code for one in pages} == {403}
        assert sign_in(person).post(ADD, fields()).status_code == 403
        assert sign_in(person).post(DOMAIN, {"selector": "x"}).status_code == 403
    assert Mailbox.objects.count() == 1


def test_a_mailbox_is_added_and_its_password_is_sealed(sign_in, galina):
    client = sign_in(galina)
    asked = fields(
        address="Support@Portal.example", verdict_servers="MX.portal.example\r\n\r\n b.example \r\n"
    )
    assert client.post(ADD, asked).status_code == 302
    box = Mailbox.objects.get()
    assert box.address == "support@portal.example"
    assert box.verdict_servers == ["mx.portal.example", "b.example"]
    assert SECRET.encode() not in bytes(box.secret)
    assert fetching.account_of(box).password == SECRET


def test_the_password_is_never_shown_and_stays_when_the_field_is_empty(
    sign_in, galina, box, caplog
):
    client = sign_in(galina)
    with caplog.at_level(logging.DEBUG):
        shown = client.get(page_of(box))
        field = soup(shown).select_one("#id_password")
        assert (field["type"], field.get("value")) == ("password", None)
        assert "no-store" in shown["Cache-Control"]
        answers = [
            shown,
            client.post(page_of(box), fields(port="1", password="", folder="Other")),
            client.post(page_of(box), fields(port="not a number", password=SECRET)),
            client.post(page_of(box), fields(port="1", password=SECRET, **TEST), follow=True),
            client.get(page_of(box, "history")),
        ]
    box.refresh_from_db()
    assert (box.folder, fetching.account_of(box).password) == ("INBOX", SECRET)
    assert not any(SECRET in answer.content.decode() for answer in answers)
    told = f"{caplog.text} {list(LogEntry.objects.values_list('change_message', flat=True))}"
    assert SECRET not in told


def test_a_password_goes_to_no_server_it_was_not_given_for(sign_in, galina, box):
    response = sign_in(galina).post(
        page_of(box), fields(host="evil.example", port="1", password="")
    )
    assert response.status_code == 200
    assert soup(response).select(".errorlist, [id*=error]")
    box.refresh_from_db()
    assert box.host == "127.0.0.1"


def test_a_mailbox_with_a_server_needs_a_password_and_one_with_a_pipe_does_not(sign_in, galina):
    client = sign_in(galina)
    assert client.post(ADD, fields(password="")).status_code == 200
    assert not Mailbox.objects.exists()
    assert client.post(ADD, fields(host="", password="")).status_code == 302


def test_another_place_begins_anew_and_the_same_numbers_there_are_other_letters(galina, box):
    Mailbox.objects.update(uidvalidity=1, last_uid=9, since_uid=3, failures=4)
    box.refresh_from_db()
    letter = arrived(box, uid=5, uidvalidity=1)
    box.verdict_servers = ["mx.portal.example"]
    actions.save_mailbox(mailbox=box, password="", actor=galina)
    box.refresh_from_db()
    assert (box.uidvalidity, box.last_uid) == (1, 9), "the same place"
    box.user = "somebody else"
    actions.save_mailbox(mailbox=box, password="new", actor=galina)
    box.refresh_from_db()
    letter.refresh_from_db()
    assert (box.uidvalidity, box.last_uid, box.since_uid, box.failures) == (0, 0, 0, 0)
    assert letter.uid is None


def test_what_the_fetcher_writes_meanwhile_is_not_overwritten(galina, box):
    stale = Mailbox.objects.get()
    Mailbox.objects.update(last_uid=77, uidvalidity=5)
    stale.folder = "INBOX"
    actions.save_mailbox(mailbox=stale, password="", actor=galina)
    assert Mailbox.objects.get().last_uid == 77


def test_only_the_head_changes_mailboxes_by_whatever_way(sergey, box):
    with pytest.raises(NotAllowed):
        actions.save_mailbox(mailbox=box, password="", actor=sergey)
    with pytest.raises(NotAllowed):
        actions.delete_mailbox(mailbox=box, actor=sergey)
    with pytest.raises(NotAllowed):
        actions.set_dkim_selector(selector="s1", actor=sergey)
    dead = DeadAddress.objects.create(address="a@b.example", since=timezone.now())
    with pytest.raises(NotAllowed):
        actions.revive_address(address=dead, actor=sergey)


def test_a_mailbox_with_letters_stays_and_one_without_goes(sign_in, galina, box):
    letter = arrived(box)
    client = sign_in(galina)
    assert client.post(page_of(box, "delete"), {"post": "yes"}).status_code == 403
    letter.delete()
    assert client.post(page_of(box, "delete"), {"post": "yes"}).status_code == 302
    assert not Mailbox.objects.exists()


def test_the_address_for_answers_changes_with_the_first_mailbox(galina, box):
    """A change of an address renews the version; a look into the mailbox does not."""
    mail_routes._mailboxes.clear()
    assert mail_routes.answers_to() == box.address
    before = ground().brand.version
    Mailbox.objects.update(last_uid=5, polled_at=timezone.now(), last_error="")
    assert ground().brand.version == before
    box.address = "help@portal.example"
    actions.save_mailbox(mailbox=box, password="", actor=galina)
    assert mail_routes.answers_to() == "help@portal.example"
    mail_routes._mailboxes.clear()


@pytest.fixture(scope="module")
def server() -> Iterator[Dovecot]:
    with dovecot() as running:
        yield running


def tried(client, box, **more):
    """Save and test; gives what is said."""
    response = client.post(page_of(box), fields(security="none", **TEST, **more), follow=True)
    assert response.redirect_chain[-1][0] == page_of(box)
    return [str(one) for one in response.context["messages"]]


@NEEDED
def test_the_test_of_a_connection_says_in_words_what_happens(
    sign_in, galina, box, server, settings
):
    settings.LANGUAGE_CODE = "en"
    galina.language = "en"
    galina.save()
    client = sign_in(galina)
    right = {"port": server.port, "user": USER, "password": PASSWORD}
    assert any("It works" in one for one in tried(client, box, **right))
    for change, trouble in (
        ({"password": "wrong"}, Trouble.LOGIN),
        ({"folder": "Nowhere"}, Trouble.FOLDER),
        ({"port": free_port()}, Trouble.REFUSED),
        ({"host": "no-such-server.invalid"}, Trouble.NO_NAME),
    ):
        told = " ".join(tried(client, box, **{**right, **change}))
        assert str(trouble.label) in told
        assert PASSWORD not in told


def test_a_new_mailbox_is_tested_as_it_is_added(sign_in, galina):
    client = sign_in(galina)
    assert soup(client.get(ADD)).select("[name=tickets_mailbox_save_and_test]")
    response = client.post(ADD, fields(port=free_port(), security="none", **TEST), follow=True)
    assert response.redirect_chain[-1][0] == page_of(Mailbox.objects.get())
    assert [one.level_tag for one in response.context["messages"]] == ["error"]


def test_a_failed_test_never_breaks_the_page(sign_in, galina, box):
    response = sign_in(galina).post(page_of(box), fields(port=free_port(), **TEST), follow=True)
    assert response.status_code == 200
    assert soup(response).select_one("#id_host")["value"] == "127.0.0.1"


def test_the_list_counts_what_came_and_leads_to_it(sign_in, galina, box):
    arrived(box)
    for _time in range(2):
        arrived(box, "quarantined", "unsigned")
    arrived(box, "quarantined", "flood")
    arrived(box, received_at=timezone.now() - timedelta(days=2))
    client = sign_in(galina)
    day = soup(client.get(LIST)).select_one(".mail-day")
    cards = {
        card.select_one("small").text: (card.select_one("b").text, card)
        for card in day.select(".dash-card")
    }
    assert sorted(number for number, _card in cards.values()) == ["1", "3"]
    waiting = next(card for number, card in cards.values() if number == "3")
    assert [one.text for one in waiting.select("li span")] == ["2", "1"]
    for link, expected in ((waiting.select_one("a"), 3), (waiting.select_one("li a"), 2)):
        listed = soup(client.get(link["href"]))
        assert len(listed.select("#result_list tbody tr")) == expected


def test_the_page_of_a_mailbox_tells_how_it_stands_and_who_is_believed(sign_in, galina, box):
    client = sign_in(galina)
    galina.language = "en"
    galina.save()
    assert "Mode B" in soup(client.get(page_of(box))).select_one(".mail-state").text
    Mailbox.objects.update(
        verdict_servers=["mx.portal.example"], last_error=Trouble.LOGIN, failures=3,
        polled_at=timezone.now(), reconciled_at=timezone.now(), reconciled_late=2,
    )  # fmt: skip
    state = soup(client.get(page_of(box))).select_one(".mail-state").text
    assert "Mode A" in state
    assert "mx.portal.example" in state
    with translation.override("en"):
        assert str(Trouble.LOGIN.label) in state
    assert re.search(r"fetched afterwards: 2", state)


def test_a_dead_address_is_written_to_again(sign_in, galina):
    dead = DeadAddress.objects.create(address="a@b.example", since=timezone.now(), said="550 no")
    client = sign_in(galina)
    assert "550 no" in client.get(DEAD).content.decode()
    asked = {"action": "revive", "_selected_action": [dead.pk]}
    for _time in range(2):
        assert client.post(DEAD, asked).status_code in {200, 302}
    assert not DeadAddress.objects.exists()


@pytest.fixture
def names(settings) -> Iterator[Names]:
    thread = Names(
        {
            "portal.example": b"v=spf1 mx -all",
            "s1._domainkey.portal.example": record("ours_short", 1024),
            "_dmarc.portal.example": b"v=DMARC1; p=none",
        }
    )
    thread.start()
    settings.MAIL_DNS = thread.address
    settings.DEFAULT_FROM_EMAIL = "Us <support@portal.example>"
    yield thread
    thread.close()


def test_the_records_of_our_domain_are_judged_in_words(sign_in, galina, box, names):
    client = sign_in(galina)
    galina.language = "en"
    galina.save()
    assert client.post(DOMAIN, {"selector": " s1 "}).status_code == 302
    assert Policy.objects.get().dkim_selector == "s1"
    page = soup(client.get(DOMAIN))
    assert [one.text for one in page.select(".mail-domain > h2")] == ["portal.example"]
    levels = [one["data-level"] for one in page.select(".mail-finding")]
    assert levels == ["good", "weak", "weak"]
    assert "1024" in page.text
    assert "p=none" in page.text


def test_a_selector_that_is_none_is_refused_with_words(sign_in, galina, names):
    client = sign_in(galina)
    response = client.post(DOMAIN, {"selector": "a b; rm"}, follow=True)
    assert response.context["messages"]
    assert Policy.objects.get().dkim_selector == ""


def test_a_silent_name_server_leaves_the_page_standing(sign_in, galina, settings, monkeypatch):
    monkeypatch.setattr(name_server, "SECONDS", 0.2)
    settings.MAIL_DNS = f"127.0.0.1:{free_port()}"
    page = soup(sign_in(galina).get(DOMAIN))
    assert {one["data-level"] for one in page.select(".mail-finding")} == {"unknown"}


def test_pages_ask_few_questions_whatever_the_number_of_rows(
    sign_in, galina, box, django_assert_max_num_queries
):
    for number in range(30):
        arrived(box, "quarantined", f"reason_{number % 7}")
        Mailbox.objects.create(address=f"{number}@portal.example")
    client = sign_in(galina)
    client.get(LIST)
    for address in (LIST, LETTERS, page_of(box)):
        with django_assert_max_num_queries(12):
            assert client.get(address).status_code == 200
