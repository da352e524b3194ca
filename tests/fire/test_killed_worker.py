"""A worker is killed in the middle of its work: nothing is lost, nothing doubled without need."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from celery import Celery
from django.conf import settings
from django.db import connection
from django.utils import timezone

from portal.delivery import outbox
from portal.delivery.models import Delivery, State

LETTERS = 200
CONVERSATIONS = 40
KILLS = 4
BETWEEN = 40  # letters from one kill to the next
SLOW = 2.0  # seconds; far longer than a kill takes
PROCESSES = 2
LEASE = 2  # seconds; what a killed worker held is free after them
LONGEST = 90  # seconds until the test says that something hangs


@dataclass
class Server:
    """A mail server that notes what it has taken, in the order in which it took it."""

    taken: list[tuple[str, str]] = field(default_factory=list)
    named: int = 0  # letters whose address was named; their words may never come
    slow_from: int = sys.maxsize  # from this letter on, addresses are answered slowly
    changed: threading.Condition = field(default_factory=threading.Condition)

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        """Hear to whom it goes."""
        with self.changed:
            self.named += 1
            is_slow = self.named >= self.slow_from
            self.changed.notify_all()
        if is_slow:
            await asyncio.sleep(SLOW)
        envelope.rcpt_tos.append(address)
        return "250 known"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a message: from here on it is the server's."""
        message_id = message_from_bytes(envelope.content)["Message-ID"]
        with self.changed:
            self.taken.append((envelope.rcpt_tos[0], message_id))
            self.changed.notify_all()
        return "250 taken"

    def wait_until_taken(self, count: int, *, seconds: float) -> bool:
        """Wait until so many messages were taken; whether they were."""
        with self.changed:
            return self.changed.wait_for(lambda: len(self.taken) >= count, timeout=seconds)

    def wait_until_named(self, more: int, *, seconds: float) -> bool:
        """Wait until so many more addresses were named, and the server holds its answer."""
        with self.changed:
            self.slow_from = wanted = self.named + more
            came = self.changed.wait_for(lambda: self.named >= wanted, timeout=seconds)
            self.slow_from = sys.maxsize
            return came


@dataclass
class Workers:
    """Real workers of Celery, each in a session of its own so that all of it can be killed."""

    environment: dict[str, str]
    folder: Path
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the next worker."""
        command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--pool", "prefork"]
        with (self.folder / "worker.log").open("ab") as log:
            self.running = subprocess.Popen(
                [*command, "--concurrency", str(PROCESSES), "--without-mingle", "--without-gossip"],
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def kill(self) -> None:
        """End it and its children as a power failure would."""
        if self.running:
            os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()
            self.running = None

    def log(self) -> str:
        """Give what they had to say, for when something went wrong."""
        return (self.folder / "worker.log").read_text()

    def ring(self) -> None:
        """Ask every process to drain the outbox, as the bell and the schedule do."""
        queue = str(self.folder / "queue")
        transport = {
            "data_folder_in": queue,
            "data_folder_out": queue,
            "control_folder": str(self.folder / "control"),
        }
        with Celery(broker="filesystem://", set_as_current=False) as app:
            app.conf.update(broker_transport_options=transport, task_default_queue="portal")
            for _ in range(PROCESSES):
                app.send_task("portal.delivery.tasks.drain")


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    """Run the mail server; gives it and its port."""
    handler, port = Server(), _free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


@pytest.fixture
def workers(server: tuple[Server, int], tmp_path: Path) -> Iterator[Workers]:
    """Give workers of the test's own database, mail server and broker."""
    for name in ("queue", "control"):
        (tmp_path / name).mkdir()
    found = Workers(_environment(server[1], tmp_path), tmp_path)
    yield found
    found.kill()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_killing_the_worker_loses_nothing_and_doubles_only_what_was_in_flight(
    server: tuple[Server, int], workers: Workers
) -> None:
    mail, _port = server
    written = _write()
    in_flight: set[str] = set()
    for number in range(KILLS):
        workers.start()
        workers.ring()
        # In turn: when a letter was taken but not yet noted as sent, and just before it is taken.
        if number % 2:
            came = mail.wait_until_named(BETWEEN, seconds=LONGEST)
        else:
            came = mail.wait_until_taken(len(mail.taken) + BETWEEN, seconds=LONGEST)
        assert came, workers.log()
        workers.kill()
        in_flight |= set(_sending())
    assert in_flight, "the kills came in the middle of something"
    workers.start()
    _finish(mail, workers)

    taken = Counter(recipient for recipient, _message_id in mail.taken)
    assert set(taken) == set(written), "every letter arrived"
    ids = defaultdict(set)
    for recipient, message_id in mail.taken:
        ids[recipient].add(message_id)
    assert {address: {written[address]} for address in written} == ids, "doubles are recognisable"
    doubled = {recipient for recipient, times in taken.items() if times > 1}
    assert doubled <= in_flight, "only what was under way when the worker died"
    assert len(mail.taken) <= LETTERS + PROCESSES * KILLS
    assert _in_turn([recipient for recipient, _message_id in mail.taken])


def _write() -> dict[str, str]:
    """Write the letters of many conversations; gives the Message-ID of each address."""
    at = timezone.now()
    for number in range(LETTERS):
        context = {"number": number, "subject": "…", "name": "Анна", "url": settings.SITE_URL}
        outbox.write(
            letter="ticket_closed",
            recipient=f"guest-{number}@verf.example",
            language="ru",
            context=context,
            dedupe_key=f"fire:{number}",
            ordering_key=f"ticket:{number % CONVERSATIONS}",
            at=at,
        )
    return dict(Delivery.objects.values_list("recipient", "message_id"))


def _finish(mail: Server, workers: Workers) -> None:
    """Let the last worker send the rest, rung again and again as the schedule does."""
    ends = time.monotonic() + LONGEST
    while Delivery.objects.exclude(state=State.SENT).exists():
        assert time.monotonic() < ends, workers.log()
        workers.ring()
        mail.wait_until_taken(len(mail.taken) + 20, seconds=0.5)


def _sending() -> list[str]:
    sending = Delivery.objects.filter(state=State.SENDING)
    return list(sending.values_list("recipient", flat=True))


def _in_turn(recipients: list[str]) -> bool:
    """Whether the letters of each conversation came first in the order of their writing."""
    firsts = list(dict.fromkeys(int(recipient.split("@")[0][6:]) for recipient in recipients))
    turns = [[n for n in firsts if n % CONVERSATIONS == c] for c in range(CONVERSATIONS)]
    return all(turn == sorted(turn) for turn in turns)


def _environment(port: int, folder: Path) -> dict[str, str]:
    database = os.environ["DATABASE_URL"].rpartition("/")[0]
    return {
        **os.environ,
        "PORTAL_MODE": "test",
        "DATABASE_URL": f"{database}/{connection.settings_dict['NAME']}",
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "DELIVERY_LEASE_SECONDS": str(LEASE),
        "CELERY_BROKER_URL": "filesystem://",
        "BROKER_FOLDER": str(folder),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
