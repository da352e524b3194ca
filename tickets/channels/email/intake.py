"""What becomes of a stored letter: an answer, a ticket, a sign that something did not arrive, or a question to a person.

A letter is claimed under a lease and ends as done, duplicate, discarded, quarantined or failed, each
of which staff can see. The row drives it; a message of the broker only makes it quick. The letter's
id is the key of what it becomes, so that whatever dies in between, it becomes that once.
"""

import logging
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import TemporaryUploadedFile
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from portal import files
from portal.delivery.models import Delivery, new_token
from portal.refusals import Refused
from portal.support.schedule import one_ground
from tickets import access, actions, history, identity, mail_routes, notices, policy, rules
from tickets.channels.email import circumstances, store
from tickets.channels.email.circumstances import Circumstances
from tickets.channels.email.reader import Killed, reader
from tickets.models import (
    Attachment,
    DeadAddress,
    IncomingLetter,
    LetterState,
    Message,
    ProofMethod,
    Ticket,
)

log = logging.getLogger("tickets.mail")
LEASE = 120  # seconds; a letter takes 30 at most
MOST_ATTEMPTS = 5
SECONDS = 25.0  # for one letter; what takes longer is an attack
DNS_FOR = timedelta(hours=4)  # a silent name server is asked again for so long
DNS_AGAIN = timedelta(minutes=5)
MOST_FROM_ONE = 20  # letters in ten minutes
MOST_TICKETS = 10  # an hour
MOST_RECEIPTS_AN_HOUR, MOST_RECEIPTS_A_DAY = 5, 20
EXPLAINED_EVERY = timedelta(days=1)  # docs/domain.md, Identification
LONGEST_NOTE = 5_000
TAG = re.compile(r"(?:#|№|No\.\s*)(?:HB-)?(\d{3,12})\b")
MAIL = identity.Evidence(ProofMethod.MAIL, rules.Level.VERIFIED)

CLAIM = """
update tickets_incomingletter set state = 'reading', owner = %(owner)s, attempts = attempts + 1,
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
where id = (
    select id from tickets_incomingletter
    where (state = 'stored' and next_at <= statement_timestamp())
        or (state = 'reading' and lease_until < statement_timestamp())
    order by next_at, id for update skip locked limit 1)
returning *
"""


def take_all(*, most: int = 500, seconds: float = 20.0) -> int:
    """Take letters until none waits or the time is over; answers how many."""
    ends, taken = timezone.now() + timedelta(seconds=seconds), 0
    while taken < most and timezone.now() < ends and take_one():
        taken += 1
    return taken


def take_one() -> bool:
    """Take the next letter that waits; False when there is none."""
    values = {"owner": new_token(), "lease": LEASE}
    letter = next(iter(IncomingLetter.objects.raw(CLAIM, values)), None)
    if letter is None:
        return False
    if letter.attempts > MOST_ATTEMPTS:
        _end(letter, LetterState.FAILED, "gave_up")
        return True
    try:
        with one_ground():
            process(letter)
    except Exception:
        # A fault of ours must not stop the letters behind this one: its lease runs out, it is tried again.
        log.exception("a letter was not taken", extra={"letter": str(letter.pk)})
    return True


def process(letter: IncomingLetter) -> None:
    """Take one claimed letter to its end."""
    place = store.path_of(letter.pk)
    if not place.exists():
        return _end(letter, LetterState.FAILED, "bytes_lost")
    with tempfile.TemporaryDirectory(prefix="letter-") as folder:
        try:
            told = reader().ask(_question(letter, place, folder), seconds=SECONDS)
        except Killed as error:
            return _end(letter, LetterState.FAILED, "took_too_long", detail=str(error))
        _describe(letter, told)
        known = circumstances.of(letter)
        if known.is_copy:
            letter.text = ""  # its words are kept with the first
            return _end(letter, LetterState.DUPLICATE, "came_before")
        return _decide(letter, told, known)


def _question(letter: IncomingLetter, place: Path, folder: str) -> dict[str, Any]:
    boxes = mail_routes.mailboxes()
    mailbox = boxes[letter.mailbox_id]
    own = {box.address.lower() for box in boxes.values()}
    return {
        "path": str(place),
        "folder": folder,
        "only_head": letter.reason if letter.reason in store.ONLY_HEAD else "",
        "envelope_from": letter.envelope_from,
        "received_at": letter.received_at.isoformat(),
        "own": sorted(own),
        "mark": mail_routes.loop_mark(),
        "most_files": files.MOST_FILES,
        "servers": [server.lower() for server in mailbox.verdict_servers],
        "position": mailbox.verdict_place,
        "received_by": mailbox.verdict_received_by,
        "unpublished": [domain.lower() for domain in mailbox.unpublished_domains],
    }


def _describe(letter: IncomingLetter, told: Mapping[str, Any]) -> None:
    verdict = told.get("verdict") or {}
    letter.sender_name = told.get("sender", {}).get("name", "")[:200]
    letter.sender = told.get("sender", {}).get("address", "")[:320].lower()
    letter.subject = told.get("subject", "")
    letter.internet_message_id = told.get("message_id", "")[:300]
    letter.text = told.get("text", "")
    letter.names = [one["name"] for one in told.get("files", [])]
    letter.sizes = [one["size"] for one in told.get("files", [])]
    letter.sort = told.get("sort", "")
    letter.verdict = verdict.get("reason", "")
    letter.is_authentic = verdict.get("is_authentic")
    letter.detail = (verdict.get("detail") or told.get("detail", ""))[:300]


def _decide(letter: IncomingLetter, told: Mapping[str, Any], known: Circumstances) -> None:
    if told["reason"]:
        return _end(letter, LetterState.QUARANTINED, told["reason"])
    is_ours = known.is_our_own or mail_routes.named_by_id(letter.internet_message_id)
    if letter.sort == "loop" or is_ours:
        return _end(letter, LetterState.DISCARDED, "loop")
    if letter.sort == "bounce":
        return _bounced(letter, told)
    if letter.sort in {"auto", "spam"}:
        return _by_a_machine(letter, told)
    return _from_a_person(letter, told, known)


def _from_a_person(letter: IncomingLetter, told: Mapping[str, Any], known: Circumstances) -> None:
    verdict = told["verdict"]
    if verdict["is_temporary"] and timezone.now() - letter.received_at < DNS_FOR:
        return _later(letter, DNS_AGAIN)
    if not verdict["is_authentic"]:
        return _end(letter, LetterState.QUARANTINED, str(verdict["reason"]))
    if known.is_seen:
        # A signed letter that is sent again with other addressees carries the same number.
        return _end(letter, LetterState.QUARANTINED, "seen_id")
    person = (
        User.objects.filter(email=verdict["address"]).select_related("role", "organization").first()
    )
    reason = _unfit(person) or ("flood" if known.letters > MOST_FROM_ONE else "")
    if reason or person is None:
        return _unidentified(letter, person, reason, known)
    try:
        return _take(letter, person, told, known)
    except Refused as refusal:
        return _end(letter, LetterState.QUARANTINED, refusal.code[:40], person=person)


def _unfit(person: User | None) -> str:
    """Say why this account files nothing by mail, or nothing when it may."""
    if person is None:
        return "unknown_sender"
    if not person.is_customer:
        return "system_user"  # agents never act by e-mail (CVE-2026-47123)
    if not access.can_file(person):
        return "inactive_account"
    return ""


def _unidentified(
    letter: IncomingLetter, person: User | None, reason: str, known: Circumstances
) -> None:
    """Keep it for a person of the staff, and tell a true but unknown sender how to be identified."""
    with transaction.atomic():
        if reason in {"unknown_sender", "inactive_account"} and _may_be_answered(letter, known):
            since = letter.received_at - EXPLAINED_EVERY
            notices.how_to_be_identified(letter.sender, since=since, at=timezone.now())
        _end(letter, LetterState.QUARANTINED, reason, person=person)


def _may_be_answered(letter: IncomingLetter, known: Circumstances) -> bool:
    """Whether a machine may write back: never to machines, lists or addresses that are dead."""
    return letter.sort == "human" and not known.is_dead


@transaction.atomic
def _take(
    letter: IncomingLetter, person: User, told: Mapping[str, Any], known: Circumstances
) -> None:
    """Make an answer or a ticket of a believed letter, with its files, in one transaction."""
    at = timezone.now()
    text = text_of(told)
    # Whoever writes from an address reads there as well, whatever a mail server said before.
    if known.is_dead:
        DeadAddress.objects.filter(address=letter.sender).delete()
    kept, left_out = files_of(person, told, at)
    ticket = _ticket_meant(person, told)
    if ticket is not None and not policy.is_over(ticket, at):
        message = _answer(ticket, person, text, letter, kept, at)
        ticket = message.ticket
    else:
        if known.tickets >= MOST_TICKETS:
            _end(letter, LetterState.QUARANTINED, "flood", person=person)
            return
        ticket = actions.file_ticket(
            person=person,
            property=None,
            category=rules.Category.INCIDENT.value,
            subject=letter.subject[:200].strip() or text.split("\n")[0][:120],
            description=text,
            evidence=MAIL,
            form_key=letter.pk,
            at=letter.received_at,
            attachments=kept,
            channel="email",
            follows=ticket,
            acknowledges=_receipts_left(letter, known) and not told["seems_automatic"],
        )
        message = Message.objects.only("pk").get(form_key=letter.pk)
    if left_out:
        letter.detail = ", ".join(left_out)[:300]
    _end(letter, LetterState.DONE, "", person=person, ticket=ticket, message=message)


def text_of(told: Mapping[str, Any]) -> str:
    """Give what a letter newly says, or what it holds where it says nothing."""
    text = str(told["visible"]).strip()
    if text:
        return text
    # A letter may be nothing but a file or a picture: its name is what it says.
    names = ", ".join(one["name"] or "—" for one in told["files"])
    return names or told["subject"] or "—"


def _answer(
    ticket: Ticket, person: User, text: str, letter: IncomingLetter, kept: list[Any], at: datetime
) -> Message:
    """Write into a ticket; a colleague whose role reads it joins first."""
    if not access.can_reply(person, ticket):
        actions.join(ticket=ticket, actor=person, at=at)
    return actions.reply(
        ticket=ticket,
        author=person,
        text=text,
        form_key=letter.pk,
        attachments=kept,
        at=letter.received_at,
    )


def _ticket_meant(person: User, told: Mapping[str, Any]) -> Ticket | None:
    """Give the ticket a letter answers, if this person may write there."""
    for ticket in candidates(person, told):
        if access.can_reply(person, ticket) or access.can_join(person, ticket):
            return ticket
    return None


def candidates(person: User | None, told: Mapping[str, Any]) -> list[Ticket]:
    """Give the tickets a letter may mean, the surest sign first; of nobody known, by our own signs."""
    if not _has_signs(told):
        return []
    numbers = [mail_routes.named(one, "t") for one in told["recipients"]]
    found = list(Ticket.objects.filter(number__in=[one for one in numbers if one]))
    found += Ticket.objects.filter(number__in=_answered(told))
    if person is None:
        return found
    theirs = Ticket.objects.filter(organization=person.organization)
    found += theirs.filter(number__in=[int(one) for one in TAG.findall(told["subject"])[:3]])
    found += theirs.filter(
        letters__internet_message_id__in=told["answers"], letters__internet_message_id__gt=""
    )
    return found


def _has_signs(told: Mapping[str, Any]) -> bool:
    """Whether anything may lead to a ticket; most letters begin one, and need not be asked of."""
    are_tagged = any("+" in one for one in told["recipients"])
    return bool(told["answers"] or are_tagged or TAG.search(told["subject"]))


def _answered(told: Mapping[str, Any]) -> list[int]:
    """Give the numbers of the tickets whose letters one answers: ids of ours name them themselves."""
    named = [mail_routes.named_by_id(one) for one in told["answers"]]
    if any(named):
        return [one for one in named if one]
    # Letters that left before ids named tickets; and machines answer the sender on the envelope
    # (RFC 3834, 4), often without naming what they answer.
    returned = [mail_routes.named(one, "b") for one in told["recipients"]]
    ours = Delivery.objects.filter(
        Q(message_id__in=told["answers"]) | Q(pk__in=[one for one in returned if one])
    )
    return [one["number"] for one in ours.values_list("context", flat=True) if one.get("number")]


def files_of(person: User, told: Mapping[str, Any], at: datetime) -> tuple[list[Any], list[str]]:
    """Keep the files of a letter; those that are not taken are named, and stay in the letter itself."""
    kept, left_out = [], []
    for one in told["files"]:
        try:
            kept.append(_kept(person, one, at).pk)
        except files.FileRefused:
            left_out.append(one["name"] or one["content_type"])
    return kept, left_out


def _kept(person: User, one: Mapping[str, Any], at: datetime) -> Attachment:
    name = one["name"] or _name_for(one["content_type"])
    with TemporaryUploadedFile(name, one["content_type"], one["size"], None) as upload:
        with Path(one["path"]).open("rb") as source:
            for chunk in iter(lambda: source.read(1 << 20), b""):
                upload.write(chunk)
        upload.seek(0)
        return actions.keep_upload(person=person, upload=upload, at=at)


def _name_for(content_type: str) -> str:
    kind = content_type.partition("/")[2].split(";")[0]
    return f"file.{'eml' if content_type == 'message/rfc822' else kind.replace('jpeg', 'jpg')[:20]}"


def _receipts_left(letter: IncomingLetter, known: Circumstances) -> bool:
    """Whether another acknowledgement may go to this address: so many an hour and a day."""
    return (
        letter.sort == "human"
        and not known.is_repeated
        and known.receipts_an_hour < MOST_RECEIPTS_AN_HOUR
        and known.receipts_a_day < MOST_RECEIPTS_A_DAY
    )


# What did not come from a person.


@transaction.atomic
def _bounced(letter: IncomingLetter, told: Mapping[str, Any]) -> None:
    """Believe a failure only of a letter that we did send; stop writing to a dead address."""
    numbers = [mail_routes.named(one, "b") for one in told["recipients"]]
    ours = Delivery.objects.filter(
        pk__in=[one for one in numbers if one]
    ) | Delivery.objects.filter(message_id__in=told["originals"])
    delivery = ours.first()
    if delivery is None:
        return _end(letter, LetterState.QUARANTINED, "backscatter")
    at = timezone.now()
    reports = [one for one in told["bounces"] if one["address"] == delivery.recipient.lower()]
    is_final = any(one["is_permanent"] for one in reports)
    if is_final:
        DeadAddress.objects.get_or_create(
            address=delivery.recipient.lower(),
            defaults={
                "status": reports[0]["status"][:20],
                "said": reports[0]["said"][:500],
                "since": at,
            },
        )
    ticket = Ticket.objects.filter(number=delivery.context.get("number") or 0).first()
    if ticket is not None:
        code = "letter_bounced" if is_final else "letter_delayed"
        history.record(ticket=ticket, code=code, actor=None, at=at, address=delivery.recipient)
        if is_final:
            notices.letter_bounced(ticket, delivery.recipient, at=at)
    return _end(letter, LetterState.DONE, "bounce", ticket=ticket)


@transaction.atomic
def _by_a_machine(letter: IncomingLetter, told: Mapping[str, Any]) -> None:
    """Note an automatic answer in its ticket; it reopens nothing, stops no clock and gets no answer."""
    if letter.sort == "spam":
        return _end(letter, LetterState.QUARANTINED, "spam")
    numbers = [mail_routes.named(one, "t") for one in told["recipients"]]
    numbers += _answered(told)
    ticket = Ticket.objects.filter(number__in=[one for one in numbers if one]).first()
    if ticket is None:
        return _end(letter, LetterState.QUARANTINED, "auto")
    text = str(told["visible"])[:LONGEST_NOTE]
    history.record(
        ticket=ticket,
        code="auto_reply",
        actor=None,
        at=timezone.now(),
        sender=letter.sender,
        text=text,
    )
    return _end(letter, LetterState.DONE, "auto", ticket=ticket)


def _later(letter: IncomingLetter, wait: timedelta) -> None:
    letter.attempts = 0
    letter.next_at = timezone.now() + wait
    _end(letter, LetterState.STORED, "dns")


def _end(
    letter: IncomingLetter,
    state: LetterState,
    reason: str,
    *,
    detail: str = "",
    person: User | None = None,
    ticket: Ticket | None = None,
    message: Message | None = None,
) -> None:
    letter.state, letter.reason = state, reason
    letter.detail = detail or letter.detail
    letter.person, letter.ticket, letter.message = person, ticket, message
    letter.lease_until, letter.owner = None, ""
    letter.save()
