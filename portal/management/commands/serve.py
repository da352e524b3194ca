"""`manage.py serve`: the whole portal as one foreground command, for trying it out."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from portal.demo.load import LOGINS, PASSWORD

GRACE = 3  # seconds a process has to end by itself
PAUSE = 0.5  # seconds between looks at the processes


class Command(BaseCommand):
    """Prepares database, static files and demo data, then runs web, worker and beat."""

    help = "Set up what is missing and run web server, worker and beat until Ctrl-C."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Run until a signal comes or one of the processes ends by itself."""
        # A supervisor's SIGTERM must find us ready from the first second on.
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_signal: stop.set())
        host, port = os.environ.get("HOST", "127.0.0.1"), os.environ.get("PORT", "8000")
        _claim(host, port)
        # Letters must lead to where the portal is really served, those of the demo data too.
        os.environ.setdefault("SITE_URL", _address(host, port))
        settings.SITE_URL = os.environ["SITE_URL"].rstrip("/")
        self._prepare()
        if stop.is_set():
            return
        running = {name: _start(command) for name, command in _commands(host, port).items()}
        self._greet(host, port)
        try:
            ended = _watch(running, stop)
        finally:
            _end(list(running.values()))
        if ended:
            raise CommandError(f"{ended} ended by itself; see its output above.")

    def _prepare(self) -> None:
        settings.BROKER_FOLDER.joinpath("queue").mkdir(parents=True, exist_ok=True)
        settings.BROKER_FOLDER.joinpath("control").mkdir(parents=True, exist_ok=True)
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        if _static_is_stale():
            self.stdout.write("Collecting static files…")
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            _static_stamp().write_text(_static_state())
        if settings.DEMO and not User.objects.exists():
            self.stdout.write("Writing demo data…")
            call_command("load_demo")

    def _greet(self, host: str, port: str) -> None:
        lines = ["", f"  The portal: {_address(host, port)}/", ""]
        if settings.DEMO:
            lines += [f"  Sign in with the password {PASSWORD}:"]
            lines += [f"    {email:<28} {who}" for email, who in LOGINS]
        lines += ["", "  Ctrl-C ends everything.", ""]
        self.stdout.write("\n".join(lines))


def _claim(host: str, port: str) -> None:
    """Refuse a port at which somebody serves: the web server would share it and say nothing."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family) as place:
            # Ours of a moment ago may linger; somebody who listens is in the way all the same.
            place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            place.bind((host, int(port)))
    except (OSError, OverflowError, ValueError) as error:
        told = f"Nothing can be served at {host}, port {port} ({error}); PORT=… names another."
        raise CommandError(told) from None


def _address(host: str, port: str) -> str:
    shown = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104
    return f"http://{shown}:{port}"


def _commands(host: str, port: str) -> dict[str, list[str]]:
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    celery = [sys.executable, "-m", "celery", "-A", "portal", "--quiet"]
    return {
        "web": [
            *granian,
            *("--port", port, "--workers", "2", "--blocking-threads", "4"),
            *("--log-level", "warning", "--no-ws", "portal.wsgi:application"),
        ],
        "worker": [*celery, "worker", "--concurrency", "1", "--loglevel", "warning"],
        "beat": [
            *(*celery, "beat", "--loglevel", "warning", "--pidfile", ""),
            *("--schedule", str(settings.VAR / "beat-schedule")),
        ],
    }


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    # In a session of its own, so that Ctrl-C reaches us alone and we end the rest in order.
    return subprocess.Popen(command, cwd=settings.BASE_DIR, start_new_session=True)  # noqa: S603


def _watch(running: dict[str, subprocess.Popen[bytes]], stop: threading.Event) -> str:
    """Wait for a signal (answers nothing) or for a process that ends (answers its name)."""
    while not stop.wait(PAUSE):
        for name, process in running.items():
            if process.poll() is not None:
                return name
    return ""


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    for process in processes:
        _signal(process, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            _signal(process, signal.SIGKILL)
            process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)


def _static_stamp() -> Path:
    return Path(settings.STATIC_ROOT) / ".state"


def _static_is_stale() -> bool:
    stamp = _static_stamp()
    return not stamp.exists() or stamp.read_text() != _static_state()


def _static_state() -> str:
    """Describe what static files are made from: our own, and the pinned packages'."""
    own = [path for path in (settings.BASE_DIR / "static").rglob("*") if path.is_file()]
    sources = [*own, settings.BASE_DIR / "requirements.txt"]
    return "\n".join(sorted(f"{path} {path.stat().st_mtime_ns}" for path in sources))
