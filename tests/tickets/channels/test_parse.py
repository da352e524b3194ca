"""Letters are read as their authors wrote them, however broken their form is."""

import base64
import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.tickets.channels.letters import letter
from tickets.channels.email import caps, charsets, markup, parse, reply

DATA = (
    Path(os.environ.get("SHARED_DATA", Path(__file__).resolve().parents[4] / "shared" / "data"))
    / "mail"
)
needs_data = pytest.mark.skipif(
    not DATA.exists(), reason="the shared letters are not here (SHARED_DATA names their place)"
)
# Where the expectation and we differ, and why ours is right.
ENCLOSED = "a letter within a letter stays one file; its text is not the sender's own"
NAMELESS = (
    "a part without a name is kept all the same: a report of a mail server, or text for all we know"
)
RELABELLED = "the expectation rewrites the charset inside of the HTML"
UNBROKEN = "the standard library stops at a broken field; what follows it is read here"
DEVIATIONS = {
    "attachment_2_base64.eml": ENCLOSED,
    "attachment_7bit.eml": ENCLOSED,
    "attachment_8bit.eml": ENCLOSED,
    "attachment_emails/attachment_message_rfc822.eml": ENCLOSED,
    "forwarded_message.eml": ENCLOSED,
    "mime_emails/raw_email_with_mimepart_without_content_type.eml": ENCLOSED,
    "multipart_report_emails/multi_address_bounce1.eml": ENCLOSED,
    "multipart_report_emails/multi_address_bounce2.eml": ENCLOSED,
    "multipart_report_emails/multipart_report_multiple_status.eml": ENCLOSED,
    "multipart_report_emails/report_422.eml": NAMELESS,
    "multipart_report_emails/report_530.eml": NAMELESS,
    "error_emails/missing_content_disposition.eml": NAMELESS,
    "mime_emails/raw_email11.eml": NAMELESS,
    "text_with_content_id.eml": "text that has a number is text, not a file",
    "attachment_inline2.eml": RELABELLED,
    "base.eml": RELABELLED,
    "mime_emails/raw_email_with_illegal_boundary.eml": RELABELLED,
    "mime_emails/raw_email_with_quoted_illegal_boundary.eml": RELABELLED,
    "plain_emails/raw_email_bad_time.eml": RELABELLED,
    "error_emails/content_transfer_encoding_with_semi_colon.eml": RELABELLED,
    "error_emails/content_transfer_encoding_empty.eml": "bytes of a Chinese code page without a label: the expectation drops them",
    "error_emails/content_transfer_encoding_plain.eml": "single bytes without a label are shown, not dropped",
    "error_emails/invalid_subject_characters.eml": "bare Western letters are read, not dropped",
    "plain_emails/raw_email6.eml": "bare Western letters are read, not dropped",
    "plain_emails/raw_email_incorrect_header.eml": UNBROKEN,
    "rfc2822/example13.eml": UNBROKEN,
    "rfc2822/example14.eml": "words on two lines keep the space between them",
    "mime_emails/raw_email4.eml": "the end of a line before a boundary belongs to the boundary",
    "error_emails/encoding_madness.eml": "an answer to nobody names nobody",
    "error_emails/missing_body.eml": "the name of an empty group is no addressee",
    "plain_emails/mix_caps_content_type.eml": "a name without quotes is told from the address",
    "plain_emails/raw_email_with_at_display_name.eml": "a name with @ is a name",
}


def tidy(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n").replace("\r", "\n").strip()


def cases() -> list[dict[str, Any]]:
    listed = DATA / "imap_tools_expected.json"
    return json.loads(listed.read_text()) if listed.exists() else []


def digest_of(payload: dict[str, str]) -> str:
    kept = base64.b64decode(payload.get("base64", ""))
    return payload.get("sha256") or hashlib.sha256(kept).hexdigest()


def differences(found: parse.Letter, expected: dict[str, Any]) -> list[str]:
    pairs = {
        "subject": (found.subject, tidy(expected["subject"])),
        "from": (found.senders[0].address if found.senders else "", expected["from_"]),
        "to": ([box.address for box in found.to], expected["to"]),
        "cc": ([box.address for box in found.cc], expected["cc"]),
        "reply_to": ([box.address for box in found.reply_to], expected["reply_to"]),
        "text": (tidy(found.plain), tidy(expected["text"])),
        "html": (tidy(found.html), tidy(expected["html"])),
        "names": (
            [one.name for one in found.files],
            [one["filename"] for one in expected["attachments"]],
        ),
        "contents": (
            [hashlib.sha256(one.content).hexdigest() for one in found.files],
            [digest_of(one["payload"]) for one in expected["attachments"]],
        ),
    }
    return [name for name, (ours, theirs) in pairs.items() if ours != theirs]


@needs_data
@pytest.mark.parametrize("case", cases(), ids=lambda case: case["eml"])
def test_a_real_letter_is_read_as_expected(case: dict[str, Any]) -> None:
    raw = (DATA / case["eml"]).read_bytes()
    differs = differences(parse.read(raw), case["expected"])

    assert bool(differs) == (case["eml"].removeprefix("imap_tools/") in DEVIATIONS), differs
    assert caps.exceeded(raw) == ""


@needs_data
@pytest.mark.parametrize("label", ["", "told", "iso-8859-1"])
def test_russian_bytes_are_read_whatever_their_label_says(label: str) -> None:
    listed = json.loads((DATA / "charsets_index.json").read_text())
    unread = [
        one["file"]
        for one in listed
        if one["must_contain_after_decoding"]
        not in charsets.decode(
            (DATA / one["file"]).read_bytes(), one["charset"] if label == "told" else label
        )[0]
    ]

    assert (len(listed), unread) == (82, [])


@needs_data
def test_most_replies_in_other_languages_are_cut_as_well() -> None:
    wrong, looked_at = [], 0
    for case in json.loads((DATA / "crisp_reply_expectations.json").read_text()):
        if not case["fixtures"]:
            continue
        fragments = reply.split((DATA / "crisp_reply" / case["fixtures"][0]).read_text()).fragments
        first = next(
            (one.text for one in fragments if one.kind is reply.Kind.NEW and one.text.strip()), ""
        )
        for check in case["checks"]:
            if not re.match(r"^fragments\[0\](?:\.toString\(\)\.trim\(\))?$", check["expr"]):
                continue
            looked_at += 1
            expected = (
                json.loads(check["equals"]) if check["equals"].startswith('"') else check["equals"]
            )
            if " ".join(first.split()) != " ".join(expected.split()):
                wrong.append(case["test"])

    assert looked_at > 30
    assert len(wrong) <= 0.15 * looked_at, wrong


@needs_data
def test_the_replies_of_the_great_clients_are_cut() -> None:
    listed = json.loads((DATA / "talon_replies.json").read_text())
    letters = [(one["eml"], one["expected_visible_reply"]) for one in listed["standard_eml"]]
    found = [
        reply.split(parse.read((DATA / name).read_bytes()).text).visible.strip() == expected.strip()
        for name, expected in letters
    ]
    pages = [(DATA / one["html"]).read_text("utf-8", "replace") for one in listed["html"]]
    seen = ["".join(reply.split(markup.to_text(page)).visible.split()) for page in pages]
    found += [one == "Hi.Iamfine.Thanks,Alex" for one in seen]

    assert sum(found) >= 0.8 * len(found)


def test_a_letter_in_an_unnamed_russian_charset_is_read() -> None:
    raw = letter().decode().replace("; charset=utf-8", "").encode("koi8-r")

    assert "календарь цен" in parse.read(raw).text


def test_a_subject_cut_amid_a_letter_is_joined() -> None:
    word = "Бронирование".encode()
    first, second = base64.b64encode(word[:7]).decode(), base64.b64encode(word[7:]).decode()
    raw = f"Subject: =?utf-8?b?{first}?=\r\n =?utf-8?b?{second}?=\r\n\r\nДа".encode()

    assert parse.read(raw).subject == "Бронирование"


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ('attachment; filename="Счёт №5.pdf"', "Счёт №5.pdf"),
        ("attachment; filename*=utf-8''%D0%A1%D1%87%D1%91%D1%82.pdf", "Счёт.pdf"),
        ("attachment; filename*0*=utf-8''%D0%A1%D1%87; filename*1*=%D1%91%D1%82.pdf", "Счёт.pdf"),
        ('attachment; filename="=?utf-8?b?0KHRh9GR0YIucGRm?="', "Счёт.pdf"),
        ('attachment; filename="=?windows-1251?b?0ffl8i5wZGY=?="', "Счет.pdf"),
    ],
)
def test_a_file_keeps_its_russian_name(field: str, name: str) -> None:
    raw = (
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
        f"Content-Disposition: {field}\r\n\r\n%PDF\r\n--b--\r\n"
    ).encode()

    assert [one.name for one in parse.read(raw).files] == [name]


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"Subject: " + b"a" * 560_000 + b"\r\n\r\nx", "headers_too_long"),
        (b"Subject: " + b"a" * 9000 + b"\r\n\r\nx", "header_too_long"),
        (b"".join(b"X-%d: a\r\n" % number for number in range(400)) + b"\r\nx", "too_many_headers"),
        (
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 300,
            "too_many_parts",
        ),
        (b"x" * (36 * 1024 * 1024), "too_large"),
        (
            b"".join(
                b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (level, level)
                for level in range(60)
            ),
            "too_deep",
        ),
    ],
    ids=["subject of 560 KB", "field of 9 KB", "400 fields", "300 parts", "36 MB", "60 levels"],
)
def test_a_bomb_is_told_before_it_is_parsed(raw: bytes, reason: str) -> None:
    assert caps.exceeded(raw) == reason


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00" * 1000,
        b"\r\n\r\n",
        b"From: a\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe\x00",
        b"Content-Type: multipart/mixed\r\n\r\nno boundary",
        b"Content-Type: text/plain;" + b" a=b;" * 1500 + b"\r\n\r\nx",
        b"Content-Transfer-Encoding: base64\r\n\r\n====",
        b"Content-Type: message/rfc822\r\n\r\n",
    ],
)
def test_damage_is_read_as_far_as_it_goes(raw: bytes) -> None:
    assert "\x00" not in parse.read(raw).text
