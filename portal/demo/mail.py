"""Letters of the demo: kept as real ones are, and already read, so that nothing has to be checked."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

from accounts.models import User
from tickets import actions, rules
from tickets.channels.email import intake, parse, reply, store
from tickets.models import IncomingLetter, LetterEvent, LetterState, Mailbox, Message

ADDRESS = "support@hotbot.example"
Row = dict[str, Any]


def keep(row: Row, people: dict[str, User], came_at: datetime) -> IncomingLetter:
    """Keep one letter, and let it stand where the file says."""
    mailbox, _made = Mailbox.objects.get_or_create(address=ADDRESS)
    raw = _raw(row, came_at)
    letter = store.keep(raw, mailbox=mailbox, received_at=came_at)
    read = parse.read(raw)
    letter.sender_name, letter.sender = row["name"], row["sender"]
    letter.subject, letter.text = read.subject, read.text
    letter.internet_message_id = read.message_id
    letter.names = [one.name for one in read.files]
    letter.sizes = [len(one.content) for one in read.files]
    letter.state, letter.reason = row["state"], row.get("reason", "")
    letter.sort, letter.verdict = row.get("sort", ""), row.get("verdict", "")
    letter.is_authentic = letter.verdict == "authentic" if letter.verdict else None
    _looked_at(letter, row, people)
    if letter.state == LetterState.DONE:
        _become_ticket(letter, people)
    letter.save()
    return letter


def _raw(row: Row, came_at: datetime) -> bytes:
    written = EmailMessage()
    written["From"] = f"{_quoted(row['name'])} <{row['sender']}>"
    written["To"] = ADDRESS
    written["Subject"] = row["subject"]
    written["Date"] = format_datetime(came_at)
    domain = row["sender"].rpartition("@")[2]
    written["Message-ID"] = f"<{came_at:%Y%m%d%H%M%S}@{domain}>"
    for name, value in row.get("more", {}).items():
        written[name] = value
    written.set_content(row["text"])
    for file in row.get("files", []):
        content = file["text"].encode()
        kind = "html" if file["name"].endswith("html") else "csv"
        written.add_attachment(content, maintype="text", subtype=kind, filename=file["name"])
    return written.as_bytes()


def _quoted(name: str) -> str:
    return '"' + name.replace('"', "") + '"'


def _looked_at(letter: IncomingLetter, row: Row, people: dict[str, User]) -> None:
    """Note who has opened it, and who put it away."""
    if not (name := row.get("decided_by") or row.get("seen_by")):
        return
    by = people[str(name)]
    letter.seen_by, letter.seen_at = by, letter.received_at
    if row.get("decided_by"):
        letter.decided_by, letter.decided_at = by, letter.received_at
        LetterEvent.objects.create(
            letter=letter,
            code="discarded",
            actor=by,
            at=letter.received_at,
            data={
                "before": {"state": LetterState.QUARANTINED.value, "reason": row["was"]},
                "reason": letter.reason,
            },
        )


def _become_ticket(letter: IncomingLetter, people: dict[str, User]) -> None:
    person = next(one for one in people.values() if one.email == letter.sender)
    letter.person = person
    letter.ticket = actions.file_ticket(
        person=person,
        property=None,
        category=rules.Category.INCIDENT.value,
        subject=letter.subject,
        description=reply.split(letter.text).visible,
        evidence=intake.MAIL,
        form_key=letter.pk,
        at=letter.received_at,
        channel="email",
    )
    letter.message = Message.objects.get(form_key=letter.pk)
