"""`python -m tests.bench.mail`: what a letter costs from its arrival to its ticket, in the database given.

Letters are signed and checked against a name server of their own; nothing is left out of the way
that a customer's letter takes but the connection to the mailbox. `python -m tests.bench.mail take`
is one of the two processes that take a burst.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from allauth.account.models import EmailAddress
from django.conf import settings
from django.utils import timezone

from accounts.models import Organization, Property, Role, User
from portal.support.schedule import ground
from tests.bench import seed
from tests.tickets.channels.letters import record, sign
from tests.tickets.channels.names import Names
from tickets.channels.email import intake, store
from tickets.channels.email.reader import reader
from tickets.models import IncomingLetter, Mailbox, Ticket

DOMAIN = "guests.example"
SUPPORT = "support@portal.example"
RECORDS = {f"s1._domainkey.{DOMAIN}": record(), f"_dmarc.{DOMAIN}": b"v=DMARC1; p=reject"}
PEOPLE = 700  # so that nobody writes more than a person may
ONE_BY_ONE = 300  # while support is open, and as many again at night
NIGHT = timedelta(hours=12)
BURST, LONGEST, PROCESSES = 1000, 60, 2  # letters, seconds, processes
GOAL = 15  # milliseconds a letter
# The floor of the shared benchmark on the machine where that goal was set (1,100 requests a second):
# on a slower one the milliseconds say little, the multiples something.
FLOOR_THERE = 0.91
LARGE, MOST_MEMORY = 25 * 1024 * 1024, 300  # bytes, MB
FILE = 20_000  # bytes


def main() -> None:
    """Measure and print."""
    names = Names(RECORDS)
    names.start()
    os.environ["MAIL_DNS"] = settings.MAIL_DNS = names.address
    with tempfile.TemporaryDirectory(prefix="bench-mail-") as folder:
        os.environ["MAIL_ROOT"] = folder
        settings.MAIL_ROOT = Path(folder)
        mailbox = Mailbox.objects.get_or_create(address=SUPPORT)[0]
        people()
        there = Ticket.objects.count()
        print(f"\nLetters that come in, beside {there} tickets, with all checks")
        at = _opened()
        _one_by_one(mailbox, 0, at, "in support hours")
        _one_by_one(mailbox, ONE_BY_ONE, at - NIGHT, "at night, calls")
        _burst(mailbox)
        _large(mailbox)
    reader().close()
    names.close()


def people() -> None:
    company = Organization.objects.create(name="Гости замера")
    Property.objects.create(organization=company, name="Отель замера")
    role = Role.objects.select_related("group").get(code="employee")
    people = User.objects.bulk_create(
        User(
            email=f"guest{n}@{DOMAIN}",
            full_name=f"Гость {n}",
            role=role,
            organization=company,
            password="!",
        )
        for n in range(PEOPLE)
    )
    EmailAddress.objects.bulk_create(
        EmailAddress(user=one, email=one.email, primary=True, verified=True) for one in people
    )
    if role.group:
        role.group.user_set.add(*people)


def letter(luck: random.Random, number: int, at: datetime, size: int = 0) -> bytes:
    """Write a signed letter of about a kilobyte: some with HTML beside, some with a picture."""
    text = f"{seed.words(luck, 60).capitalize()}.\n\nЗамер {number}"
    one = EmailMessage()
    one["From"] = f"Гость <guest{number % PEOPLE}@{DOMAIN}>"
    one["To"] = SUPPORT
    one["Subject"] = f"{seed.words(luck, 6).capitalize()} {number}"
    one["Date"] = format_datetime(at)
    one["Message-ID"] = f"<{number}.{luck.getrandbits(64):x}@{DOMAIN}>"
    one.set_content(text, cte=luck.choice(["base64", "quoted-printable", "8bit"]))
    kind = luck.random()
    if kind < 0.2:
        one.add_alternative(f"<html><body><p>{text}</p></body></html>", subtype="html")
    elif kind < 0.3 or size:
        content = luck.randbytes(size or FILE)
        one.add_attachment(content, maintype="image", subtype="png", filename="снимок.png")
    return sign(one.as_bytes().replace(b"\n", b"\r\n"), domain=DOMAIN)


def _opened() -> datetime:
    """Give a moment of the last hours of support, so that figures do not depend on the time of day."""
    local = timezone.now().astimezone(ground().zone)
    noon = local.replace(hour=12, minute=0, second=0, microsecond=0)
    return noon if noon <= local else noon - timedelta(days=1)


def _one_by_one(mailbox: Mailbox, first: int, at: datetime, when: str) -> None:
    luck = random.Random(first + 1)
    letters = [letter(luck, first + number, at) for number in range(ONE_BY_ONE)]
    times = []
    for number, raw in enumerate(letters):
        started = time.perf_counter()
        store.keep(raw, mailbox=mailbox, received_at=at)
        intake.take_one()
        if number >= 10:  # the first ones warm up
            times.append((time.perf_counter() - started) * 1000)
    _check(first + ONE_BY_ONE)
    median, slow = statistics.median(times), sorted(times)[int(len(times) * 0.95)]
    ratio = median / float(os.environ["FLOOR_MS"])
    told = "ok" if median <= GOAL else "OVER"
    in_floors = "ok" if ratio <= GOAL / FLOOR_THERE else "OVER"
    kilobytes = statistics.median(len(raw) for raw in letters) / 1024
    print(
        f"| one by one, {kilobytes:.1f} KB, {when} | median {median:.1f} ms, p95 {slow:.1f} ms"
        f" | goal {GOAL} ms: {told} | {ratio:.1f} x floor, that goal is {GOAL / FLOOR_THERE:.1f}:"
        f" {in_floors} |"
    )


def _check(count: int) -> None:
    ended = IncomingLetter.objects.order_by("-pk").values_list("state", "reason").distinct()
    wrong = [f"{state} {reason}" for state, reason in ended.order_by() if state != "done"]
    if wrong or IncomingLetter.objects.count() != count:
        raise SystemExit(f"not every letter became a ticket: {wrong}")


def _burst(mailbox: Mailbox) -> None:
    luck = random.Random(2)
    before, numbers = Ticket.objects.count(), range(2 * ONE_BY_ONE, 2 * ONE_BY_ONE + BURST)
    letters = [letter(luck, number, timezone.now()) for number in numbers]
    started = time.perf_counter()
    for raw in letters:
        store.keep(raw, mailbox=mailbox, received_at=timezone.now())
    stored = time.perf_counter() - started
    takers = [
        subprocess.Popen([sys.executable, "-m", "tests.bench.mail", "take"], env=os.environ)
        for _process in range(PROCESSES)
    ]
    if any(one.wait() for one in takers):
        raise SystemExit("a process that takes letters failed")
    taken = time.perf_counter() - started
    _check(2 * ONE_BY_ONE + BURST)
    made = Ticket.objects.count() - before
    verdict = "ok" if taken <= LONGEST and made == BURST else "OVER"
    print(
        f"| a burst of {BURST} | stored after {stored:.1f} s, {made} tickets after {taken:.1f} s"
        f" | goal {LONGEST} s: {verdict} |"
    )


def _large(mailbox: Mailbox) -> None:
    raw = letter(random.Random(3), 2 * ONE_BY_ONE + BURST, timezone.now(), LARGE * 3 // 4)
    reader().close()  # a new process: what it takes at most is what this letter takes
    store.keep(raw, mailbox=mailbox, received_at=timezone.now())
    started = time.perf_counter()
    intake.take_one()
    taken = time.perf_counter() - started
    _check(2 * ONE_BY_ONE + BURST + 1)
    most = _memory_at_most()
    verdict = "ok" if most <= MOST_MEMORY else "OVER"
    print(
        f"| {len(raw) / 1024 / 1024:.0f} MB | taken in {taken:.1f} s, at most {most:.0f} MB"
        f" | goal {MOST_MEMORY} MB: {verdict} |"
    )


def _memory_at_most() -> float:
    """Give the MB that the process which took the letter apart has held at most."""
    process = reader()._process
    assert process
    status = Path(f"/proc/{process.pid}/status").read_text()
    told = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(told.split()[1]) / 1024


def take() -> None:
    """Take letters until none waits."""
    while intake.take_one():
        pass
    reader().close()


if __name__ == "__main__":
    take() if sys.argv[1:] == ["take"] else main()
