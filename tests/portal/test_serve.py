"""`manage.py serve`: what it starts, when it collects static files, how it ends."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from portal.management.commands import load_demo, serve

Process = Callable[[str], "subprocess.Popen[bytes]"]
SLEEPS = "import time; time.sleep(60)"
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('ready', flush=True); time.sleep(60)"
)
PARENT = f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEPS!r}]).pid, flush=True); {SLEEPS}"


@pytest.fixture
def process() -> Iterator[Process]:
    """Start a program as one of the portal's processes."""
    started: list[subprocess.Popen[bytes]] = []

    def start(code: str) -> "subprocess.Popen[bytes]":
        one = subprocess.Popen(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True
        )
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.wait()
        if one.stdout:
            one.stdout.close()


def test_web_worker_and_one_beat_are_started_where_host_and_port_say() -> None:
    commands = serve._commands("0.0.0.0", "9000")
    assert set(commands) == {"web", "worker", "beat"}
    assert {command[0] for command in commands.values()} == {sys.executable}
    web = commands["web"]
    assert (web[web.index("--host") + 1], web[web.index("--port") + 1]) == ("0.0.0.0", "9000")
    assert web[-1] == "portal.wsgi:application"


def test_a_port_that_is_taken_is_refused_with_what_to_do() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        with pytest.raises(CommandError, match=f"port {taken} .* PORT=… names another"):
            serve._claim("127.0.0.1", taken)
    serve._claim("127.0.0.1", taken)


@pytest.mark.parametrize("port", ["eighty", "99999", ""])
def test_a_port_that_is_none_is_refused(port: str) -> None:
    with pytest.raises(CommandError, match="PORT=… names another"):
        serve._claim("127.0.0.1", port)


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "http://127.0.0.1:9000"), ("0.0.0.0", "http://127.0.0.1:9000")],
)
def test_the_address_is_one_that_a_browser_opens(host: str, address: str) -> None:
    assert serve._address(host, "9000") == address


def test_the_process_that_ends_by_itself_is_named(process: Process) -> None:
    running = {"web": process(SLEEPS), "worker": process("raise SystemExit(3)")}
    assert serve._watch(running, threading.Event()) == "worker"


def test_a_signal_ends_the_watch_without_blaming_anybody(process: Process) -> None:
    stop = threading.Event()
    stop.set()
    assert serve._watch({"web": process(SLEEPS)}, stop) == ""


def test_everything_ends_even_what_does_not_listen(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serve, "GRACE", 0.2)
    polite, stubborn, gone = process(SLEEPS), process(STUBBORN), process("")
    assert stubborn.stdout
    stubborn.stdout.readline()
    gone.wait()
    serve._end([polite, stubborn, gone])
    assert [one.poll() for one in (polite, stubborn, gone)] == [-15, -9, 0]


def test_children_of_a_process_end_with_it(process: Process) -> None:
    parent = process(PARENT)
    assert parent.stdout
    child = Path(f"/proc/{parent.stdout.readline().decode().strip()}/stat")
    serve._end([parent])
    deadline = time.monotonic() + 5
    while child.exists() and ") Z " not in child.read_text():
        assert time.monotonic() < deadline, "the child lives on"


@pytest.fixture
def sources(settings: Any, tmp_path: Path) -> Path:
    """A checkout with one static file."""
    settings.BASE_DIR, settings.STATIC_ROOT = tmp_path, tmp_path / "collected"
    settings.STATIC_ROOT.mkdir()
    (tmp_path / "static").mkdir()
    (tmp_path / "requirements.txt").write_text("a==1")
    (tmp_path / "static" / "a.css").write_text("a {}")
    return tmp_path


def test_static_files_are_collected_once_and_again_when_something_changed(sources: Path) -> None:
    assert serve._static_is_stale()
    serve._static_stamp().write_text(serve._static_state())
    assert not serve._static_is_stale()
    (sources / "static" / "b.css").write_text("b {}")
    assert serve._static_is_stale()
    serve._static_stamp().write_text(serve._static_state())
    (sources / "requirements.txt").unlink()
    (sources / "requirements.txt").write_text("a==2")
    assert serve._static_is_stale()


def test_the_logins_are_told_in_demo_mode_alone(settings: Any) -> None:
    def told(*, is_demo: bool) -> str:
        settings.DEMO = is_demo
        out = StringIO()
        serve.Command(stdout=out)._greet("127.0.0.1", "9000")
        return out.getvalue()

    assert serve.PASSWORD in told(is_demo=True)
    assert "http://127.0.0.1:9000/" in told(is_demo=False)
    assert serve.PASSWORD not in told(is_demo=False)


def test_known_passwords_never_reach_a_production(settings: Any, db: None) -> None:
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="never in production"):
        call_command("load_demo")
    assert not User.objects.exists()


def test_the_demo_is_not_written_beside_real_people(anna: User) -> None:
    with pytest.raises(CommandError, match="empty database"):
        call_command(load_demo.Command())
    assert User.objects.count() == 1
