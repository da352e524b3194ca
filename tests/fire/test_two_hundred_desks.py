"""Two hundred open desks on two web processes, while tickets are answered: every update is quick.

Run by `make fire`: it takes minutes. DURATION (seconds), DESKS and PER_SECOND may be set.
"""

import contextlib
import http.client
import json
import os
import random
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pytest
from django.conf import settings

from portal import embedded

DURATION = float(os.environ.get("DURATION", "300"))  # seconds
DESKS = int(os.environ.get("DESKS", "200"))
PER_SECOND = os.environ.get("PER_SECOND", "3")  # answers and triages of colleagues
TICKETS = 20_000
EVERY = 20  # seconds from one question of a desk to the next
GOAL = 300  # milliseconds, for 95 of 100 updates
VALUE = re.compile(rb'<input[^>]* name="(seen|event)"[^>]* value="([^"]*)"')

pytestmark = pytest.mark.skipif(
    not os.environ.get("FIRE"), reason="takes minutes: run it by `make fire`"
)


@dataclass
class Desk:
    """One open page that asks again and again for what is new."""

    port: int
    session: str
    path: str
    version: str = ""
    seen: dict[str, str] = field(default_factory=dict)
    taken: list[float] = field(default_factory=list)  # milliseconds
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    connection: http.client.HTTPConnection | None = None

    def open(self) -> None:
        """Open the page, as it stands in a browser from then on."""
        status, body = self._ask(self.path, {})
        if status != 200:
            self.wrong.append(f"{self.path}: {status}")
        self.seen = {name.decode(): value.decode() for name, value in VALUE.findall(body)}

    def update(self) -> None:
        """Ask for what is new, as refresh.js and queue.js do."""
        headers = {"HX-Request": "true"}
        if self.version and "seen" not in self.seen:
            headers["If-None-Match"] = self.version
        path = f"{self.path}?{urlencode(self.seen)}" if "seen" in self.seen else self.path
        started = time.perf_counter()
        status, body = self._ask(path, headers)
        self.taken.append(1000 * (time.perf_counter() - started))
        self.answers[status] += 1
        if status not in {200, 204, 304}:
            self.wrong.append(f"{path}: {status}")
        self.seen |= {name.decode(): value.decode() for name, value in VALUE.findall(body)}

    def _ask(self, path: str, headers: dict[str, str]) -> tuple[int, bytes]:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            self.connection.request(
                "GET", path, headers={"Cookie": f"sid={self.session}", **headers}
            )
            answer = self.connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection = None
            self.wrong.append(f"{path}: {error!r}")
            return 0, b""
        self.version = answer.headers.get("ETag") or self.version
        return answer.status, body

    def live(self, until: float, after: float) -> None:
        """Stay open: the first question after a while, so that not all come at once."""
        self.open()
        next_at = time.monotonic() + after
        while next_at < until:
            time.sleep(max(0, next_at - time.monotonic()))
            self.update()
            next_at += EVERY
        if self.connection is not None:
            self.connection.close()


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[dict[str, str]]:
    """Run a PostgreSQL that keeps what it is told, for this test alone."""
    var = tmp_path / "var"
    var.mkdir()
    with embedded.server(var) as url:
        yield {
            **{name: value for name, value in os.environ.items() if name != "FIRE"},
            "DATABASE_URL": url,
            "PORTAL_MODE": "demo",
            "ATTACHMENT_ROOT": str(var / "attachments"),
            "LETTERS_ROOT": str(var / "letters"),
            "STATIC_ROOT": str(var / "static"),
            "STATEMENT_TIMEOUT": "0",
        }


def run(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    """Start a module of this checkout."""
    return subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=settings.BASE_DIR,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextlib.contextmanager
def served(environment: dict[str, str]) -> Iterator[int]:
    """Serve the portal as in operation: two web processes."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ("--workers", "2", "--blocking-threads", "4", "--no-ws", "--log-level", "error")
    server = run(
        {**environment, "STATEMENT_TIMEOUT": "15000"},
        *("granian", "--interface", "wsgi", "--port", str(port), *words, "portal.wsgi:application"),
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.communicate(timeout=30)


def prepared(environment: dict[str, str]) -> dict[str, list]:
    """Fill the database; gives sessions and numbers of tickets."""
    process = run(environment, "tests.fire.desks", "prepare", str(TICKETS), str(DESKS))
    said, _errors = process.communicate(timeout=900)
    assert process.returncode == 0
    return json.loads(said.splitlines()[-1])


def desks_of(port: int, made: dict[str, list]) -> list[Desk]:
    """Every other desk looks at a ticket, the rest at views of the queue."""
    views = (
        "/desk/",
        "/desk/?view=mine",
        "/desk/?view=late",
        "/desk/?view=untriaged&sort=priority",
    )
    return [
        Desk(
            port,
            session,
            f"/desk/{made['numbers'][number]}/" if number % 2 else views[number // 2 % len(views)],
        )
        for number, session in enumerate(made["sessions"])
    ]


def test_two_hundred_desks_are_kept_up_to_date(environment: dict[str, str], capsys) -> None:
    made = prepared(environment)
    luck = random.Random(1)
    with served(environment) as port:
        desks = desks_of(port, made)
        writer = run(environment, "tests.fire.desks", "write", PER_SECOND)
        until = time.monotonic() + EVERY + DURATION
        threads = [
            threading.Thread(target=desk.live, args=(until, luck.uniform(EVERY / 2, 1.5 * EVERY)))
            for desk in desks
        ]
        for thread in threads:
            thread.start()
            time.sleep(EVERY / 2 / len(threads))
        for thread in threads:
            thread.join()
        written, _errors = writer.communicate("")
    taken = sorted(time for desk in desks for time in desk.taken)
    cuts = statistics.quantiles(taken, n=100)
    answers = sum((desk.answers for desk in desks), Counter())
    with capsys.disabled():
        sys.stdout.write(
            f"\n{len(desks)} desks, {DURATION:g} s, {len(taken)} updates {dict(answers)},"
            f" {written.strip()} writes; ms: p50 {cuts[49]:.0f}, p95 {cuts[94]:.0f},"
            f" p99 {cuts[98]:.0f}, longest {taken[-1]:.0f}\n"
        )
    assert [wrong for desk in desks for wrong in desk.wrong] == []
    assert len(taken) >= 0.8 * len(desks) * DURATION / EVERY
    assert int(written) > 0
    assert cuts[94] < GOAL
