"""`make bench`: pages as multiples of the floor at two sizes, and the quality of search.

Everything runs here: an embedded PostgreSQL of its own, two web workers, a floor server beside them.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
SIZES = [int(size) for size in os.environ.get("SIZES", "1000 100000").split()]
ARTICLES = int(os.environ.get("ARTICLES", "5000"))
ROUNDS = int(os.environ.get("ROUNDS", "8"))
EACH = int(os.environ.get("EACH", "10"))


def main() -> None:
    """Measure and print."""
    from portal import embedded

    var = Path(tempfile.mkdtemp(prefix="portal-bench-"))
    try:
        with embedded.server(var, durable=False) as url:
            for size in SIZES:
                _fresh_database(url, f"bench_{size}")
                _measure(url.rsplit("/", 1)[0] + f"/bench_{size}", size, var)
            _search_quality(url, var)
    finally:
        shutil.rmtree(embedded.home(var), ignore_errors=True)
        shutil.rmtree(var, ignore_errors=True)


def _fresh_database(url: str, name: str) -> None:
    import environ
    import psycopg

    config = environ.Env.db_url_config(url)
    with psycopg.connect(
        host=config["HOST"], user=config["USER"], dbname=config["NAME"], autocommit=True
    ) as connection:
        connection.execute(f"drop database if exists {name}")  # type: ignore[arg-type]
        connection.execute(f"create database {name}")  # type: ignore[arg-type]


def _environment(url: str, var: Path) -> dict[str, str]:
    return {
        **os.environ,
        "DATABASE_URL": url,
        "FLOOR_DATABASE": "",
        "PORTAL_MODE": "demo",
        "ATTACHMENT_ROOT": str(var / "attachments"),
        "LETTERS_ROOT": str(var / "letters"),
        "PYTHONPATH": str(ROOT),
    }


def _measure(url: str, size: int, var: Path) -> None:
    from tests.bench.load import Target, measure

    environment = _environment(url, var)
    seeded = subprocess.run(
        [sys.executable, "-m", "tests.bench.prepare", str(size), str(ARTICLES)],
        env=environment, cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    anna, sergey, number = seeded.stdout.split()[-3:]
    with (
        _served("portal.wsgi:application", environment) as port,
        _served("tests.bench.floor:application", {**environment, "FLOOR_DATABASE": url}) as floor,
    ):
        targets = [
            Target("floor: one row + template", floor, "/row/1/"),
            Target("article, anonymous", port, "/kb/article-7/", 2.5),
            Target("home, anonymous", port, "/", 2.5),
            Target(
                "search",
                port,
                "/kb/search?q=%D0%B2%D0%BE%D0%B7%D0%B2%D1%80%D0%B0%D1%82+%D0%BE%D0%BF%D0%BB%D0%B0%D1%82%D1%8B",
                8,
            ),
            Target("suggestions", port, "/kb/suggest?q=%D0%B2%D0%BE%D0%B7%D0%B2", 5),
            Target("cabinet list", port, "/cabinet/", 6, f"sid={anna}"),
            Target("ticket, customer", port, f"/cabinet/{number}/", 8, f"sid={anna}"),
            Target("desk queue", port, "/desk/", 10, f"sid={sergey}"),
            Target("ticket, specialist", port, f"/desk/{number}/", 12, f"sid={sergey}"),
        ]
        measure(targets, rounds=ROUNDS, each=EACH)
        print(f"\n{size} tickets, {ARTICLES} articles; {ROUNDS} rounds of {EACH}, one at a time")
        _table(targets)


def _table(targets: list) -> None:
    floor = targets[0].median
    print(f"| {'page':<28} | median ms | x floor | goal | KB |\n|{'-' * 30}|---|---|---|---|")
    for target in targets:
        ratio = target.median / floor
        verdict = "" if not target.goal else " ok" if ratio <= target.goal else " OVER"
        goal = f"{target.goal:g}" if target.goal else "1"
        print(
            f"| {target.name:<28} | {target.median:8.2f} | {ratio:6.1f} | {goal}{verdict} | {target.size / 1024:.0f} |",
            flush=True,
        )


@contextlib.contextmanager
def _served(application: str, environment: dict[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "granian", "--interface", "wsgi", "--port", str(port)),
            *(
                "--workers",
                "1",
                "--blocking-threads",
                "2",
                "--no-ws",
                "--log-level",
                "error",
                application,
            ),
        ],
        env=environment,
        cwd=ROOT,
    )
    try:
        for _wait in range(150):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.2)
        yield port
    finally:
        server.terminate()
        server.wait(15)


def _search_quality(url: str, var: Path) -> None:
    data = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data")) / "kb"
    if not data.exists():
        print(f"\nSearch quality: no data at {data} (SHARED_DATA names another place)")
        return
    _fresh_database(url, "bench_quality")
    environment = _environment(url.rsplit("/", 1)[0] + "/bench_quality", var)
    subprocess.run(
        [sys.executable, "-m", "tests.bench.quality", str(data)],
        env={**environment, "SHARED_DATA": str(data.parent)},
        cwd=ROOT,
        check=True,
    )


if __name__ == "__main__":
    main()
