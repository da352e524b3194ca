"""People's own pages: profile, colleagues, invitations, passwords, sessions, second factors."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.usersessions.models import UserSession
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import actions
from accounts.models import Invitation, Role, User
from portal.delivery.models import Delivery
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_signing_in import app_code

NEW_PASSWORD = "river-by-the-hotel-8"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0 Safari/537.36"
)


@pytest.mark.parametrize(
    "name",
    [
        "account_login",
        "account_request_login_code",
        "account_reset_password",
        "account_reset_password_done",
        "account_reset_password_from_key_done",
        "account_email_verification_sent",
        "account_inactive",
        "account_signup",
    ],
)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_page_for_strangers_works(client, db, name, language):
    client.cookies["language"] = language
    response = client.get(reverse(name))
    assert response.status_code == 200
    assert f'<html lang="{language}">' in response.content.decode()


OWN = ["profile", "account_email", "account_set_password", "mfa_index", "usersessions_list",
       "mfa_activate_totp", "mfa_list_webauthn", "mfa_add_webauthn", "account_logout"]  # fmt: skip


@pytest.mark.parametrize("name", OWN)
def test_every_own_page_works_and_turns_strangers_away(client, sign_in, sergey, with_address, name):
    with_address(sergey)
    assert sign_in(sergey).get(reverse(name)).status_code == 200
    assert client.get(reverse(name)).status_code == 302


def test_a_profile_keeps_what_is_typed_and_the_language_is_spoken_at_once(sign_in, anna):
    client = sign_in(anna)
    client.cookies["language"] = "ru"
    response = client.post(
        reverse("profile"),
        {"full_name": "Анна Л.", "position": "Портье", "phone": "+7 900 000-00-00",
         "language": "en", "time_zone": "Asia/Omsk"},
        follow=True,
    )  # fmt: skip
    assert '<html lang="en">' in response.content.decode()
    anna.refresh_from_db()
    assert (anna.full_name, anna.position, anna.language, anna.time_zone) == (
        "Анна Л.", "Портье", "en", "Asia/Omsk",
    )  # fmt: skip


@pytest.mark.parametrize("field", ["email", "role", "is_staff", "is_superuser", "organization"])
def test_a_profile_cannot_be_made_to_change_anything_else(sign_in, anna, mayak, field):
    before = User.objects.filter(pk=anna.pk).values(field).get()
    values = {"email": "x@y.example", "organization": mayak.pk, "role": Role.objects.last().pk}
    sign_in(anna).post(
        reverse("profile"),
        {"full_name": "А", "language": "ru", "time_zone": "UTC", field: values.get(field, "1")},
    )
    assert User.objects.filter(pk=anna.pk).values(field).get() == before


def test_the_language_switch_is_kept_with_the_account(sign_in, anna):
    client = sign_in(anna)
    client.post(reverse("set_language"), {"language": "en", "next": "/profile/"})
    anna.refresh_from_db()
    assert anna.language == "en"
    client.post(reverse("set_language"), {"language": "xx", "next": "/profile/"})
    anna.refresh_from_db()
    assert anna.language == "en"


@pytest.mark.parametrize(
    ("name", "page"),
    [
        ("anna", "cabinet:list"),
        ("sergey", "desk:queue"),
        ("daria", "desk:queue"),
        ("elena", "admin:index"),
    ],
)
def test_everybody_is_led_to_their_work(sign_in, request, name, page):
    client = sign_in(request.getfixturevalue(name))
    assert client.get(reverse("after_login")).headers["Location"] == reverse(page)


def test_an_owner_sees_exactly_the_colleagues_of_the_organization(sign_in, olga, anna, boris, vera):
    response = sign_in(olga).get(reverse("colleagues"))
    assert set(response.context["people"]) == {olga, anna, boris}


@pytest.mark.parametrize("name", ["anna", "boris", "vera", "sergey", "galina"])
@pytest.mark.parametrize("page", ["colleagues", "invite"])
def test_colleagues_are_the_business_of_whoever_looks_after_them(sign_in, request, name, page):
    assert sign_in(request.getfixturevalue(name)).get(reverse(page)).status_code == 404


def test_the_number_of_queries_does_not_grow_with_the_colleagues(sign_in, olga, verf):
    client, employee, costs = sign_in(olga), Role.objects.get(code="employee"), []
    client.get(reverse("colleagues"))
    for batch in (3, 9):
        for n in range(batch):
            User.objects.create_user(
                f"c{batch}-{n}@verf.example", full_name="К", role=employee, organization=verf
            )
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("colleagues"))
        costs.append(len(captured))
    assert costs[0] == costs[1]


def test_inviting_through_the_page_writes_the_letter(sign_in, olga, letters):
    response = sign_in(olga).post(
        reverse("invite"),
        {"full_name": "Нина", "email": "nina@verf.example", "position": "",
         "role": Role.objects.get(code="employee").pk},
    )  # fmt: skip
    assert response.headers["Location"] == reverse("colleagues")
    assert letters("invitation")[0]["to"] == "nina@verf.example"


def test_an_invitation_to_somebody_known_is_refused_where_it_was_typed(sign_in, olga, anna):
    response = sign_in(olga).post(
        reverse("invite"),
        {"full_name": "Анна", "email": anna.email, "role": Role.objects.get(code="employee").pk},
    )
    assert response.status_code == 200
    assert response.context["form"].errors["email"]
    assert not Invitation.objects.exists()


def test_a_staff_role_cannot_be_chosen_on_the_page(sign_in, olga):
    response = sign_in(olga).post(
        reverse("invite"),
        {"full_name": "Н", "email": "n@verf.example", "role": Role.objects.get(code="head").pk},
    )
    assert response.context["form"].errors["role"]
    assert not Invitation.objects.exists()


def invited(olga, verf, at, letters, path_of) -> str:
    actions.invite(
        by=olga, email="nina@verf.example", full_name="Нина", organization=verf, at=at,
        role=Role.objects.get(code="employee"),
    )  # fmt: skip
    return path_of(letters("invitation")[-1]["url"])


@pytest.fixture
def link(olga, verf, letters, path_of):
    """The link of an invitation that is open now."""
    return invited(olga, verf, timezone.now(), letters, path_of)


def test_an_invited_person_sets_a_password_and_signs_in(client, link):
    assert client.get(link).status_code == 200
    response = client.post(link, {"password": PASSWORD})
    assert response.headers["Location"] == reverse("account_login")
    client.post("/accounts/login/", {"login": "nina@verf.example", "password": PASSWORD})
    assert client.get(reverse("profile")).status_code == 200


def test_an_invited_person_may_choose_codes(client, link):
    response = client.post(link, {"password": ""})
    assert response.headers["Location"] == reverse("account_request_login_code")


def test_a_weak_password_is_told_at_the_field(client, link):
    response = client.post(link, {"password": "12345"})
    assert response.status_code == 200
    assert response.context["form"].errors["password"]


def test_whoever_was_signed_in_on_the_computer_is_signed_out_by_accepting(sign_in, vera, link):
    client = sign_in(vera)
    client.post(link, {"password": PASSWORD})
    assert client.get(reverse("profile")).status_code == 302


@pytest.mark.parametrize("token", ["garbage", "%20", "a" * 200, "%00"])
def test_a_forged_link_is_a_page_that_says_so(client, db, token):
    response = client.get(f"/invitations/{token}/")
    assert response.status_code == 404
    assert reverse("account_login") in response.content.decode()


def test_a_link_that_was_used_says_so(client, link):
    client.post(link, {"password": PASSWORD})
    assert client.get(link).status_code == 404
    assert client.post(link, {"password": PASSWORD}).status_code == 404


def test_deactivating_asks_first_and_then_does_it(sign_in, olga, anna):
    client, page = sign_in(olga), reverse("deactivate", args=[anna.pk])
    assert client.get(page).status_code == 200
    anna.refresh_from_db()
    assert anna.is_active
    client.post(page)
    anna.refresh_from_db()
    assert not anna.is_active


def test_strangers_cannot_be_deactivated_nor_oneself(sign_in, olga, vera):
    client = sign_in(olga)
    assert client.post(reverse("deactivate", args=[vera.pk])).status_code == 404
    response = client.post(reverse("deactivate", args=[olga.pk]))
    assert response.status_code == 200
    assert response.context["error"]
    assert User.objects.filter(is_active=False).count() == 0


def test_an_owner_takes_an_invitation_back(sign_in, client, olga, link):
    made = Invitation.objects.get()
    assert sign_in(olga).get(reverse("revoke_invitation", args=[made.pk])).status_code == 405
    sign_in(olga).post(reverse("revoke_invitation", args=[made.pk]))
    assert client.get(link).status_code == 404


def test_a_forgotten_password_is_set_anew_by_the_letter(
    client, sign_in, anna, with_password, letters, path_of
):
    with_password(anna)
    elsewhere = sign_in(anna)
    assert elsewhere.get(reverse("profile")).status_code == 200
    client.post(
        reverse("account_reset_password"), {"email": anna.email}, headers={"host": "evil.example"}
    )
    (letter,) = letters("password_reset")
    assert "evil.example" not in letter["url"]
    form = client.get(path_of(letter["url"])).headers["Location"]
    assert client.get(form).status_code == 200
    client.post(form, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    anna.refresh_from_db()
    assert anna.check_password(NEW_PASSWORD)
    assert elsewhere.get(reverse("profile")).status_code == 302
    assert "no longer" in _english(client, path_of(letter["url"]))


def test_a_reset_for_nobody_writes_to_nobody(client, db):
    response = client.post(reverse("account_reset_password"), {"email": "who@other.example"})
    assert response.headers["Location"] == reverse("account_reset_password_done")
    assert not Delivery.objects.exists()


def test_changing_the_password_ends_every_session_and_tells_the_owner(
    sign_in, anna, with_password, letters
):
    with_password(anna)
    here, elsewhere = sign_in(anna), sign_in(anna)
    elsewhere.get(reverse("profile"))
    here.post(
        reverse("account_change_password"),
        {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert here.get(reverse("profile")).status_code == 302
    assert elsewhere.get(reverse("profile")).status_code == 302
    assert letters("account_notice")[0]["code"] == "password_changed"


def test_another_address_counts_only_after_its_letter(
    sign_in, anna, with_password, letters, path_of
):
    with_password(anna)
    client = sign_in(anna)
    response = client.post(
        reverse("account_email"), {"email": "anna.l@verf.example", "action_add": ""}
    )
    assert response.headers["Location"].startswith(reverse("account_reauthenticate"))
    client.post(response.headers["Location"], {"password": PASSWORD})
    client.post(reverse("account_email"), {"email": "anna.l@verf.example", "action_add": ""})
    anna.refresh_from_db()
    assert anna.email == "anna@verf.example"
    letter = letters("email_confirmation")[-1]
    assert letter["to"] == "anna.l@verf.example"
    assert client.get(path_of(letter["url"])).status_code == 200
    client.post(path_of(letter["url"]))
    anna.refresh_from_db()
    assert anna.email == "anna.l@verf.example"
    (address,) = EmailAddress.objects.filter(user=anna)
    assert address.primary
    assert address.verified
    assert letters("account_notice")[-1]["to"] == "anna@verf.example"


def test_sessions_are_listed_and_ended_one_by_one(sign_in, anna):
    here, elsewhere = sign_in(anna), sign_in(anna)
    elsewhere.get(reverse("profile"), headers={"user-agent": CHROME})
    page = here.get(reverse("usersessions_list"))
    assert "Chrome, Windows" in page.content.decode()
    other = UserSession.objects.exclude(session_key=here.session.session_key).get()
    here.post(reverse("end_session", args=[other.pk]))
    assert elsewhere.get(reverse("profile")).status_code == 302
    assert here.get(reverse("profile")).status_code == 200


def test_all_other_sessions_are_ended_at_once(sign_in, anna):
    here, elsewhere = sign_in(anna), sign_in(anna)
    for client in (here, elsewhere):
        client.get(reverse("profile"))
    here.post(reverse("usersessions_list"))
    assert elsewhere.get(reverse("profile")).status_code == 302
    assert here.get(reverse("profile")).status_code == 200


def test_nobody_ends_the_session_of_somebody_else(sign_in, anna, vera):
    victim = sign_in(anna)
    victim.get(reverse("profile"))
    sign_in(vera).post(reverse("end_session", args=[UserSession.objects.get(user=anna).pk]))
    assert victim.get(reverse("profile")).status_code == 200


def test_an_app_is_set_up_used_and_removed(sign_in, sergey, with_password, letters):
    with_password(sergey)
    client = sign_in(sergey)
    asked = client.get(reverse("mfa_activate_totp"))
    client.post(asked.headers["Location"], {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert page.context["totp_svg_data_uri"] in page.content.decode()
    client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert not Authenticator.objects.exists()
    response = client.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})
    assert response.headers["Location"] == reverse("mfa_view_recovery_codes")
    codes = RecoveryCodes(Authenticator.objects.get(type="recovery_codes")).get_unused_codes()
    assert codes[0] in client.get(response.headers["Location"]).content.decode()
    assert client.get(reverse("mfa_index")).status_code == 200
    assert client.get(reverse("mfa_generate_recovery_codes")).status_code == 200
    assert client.get(reverse("mfa_deactivate_totp")).status_code == 200
    client.post(reverse("mfa_deactivate_totp"))
    assert not Authenticator.objects.exists()
    assert {letter["to"] for letter in letters("account_notice")} == {sergey.email}


def test_a_key_is_listed_renamed_and_removed(sign_in, sergey, with_password):
    with_password(sergey)
    key = Authenticator.objects.create(
        user=sergey, type=Authenticator.Type.WEBAUTHN, data={"name": "Ключ", "credential": {}}
    )
    client = sign_in(sergey)
    assert client.get(reverse("mfa_list_webauthn")).status_code == 200
    asked = client.get(reverse("mfa_edit_webauthn", args=[key.pk]))
    client.post(asked.headers["Location"], {"password": PASSWORD})
    assert client.get(reverse("mfa_edit_webauthn", args=[key.pk])).status_code == 200
    client.post(reverse("mfa_edit_webauthn", args=[key.pk]), {"name": "Запасной"})
    key.refresh_from_db()
    assert key.data["name"] == "Запасной"
    assert client.get(reverse("mfa_remove_webauthn", args=[key.pk])).status_code == 200
    client.post(reverse("mfa_remove_webauthn", args=[key.pk]))
    assert not Authenticator.objects.exists()


def test_pages_that_ask_for_a_key_run_no_inline_code(sign_in, sergey, with_address):
    with_address(sergey)
    response = sign_in(sergey).get(reverse("mfa_add_webauthn"))
    page = response.content.decode()
    scripts = re.findall(r"<script([^>]*)>", page)
    assert all("src=" in tag or 'type="application/json"' in tag for tag in scripts)
    assert "js/security_key.js" in page
    assert "'unsafe-inline'" not in response.headers["Content-Security-Policy"]


def _english(client, path: str) -> str:
    client.cookies["language"] = "en"
    return client.get(path, follow=True).content.decode()
