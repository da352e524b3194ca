"""The rota in the admin: edited by the head, never with two at once, its gaps in sight."""

from datetime import datetime, timedelta

import pytest
from bs4 import BeautifulSoup
from django.template import engines
from django.urls import reverse
from django.utils import timezone

from tickets.models import DutyShift

pytestmark = pytest.mark.django_db
LIST = reverse("admin:tickets_dutyshift_changelist")
ADD = reverse("admin:tickets_dutyshift_add")
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _forgiving_templates(monkeypatch):
    """Unfold's own templates ask for variables that are not there."""
    monkeypatch.setattr(engines["django"].engine, "string_if_invalid", "")


def soup(response):
    return BeautifulSoup(response.content, "html.parser")


def page_of(shift, name="change"):
    return reverse(f"admin:tickets_dutyshift_{name}", args=[shift.pk])


def fields(person, starts_at: datetime, ends_at: datetime, rank=1):
    values = {"person": person.pk, "rank": rank}
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        local = timezone.localtime(moment)
        values |= {f"{name}_0": f"{local:%Y-%m-%d}", f"{name}_1": f"{local:%H:%M}"}
    return values


@pytest.fixture
def shift(sergey):
    now = timezone.now()
    return DutyShift.objects.create(person=sergey, starts_at=now - DAY, ends_at=now + DAY)


def test_the_head_edits_the_rota_and_specialists_do_not(sign_in, galina, sergey, maxim, shift):
    assert sign_in(galina).get(LIST).status_code == 200
    for person in (sergey, maxim):
        for address in (LIST, ADD, page_of(shift)):
            assert sign_in(person).get(address).status_code == 403


def test_the_list_says_who_is_on_duty_and_when_nobody_is(sign_in, galina, shift):
    told = soup(sign_in(galina).get(LIST)).select_one("[role=status]")
    assert "Сергей Орлов" in told.select_one("p").text
    assert len(told.select("li")) == 1
    DutyShift.objects.create(
        person=galina, starts_at=shift.ends_at, ends_at=shift.ends_at + 30 * DAY
    )
    assert not soup(sign_in(galina).get(LIST)).select("[role=status] li")


def test_a_shift_is_added_moved_and_taken_out(sign_in, galina, sergey):
    client, now = sign_in(galina), timezone.now()
    assert client.post(ADD, fields(sergey, now, now + 7 * DAY)).status_code == 302
    shift = DutyShift.objects.get()
    assert client.post(page_of(shift), fields(sergey, now, now + 2 * DAY)).status_code == 302
    shift.refresh_from_db()
    assert shift.ends_at - shift.starts_at == 2 * DAY
    assert client.post(page_of(shift, "delete"), {"post": "yes"}).status_code == 302
    assert not DutyShift.objects.exists()


def test_two_at_once_in_the_same_order_are_refused_with_words(sign_in, galina, sergey, shift):
    now = timezone.now()
    response = sign_in(galina).post(ADD, fields(galina, now, now + DAY))
    assert response.status_code == 200
    assert soup(response).select(".errorlist, .errornote")
    assert sign_in(galina).post(ADD, fields(galina, now, now + DAY, rank=2)).status_code == 302
    assert DutyShift.objects.count() == 2


def test_a_shift_that_ends_before_it_starts_is_refused(sign_in, galina, sergey):
    now = timezone.now()
    assert sign_in(galina).post(ADD, fields(sergey, now, now - DAY)).status_code == 200
    assert not DutyShift.objects.exists()


@pytest.mark.parametrize("person", ["anna", "elena", "daria", "maxim"])
def test_who_cannot_open_every_ticket_is_not_put_on_duty(sign_in, galina, request, person):
    now, somebody = timezone.now(), request.getfixturevalue(person)
    assert sign_in(galina).post(ADD, fields(somebody, now, now + DAY)).status_code == 200
    assert not DutyShift.objects.exists()
