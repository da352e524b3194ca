"""Asks addresses that people wrote whether they are there, and lets none of them lead inside.

The name is resolved once, refused when any of its addresses is not a public one, and the connection
goes to that very address: a name that changes its mind meanwhile gains nothing. Redirects are asked
the same way, one after another. Only the head of an answer is read, and all of it has one deadline:
who answers a sign at a time is not waited for.
"""

import http.client
import io
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import SplitResult, quote, urljoin, urlsplit

TIMEOUT = 3.0  # seconds for each step
LONGEST_WAIT = 10.0  # seconds for an address with all that it leads to; resolving may overrun them
MOST_REDIRECTS = 4
MOST_TRIED = 2  # addresses of a host: its first may be of a network that we have not
MOST_HEAD = 32_768  # bytes
PORTS = {"http": 80, "https": 443}
AGENT = "link-check/1.0"
GONE = {404, 410}
MOVED = {301, 302, 303, 307, 308}
NO_HEAD = {403, 404, 405, 501}  # servers that answer only those who want to read
LONGEST = 2000  # characters of an address
NO_SUCH_NAME = {socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME)}
STATUS = re.compile(rb"HTTP/\d(?:\.\d)? (\d{3})\b[^\n]*\n")
HEAD_ENDS = re.compile(rb"\r?\n\r?\n")
UNICAST = ipaddress.IPv6Network("2000::/3")  # all that the internet uses of IPv6


class Found(StrEnum):
    """What came of asking."""

    THERE = "there"
    GONE = "gone"
    NO_NAME = "no_name"  # no such host, or no network: who asks many can tell
    UNKNOWN = "unknown"  # refused, too slow, broken today


class NoNameError(Exception):
    """The host has no address."""


def ask(address: str) -> Found:
    """Ask whether something is at an address of the outside."""
    until = time.monotonic() + LONGEST_WAIT
    try:
        for _step in range(MOST_REDIRECTS + 1):
            status, onward = _ask_once(address, until)
            if status not in MOVED or not onward:
                return _meaning(status)
            address = urljoin(address, onward)
    except NoNameError:
        return Found.NO_NAME
    except (OSError, http.client.HTTPException, ValueError):
        return Found.UNKNOWN
    return Found.UNKNOWN


def _meaning(status: int) -> Found:
    if status in GONE:
        return Found.GONE
    return Found.THERE if status < 400 else Found.UNKNOWN  # noqa: PLR2004 (everybody knows it)


def _ask_once(address: str, until: float) -> tuple[int, str]:
    status, onward = _request("HEAD", address, until)
    return _request("GET", address, until) if status in NO_HEAD else (status, onward)


def _request(method: str, address: str, until: float) -> tuple[int, str]:
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if len(address) > LONGEST or scheme not in PORTS or parts.username is not None or not host:
        raise ValueError(address)
    if parts.port not in {None, PORTS[scheme]}:
        raise ValueError(address)
    name = host if host.isascii() else host.encode("idna").decode()
    connection = http.client.HTTPConnection(name, PORTS[scheme])
    connection.sock = plain = _connected(scheme, name, until)
    shown = f"[{name}]" if ":" in name else name
    headers = {"Host": shown, "User-Agent": AGENT, "Accept": "*/*", "Connection": "close"}
    try:
        connection.request(method, _path(parts), headers=headers)
        return _answer(plain, until)
    finally:
        connection.close()


def _path(parts: SplitResult) -> str:
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    return f"{path}?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else path


def _answer(connection: socket.socket, until: float) -> tuple[int, str]:
    """Read the status of an answer and where it leads; nothing of what follows its head."""
    kept = b""
    while True:
        connection.settimeout(_left(until))
        part = connection.recv(4096)
        kept += part
        end = HEAD_ENDS.search(kept)
        status = STATUS.match(kept)
        if end and status and status[1].startswith(b"1"):
            kept = kept[end.end() :]  # only a word in between
        elif end and status:
            headers = http.client.parse_headers(io.BytesIO(kept[status.end() : end.end()]))
            onward = str(headers.get("Location", "")).encode("latin-1", "replace")
            return int(status[1]), onward.decode("utf-8", "replace")
        elif not part or len(kept) > MOST_HEAD:
            raise ValueError("no answer of HTTP")


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return min(left, TIMEOUT)


def public_addresses(host: str, port: int) -> Sequence[str]:
    """Give the addresses of a host. Raises ValueError when one of them is not public."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        if error.errno in NO_SUCH_NAME:
            raise NoNameError from error
        raise  # the names are not asked just now
    found = list(dict.fromkeys(str(row[4][0]) for row in rows))
    if not found or not all(is_public(one) for one in found):
        raise ValueError(host)
    return found


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also when it hides in another one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed not in UNICAST:
            return False
        hidden = parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if hidden is not None and not is_public(str(hidden)):
            return False
    return parsed.is_global and not parsed.is_multicast


def _connected(scheme: str, name: str, until: float) -> socket.socket:
    """Connect to an address that was looked at, and speak there to the host by its name."""
    plain = _first_that_answers(public_addresses(name, PORTS[scheme]), PORTS[scheme], until)
    if scheme == "http":
        return plain
    try:
        plain.settimeout(_left(until))
        return ssl.create_default_context().wrap_socket(plain, server_hostname=name)
    except (OSError, ValueError):
        plain.close()
        raise


def _first_that_answers(addresses: Sequence[str], port: int, until: float) -> socket.socket:
    *others, last = addresses[:MOST_TRIED]
    for one in others:
        try:
            return socket.create_connection((one, port), timeout=_left(until))
        except OSError:
            continue
    return socket.create_connection((last, port), timeout=_left(until))
