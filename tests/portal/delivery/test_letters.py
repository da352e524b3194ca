"""Every letter: renders in both languages, and what people wrote stays words."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.conf import settings

from portal.delivery import admin, letters, manners, secrets, transports
from portal.delivery.models import Delivery

HOSTILE = (
    "<script>alert(1)</script>\r\nBcc: everybody@evil.example\r\n"
    "\"'><img src=x onerror=alert(1)> {{ 7|add:7 }} {% debug %} & \u202egnp.exe"
)
URL = f"{settings.SITE_URL}/cabinet/1042/"
LATER = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)
TICKET = {"number": 1042, "subject": HOSTILE, "name": HOSTILE, "url": URL}
DESK = {**TICKET, "organization": HOSTILE, "due_at": LATER.isoformat()}
SAID = {"author": HOSTILE, "text": HOSTILE}
# What the functions that write letters put into the row (accounts/letters.py, tickets/notices.py,
# portal/feedback/letters.py).
VALUES: dict[str, dict[str, Any]] = {
    "ticket_received": {
        **TICKET,
        "is_named": True,
        "promised_at": LATER.isoformat(),
        "property": HOSTILE,
    },
    "ticket_reply": {**TICKET, **SAID},
    "ticket_resolved": {**TICKET, **SAID},
    "ticket_closed": {**TICKET, "by": "silence"},
    "waiting_reminder": {**TICKET, "closes_at": LATER.isoformat()},
    "promise_moved": {**TICKET, "promised_at": LATER.isoformat(), "text": HOSTILE},
    "date_came": {**TICKET, "organization": HOSTILE},
    "ticket_new_message": {**TICKET, **SAID, "organization": HOSTILE},
    "ticket_assigned": DESK,
    "ticket_merged": {**TICKET, "into": 1043, "into_subject": HOSTILE},
    "ticket_watched": {**TICKET, **SAID, "organization": HOSTILE, "what": "message"},
    "mentioned": {**TICKET, **SAID, "organization": HOSTILE},
    "letter_bounced": {**TICKET, "organization": HOSTILE, "address": HOSTILE},
    "how_to_be_identified": {"url": URL},
    "articles_need_care": {
        "name": HOSTILE,
        "count": 2,
        "more": 1,
        "articles": [{"title": HOSTILE, "url": URL}],
        "url": URL,
    },
    "proof_code": {
        "name": HOSTILE,
        "came_at": LATER.isoformat(),
        "specialist": HOSTILE,
        "number": 1042,
    },
    "article_sent_back": {
        "name": HOSTILE,
        "title": HOSTILE,
        "editor": HOSTILE,
        "text": HOSTILE,
        "url": URL,
    },
    "article_not_helped": {
        "name": HOSTILE,
        "title": HOSTILE,
        "text": HOSTILE,
        "reasons": ["missing"],
        "url": URL,
    },
    "development_started": {
        **TICKET,
        "text": HOSTILE,
        "eta_on": "2026-11-30",
        "news_due_at": LATER.isoformat(),
    },
    "development_news": {**TICKET, "text": HOSTILE, "eta_on": "", "news_due_at": LATER.isoformat()},
    "development_released": {**TICKET, "organization": HOSTILE, "note": HOSTILE},
    "duty_alert": {
        **TICKET,
        "organization": HOSTILE,
        "requester": HOSTILE,
        "step": 2,
        "minutes": 15,
        "priority": "critical",
    },
    "clock_warning": {**DESK, "assignee": HOSTILE},
    "clock_late": {**DESK, "assignee": ""},
    "feedback_received": {
        **SAID,
        "kind": "complaint",
        "to": "head",
        "about_title": HOSTILE,
        "about_url": f"{settings.SITE_URL}/kb/page/",
        "url": URL,
        "created_at": LATER.isoformat(),
    },
    "feedback_thanks": {"name": HOSTILE, "text": HOSTILE, "to": "head", "kind": "idea"},
    "feedback_answered": {
        "name": "",
        "text": HOSTILE,
        "answer": HOSTILE,
        "answered_by": HOSTILE,
    },
    "codes_guessed": {"name": HOSTILE, "url": URL},
    "codes_guessed_at": {
        "name": HOSTILE,
        "url": URL,
        "person": HOSTILE,
        "organization": HOSTILE,
        "specialist": HOSTILE,
    },
    "login_code": {},
    "password_reset": {},
    "email_confirmation": {},
    "invitation": {"name": HOSTILE, "organization": HOSTILE, "invited_by": HOSTILE},
    "account_notice": {"code": "password_changed"},
}
SECRETS = {
    "login_code": {"code": "481-516"},
    "proof_code": {"code": "481516"},
    "password_reset": {"url": URL},
    "email_confirmation": {"url": URL},
    "invitation": {"url": URL},
    "ticket_resolved": {"rate_url": f"{settings.SITE_URL}/rate/12_5_1.abc.def/"},
}
NAMES = sorted(
    path.name.removesuffix(".subject.txt")
    for path in (Path(settings.BASE_DIR) / "templates/letters").glob("*.subject.txt")
)


def a_delivery(name: str, language: str) -> Delivery:
    secret = SECRETS.get(name)
    return Delivery(
        letter=name,
        recipient="anna@verf.example",
        language=language,
        context=VALUES[name],
        secret=secrets.seal(secret) if secret else b"",
        expires_at=LATER if secret else None,
        message_id="<1@hotbot.example>",
        dedupe_key="ticket:12:message:7:5",
        ordering_key="ticket:12:5",
        created_at=LATER,
    )


ALWAYS = ("Content-Type", "Date", "From", "MIME-Version", "Message-ID", "Subject", "To")
ROBOTS = {"Auto-Submitted", "X-Auto-Response-Suppress", "X-Portal-Loop"}


@pytest.fixture(params=["ru", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_letter_has_values_to_be_tried_with() -> None:
    assert sorted(VALUES) == NAMES


def test_every_letter_has_a_name_in_words_for_the_admin() -> None:
    assert sorted(admin.NAMES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_keeps_hostile_words_as_words(name: str, language: str, db: None) -> None:
    letter = letters.render(a_delivery(name, language), with_secret=True)
    page = BeautifulSoup(letter.html, "html.parser")
    assert page.html
    assert page.html["lang"] == language
    assert not page.find_all(["script", "img", "iframe", "form", "link", "base", "svg"])
    assert not [key for tag in page.find_all(True) for key in tag.attrs if key.startswith("on")]
    assert {str(tag["href"]).split(":")[0] for tag in page.find_all("a")} <= {"http", "https"}
    assert letter.subject.strip()
    assert not {"\r", "\n"} & set(letter.subject)


@pytest.mark.parametrize("name", [name for name in NAMES if HOSTILE in VALUES[name].values()])
def test_a_letter_shows_what_was_written_to_the_last_sign(name: str, db: None) -> None:
    letter = letters.render(a_delivery(name, "en"), with_secret=True)
    for body in (letter.text, BeautifulSoup(letter.html, "html.parser").get_text()):
        assert "<script>alert(1)</script>" in body
        assert "{{ 7|add:7 }} {% debug %} &" in body


@pytest.mark.parametrize("name", NAMES)
def test_hostile_words_make_no_header(name: str, language: str, db: None) -> None:
    message = transports.compose(a_delivery(name, language)).message()
    manner, expected = manners.of(name), set(ALWAYS)
    expected |= {"In-Reply-To", "References"} if "number" in VALUES[name] else set()
    expected |= ROBOTS if manner.submitted else set()
    expected |= {"List-Unsubscribe", "List-Unsubscribe-Post"} if manner.topic else set()
    assert set(message.keys()) == expected
    assert len(message.keys()) == len(expected)
    assert message["To"] == "anna@verf.example"


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_is_in_the_language_of_its_reader(name: str, db: None) -> None:
    russian = letters.render(a_delivery(name, "ru"), with_secret=True)
    english = letters.render(a_delivery(name, "en"), with_secret=True)
    # The letters of one conversation keep the subject that the customer gave it.
    assert russian.subject != english.subject or russian.subject.startswith("Re: ")
    assert russian.text != english.text


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_secret_stands_in_the_letter_and_nowhere_else(name: str, db: None) -> None:
    delivery, secret = a_delivery(name, "ru"), next(iter(SECRETS[name].values()))
    sent, shown = (letters.render(delivery, with_secret=told) for told in (True, False))
    assert secret in sent.text
    assert secret in sent.html
    assert secret not in sent.subject
    assert secret not in shown.text + shown.html
    assert letters.HIDDEN in shown.text


@pytest.mark.parametrize(
    ("name", "submitted"),
    [
        ("ticket_received", "auto-replied"),
        ("feedback_thanks", "auto-replied"),
        ("ticket_closed", "auto-generated"),
        ("clock_warning", "auto-generated"),
        ("ticket_reply", None),
        ("feedback_answered", None),
    ],
)
def test_robots_are_told_what_a_machine_wrote(name: str, submitted: str | None, db: None) -> None:
    message = transports.compose(a_delivery(name, "ru")).message()
    assert message["Auto-Submitted"] == submitted
    assert message["X-Auto-Response-Suppress"] == ("All" if submitted else None)
    assert not message["Precedence"]


@pytest.mark.parametrize("name", NAMES)
def test_no_line_of_a_letter_is_too_long_and_every_server_takes_it(
    name: str, language: str, db: None
) -> None:
    delivery = a_delivery(name, language)
    if "text" in delivery.context:
        delivery.context = {**delivery.context, "text": "Слово без конца " * 400}
    raw = transports.compose(delivery).message().as_bytes(linesep="\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert raw.isascii()


@pytest.mark.parametrize(
    ("given", "bare"),
    [
        ("Re: Календарь", "Календарь"),
        ("RE: FW: Re[2]: Отв: Календарь [#1042]", "Календарь"),
        ("Календарь [#1042] [#1050]", "Календарь"),
        ("Реестр: пусто", "Реестр: пусто"),
        ("Re:", "Re:"),
        ("[#1042]", "[#1042]"),
    ],
)
def test_a_thread_keeps_one_subject(given: str, bare: str) -> None:
    assert letters.bare(given) == bare


def test_a_receipt_repeats_nothing_that_came_by_mail(language: str, db: None) -> None:
    delivery = a_delivery("ticket_received", language)
    delivery.context = {**delivery.context, "is_named": False, "name": "Анна", "property": ""}
    letter = letters.render(delivery, with_secret=True)
    assert "alert(1)" not in letter.subject + letter.text + letter.html
    assert "1042" in letter.subject


def test_times_are_said_in_moscow_time(db: None) -> None:
    assert "15:30" in letters.render(a_delivery("ticket_received", "en"), with_secret=True).text


def test_a_missing_promise_is_not_made_up(db: None) -> None:
    delivery = a_delivery("ticket_received", "en")
    delivery.context = {**delivery.context, "promised_at": ""}
    text = letters.render(delivery, with_secret=True).text
    assert "A specialist answers in the hours of support." in text
