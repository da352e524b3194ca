"""The peer beside us: django-helpdesk on the same server of databases, asked in the same rounds.

Its code, its data and its requests are those of the shared benchmark; it lives in a scratch folder
with a virtual environment of its own, so that nothing of it comes near ours.
"""

import contextlib
import http.client
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psycopg

from tests.bench.load import Asked, Target

HOME = Path(os.environ.get("PEER_HOME", Path(tempfile.gettempdir()) / "portal-bench-peer"))
LARGEST = int(os.environ.get("PEER_LARGEST", "100000"))
PLACE = re.compile(r"\{([a-z_.]+)\}")
SETTINGS = """
from peer.settings import *
import os
DATABASES["default"].update(HOST=os.environ["PEER_HOST"], PORT="", USER="postgres", PASSWORD="")
"""
MAIL_FROM_FOLDER = """
update helpdesk_queue set email_box_type = 'local', email_box_local_dir = %s,
    allow_email_submission = true, email_box_last_check = '2020-01-01', logging_type = null
where slug = 'support'
"""

# Our page: the request of the shared benchmark that does the same there.
SAME = {
    "article, anonymous": "public KB item",
    "home, anonymous": "public KB home",
    "cabinet list": "my tickets: page + data",
    "queue": "ticket list: page + data",
    "queue, filter and search": "list filter + search: page + data",
    "queue, search": "search rare word, all tickets: data",
    "ticket, specialist": "ticket detail, agent",
    "dashboard of the admin": "dashboard, agent",
    "API list of 25": "API ticket list (25)",
    "file a ticket (POST)": "submit ticket, public form (POST)",
    "reply (POST)": "agent reply (POST)",
}


class Peer:
    """The peer with a database of one size."""

    def __init__(self, shared: Path, host: str, size: int) -> None:
        self.shared, self.size = shared, size
        self.python = HOME / "venv" / "bin" / "python"
        self.project = HOME / "bench" / "project"
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "C.UTF-8",
            "LAB": str(HOME),
            "PEER_HOST": host,
            "PEER_DB": f"peer_{size}",
            "DJANGO_SETTINGS_MODULE": "bench_settings",
            "PYTHONPATH": str(self.project),
        }

    def install(self) -> None:
        """Make the scratch folder and install the peer into it, once."""
        HOME.mkdir(parents=True, exist_ok=True)
        shutil.copytree(self.shared, HOME / "bench", dirs_exist_ok=True)
        (self.project / "bench_settings.py").write_text(SETTINGS)
        if not self.python.exists():
            subprocess.run([sys.executable, "-m", "venv", HOME / "venv"], check=True)
        wanted = HOME / "bench" / "requirements.txt"
        self._run("-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(wanted))
        self._run("manage.py", "collectstatic", "--noinput", "-v0")

    def fill(self) -> None:
        """Migrate the database and fill it."""
        self._run("manage.py", "migrate", "-v0")
        self._run(str(HOME / "bench" / "seed.py"), str(self.size), "--vars", str(self._known))

    @property
    def _known(self) -> Path:
        return HOME / f"vars-{self.size}.json"

    def _run(self, *command: str) -> None:
        environment = {**self.environment, **_index()}
        subprocess.run(
            [str(self.python), *command],
            env=environment,
            cwd=self.project,
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def command(self, port: int) -> list[str]:
        """Give the command that serves it as its own documentation says."""
        gunicorn = str(HOME / "venv" / "bin" / "gunicorn")
        listen = ["-b", f"127.0.0.1:{port}", "--workers", "2", "--timeout", "300"]
        return [gunicorn, *listen, "--no-control-socket", "--log-level", "error", "peer.wsgi"]

    def targets(self, port: int) -> dict[str, Target]:
        """Give its requests by the names of ours."""
        told = json.loads((self.shared / "requests.json").read_text())
        known = json.loads(self._known.read_text())
        turns = {name: itertools.cycle(given) for name, given in known.items() if _is_list(given)}
        logins = _Logins(port, told["logins"], known)
        requests = {request["name"]: request for request in told["requests"]}
        return {
            ours: _target(port, requests[theirs], known, turns, logins)
            for ours, theirs in SAME.items()
        }

    def letter(self, count: int = 300) -> float:
        """Give the milliseconds that its own command takes for a letter, its start left out."""
        box = HOME / "mail"
        shutil.rmtree(box, ignore_errors=True)
        self._run(str(HOME / "bench" / "mailgen.py"), str(box), str(count))
        with psycopg.connect(
            host=self.environment["PEER_HOST"], user="postgres", dbname=f"peer_{self.size}"
        ) as connection:
            connection.execute(MAIL_FROM_FOLDER, [str(box)])
        starting = self._timed("manage.py", "check")
        taken = self._timed("manage.py", "get_email", "--quiet") - starting
        if left := len(list(box.iterdir())):
            raise SystemExit(f"the peer left {left} letters")
        return taken / count * 1000

    def _timed(self, *command: str) -> float:
        started = time.perf_counter()
        self._run(*command)
        return time.perf_counter() - started


def _index() -> dict[str, str]:
    """Let pip find the registry that this machine uses."""
    return {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))}


def _is_list(given: Any) -> bool:
    return isinstance(given, list)


def _target(
    port: int,
    request: dict[str, Any],
    known: dict[str, Any],
    turns: dict[str, Iterator[Any]],
    logins: "_Logins",
) -> Target:
    cookies = logins.cookies(request["login"]) if "login" in request else {}

    def ask(number: int) -> Asked:
        picked: dict[str, Any] = {"n": number, "csrf": cookies.get("csrftoken", "")}

        def fill(text: str) -> str:
            return PLACE.sub(lambda place: _value(place[1], picked, known, turns), text)

        paths: Sequence[str] = request.get("steps") or [request["path"]]
        form = (
            {name: fill(text) for name, text in request["data"].items()}
            if "data" in request
            else None
        )
        return Asked([quote(fill(path), safe="/:?&=%+,;@[]!$'()*~#") for path in paths], form)

    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    return Target(f"peer: {request['name']}", port, ask, 0, headers if cookies else {})


def _value(
    place: str, picked: dict[str, Any], known: dict[str, Any], turns: dict[str, Iterator[Any]]
) -> str:
    name, _dot, key = place.partition(".")
    if name not in picked:
        picked[name] = next(turns[name]) if name in turns else known[name]
    return str(picked[name][key] if key else picked[name])


class _Logins:
    """Signs in once under each name."""

    def __init__(self, port: int, logins: dict[str, Any], known: dict[str, Any]) -> None:
        self.port, self.logins, self.known = port, logins, known
        self.kept: dict[str, dict[str, str]] = {}

    def cookies(self, name: str) -> dict[str, str]:
        if name not in self.kept:
            self.kept[name] = self._sign_in(self.logins[name])
        return self.kept[name]

    def _sign_in(self, login: dict[str, Any]) -> dict[str, str]:
        found: dict[str, str] = {}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port)) as connection:
            self._ask(connection, found, "GET", login["get"], None)
            if "post" in login:
                known = {**self.known, "csrf": found["csrftoken"]}
                form = {
                    field: PLACE.sub(lambda place: str(known[place[1]]), value)
                    for field, value in login["data"].items()
                }
                self._ask(connection, found, "POST", login["post"], urlencode(form))
        return found

    @staticmethod
    def _ask(
        connection: http.client.HTTPConnection,
        found: dict[str, str],
        method: str,
        path: str,
        body: str | None,
    ) -> None:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in found.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        for cookie in answer.headers.get_all("Set-Cookie") or []:
            name, _sign, value = cookie.partition(";")[0].partition("=")
            found[name] = value
