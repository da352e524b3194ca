"""Two thousand letters, while everything that handles them dies again and again: each is one ticket.

Killed without warning: the process that fetches, the workers, the database; connections to the mailbox
break in the middle of a letter, and the mail server refuses what we send for a minute. Run by
`make fire`: it takes minutes.
"""

import base64
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import environ
import psycopg
import pytest
from django.conf import settings

from portal import embedded
from tests.tickets.channels.dovecot import NEEDED, Between, dovecot
from tests.tickets.channels.names import Names
from tests.tickets.channels.sink import Port, Sink

LETTERS = int(os.environ.get("LETTERS", "2000"))
BREAKS_AFTER = 2_000_000  # bytes of one connection to the mailbox
REFUSING = 60.0  # seconds
BETWEEN = (2.0, 6.0)  # seconds from one kill to the next
KILLING = 90.0  # seconds
LONGEST = 900.0  # seconds until the test says that something hangs
TICKETS = "select count(*) from tickets_ticket"
RECEIPTS = """
select count(*) from delivery_delivery where letter = 'ticket_received' and state = 'sent'
"""
NUMBER = re.compile(r"(\d+)$")

pytestmark = [
    pytest.mark.skipif(not os.environ.get("FIRE"), reason="takes minutes: run it by `make fire`"),
    NEEDED,
]


@dataclass
class Processes:
    """Real processes of the portal, each in a session of its own so that all of it can be killed."""

    environment: dict[str, str]
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)

    def start(self, name: str, *words: str) -> None:
        """Start one."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, *words],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_all(self) -> None:
        """Start those that do not run."""
        if "fetcher" not in self.running:
            self.start("fetcher", "manage.py", "fetch_mail")
        if "workers" not in self.running:
            beat = ("-B", "--schedule", str(self.folder / "beat"))
            worker = ("-m", "celery", "-A", "portal", "worker", "--concurrency", "2")
            self.start("workers", *worker, *beat, "--loglevel", "warning")

    def kill(self, name: str) -> None:
        """End one and its children as a power failure would."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.killed[name] += 1

    def told(self) -> str:
        """Give the end of what they had to say."""
        return "\n".join(log.read_text()[-3000:] for log in self.folder.glob("*.log"))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """Run a PostgreSQL that keeps what it is told; gives its address and what crashes it."""
    var = tmp_path / "var"
    var.mkdir()
    with embedded.server(var) as url:
        place = embedded.home(var)

        def crash() -> None:
            command = ("-D", str(place / "data"), "-m", "immediate", "-w", "restart")
            embedded._run("pg_ctl", *command, "-l", str(place / "log"), place=place)

        yield url, crash


def test_two_thousand_letters_are_two_thousand_tickets(
    database: tuple[str, Callable[[], None]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url, crash = database
    names, sink = Names({}), Sink()
    names.start()
    port = Port(sink)
    port.start()
    began = time.monotonic()
    sink.answer = lambda *_told: "451 later" if time.monotonic() < began + REFUSING else "250 taken"
    with dovecot() as server:
        between = Between(server.port, after=BREAKS_AFTER)
        between.start()
        environment = _environment(url, tmp_path, names.address, port.port)
        made = _prepared(environment, between.port)
        names.records |= {name: value.encode() for name, value in made["records"].items()}
        for raw in made["letters"]:
            server.deliver(base64.b64decode(raw))
        processes = Processes(environment, tmp_path)
        began = time.monotonic()
        try:
            crashes = _under_fire(processes, crash)
            _finish(processes, url)
        finally:
            for name in list(processes.running):
                processes.kill(name)
    taken = time.monotonic() - began
    port.stop()
    between.close()
    names.close()
    with capsys.disabled():
        sys.stdout.write(
            f"\n{LETTERS} letters in {taken:.0f} s; killed: {dict(processes.killed)},"
            f" database crashed {crashes} times, {between.connections} connections to the mailbox\n"
        )
    _check(url, sink)
    assert crashes >= 2
    assert between.connections > 3
    assert min(processes.killed["fetcher"], processes.killed["workers"]) > 2


def _environment(url: str, folder: Path, name_server: str, port: int) -> dict[str, str]:
    for name in ("queue", "control"):
        (folder / "broker" / name).mkdir(parents=True)
    return {
        **{name: value for name, value in os.environ.items() if name != "FIRE"},
        "DATABASE_URL": url,
        "PORTAL_MODE": "test",  # as a demo letters would become files
        "ATTACHMENT_ROOT": str(folder / "attachments"),
        "MAIL_ROOT": str(folder / "mail"),
        "MAIL_DNS": name_server,
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "DELIVERY_LEASE_SECONDS": "10",
        "CELERY_BROKER_URL": "filesystem://",
        "BROKER_FOLDER": str(folder / "broker"),
    }


def _prepared(environment: dict[str, str], port: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.fire.letters", str(LETTERS), str(port)]
    told = subprocess.run(
        command, cwd=settings.BASE_DIR, env=environment, check=True, stdout=subprocess.PIPE
    )
    return json.loads(told.stdout.splitlines()[-1])


def _under_fire(processes: Processes, crash: Callable[[], None]) -> int:
    """Kill this and that for a while, and start it again; answers how often the database crashed."""
    luck, crashes, turn = random.Random(4), 0, 0
    until = time.monotonic() + KILLING
    while time.monotonic() < until:
        processes.start_all()
        time.sleep(luck.uniform(*BETWEEN))
        turn += 1
        if turn % 4 == 0:
            crash()
            crashes += 1
        else:
            processes.kill(luck.choice(["fetcher", "workers"]))
    processes.start_all()
    return crashes


def _finish(processes: Processes, url: str) -> None:
    until = time.monotonic() + LONGEST
    asked = (
        "select count(*) from tickets_ticket",
        "select count(*) from delivery_delivery where letter = 'ticket_received' and state = 'sent'",
    )
    while [_one(url, sql) for sql in asked] != [LETTERS, LETTERS]:
        assert time.monotonic() < until, processes.told()
        time.sleep(2)


def _one(url: str, sql: str) -> int:
    return int(_rows(url, sql)[0][0])


def _rows(url: str, sql: str) -> list[tuple]:
    told = environ.Env.db_url_config(url)
    with psycopg.connect(host=told["HOST"], user=told["USER"], dbname=told["NAME"]) as connection:
        return connection.execute(sql).fetchall()


def _check(url: str, sink: Sink) -> None:
    states = dict(_rows(url, "select state, count(*) from tickets_incomingletter group by state"))
    assert states == {"done": LETTERS}
    subjects = [row[0] for row in _rows(url, "select subject from tickets_ticket")]
    numbers = sorted(int(found[1]) for one in subjects if (found := NUMBER.search(one)))
    assert numbers == list(range(LETTERS)), "each letter is one ticket"
    assert _one(url, "select count(*) from tickets_message") == LETTERS
    ours = dict(_rows(url, "select message_id, recipient from delivery_delivery"))
    arrived = Counter(one.field("Message-ID") for one in sink.letters)
    assert set(arrived) >= set(ours), "every letter of ours arrived"
    assert {one.field("Message-ID"): one.recipient for one in sink.letters} == ours
