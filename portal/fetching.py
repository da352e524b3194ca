"""Asks addresses that people wrote whether they are there, and lets none of them lead inside.

The name is resolved once, refused when any of its addresses is not a public one, and the connection
goes to that very address: a name that changes its mind meanwhile gains nothing. Redirects are asked
the same way, one after another.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from enum import StrEnum
from urllib.parse import quote, urljoin, urlsplit

TIMEOUT = 3.0  # seconds for each step
LONGEST_WAIT = 10.0  # seconds after which no further step is begun
MOST_REDIRECTS = 4
PORTS = {"http": 80, "https": 443}
AGENT = "link-check/1.0"
GONE = {404, 410}
MOVED = {301, 302, 303, 307, 308}
NO_HEAD = {403, 404, 405, 501}  # servers that answer only those who want to read
LONGEST = 2000  # characters of an address


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
    for _step in range(MOST_REDIRECTS + 1):
        if time.monotonic() > until:
            break
        try:
            status, onward = _ask_once(address)
        except NoNameError:
            return Found.NO_NAME
        except (OSError, http.client.HTTPException, ValueError):
            break
        if status not in MOVED or not onward:
            return _meaning(status)
        address = urljoin(address, onward)
    return Found.UNKNOWN


def _meaning(status: int) -> Found:
    if status in GONE:
        return Found.GONE
    return Found.THERE if status < 400 else Found.UNKNOWN  # noqa: PLR2004 (everybody knows it)


def _ask_once(address: str) -> tuple[int, str]:
    status, onward = _request("HEAD", address)
    return _request("GET", address) if status in NO_HEAD else (status, onward)


def _request(method: str, address: str) -> tuple[int, str]:
    parts = urlsplit(address)
    scheme, host = parts.scheme.lower(), parts.hostname or ""
    if len(address) > LONGEST or scheme not in PORTS or parts.username is not None or not host:
        raise ValueError(address)
    if parts.port not in {None, PORTS[scheme]}:
        raise ValueError(address)
    name = host if host.isascii() else host.encode("idna").decode()
    connection = _connection(scheme, name, public_address(name, PORTS[scheme]))
    path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~-._")
    query = f"?{quote(parts.query, safe='/?%:@!$&()*+,;=~-._')}" if parts.query else ""
    try:
        connection.request(method, path + query, headers={"User-Agent": AGENT, "Accept": "*/*"})
        answer = connection.getresponse()
        return answer.status, answer.headers.get("Location", "")
    finally:
        connection.close()


def public_address(host: str, port: int) -> str:
    """Give an address of a host. Raises ValueError when one of its addresses is not public."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise NoNameError from error
    found = [str(row[4][0]) for row in rows]
    if not found or not all(is_public(one) for one in found):
        raise ValueError(host)
    return found[0]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, also when it hides in another one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        hidden = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo or (None, None))[1]
        if hidden is not None and not is_public(str(hidden)):
            return False
        if parsed in NAT64:
            return False
    return parsed.is_global and not parsed.is_multicast


NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _connection(scheme: str, name: str, address: str) -> http.client.HTTPConnection:
    """Make a connection to an address that still speaks to the host by its name."""
    plain = socket.create_connection((address, PORTS[scheme]), timeout=TIMEOUT)
    connection = http.client.HTTPConnection(name, PORTS[scheme], timeout=TIMEOUT)
    connection.sock = plain
    if scheme == "https":
        try:
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(plain, server_hostname=name)
        except OSError:
            plain.close()
            raise
    return connection
