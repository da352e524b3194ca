"""Home, About support, errors and health: in both languages, cheap, and without inline code."""

import gzip
import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.http import Http404
from django.test import Client, RequestFactory
from django.utils import timezone

from portal import pages, strangers
from portal.delivery import heartbeats
from portal.delivery.models import Delivery
from portal.support.models import DAYS, Brand, Channel, Hours, HoursException
from tickets.models import Target

pytestmark = pytest.mark.django_db
TEMPLATES = Path(settings.BASE_DIR) / "templates"
NIGHT = datetime(2026, 11, 23, 20, 40, tzinfo=UTC)  # 23:40 in Moscow
PUBLIC = ["/", "/about-support/"]


@pytest.fixture
def clock(monkeypatch, at):
    """Let it be noon; the test may move the clock."""
    moment = [at]
    monkeypatch.setattr(timezone, "now", lambda: moment[0])
    return moment


def _text(client, address, language="en"):
    client.cookies["language"] = language
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


# --- pages ----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", PUBLIC)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_public_pages_open_in_both_languages(client, address, language):
    assert f'<html lang="{language}">' in _text(client, address, language)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_pages_answer_reading_only(client, address):
    assert client.post(address).status_code == 405
    assert client.head(address).status_code == 200


@pytest.mark.parametrize("address", PUBLIC)
def test_russian_is_spoken_to_whoever_has_not_chosen(address):
    stranger = Client(headers={"Accept-Language": "en"})
    assert '<html lang="ru">' in stranger.get(address).content.decode()


def test_one_click_changes_the_language_and_it_stays(client):
    answer = client.post("/i18n/setlang/", {"language": "en", "next": "/about-support/"})
    assert answer.headers["Location"] == "/about-support/"
    assert '<html lang="en">' in client.get("/").content.decode()


def test_home_says_until_when_people_are_here(client, clock):
    assert "Specialists are here until 20:00." in _text(client, "/")


def test_home_says_at_night_from_when_they_answer(client, clock):
    clock[0] = NIGHT
    assert "We answer tomorrow from 08:00 Moscow time." in _text(client, "/")


def test_home_names_the_holiday(client, clock, at):
    HoursException.objects.create(on=at.date(), hours="", name_ru="Праздник", name_en="Holiday")
    assert "Holiday. Write to us now" in _text(client, "/")


def test_home_promises_what_the_targets_say(client):
    assert "a request within 3 hours, a critical failure within 30 minutes" in _text(client, "/")
    Target.objects.filter(category="incident", priority="critical").update(minutes=20)
    assert "a critical failure within 20 minutes" in _text(client, "/")


def test_pages_know_new_hours_at_once(client, clock):
    assert "until 20:00" in _text(client, "/")
    Hours.objects.update(**dict.fromkeys(DAYS, "08:00–19:00"))
    assert "until 19:00" in _text(client, "/")
    assert "08:00–19:00" in _text(client, "/about-support/")


def test_pages_know_another_brand_at_once(client):
    assert "HotBot support" in _text(client, "/")
    Brand.objects.update(title_en="Inn & Out help")
    assert "Inn &amp; Out help" in _text(client, "/")


def test_about_support_shows_the_targets_hours_and_channels(client, clock):
    text = _text(client, "/about-support/")
    assert "30 minutes" in text
    assert "1 h 30 min" in text
    assert "Request of any kind" in text
    assert "Every day" in text
    assert "08:00–20:00" in text
    for channel in Channel.objects.exclude(address=""):
        assert channel.address in text


def test_about_support_tells_what_a_ticket_before_closing_gets(client, clock):
    text = _text(client, "/about-support/")
    assert "at 19:50 gets the answer by 08:20" in text


def test_about_support_announces_hours_to_come(client, clock):
    Hours.objects.create(valid_from="2026-12-01", **dict.fromkeys(DAYS, "07:00–23:00"))
    text = _text(client, "/about-support/")
    assert "From 1 December 2026 on our hours change: Every day 07:00–23:00." in text


def test_requests_with_targets_of_their_own_get_lines_of_their_own(client):
    Target.objects.filter(category="change_request").update(minutes=240)
    text = _text(client, "/about-support/")
    assert "Change request" in text
    assert "Request of any kind" not in text
    assert "4 hours" in text


def test_the_short_link_leads_to_about_support(client):
    assert client.get("/to/about-support").headers["Location"] == "/about-support/"


@pytest.mark.parametrize("address", PUBLIC)
def test_public_pages_cost_the_same_few_queries_each_time(
    client, address, django_assert_max_num_queries
):
    client.get(address)
    with django_assert_max_num_queries(2):
        client.get(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_whoever_is_signed_in_costs_a_few_more(
    sign_in, anna, address, django_assert_max_num_queries
):
    client = sign_in(anna)
    client.get(address)
    with django_assert_max_num_queries(12):
        client.get(address)


def test_the_menu_fits_the_person(sign_in, anna, sergey, galina):
    assert 'href="/cabinet/"' in _text(sign_in(anna), "/")
    assert 'href="/desk/"' not in _text(sign_in(anna), "/")
    assert 'href="/desk/"' in _text(sign_in(sergey), "/")
    assert 'href="/admin/"' in _text(sign_in(galina), "/")
    nobody = _text(Client(), "/")
    assert "Sign in" in nobody
    assert 'href="/cabinet/"' not in nobody


# --- pages kept for strangers -------------------------------------------------------------------


def test_every_stranger_gets_a_token_of_their_own():
    pages_read = [Client().get("/").content.decode() for _reader in range(3)]
    tokens = {re.search(r'csrfmiddlewaretoken" value="(\w{64})"', page)[1] for page in pages_read}
    assert len(tokens) == 3
    assert not any("@@" in page for page in pages_read)


def test_a_form_of_a_kept_page_is_accepted():
    Client().get("/")
    reader = Client(enforce_csrf_checks=True)
    page = reader.get("/").content.decode()
    token = re.search(r'csrfmiddlewaretoken" value="(\w{64})"', page)[1]
    posted = {"language": "en", "next": "/", "csrfmiddlewaretoken": token}
    assert reader.post("/i18n/setlang/", posted).status_code == 302


def test_the_page_of_a_person_reaches_nobody_else(sign_in, anna):
    sign_in(anna).get("/")
    assert "Анна Лебедева" not in Client().get("/").content.decode()
    Client().get("/")
    assert "Анна Лебедева" in sign_in(anna).get("/").content.decode()


def test_a_kept_page_is_good_for_its_minute_and_language(client, clock):
    clock[0] = datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC)
    assert "until 20:00" in _text(client, "/")
    clock[0] = datetime(2026, 11, 23, 17, 0, tzinfo=UTC)
    assert "We answer tomorrow from 08:00" in _text(client, "/")
    assert '<html lang="ru">' in _text(client, "/", "ru")


def test_an_address_with_a_query_is_not_kept(client):
    strangers.forget()
    client.get("/?from=letter")
    assert not strangers._kept


# --- when something went wrong ----------------------------------------------------------------


def test_a_lost_page_offers_the_words_of_its_address(client):
    client.cookies["language"] = "en"
    answer = client.get("/kb/old-shelf/close-dates-42.html")
    assert answer.status_code == 404
    assert 'value="old shelf close dates"' in answer.content.decode()


def test_words_of_an_address_are_read_in_any_alphabet():
    assert (
        pages.words_of("/kb/%D0%B7%D0%B0%D0%BA%D1%80%D1%8B%D1%82%D1%8C-%D0%B4%D0%B0%D1%82%D1%8B/")
        == "закрыть даты"
    )
    assert pages.words_of('/<script>"x"/') == "script"
    assert len(pages.words_of("/" + "word-" * 500)) <= 100


def test_a_forbidden_page_says_who_is_signed_in(rf: RequestFactory, anna):
    request = rf.get("/admin/")
    request.user = anna
    answer = pages.permission_denied(request, PermissionError())
    assert answer.status_code == 403
    assert "anna@verf.example" in answer.content.decode()


def test_when_we_fail_the_page_asks_no_database_and_still_names_the_phone(
    rf: RequestFactory, client, django_assert_num_queries
):
    client.get("/")
    with django_assert_num_queries(0):
        answer = pages.server_error(rf.get("/"))
    assert answer.status_code == 500
    assert "+7 (499) 110-86-62" in answer.content.decode()


def test_when_we_fail_before_anything_was_read_there_is_still_a_page(rf, monkeypatch):
    monkeypatch.setattr("portal.support.schedule._cached", {})
    assert pages.server_error(rf.get("/")).status_code == 500
    assert pages.bad_request(rf.get("/"), ValueError()).status_code == 400


def test_a_lost_page_is_an_answer_not_a_failure(rf: RequestFactory):
    request = rf.get("/nope")
    request.user = None
    assert pages.not_found(request, Http404()).status_code == 404


def _expired(**posted):
    client = Client(enforce_csrf_checks=True)
    client.cookies["language"] = "en"
    return client.post("/i18n/setlang/", posted, headers={"Referer": "http://testserver/feedback/"})


def test_an_expired_form_gives_back_what_was_written():
    written = "Гости не могут оплатить.\nШаги: <b>открыть</b> сайт"
    answer = _expired(text=written, language="en")
    page = answer.content.decode()
    assert answer.status_code == 403
    assert "Шаги: &lt;b&gt;открыть&lt;/b&gt; сайт" in page
    assert 'href="http://testserver/feedback/"' in page


def test_an_expired_form_never_repeats_a_secret():
    answer = _expired(password="correct horse battery", code="12 34 56", csrfmiddlewaretoken="a b")
    page = answer.content.decode()
    assert "correct horse" not in page
    assert "12 34 56" not in page


def test_the_words_of_another_site_are_not_repeated():
    client = Client(enforce_csrf_checks=True)
    answer = client.post(
        "/i18n/setlang/",
        {"text": "send money to us now"},
        headers={"Origin": "https://evil.example"},
    )
    assert answer.status_code == 403
    assert "send money" not in answer.content.decode()


def test_an_expired_form_does_not_lead_away():
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/i18n/setlang/", {}, headers={"Referer": "https://evil.example/"})
    assert "evil.example" not in answer.content.decode()


# --- health -----------------------------------------------------------------------------------


def test_a_live_process_says_ok(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert client.get("/healthz").content == b"ok"


def _ready(client):
    answer = client.get("/readyz")
    return answer.status_code, json.loads(answer.content)


def test_readiness_is_ok_when_nothing_waits(client):
    assert _ready(client)[0] == 200


def _delivery(at):
    Delivery.objects.create(
        letter="ticket_reply", recipient="a@b.example", language="ru", message_id=f"<{at}>",
        dedupe_key=str(at), next_at=at, created_at=at,
    )  # fmt: skip


def test_a_letter_that_waits_for_too_long_breaks_readiness(client):
    _delivery(timezone.now() - timedelta(minutes=5))
    assert _ready(client)[0] == 200
    _delivery(timezone.now() - timedelta(minutes=11))
    status, state = _ready(client)
    assert status == 503
    assert state["letters"]["oldest_waits_seconds"] > 600


def test_a_silent_job_breaks_readiness(client):
    heartbeats.beat("outbox", at=timezone.now())
    assert _ready(client)[0] == 200
    heartbeats.beat("outbox", at=timezone.now() - timedelta(minutes=3))
    status, state = _ready(client)
    assert (status, state["jobs"]["outbox"]["ok"]) == (503, False)


# --- policy -----------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [*PUBLIC, "/nope"])
def test_pages_carry_a_strict_policy(client, address):
    policy = client.get(address).headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy


def _templates():
    return [
        path
        for path in sorted(TEMPLATES.rglob("*.html"))
        if "letters" not in path.parts and "email" not in path.parts
    ]


@pytest.mark.parametrize("path", _templates(), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_templates_hold_no_inline_code(path):
    text = path.read_text()
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text)
    assert not re.search(r"<style\b", text)
    assert not re.search(r"\sstyle\s*=", text)
    assert not re.search(r"<[^>{%]*\son[a-z]+\s*=", text)
    assert not re.search(r"\|\s*safe\b", text)
    assert not re.search(r"autoescape\s+off", text)
    assert "javascript:" not in text


def test_the_gallery_shows_every_part(rf: RequestFactory, galina, client):
    client.get("/")
    request = rf.get("/design/")
    request.user = galina
    request.resolver_match = None
    page = pages.design(request).content.decode()
    for part in ("chip", "pill", "prio", "avatar", "field", "contacts", "crumbs", "empty", "msg"):
        assert f'class="{part}"' in page


@pytest.mark.parametrize("address", PUBLIC)
def test_the_first_view_weighs_at_most_60_kilobytes(client, address):

    page = client.get(address).content
    static = Path(settings.BASE_DIR) / "static"
    names = re.findall(r'(?:href|src)="/static/((?:css|js|img)/[^"#]+)', page.decode())
    loaded = [(static / name).read_bytes() for name in set(names)]
    assert loaded
    assert sum(len(gzip.compress(part)) for part in [page, *loaded]) <= 60 * 1024
