"""What is done to people: invited, let in, changed, shut out."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from rest_framework.authtoken.models import Token

from accounts import actions
from accounts.models import Invitation, Organization, Role, User
from portal.delivery import secrets
from portal.delivery.models import Delivery
from portal.refusals import NotAllowed
from tests.accounts.conftest import PASSWORD


def role(code: str) -> Role:
    return Role.objects.get(code=code)


def invite(by: User, at, **fields) -> Invitation:
    given = {"email": "new@verf.example", "full_name": "Нина Новикова", "role": role("employee")}
    return actions.invite(by=by, at=at, **(given | fields))


@pytest.fixture
def token_of(letters, path_of):
    """Take the token out of the latest invitation letter."""
    return lambda: path_of(letters("invitation")[-1]["url"]).split("/")[-2]


def test_an_owner_invites_a_colleague_and_the_letter_lets_them_in(olga, verf, at, token_of):
    invite(olga, at, organization=verf, role=role("manager"), position="Управляющая")
    person = actions.accept(token=token_of(), password=PASSWORD, at=at)
    assert (person.email, person.organization, person.role.code) == (
        "new@verf.example", verf, "manager",
    )  # fmt: skip
    assert person.check_password(PASSWORD)
    assert not person.is_staff
    assert EmailAddress.objects.get(user=person).verified


def test_the_letter_says_who_invites_and_only_the_hash_of_the_token_is_kept(
    olga, verf, at, letters, token_of
):
    made = invite(olga, at, organization=verf)
    (letter,) = letters("invitation")
    assert letter["invited_by"] == olga.full_name
    assert letter["organization"] == verf.name
    assert token_of() not in str(Invitation.objects.filter(pk=made.pk).values())
    assert token_of() not in str(Delivery.objects.values("context", "secret"))


def test_without_a_password_the_invited_person_signs_in_by_code_only(olga, verf, at, token_of):
    invite(olga, at, organization=verf)
    assert not actions.accept(token=token_of(), password="", at=at).has_usable_password()


def test_an_invitation_works_once(olga, verf, at, token_of):
    invite(olga, at, organization=verf)
    token = token_of()
    actions.accept(token=token, password=PASSWORD, at=at)
    with pytest.raises(actions.InvitationGone):
        actions.accept(token=token, password=PASSWORD, at=at)


def test_of_two_who_accept_at_once_one_gets_in(django_db_setup, django_db_blocker, at):
    """Committed rows on connections of their own: a race cannot be seen inside one transaction."""
    barrier = threading.Barrier(2)

    def prepare() -> str:
        company = Organization.objects.create(name="Гонка")
        owner = User.objects.create_user(
            "race@verf.example", full_name="Олег", role=role("owner"), organization=company
        )
        invite(owner, at, organization=company)
        (row,) = Delivery.objects.filter(recipient="new@verf.example")
        return str(secrets.unseal(row.secret)["url"]).split("/")[-2]

    def accept(token: str) -> str:
        barrier.wait(timeout=10)
        try:
            return actions.accept(token=token, password="", at=at).email
        except (actions.InvitationGone, actions.AddressTaken):
            return "refused"

    def clean_up(_: str) -> None:
        Delivery.objects.filter(recipient="new@verf.example").delete()
        Invitation.objects.filter(email="new@verf.example").delete()
        User.objects.filter(organization__name="Гонка").delete()
        Organization.objects.filter(name="Гонка").delete()

    def alone(work: Callable[[str], Any], given: str) -> Any:
        try:
            return work(given)
        finally:
            connection.close()

    with django_db_blocker.unblock(), ThreadPoolExecutor(2) as pool:
        token = pool.submit(alone, lambda _: prepare(), "").result()
        try:
            outcomes = sorted(pool.map(lambda _: alone(accept, token), range(2)))
        finally:
            pool.submit(alone, clean_up, "").result()
    assert outcomes == ["new@verf.example", "refused"]


def test_an_invitation_expires_after_seven_days(olga, verf, at, token_of):
    invite(olga, at, organization=verf)
    assert actions.find_invitation(token_of(), at=at + timedelta(days=7, seconds=-1))
    with pytest.raises(actions.InvitationGone):
        actions.find_invitation(token_of(), at=at + timedelta(days=7))


@pytest.mark.parametrize("token", ["", " ", "x", "\x00", "\ud800", "a" * 3000])
def test_garbage_is_no_invitation(db, at, token):
    with pytest.raises(actions.InvitationGone):
        actions.find_invitation(token, at=at)


def test_an_invitation_taken_back_no_longer_works(olga, verf, at, token_of):
    made = invite(olga, at, organization=verf)
    actions.revoke(invitation=made, actor=olga, at=at)
    with pytest.raises(actions.InvitationGone):
        actions.accept(token=token_of(), password=PASSWORD, at=at)


def test_only_whoever_looks_after_the_people_takes_an_invitation_back(olga, vera, verf, at):
    made = invite(olga, at, organization=verf)
    for stranger in (vera, User.objects.get(email="vera@mayak.example")):
        with pytest.raises(NotAllowed):
            actions.revoke(invitation=made, actor=stranger, at=at)


def test_inviting_once_more_makes_the_earlier_letter_void(olga, verf, at, token_of):
    invite(olga, at, organization=verf)
    first = token_of()
    invite(olga, at, organization=verf)
    with pytest.raises(actions.InvitationGone):
        actions.find_invitation(first, at=at)
    assert actions.find_invitation(token_of(), at=at)


def test_an_invitation_elsewhere_stays_when_another_company_invites_too(
    olga, galina, verf, mayak, at, token_of
):
    invite(galina, at, organization=mayak)
    elsewhere = token_of()
    invite(olga, at, organization=verf)
    assert actions.find_invitation(elsewhere, at=at)


def test_an_address_that_somebody_has_is_refused_whatever_its_case(olga, anna, verf, at):
    with pytest.raises(actions.AddressTaken):
        invite(olga, at, organization=verf, email="ANNA@verf.example ")


def test_an_address_that_was_taken_meanwhile_is_refused_when_accepting(olga, verf, at, token_of):
    made = invite(olga, at, organization=verf)
    User.objects.create_user("New@verf.example", full_name="Другая", role=role("employee"))
    with pytest.raises(actions.AddressTaken):
        actions.accept(token=token_of(), password=PASSWORD, at=at)
    made.refresh_from_db()
    assert made.accepted_at is None


@pytest.mark.parametrize("password", ["short", "1234567890", "password123", "new@verf.example"])
def test_a_weak_password_is_refused_and_the_invitation_stays_open(
    olga, verf, at, token_of, password
):
    invite(olga, at, organization=verf)
    with pytest.raises(actions.WeakPassword) as refusal:
        actions.accept(token=token_of(), password=password, at=at)
    assert str(refusal.value.message)
    assert actions.find_invitation(token_of(), at=at)


def test_two_addresses_that_differ_in_case_only_are_refused_by_the_database(anna):
    copy = (
        "insert into accounts_user (password, is_superuser, email, full_name, position, phone,"
        " language, time_zone, is_active, is_staff, created_at, role_id)"
        " select '', false, upper(email), full_name, '', '', 'ru', 'UTC', true, false, now(),"
        " role_id from accounts_user"
    )
    refused = pytest.raises(IntegrityError, match="email_is_unique_whatever_its_case")
    with refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(copy)


def test_who_may_invite_whom(olga, boris, anna, sergey, galina, admin, verf, mayak):
    def may(by: User, code: str, organization) -> bool:
        return actions.can_invite(by, role(code), organization)

    assert [may(olga, code, verf) for code in ("owner", "manager", "employee")] == [True] * 3
    assert not any(may(olga, "employee", organization) for organization in (mayak, None))
    assert not any(may(olga, code, None) for code in ("specialist", "administrator"))
    assert not any(may(by, "employee", verf) for by in (boris, anna, sergey))
    assert may(galina, "owner", mayak)
    assert may(galina, "specialist", None)
    assert not may(galina, "specialist", verf)
    assert not may(galina, "administrator", None)
    assert may(admin, "administrator", None)


def test_nobody_gives_a_role_above_their_own(boris, verf):
    Role.objects.filter(code="manager").update(manages_people=True)
    boris = User.objects.get(pk=boris.pk)
    assert not actions.can_invite(boris, role("owner"), verf)
    assert actions.can_invite(boris, role("manager"), verf)
    assert [held.code for held in actions.roles_to_give(boris)] == ["manager", "employee"]


def test_nobody_deactivates_those_above_them(boris, olga, anna, verf):
    Role.objects.filter(code="manager").update(manages_people=True)
    boris = User.objects.get(pk=boris.pk)
    assert not actions.can_deactivate(boris, olga)
    assert actions.can_deactivate(boris, anna)


def test_staff_get_the_group_of_their_role(galina, at, token_of):
    invite(galina, at, email="new@hotbot.example", role=role("specialist"))
    person = actions.accept(token=token_of(), password=PASSWORD, at=at)
    assert person.is_staff
    assert [group.name for group in person.groups.all()] == ["specialist"]
    assert person.works_desk


def test_a_change_of_role_changes_groups_and_the_way_into_the_admin(galina, sergey):
    actions.change_role(person=sergey, role=role("developer"), actor=galina)
    sergey = User.objects.get(pk=sergey.pk)
    assert [group.name for group in sergey.groups.all()] == ["developer"]
    assert not sergey.is_staff
    assert not sergey.has_perm("accounts.triage_ticket")


@pytest.mark.parametrize("code", ["specialist", "head", "administrator"])
def test_a_customer_cannot_be_made_staff(galina, anna, code):
    with pytest.raises(actions.RoleOutOfReach):
        actions.change_role(person=anna, role=role(code), actor=galina)


def test_nobody_below_a_superuser_touches_a_superuser(galina, admin, at):
    with pytest.raises(NotAllowed):
        actions.deactivate(person=admin, actor=galina, at=at)
    with pytest.raises(actions.RoleOutOfReach):
        actions.change_role(person=admin, role=role("specialist"), actor=galina)
    with pytest.raises(NotAllowed):
        actions.change_address(person=admin, email="mine@hotbot.example", actor=galina)
    with pytest.raises(NotAllowed):
        actions.reset_second_factor(person=admin, actor=galina, at=at)


def test_deactivation_ends_a_live_session_and_the_tokens(sign_in, anna, galina, at, client):
    session = sign_in(anna)
    assert session.get("/profile/").status_code == 200
    token = Token.objects.create(user=anna)
    actions.deactivate(person=anna, actor=galina, at=at)
    assert session.get("/profile/").status_code == 302
    assert not Token.objects.filter(pk=token.pk).exists()
    anna.refresh_from_db()
    assert (anna.is_active, anna.deactivated_at) == (False, at)


def test_a_session_ended_by_deactivation_stays_ended_after_reactivation(sign_in, anna, galina, at):
    session = sign_in(anna)
    session.get("/profile/")
    actions.deactivate(person=anna, actor=galina, at=at)
    actions.reactivate(person=anna, actor=galina)
    assert session.get("/profile/").status_code == 302
    assert sign_in(anna).get("/profile/").status_code == 200


def test_nobody_deactivates_themself_or_a_stranger(olga, vera, galina, at):
    with pytest.raises(actions.NotYourself):
        actions.deactivate(person=olga, actor=olga, at=at)
    with pytest.raises(NotAllowed):
        actions.deactivate(person=vera, actor=olga, at=at)
    with pytest.raises(NotAllowed):
        actions.deactivate(person=galina, actor=olga, at=at)


def test_another_address_is_verified_and_ends_the_sessions(sign_in, anna, galina):
    session = sign_in(anna)
    session.get("/profile/")
    actions.change_address(person=anna, email="Anna.L@verf.example", actor=galina)
    anna.refresh_from_db()
    assert anna.email == "anna.l@verf.example"
    (address,) = EmailAddress.objects.filter(user=anna)
    assert (address.email, address.primary, address.verified) == (anna.email, True, True)
    assert session.get("/profile/").status_code == 302


def test_a_lost_second_factor_is_removed_and_its_owner_told(galina, sergey, with_app, at, letters):
    with_app(sergey)
    actions.reset_second_factor(person=sergey, actor=galina, at=at)
    assert not Authenticator.objects.filter(user=sergey).exists()
    (letter,) = letters("account_notice")
    assert (letter["to"], letter["code"]) == (sergey.email, "second_factor_reset")


def test_a_profile_takes_no_field_that_is_not_its_own(anna):
    with pytest.raises(NotAllowed):
        actions.update_profile(person=anna, email="other@verf.example")


def test_the_first_administrator_is_made_by_the_usual_command(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command(
        "createsuperuser", interactive=False, email="first@hotbot.example", full_name="Первая",
        verbosity=0,
    )  # fmt: skip
    first = User.objects.get(email="first@hotbot.example")
    assert first.role.code == "administrator"
    assert first.is_superuser
    assert EmailAddress.objects.get(user=first).verified
