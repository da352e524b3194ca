"""Attachments through nginx with the configuration that is delivered, not only through Django."""

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import override_settings

from portal import files

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
DELIVERED = Path(settings.BASE_DIR) / "deploy" / "nginx.conf"
pytestmark = pytest.mark.skipif(NGINX is None, reason="there is no nginx here")


class Quiet(WSGIRequestHandler):
    """Says nothing of its requests."""

    def log_message(self, *_args: object) -> None:
        """Keep silent."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def adapted(folder: Path, port: int, portal: int) -> str:
    """Take the delivered server with the addresses, folders and certificates of a test."""
    server = DELIVERED.read_text(encoding="utf-8").partition("\nserver {\n    listen 80;")[0]
    server = server.replace("listen 443 ssl http2;", f"listen 127.0.0.1:{port};")
    server = server.replace("127.0.0.1:8000", f"127.0.0.1:{portal}")
    server = server.replace("/srv/portal/attachments/", f"{folder}/attachments/")
    lines = [line for line in server.splitlines() if "ssl_certificate" not in line]
    user = "user root;" if os.getuid() == 0 else ""
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"{user} pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
        f"http {{ access_log off; {temporary}\n" + "\n".join(lines) + "\n}\n"
    )


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[files.Accepted]:
    """One attachment, handed out by way of nginx."""
    with override_settings(ATTACHMENT_ROOT=tmp_path / "attachments", ATTACHMENT_SENDFILE="nginx"):
        yield files.accept(SimpleUploadedFile("Счёт.pdf", b"%PDF-1.7\n1 0 obj<<>>endobj\n"))


@pytest.fixture
def connection(tmp_path: Path, stored: files.Accepted) -> Iterator[HTTPConnection]:
    """A browser's connection to nginx, with a portal behind it that serves this attachment."""

    def portal(_environ: object, start_response: Callable[..., object]) -> list[bytes]:
        answer = files.serve(id=stored.id, name=stored.name, content_type=stored.content_type)
        start_response("200 OK", list(answer.headers.items()))
        return [b""]

    behind = make_server("127.0.0.1", 0, portal, handler_class=Quiet)
    threading.Thread(target=behind.serve_forever, daemon=True).start()
    port = free_port()
    configuration = tmp_path / "nginx.conf"
    configuration.write_text(adapted(tmp_path, port, behind.server_port), encoding="utf-8")
    nginx = [str(NGINX), "-c", str(configuration), "-p", str(tmp_path)]
    subprocess.run(nginx, check=True)  # it goes to the background once it listens
    client = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        yield client
    finally:
        client.close()
        subprocess.run([*nginx, "-s", "stop"], check=True)
        behind.shutdown()
        behind.server_close()


def test_nginx_sends_the_bytes_with_every_header_that_keeps_a_reader_safe(
    connection: HTTPConnection, stored: files.Accepted
) -> None:
    connection.request("GET", f"/attachments/{stored.id}/")
    answer = connection.getresponse()
    assert answer.read() == files.path_of(stored.id).read_bytes()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    assert headers["content-security-policy"] == files.POLICY
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-site"
    assert headers["cache-control"] == "private, no-store"
    assert headers["content-type"] == "application/pdf"
    assert headers["content-disposition"].startswith("attachment; filename*=utf-8''")
    assert "x-accel-redirect" not in headers


def test_the_folder_of_attachments_cannot_be_asked_for_from_outside(
    connection: HTTPConnection, stored: files.Accepted
) -> None:
    connection.request("GET", f"/_att/{str(stored.id)[:2]}/{stored.id}")
    assert connection.getresponse().status == 404
