"""The admin of people: every change goes through an action, and refusals are said in the form."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.template import engines
from django.urls import reverse

from accounts.admin import MAY_FILE
from accounts.models import Invitation, Organization, Role, User
from tickets.rules import Category

PAGES = ["user", "organization", "role", "invitation"]


@pytest.fixture(autouse=True)
def _forgiving_templates(monkeypatch):
    """Unfold's own templates ask for variables that are not there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def change(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])


def fields(person: User, **changed: str | int) -> dict[str, str | int]:
    return {
        "email": person.email, "full_name": person.full_name, "position": person.position,
        "phone": person.phone, "role": person.role_id, "language": person.language,
        "time_zone": person.time_zone,
    } | changed  # fmt: skip


@pytest.mark.parametrize("page", PAGES)
def test_the_head_of_support_opens_the_lists(sign_in, galina, anna, olga, page):
    assert sign_in(galina).get(reverse(f"admin:accounts_{page}_changelist")).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_a_specialist_and_an_editor_do_not(sign_in, sergey, elena, page):
    for person in (sergey, elena):
        response = sign_in(person).get(reverse(f"admin:accounts_{page}_changelist"))
        assert response.status_code == 403


def test_what_would_break_the_order_of_roles_has_no_page_of_its_own(db):
    assert not admin.site.is_registered(Group)
    names = {model._meta.label for model in admin.site._registry}
    assert not names & {"account.EmailAddress", "mfa.Authenticator", "authtoken.TokenProxy"}


def test_people_are_made_by_inviting_them(sign_in, galina, verf, letters):
    client = sign_in(galina)
    to_add = client.get(reverse("admin:accounts_user_add"))
    assert to_add.headers["Location"] == reverse("admin:accounts_invitation_add")
    assert client.get(to_add.headers["Location"]).status_code == 200
    client.post(
        reverse("admin:accounts_invitation_add"),
        {"email": "Nina@verf.example", "full_name": "Нина", "language": "en",
         "role": Role.objects.get(code="owner").pk, "organization": verf.pk},
    )  # fmt: skip
    made = Invitation.objects.get()
    assert (made.email, made.invited_by) == ("nina@verf.example", galina)
    assert letters("invitation")[0]["language"] == "en"


@pytest.mark.parametrize(
    ("role", "has_organization", "field"),
    [
        ("administrator", False, "role"),
        ("owner", False, "organization"),
        ("head", True, "organization"),
    ],
)
def test_an_invitation_out_of_reach_is_refused_in_the_form(
    sign_in, galina, verf, role, has_organization, field
):
    response = sign_in(galina).post(
        reverse("admin:accounts_invitation_add"),
        {"email": "n@hotbot.example", "full_name": "Н", "language": "ru",
         "role": Role.objects.get(code=role).pk,
         "organization": verf.pk if has_organization else ""},
    )  # fmt: skip
    assert response.status_code == 200
    assert field in response.context["adminform"].form.errors
    assert not Invitation.objects.exists()


def test_an_invitation_is_taken_back_from_the_list(sign_in, galina, verf):
    client = sign_in(galina)
    client.post(
        reverse("admin:accounts_invitation_add"),
        {"email": "n@verf.example", "full_name": "Н", "language": "ru",
         "role": Role.objects.get(code="owner").pk, "organization": verf.pk},
    )  # fmt: skip
    client.post(
        reverse("admin:accounts_invitation_changelist"),
        {"action": "revoke", "_selected_action": [Invitation.objects.get().pk]},
    )
    assert Invitation.objects.get().revoked_at


def test_a_role_and_an_address_change_through_the_form(sign_in, galina, anna):
    manager = Role.objects.get(code="manager")
    client = sign_in(galina)
    assert client.get(change(anna)).status_code == 200
    response = client.post(change(anna), fields(anna, role=manager.pk, email="a@verf.example"))
    assert response.status_code == 302
    anna.refresh_from_db()
    assert (anna.role, anna.email) == (manager, "a@verf.example")


def test_a_taken_address_a_staff_role_and_a_zone_of_nowhere_are_refused_in_the_form(
    sign_in, galina, anna, olga
):
    head = Role.objects.get(code="head")
    wrong = fields(anna, email=olga.email, role=head.pk, time_zone="Mars/Olympus")
    response = sign_in(galina).post(change(anna), wrong)
    assert set(response.context["adminform"].form.errors) == {"email", "role", "time_zone"}


def test_nobody_makes_a_superuser_by_posting_the_field(sign_in, galina, sergey):
    sign_in(galina).post(change(sergey), fields(sergey, is_superuser="on", is_staff="on"))
    sergey.refresh_from_db()
    assert not sergey.is_superuser


def test_a_superuser_is_out_of_reach_of_the_head_of_support(sign_in, galina, admin):
    sign_in(galina).post(change(admin), fields(admin, full_name="Взломан"))
    admin.refresh_from_db()
    assert admin.full_name == "Админ Портала"


def test_people_are_shut_out_and_let_in_from_the_list(sign_in, galina, anna):
    client, session = sign_in(galina), sign_in(anna)
    session.get("/profile/")
    for action, is_active in (("deactivate", False), ("reactivate", True)):
        client.post(
            reverse("admin:accounts_user_changelist"),
            {"action": action, "_selected_action": [anna.pk, galina.pk]},
        )
        anna.refresh_from_db()
        galina.refresh_from_db()
        assert anna.is_active is is_active
        assert galina.is_active
    assert session.get("/profile/").status_code == 302


def test_a_role_is_ticked_and_knows_every_category(sign_in, galina):
    role = Role.objects.get(code="employee")
    page = reverse("admin:accounts_role_change", args=[role.pk])
    client = sign_in(galina)
    assert client.get(page).status_code == 200
    given = {"name_ru": "Портье", "name_en": "Clerk", "order": 2, "may_file": ["incident"]}
    assert client.post(page, given).status_code == 302
    role.refresh_from_db()
    assert (role.name_ru, role.may_file) == ("Портье", ["incident"])
    assert {code for code, _name in MAY_FILE} == {category.value for category in Category}


def test_an_organization_is_kept_with_its_hotels(sign_in, galina, maxim):
    response = sign_in(galina).post(
        reverse("admin:accounts_organization_add"),
        {"name": "Новый дом", "is_active": "on", "account_manager": maxim.pk,
         "properties-TOTAL_FORMS": 1, "properties-INITIAL_FORMS": 0,
         "properties-0-name": "Новый", "properties-0-site": "new.example",
         "properties-0-is_active": "on"},
    )  # fmt: skip
    assert response.status_code == 302
    assert Organization.objects.get(name="Новый дом").properties.get().name == "Новый"


def test_an_account_manager_is_of_the_staff(sign_in, galina, verf, anna):
    page = reverse("admin:accounts_organization_change", args=[verf.pk])
    response = sign_in(galina).post(
        page,
        {"name": verf.name, "account_manager": anna.pk,
         "properties-TOTAL_FORMS": 0, "properties-INITIAL_FORMS": 0},
    )  # fmt: skip
    assert "account_manager" in response.context["adminform"].form.errors
