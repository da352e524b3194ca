"""The broker of production, Redis: a bell brings the letter out; a hung one holds nobody up."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from django.conf import settings
from django.db import connection
from django.utils import timezone

from portal.delivery import outbox

REDIS = shutil.which("redis-server")
LONGEST = 60  # seconds until the test says that something hangs
RING = """
import json, time, django
django.setup()
from portal.celery import app
from portal.delivery import bell
app.set_current()
took = []
for _ in range(2):
    started = time.monotonic()
    bell.ring()
    took.append(time.monotonic() - started)
print(json.dumps(took))
"""
pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(
        REDIS is None and not os.environ.get("REQUIRE_SERVERS"),
        reason="no Redis server here: tests of the broker need one",
    ),
]


@dataclass
class Mail:
    """A mail server that says when it has taken a letter."""

    taken: list[str] = field(default_factory=list)
    came: threading.Event = field(default_factory=threading.Event)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a letter."""
        self.taken += envelope.rcpt_tos
        self.came.set()
        return "250 taken"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def read_until(process: "subprocess.Popen[str]", words: str) -> None:
    """Read what a process says until it says this; one that ends before has failed."""
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        if words in line:
            return
    pytest.fail("".join(said))


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    """A Redis of the test's own; gives its process and its URL."""
    assert REDIS, "REQUIRE_SERVERS is set, but there is no redis-server"
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
    process = subprocess.Popen([REDIS, *options], stdout=subprocess.PIPE, text=True)
    read_until(process, "Ready to accept connections")
    yield process, f"redis://127.0.0.1:{port}/0"
    process.send_signal(signal.SIGCONT)
    process.kill()
    process.communicate()


@pytest.fixture
def mail() -> Iterator[tuple[Mail, int]]:
    """Run the mail server; gives it and its port."""
    handler, port = Mail(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def environment(broker: str, port: int) -> dict[str, str]:
    database = os.environ["DATABASE_URL"].rpartition("/")[0]
    return {
        **os.environ,
        "PORTAL_MODE": "test",
        "DATABASE_URL": f"{database}/{connection.settings_dict['NAME']}",
        "EMAIL_URL": f"smtp://127.0.0.1:{port}",
        "CELERY_BROKER_URL": broker,
        "DJANGO_SETTINGS_MODULE": "portal.settings",
    }


def ring(broker: str, port: int) -> tuple[list[float], str]:
    """Ring twice in a process of its own; gives how long each took, and what it logged."""
    done = subprocess.run(
        [sys.executable, "-c", RING],
        check=True,
        cwd=settings.BASE_DIR,
        env=environment(broker, port),
        capture_output=True,
        text=True,
        timeout=LONGEST,
    )
    return json.loads(done.stdout), done.stderr


@pytest.fixture
def worker(redis: Any, mail: Any, transactional_db: None) -> Iterator[None]:
    """A worker that hears this Redis and is ready."""
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "--pool", "solo"]
    process = subprocess.Popen(
        [*command, "--loglevel", "info", "--without-mingle", "--without-gossip"],
        cwd=settings.BASE_DIR,
        env=environment(redis[1], mail[1]),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    read_until(process, " ready.")
    yield
    process.kill()
    process.communicate()


@pytest.mark.usefixtures("django_db_serialized_rollback", "worker")
def test_a_letter_leaves_as_soon_as_the_bell_rings(redis: Any, mail: Any) -> None:
    server, port = mail
    outbox.write(
        letter="ticket_closed",
        recipient="anna@verf.example",
        language="ru",
        context={"number": 1, "subject": "…", "name": "Анна", "url": settings.SITE_URL},
        dedupe_key="broker",
        ordering_key="ticket:1",
        at=timezone.now(),
    )
    ring(redis[1], port)
    assert server.came.wait(LONGEST), "nobody heard the bell"
    assert server.taken == ["anna@verf.example"]


def test_a_broker_that_hangs_holds_nobody_up(redis: Any, db: None) -> None:
    process, address = redis
    process.send_signal(signal.SIGSTOP)
    (first, second), said = ring(address, 1)
    assert first < 3
    assert second < 0.01, "it was rung again though it had just not answered"
    assert "the broker did not answer; the sweep will deliver" in said


def test_a_broker_that_is_gone_holds_nobody_up(db: None) -> None:
    (first, second), said = ring(f"redis://127.0.0.1:{free_port()}/0", 1)
    assert first < 3
    assert second < 0.01
    assert said.count("the broker did not answer") == 1
