"""A small load meter: named requests, interleaved in rounds, medians as multiples of the floor."""

import http.client
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

SLOW = 0.5  # seconds that the requests of one target may take in one round
ONCE = 3.0  # seconds: what takes longer is asked in one round only
CSRF = "a" * 32


@dataclass(frozen=True)
class Asked:
    """One request: pages, and the form that is sent to the last of them."""

    paths: Sequence[str]
    form: dict[str, str] | None = None


@dataclass
class Target:
    """One request that is measured again and again."""

    name: str
    port: int
    ask: Callable[[int], Asked]  # of the number of the request, so that no form is sent twice
    goal: float = 0  # multiples of the floor; 0: none
    headers: dict[str, str] = field(default_factory=dict)
    times: list[float] = field(default_factory=list)  # seconds
    size: int = 0  # bytes of the answers
    asked: int = 0
    queries: str = ""
    peer: "Target | None" = None

    @property
    def median(self) -> float:
        """The median in milliseconds."""
        return statistics.median(self.times) * 1000

    @property
    def slow(self) -> float:
        """The ninety-fifth percentile in milliseconds."""
        return sorted(self.times)[int(len(self.times) * 0.95)] * 1000


class WrongAnswer(Exception):
    """A request was not answered as it should be: measuring it would mean nothing."""


def page(*paths: str) -> Callable[[int], Asked]:
    """Ask for the same pages every time."""
    return lambda _number: Asked(paths)


def measure(targets: Sequence[Target], *, rounds: int, each: int) -> None:
    """Ask every target in turn, round by round, so that noise hits all alike."""
    open_ones = {
        port: http.client.HTTPConnection("127.0.0.1", port, timeout=320)
        for port in {target.port for target in targets}
    }
    warm = {target.name: ask(open_ones[target.port], target) for target in targets}
    for number in range(rounds + 1):
        for target in targets:
            again = max(1, min(each, int(SLOW / warm[target.name])))
            if warm[target.name] > ONCE and number != 1:
                continue
            for _time in range(again):
                taken = ask(open_ones[target.port], target)
                if number:  # the first round warms up
                    target.times.append(taken)
    for connection in open_ones.values():
        connection.close()


def ask(connection: http.client.HTTPConnection, target: Target) -> float:
    """Ask once; answers the seconds it took."""
    asked = target.ask(target.asked)
    target.asked += 1
    started = time.perf_counter()
    size = 0
    for path in asked.paths:
        method, body, headers = "GET", None, {"Accept-Encoding": "identity", **target.headers}
        if asked.form is not None:
            method, body = "POST", urlencode(asked.form)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        size += len(said)
        if answer.status != (302 if asked.form is not None else 200):
            raise WrongAnswer(f"{target.name}: {answer.status} for {path}: {said[:300]!r}")
    target.size = size
    return time.perf_counter() - started
