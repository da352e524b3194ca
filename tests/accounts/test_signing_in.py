"""Signing in: by password, by a code, with a second factor; and what is refused."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.urls import reverse
from rest_framework.authtoken.models import Token

from accounts.models import User
from portal.delivery.models import Delivery
from tests.accounts.conftest import PASSWORD

LOGIN = "/accounts/login/"


def app_code(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def sign_in_with(client, person: User, password: str = PASSWORD, **more: str):
    return client.post(LOGIN, {"login": person.email, "password": password, **more})


def ask_for_code(client, email: str):
    return client.post(reverse("account_request_login_code"), {"email": email})


def give_code(client, code: str):
    return client.post(reverse("account_confirm_login_code"), {"code": code})


def is_signed_in(client) -> bool:
    return client.get(reverse("profile")).status_code == 200


def test_a_password_opens_the_cabinet(client, anna, with_password):
    with_password(anna)
    response = sign_in_with(client, anna)
    assert response.headers["Location"] == reverse("after_login")
    assert is_signed_in(client)


def test_the_case_of_the_address_does_not_matter(client, anna, with_password):
    with_password(anna)
    client.post(LOGIN, {"login": "Anna@VERF.example", "password": PASSWORD})
    assert is_signed_in(client)


def test_a_wrong_password_says_so_and_keeps_the_address(client, anna, with_password):
    with_password(anna)
    response = sign_in_with(client, anna, "something-else")
    assert response.status_code == 200
    assert anna.email in response.content.decode()
    assert not is_signed_in(client)


def test_signing_in_leads_to_where_the_person_was_going(client, anna, with_password):
    with_password(anna)
    response = sign_in_with(client, anna, next="/profile/")
    assert response.headers["Location"] == "/profile/"


def test_a_strange_address_to_go_on_to_is_ignored(client, anna, with_password):
    with_password(anna)
    response = sign_in_with(client, anna, next="https://evil.example/")
    assert response.headers["Location"] == reverse("after_login")


def test_the_code_in_the_letter_signs_in(client, anna, with_password, letters):
    with_password(anna)
    assert ask_for_code(client, anna.email).headers["Location"] == reverse(
        "account_confirm_login_code"
    )
    (letter,) = letters("login_code")
    assert letter["to"] == anna.email
    assert len(letter["code"]) == 6
    assert letter["code"].isdigit()
    give_code(client, letter["code"])
    assert is_signed_in(client)


def test_a_code_needs_no_password(client, anna, with_address, letters):
    with_address(anna)
    ask_for_code(client, anna.email)
    give_code(client, letters("login_code")[0]["code"])
    assert is_signed_in(client)


def test_the_code_is_encrypted_in_the_outbox_and_expires_in_ten_minutes(client, anna):
    ask_for_code(client, anna.email)
    row = Delivery.objects.get(letter="login_code")
    assert row.context == {}
    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).total_seconds() == 600


def test_the_letter_speaks_the_language_of_the_account(client, anna, letters):
    anna.language = "en"
    anna.save(update_fields=["language"])
    ask_for_code(client, anna.email)
    assert letters("login_code")[0]["language"] == "en"


def test_a_code_works_only_where_it_was_asked_for(client, anna, letters, sign_in):
    ask_for_code(client, anna.email)
    stranger = sign_in(None)
    give_code(stranger, letters("login_code")[0]["code"])
    assert not is_signed_in(stranger)


def test_five_wrong_codes_end_the_try(client, anna, letters):
    ask_for_code(client, anna.email)
    right = letters("login_code")[0]["code"]
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        give_code(client, wrong)
    give_code(client, right)
    assert not is_signed_in(client)


def test_another_code_makes_the_earlier_one_void(client, anna, with_address, letters):
    with_address(anna)
    ask_for_code(client, anna.email)
    client.post(reverse("account_confirm_login_code"), {"action": "resend"})
    first, second = (letter["code"] for letter in letters("login_code"))
    if first != second:
        give_code(client, first)
        assert not is_signed_in(client)
    give_code(client, second)
    assert is_signed_in(client)


def test_an_unknown_address_looks_the_same_and_gets_no_letter(client, anna, db):
    response = ask_for_code(client, "stranger@other.example")
    assert response.headers["Location"] == reverse("account_confirm_login_code")
    assert client.get(response.headers["Location"]).status_code == 200
    assert not Delivery.objects.exists()


def test_nobody_can_sign_up(client, db):
    page = client.get(reverse("account_signup"))
    assert b'<input type="email"' not in page.content
    client.post(
        reverse("account_signup"),
        {"email": "new@other.example", "password1": PASSWORD, "password2": PASSWORD},
    )
    assert not User.objects.exists()


def test_whoever_is_deactivated_cannot_sign_in_by_password(client, anna, with_password):
    with_password(anna)
    User.objects.update(is_active=False)
    response = sign_in_with(client, anna)
    assert response.headers["Location"] == reverse("account_inactive")
    assert client.get(response.headers["Location"]).status_code == 200
    assert not is_signed_in(client)


def test_whoever_is_deactivated_gets_no_code(client, anna, with_password):
    with_password(anna)
    User.objects.update(is_active=False)
    ask_for_code(client, anna.email)
    assert not Delivery.objects.exists()


def test_many_wrong_passwords_are_answered_with_words(client, anna, with_password):
    with_password(anna)
    for _ in range(5):
        sign_in_with(client, anna, "wrong-password-1")
    response = sign_in_with(client, anna)
    assert response.status_code == 200
    assert response.context["form"].non_field_errors()
    assert not is_signed_in(client)


def test_a_flood_of_sign_ins_is_answered_429_on_a_page_of_ours(client, db):
    statuses = {client.post(LOGIN, {"login": f"a{n}@other.example"}).status_code for n in range(31)}
    response = client.post(LOGIN, {"login": "a@other.example"})
    assert 429 in statuses
    assert response.status_code == 429
    assert 'id="main"' in response.content.decode()


def test_codes_for_one_address_are_limited(client, anna, sign_in):
    for _ in range(7):
        ask_for_code(sign_in(None), anna.email)
    assert Delivery.objects.filter(letter="login_code").count() <= 5


def test_a_second_factor_is_asked_for_after_the_password(client, sergey, with_password, with_app):
    secret = with_app(with_password(sergey))
    response = sign_in_with(client, sergey)
    assert response.headers["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    assert client.get(reverse("mfa_authenticate")).status_code == 200
    client.post(reverse("mfa_authenticate"), {"code": app_code(secret)})
    assert is_signed_in(client)


def test_a_second_factor_is_asked_for_after_the_code_too(
    client, sergey, with_address, with_app, letters
):
    with_app(with_address(sergey))
    ask_for_code(client, sergey.email)
    response = give_code(client, letters("login_code")[0]["code"])
    assert response.headers["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)


def test_the_secret_of_an_app_is_not_readable_in_the_database(sergey, with_app):
    secret = with_app(sergey)
    assert secret not in str(Authenticator.objects.get(user=sergey).data)


def test_staff_without_a_second_factor_reach_nothing_but_its_page(sign_in, sergey, settings):
    settings.SECOND_FACTOR_REQUIRED = True
    client = sign_in(sergey)
    for address in ("/", "/profile/", "/admin/", "/after-login/"):
        assert client.get(address).headers["Location"] == reverse("mfa_index")
    assert client.get(reverse("mfa_index")).status_code == 200
    assert client.get("/api/v1/").status_code == 403


def test_staff_with_a_second_factor_and_customers_go_where_they_want(
    sign_in, sergey, anna, with_app, settings
):
    settings.SECOND_FACTOR_REQUIRED = True
    with_app(sergey)
    assert sign_in(sergey).get("/profile/").status_code == 200
    assert sign_in(anna).get("/profile/").status_code == 200


def test_in_demo_mode_no_second_factor_is_asked_for(sign_in, sergey, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    assert sign_in(sergey).get("/profile/").status_code == 200


@pytest.mark.parametrize(("has_app", "refused"), [(False, True), (True, False)])
def test_a_token_of_the_staff_works_only_beside_a_second_factor(
    client, sergey, with_app, settings, has_app, refused
):
    settings.SECOND_FACTOR_REQUIRED = True
    if has_app:
        with_app(sergey)
    token = Token.objects.create(user=sergey)
    response = client.get(reverse("api:schema"), headers={"Authorization": f"Token {token.key}"})
    assert (response.status_code == 403) is refused


def test_the_admin_is_entered_through_the_same_page(client, anna, with_password):
    response = client.get("/admin/login/?next=/admin/")
    assert response.status_code == 302
    assert response.headers["Location"].startswith(LOGIN)


def test_a_customer_cannot_enter_the_admin(sign_in, olga):
    assert sign_in(olga).get("/admin/").status_code in {302, 403}
