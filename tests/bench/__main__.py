"""`make bench`: pages as multiples of the floor at several sizes, deadlines, and the quality of search.

Everything runs here: an embedded PostgreSQL of its own, a web worker, a floor server beside it.
SIZES="1000 100000 1000000" measures the full range (some ten minutes more); PEER=1 sets the peer of
the shared benchmark up and asks it in the same rounds. SHELVES are the sizes of the knowledge base.
"""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
SIZES = [int(size) for size in os.environ.get("SIZES", "1000 100000").split()]
ARTICLES = int(os.environ.get("ARTICLES", "5000"))
SHELVES = [int(size) for size in os.environ.get("SHELVES", "500 5000 50000").split()]
ROUNDS = int(os.environ.get("ROUNDS", "8"))
EACH = int(os.environ.get("EACH", "10"))
RECOMPUTE = int(os.environ.get("RECOMPUTE", "100000"))  # open tickets; 0 leaves it out
SHARED = Path(os.environ.get("SHARED_BENCH", ROOT.parent / "shared" / "bench"))
WITH_PEER = bool(os.environ.get("PEER"))
SHELF_TICKETS = 1000  # beside the articles
CONSTANT = 1.3  # times what a page costs at the smallest size
MOST_QUERIES = 12
MOST_MEMORY = 150  # MB of a worker
WRITTEN = {
    "tickets": "select count(*) from tickets_ticket",
    "replies": "select count(*) from tickets_message where is_from_staff and kind = 'public'",
    "triages": "select count(*) from tickets_event where code = 'triaged'",
}
COUNTED = {
    "tickets": "file a ticket (POST)",
    "replies": "reply (POST)",
    "triages": "triage (POST)",
}


def main() -> None:
    """Measure and print."""
    from portal import embedded
    from tests.bench import pages

    var = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    if not WITH_PEER:
        print("The peer is left out: PEER=1 sets it up and measures it beside us.")
    try:
        with embedded.server(var, durable=False) as url:
            sizes = {size: _measure(url, size, ARTICLES, var, pages.targets) for size in SIZES}
            _constancy(sizes, "tickets")
            shelves = {
                size: _measure(url, SHELF_TICKETS, size, var, pages.of_readers) for size in SHELVES
            }
            _constancy(shelves, "articles")
            if RECOMPUTE:
                _module(url, "deadlines", var, "arithmetic", str(RECOMPUTE))
            _search_quality(url, var)
    finally:
        shutil.rmtree(embedded.home(var), ignore_errors=True)
        shutil.rmtree(var, ignore_errors=True)


def _database(url: str) -> dict[str, Any]:
    import environ

    return dict(environ.Env.db_url_config(url))


def _connect(url: str) -> Any:
    import psycopg

    config = _database(url)
    return psycopg.connect(
        host=config["HOST"], user=config["USER"], dbname=config["NAME"], autocommit=True
    )


def _fresh(url: str, name: str) -> str:
    """Make a database anew; answers its address."""
    with _connect(url) as connection:
        connection.execute(f"drop database if exists {name} with (force)")
        connection.execute(f"create database {name}")
    return url.rsplit("/", 1)[0] + f"/{name}"


def _environment(url: str, var: Path) -> dict[str, str]:
    for folder in ("queue", "control", "processed"):
        (var / "broker" / folder).mkdir(parents=True, exist_ok=True)
    return {
        **os.environ,
        "DATABASE_URL": url,
        "FLOOR_DATABASE": "",
        "PORTAL_MODE": "demo",
        "ATTACHMENT_ROOT": str(var / "attachments"),
        "LETTERS_ROOT": str(var / "letters"),
        "BROKER_FOLDER": str(var / "broker"),
        "PYTHONPATH": str(ROOT),
    }


def _module(
    url: str, name: str, var: Path, module: str, *arguments: str, **environment: str
) -> None:
    """Run a module of the bench in a database of its own, and let it print."""
    subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments],
        env={**_environment(_fresh(url, f"bench_{name}"), var), **environment},
        cwd=ROOT,
        check=True,
    )


def _measure(server: str, tickets: int, articles: int, var: Path, targets: Any) -> list:
    from tests.bench import load, pages

    url = _fresh(server, f"bench_{tickets}_{articles}")
    environment = _environment(url, var)
    known = json.loads(
        _answer("prepare", environment, str(tickets), str(articles)).splitlines()[-1]
    )
    with contextlib.ExitStack() as stack:
        port, worker = stack.enter_context(_served(_ours("portal.wsgi"), environment))
        floored = {**environment, "FLOOR_DATABASE": url}
        floor_port, _pid = stack.enter_context(_served(_ours("tests.bench.floor"), floored))
        floor = load.Target("floor: one row + template", floor_port, load.page("/row/1/"))
        found = _with_queries(targets(port, known), environment)
        there = [target for target in found if target.queries]
        other = _add_peer(there, server, tickets, stack) if WITH_PEER else None
        peers = [target.peer for target in there if target.peer]
        before = _written(url)
        load.measure([floor, *there, *peers], rounds=ROUNDS, each=EACH)
        print(f"\n{tickets} tickets, {articles} articles; {ROUNDS} rounds of {EACH}, one at a time")
        _table(floor, found)
        _memory(worker)
        _check_written(before, _written(url), there)
        if targets is pages.targets:
            timed = {**environment, "FLOOR_MS": str(floor.median)}
            subprocess.run(
                [sys.executable, "-m", "tests.bench.mail"], env=timed, cwd=ROOT, check=True
            )
            if other:
                mean = other.letter()
                told = f"mean {mean:.1f} ms | {mean / floor.median:.1f} x floor"
                print(f"| the peer, one by one, without checks | {told} |")
    with _connect(server) as connection:
        connection.execute(f"drop database if exists peer_{tickets} with (force)")
    return [floor, *there]


def _answer(module: str, environment: dict[str, str], *arguments: str, said: str = "") -> str:
    return subprocess.run(
        [sys.executable, "-m", f"tests.bench.{module}", *arguments],
        env=environment,
        cwd=ROOT,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        input=said,
    ).stdout


def _with_queries(targets: list, environment: dict[str, str]) -> list:
    """Count the queries of each target; where nobody serves the address, leave it without."""
    requests = []
    for target in targets:
        asked = [target.ask(number) for number in (-2, -1)]  # not those that are timed
        told = [{"paths": list(one.paths), "form": one.form} for one in asked]
        requests.append({"name": target.name, "headers": target.headers, "asked": told})
    counts = json.loads(_answer("queries", environment, said=json.dumps(requests)))
    for target, count in zip(targets, counts, strict=True):
        target.queries = "" if count is None else str(count)
    return targets


def _add_peer(targets: list, server: str, size: int, stack: contextlib.ExitStack) -> Any:
    from tests.bench import peer

    if size > peer.LARGEST:
        print(f"The peer is not asked at {size}: its lists take minutes there (PEER_LARGEST)")
        return None
    if not (SHARED / "setup.sh").exists():
        print(f"The peer is left out: no {SHARED} (SHARED_BENCH names another place)")
        return None
    _fresh(server, f"peer_{size}")
    other = peer.Peer(SHARED, _database(server)["HOST"], size)
    other.install()
    other.fill()
    serve = _served(other.command, other.environment, cwd=other.project)
    port, _pid = stack.enter_context(serve)
    theirs = other.targets(port)
    for target in targets:
        target.peer = theirs.get(target.name)
    return other


def _table(floor: Any, targets: Sequence[Any]) -> None:
    print(
        f"| {'page':<30} | SQL | median ms | p95 ms | x floor | goal    | KB  | peer ms | peer x floor |"
        f"\n|{'-' * 32}|---|---|---|---|---|---|---|---|"
    )
    print(f"| {floor.name:<30} |   1 | {floor.median:9.2f} | {floor.slow:6.2f} |     1.0 | 1")
    for target in targets:
        print(_line(floor, target), flush=True)


def _line(floor: Any, target: Any) -> str:
    if not target.queries:
        return f"| {target.name:<30} | left out: nobody serves this address yet |"
    ratio, peer = target.median / floor.median, target.peer
    goal = f"{target.goal:g} {'ok' if ratio <= target.goal else 'OVER'}" if target.goal else "none"
    many = "!" if int(target.queries) > MOST_QUERIES and "POST" not in target.name else " "
    theirs = f"{peer.median:7.1f} | {peer.median / floor.median:12.1f}" if peer else f"{'-':>7} | -"
    return (
        f"| {target.name:<30} | {target.queries:>2}{many} | {target.median:9.2f} | {target.slow:6.2f}"
        f" | {ratio:7.1f} | {goal:<7} | {target.size / 1024:3.0f} | {theirs} |"
    )


def _constancy(measured: dict[int, list], counted: str) -> None:
    """Compare each page at every size with what it costs at the smallest."""
    if len(measured) < 2:
        return
    smallest = min(measured)
    print(
        f"\nConstant: at most {CONSTANT} times what it is at {smallest} {counted},"
        " with as many queries"
    )
    for target in measured[smallest][1:]:
        same = [
            next((one for one in measured[size] if one.name == target.name), target)
            for size in measured
        ]
        cost = [one.median / of[0].median for of, one in zip(measured.values(), same, strict=True)]
        grown = max(cost) / cost[0]
        queries = {one.queries for one in same}
        verdict = "ok" if grown <= CONSTANT and len(queries) == 1 else "NOT CONSTANT"
        told = " | ".join(f"{one:6.1f}" for one in cost)
        print(
            f"| {target.name:<30} | {told} | {grown:4.2f} | {'/'.join(queries)} SQL | {verdict} |"
        )


def _written(url: str) -> dict[str, int]:
    with _connect(url) as connection:
        return {name: connection.execute(sql).fetchone()[0] for name, sql in WRITTEN.items()}


def _check_written(before: dict[str, int], after: dict[str, int], targets: Sequence[Any]) -> None:
    """Say how many rows the forms have written: as many as were sent."""
    asked = {target.name: target.asked for target in targets}
    for name, target in COUNTED.items():
        if target not in asked:
            continue
        written, sent = after[name] - before[name], asked[target]
        print(f"{target}: {sent} sent, {written} written{'' if written == sent else ' — WRONG'}")


def _memory(pid: int) -> None:
    """Say how much memory our worker has taken at most."""
    most = 0.0
    for child in _family(pid):
        with contextlib.suppress(OSError), Path(f"/proc/{child}/status").open() as status:
            for line in status:
                if line.startswith("VmHWM"):
                    most = max(most, int(line.split()[1]) / 1024)
    verdict = "ok" if most <= MOST_MEMORY else "OVER"
    print(f"memory of our worker, at most: {most:.0f} MB (goal {MOST_MEMORY}: {verdict})")


def _family(pid: int) -> Iterator[int]:
    yield pid
    children = Path(f"/proc/{pid}/task/{pid}/children")
    for child in children.read_text().split() if children.exists() else ():
        yield from _family(int(child))


def _ours(module: str) -> Any:
    def command(port: int) -> list[str]:
        serve = [sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)]
        workers = ["--workers", "1", "--blocking-threads", "2", "--no-ws", "--log-level", "error"]
        return [*serve, *workers, f"{module}:application"]

    return command


@contextlib.contextmanager
def _served(
    command: Any, environment: dict[str, str], cwd: Path = ROOT
) -> Iterator[tuple[int, int]]:
    """Serve until the end; answers the port and the number of the process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(command(port), env=environment, cwd=cwd)
    try:
        for _wait in range(150):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.2)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait(15)


def _search_quality(url: str, var: Path) -> None:
    data = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data")) / "kb"
    if not data.exists():
        print(f"\nSearch quality: no data at {data} (SHARED_DATA names another place)")
        return
    _module(url, "quality", var, "quality", str(data), SHARED_DATA=str(data.parent))


if __name__ == "__main__":
    main()
