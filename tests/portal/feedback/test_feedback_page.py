"""The feedback page: who may say what to whom, and what robots meet."""

import time
from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from accounts.models import User
from portal.delivery.models import Delivery
from portal.feedback.forms import LIVES, sign_about
from portal.feedback.models import Feedback
from portal.support.models import Brand

PAGE = "/feedback/"
WORDS = "По телефону не дозвониться с утра."
SignIn = Callable[[User | None], Client]


def filled(client: Client, query: str = "", **said: str) -> dict[str, str]:
    """Open the page and fill the form in, as a browser does."""
    form = BeautifulSoup(client.get(PAGE + query).content, "html.parser").select_one("main form")
    assert form
    fields = {
        str(field["name"]): str(field.get("value", ""))
        for field in form.select("input[name]")
        if field.get("type") != "checkbox"
        and (field.get("type") != "radio" or field.has_attr("checked"))
    }
    return {**fields, "text": WORDS, **said}


@pytest.fixture
def nobody(db: None) -> Client:
    return Client()


def test_a_stranger_writes_to_the_team(nobody: Client) -> None:
    said = filled(nobody, kind="idea", email="guest@mail.example")
    assert nobody.post(PAGE, said).headers["Location"] == reverse("feedback:thanks")
    given = Feedback.objects.get()
    assert (given.kind, given.to, given.text) == ("idea", "team", WORDS)
    assert (given.author, given.email) == (None, "guest@mail.example")


def test_feedback_goes_to_the_address_of_whom_was_chosen(nobody: Client) -> None:
    Brand.objects.update(head_email="head@hotbot.example", team_email="team@hotbot.example")
    for to in ("head", "team"):
        nobody.post(PAGE, filled(nobody, to=to))
    assert list(Delivery.objects.order_by("id").values_list("letter", "recipient")) == [
        ("feedback_received", "head@hotbot.example"),
        ("feedback_received", "team@hotbot.example"),
    ]


def test_a_customer_is_known_and_thanked(anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    client.post(PAGE, filled(client))
    given = Feedback.objects.get()
    assert (given.author, given.name, given.email) == (anna, anna.full_name, anna.email)
    assert Delivery.objects.filter(letter="feedback_thanks", recipient=anna.email).count() == 1


def test_without_a_name_nothing_says_who_it_was(anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    client.post(
        PAGE, filled(client, f"?of={of(anna)}", is_anonymous="on", email="a@b.example")
    )  # fmt: skip
    given = Feedback.objects.get()
    assert (given.author, given.name, given.email) == (None, "", "")
    assert (given.about_path, given.about_title) == ("", "")


def of(person: User) -> str:
    return sign_about(person=person, path="/desk/1042/", title="№ 1042 Шахматка")


def test_a_signed_ticket_is_what_it_is_about(anna: User, sign_in: SignIn) -> None:
    client = sign_in(anna)
    asked = f"?to=head&of={of(anna)}"
    assert "№ 1042 Шахматка" in client.get(PAGE + asked).content.decode()
    client.post(PAGE, filled(client, asked))
    given = Feedback.objects.get()
    assert (given.source, given.to) == ("ticket", "head")
    assert (given.about_path, given.about_title) == ("/desk/1042/", "№ 1042 Шахматка")


@pytest.mark.parametrize("broken", ["x", "", "a:b", "ё"])
def test_what_is_signed_for_somebody_else_or_not_at_all_is_about_nothing(
    anna: User, boris: User, sign_in: SignIn, broken: str
) -> None:
    client = sign_in(boris)
    for signed in (of(anna), broken):
        page = BeautifulSoup(client.get(PAGE, {"of": signed}).content, "html.parser")
        assert not page.select("main form > .call")
        client.post(PAGE, filled(client, f"?of={signed}"))
    assert {(one.source, one.about_path) for one in Feedback.objects.all()} == {("page", "")}


@pytest.mark.parametrize("path", ["/cabinet/1042/", "/desk/1042/"])
def test_a_ticket_that_nobody_signed_is_not_kept(nobody: Client, path: str) -> None:
    nobody.post(PAGE, filled(nobody, about_path=path))
    assert Feedback.objects.get().about_path == ""


def test_an_article_fills_in_what_it_is_about(nobody: Client) -> None:
    said = filled(nobody, "?about=/kb/rates/&title=Тарифы&to=head&kind=complaint")
    nobody.post(PAGE, said)
    given = Feedback.objects.get()
    assert (given.about_path, given.about_title) == ("/kb/rates/", "Тарифы")
    assert (given.to, given.kind) == ("head", "complaint")


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/", "javascript:1"])
def test_a_foreign_address_is_not_kept(nobody: Client, path: str) -> None:
    nobody.post(PAGE, filled(nobody, about_path=path))
    assert Feedback.objects.get().about_path == ""


def test_the_same_form_sent_twice_is_kept_once(nobody: Client) -> None:
    said = filled(nobody)
    answers = [nobody.post(PAGE, said).status_code for _ in range(2)]
    assert answers == [302, 302]
    assert Feedback.objects.count() == 1
    assert Delivery.objects.count() == 1


def test_a_robot_that_fills_the_trap_is_thanked_and_forgotten(nobody: Client) -> None:
    assert nobody.post(PAGE, filled(nobody, website="http://spam.example")).status_code == 302
    assert not Feedback.objects.exists()


@pytest.mark.parametrize("key", ["", "made-up", "0123456789abcdef:1wHxyz:forged"])
def test_a_form_that_we_did_not_make_is_refused_with_its_words(nobody: Client, key: str) -> None:
    answer = nobody.post(PAGE, filled(nobody, form_key=key))
    assert answer.status_code == 400
    assert WORDS in answer.content.decode()
    assert not Feedback.objects.exists()


def test_an_expired_form_keeps_the_words_and_works_at_the_second_try(
    nobody: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = filled(nobody)
    tomorrow = time.time() + LIVES + 1
    monkeypatch.setattr("django.core.signing.time.time", lambda: tomorrow)
    answer = nobody.post(PAGE, said)
    assert answer.status_code == 400
    page = BeautifulSoup(answer.content, "html.parser")
    fresh = page.select_one("input[name=form_key]")
    assert fresh
    assert nobody.post(PAGE, {**said, "form_key": str(fresh["value"])}).status_code == 302
    assert Feedback.objects.get().text == WORDS


@pytest.mark.parametrize(
    "wrong",
    [
        {"text": "  "},
        {"text": "я" * 10_001},
        {"text": "a\x00b"},
        {"kind": "threat"},
        {"to": "everybody"},
        {"email": "not an address"},
        {"about_title": "x" * 301},
    ],
)
def test_bad_input_is_refused_with_words(nobody: Client, wrong: dict[str, str]) -> None:
    answer = nobody.post(PAGE, filled(nobody, **wrong))
    page = BeautifulSoup(answer.content, "html.parser")
    assert answer.status_code == 400
    assert page.select("main form .error, main form [role=alert]")
    assert not Feedback.objects.exists()


def test_the_sixth_stranger_in_an_hour_is_told_so_and_keeps_the_words(nobody: Client) -> None:
    codes = [nobody.post(PAGE, filled(nobody)).status_code for _ in range(6)]
    assert codes == [302] * 5 + [400]
    answer = nobody.post(PAGE, filled(nobody))
    assert WORDS in answer.content.decode()
    assert Feedback.objects.count() == 5


def test_a_customer_is_not_counted_among_strangers(
    anna: User, sign_in: SignIn, nobody: Client
) -> None:
    for _ in range(6):
        nobody.post(PAGE, filled(nobody))
    client = sign_in(anna)
    assert client.post(PAGE, filled(client)).status_code == 302


def test_what_was_typed_is_shown_as_words(nobody: Client) -> None:
    hostile = "</textarea><script>alert(1)</script>"
    answer = nobody.post(PAGE, filled(nobody, text=hostile, kind="threat")).content.decode()
    assert hostile not in answer
    assert "&lt;script&gt;" in answer


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_other_methods_are_refused(nobody: Client, method: str) -> None:
    assert getattr(nobody, method)(PAGE).status_code == 405


def test_the_page_costs_the_same_whatever_was_said(
    nobody: Client, django_assert_max_num_queries: Any
) -> None:
    nobody.get(PAGE)
    with django_assert_max_num_queries(3):
        nobody.get(PAGE)
