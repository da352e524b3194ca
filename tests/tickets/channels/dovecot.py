"""A Dovecot of the test's own: a folder, a port on loopback, a certificate made on the spot."""

import imaplib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DOVECOT = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
NEEDED = pytest.mark.skipif(
    DOVECOT is None and not os.environ.get("REQUIRE_SERVERS"),
    reason="no Dovecot here: tests of mailboxes need the Debian package dovecot-imapd",
)
USER, PASSWORD = "support", "correct horse battery"
LONGEST = 20.0  # seconds until the test says that something hangs


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate that is its own authority, for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


CONFIGURATION = """
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
info_log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {group}
first_valid_uid = 1
first_valid_gid = 0
mail_location = maildir:{folder}/mail
mail_uid = {mail}
mail_gid = {group}
mail_fsync = never
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
{more}
namespace inbox {{
  inbox = yes
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
userdb {{
  driver = static
  args = uid={mail} gid={group} home={folder}/home
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""


class Dovecot:
    """A running server with one mailbox."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.folder, self.more = folder, more
        self.port, self.tls_port = free_port(), free_port()
        self.maildir = folder / "mail"
        self.certificate, _key = certificate(folder)
        self._number = 0

    def start(self) -> None:
        assert DOVECOT, "REQUIRE_SERVERS is set, but there is no dovecot"
        (self.folder / "users").write_text(f"{USER}:{{PLAIN}}{PASSWORD}\n")
        me = pwd.getpwuid(os.getuid()).pw_name
        # Dovecot serves no mail as root; as root the mail belongs to nobody.
        is_root = os.getuid() == 0
        owner = "nobody" if is_root else me
        account = pwd.getpwnam(owner)
        for name in ("cur", "new", "tmp"):
            (self.maildir / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "home").mkdir(exist_ok=True)
        if is_root:
            for place in [self.maildir, *self.maildir.iterdir(), self.folder / "home"]:
                os.chown(place, account.pw_uid, account.pw_gid)
        self._own = (account.pw_uid, account.pw_gid) if is_root else None
        import grp  # noqa: PLC0415 (only where Dovecot is)

        (self.folder / "dovecot.conf").write_text(
            CONFIGURATION.format(
                folder=self.folder,
                internal=owner,
                login=owner,
                mail=owner,
                group=grp.getgrgid(account.pw_gid).gr_name,
                port=self.port,
                tls_port=self.tls_port,
                more=self.more,
            )
        )
        command = [DOVECOT, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._process = subprocess.Popen(
            command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._await_port()

    def _await_port(self) -> None:
        until = time.monotonic() + LONGEST
        while time.monotonic() < until:
            with suppress(OSError, imaplib.IMAP4.error):
                self.client().logout()
                return
            time.sleep(0.05)
        log = self.folder / "log"
        pytest.fail(f"Dovecot does not answer: {log.read_text() if log.exists() else 'no log'}")

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(LONGEST)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def client(self) -> imaplib.IMAP4:
        """Give a connection that is signed in and has the inbox open."""
        client = imaplib.IMAP4("127.0.0.1", self.port, timeout=10)
        client.login(USER, PASSWORD)
        client.select("INBOX")
        return client

    def deliver(self, raw: bytes, *, name: str = "") -> Path:
        """Put a letter there as a mail server does; it is unread."""
        self._number += 1
        name = name or f"{time.time():.6f}.{self._number}.test"
        draft = self.maildir / "tmp" / name
        draft.write_bytes(raw)
        if self._own:
            os.chown(draft, *self._own)
        return draft.rename(self.maildir / "new" / name)

    def flags(self, folder: str = "INBOX") -> dict[int, bytes]:
        """Give what is marked, by number."""
        client = self.client()
        client.select(folder)
        _status, lines = client.uid("FETCH", "1:*", "(FLAGS)")
        client.logout()
        found = [imaplib.ParseFlags(line) for line in lines if line]
        numbers = [int(line.split(b"UID ")[1].split()[0].rstrip(b")")) for line in lines if line]
        return {number: b" ".join(one) for number, one in zip(numbers, found, strict=True)}

    def number_anew(self) -> None:
        """Forget all numbers, as after a restored backup: a new UIDVALIDITY."""
        for place in self.maildir.glob("dovecot*"):
            place.unlink()
        (self.maildir / "dovecot-uidlist").write_text(
            "3 V1999999999 N1 G0123456789abcdef0123456789abcdef\n"
        )
        if self._own:
            os.chown(self.maildir / "dovecot-uidlist", *self._own)


@contextmanager
def dovecot(more: str = "") -> Iterator[Dovecot]:
    """Run a Dovecot."""
    # Not a folder of pytest: those are closed to the user that owns the mail.
    folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
    folder.chmod(0o755)
    server = Dovecot(folder, more)
    try:
        server.start()
        yield server
    finally:
        if hasattr(server, "_process"):
            server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Between(threading.Thread):
    """Stands between us and a server, and breaks the connection when so much has passed."""

    def __init__(self, port: int, *, after: int | None = None) -> None:
        super().__init__(daemon=True)
        self.behind, self.after = port, after
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])
        self.connections = 0

    def run(self) -> None:
        while True:
            try:
                front, _address = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            back = socket.create_connection(("127.0.0.1", self.behind))
            threading.Thread(target=self._pass, args=(front, back, None), daemon=True).start()
            threading.Thread(target=self._pass, args=(back, front, self.after), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, target: socket.socket, most: int | None) -> None:
        passed = 0
        with suppress(OSError):
            while piece := source.recv(4096):
                target.sendall(piece)
                passed += len(piece)
                if most is not None and passed >= most:
                    break
        for one in (source, target):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            with suppress(OSError):
                one.close()

    def close(self) -> None:
        self.listener.close()


# What the context of ssl trusts on this machine, for tests over TLS.
def trusted(server: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process trust the server's certificate."""
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
    assert ssl.create_default_context().get_ca_certs()
