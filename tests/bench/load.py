"""A small load meter: named requests, interleaved in rounds, medians as multiples of the floor."""

import http.client
import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass
class Target:
    """One request that is measured again and again."""

    name: str
    port: int
    path: str
    goal: float = 0  # multiples of the floor; 0: the floor itself
    cookie: str = ""
    times: list[float] = field(default_factory=list)  # seconds
    size: int = 0  # bytes of the answer

    @property
    def median(self) -> float:
        """The median in milliseconds."""
        return statistics.median(self.times) * 1000


class WrongAnswer(Exception):
    """A request was not answered with 200: measuring it would mean nothing."""


def measure(targets: Sequence[Target], *, rounds: int, each: int) -> None:
    """Ask every target in turn, round by round, so that noise hits all alike."""
    open_ones: Mapping[int, http.client.HTTPConnection] = {
        target.port: http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        for target in targets
    }
    for number in range(rounds + 1):
        for target in targets:
            for _time in range(each):
                taken = _ask(open_ones[target.port], target)
                if number:  # the first round warms up
                    target.times.append(taken)
    for connection in open_ones.values():
        connection.close()


def _ask(connection: http.client.HTTPConnection, target: Target) -> float:
    headers = {"Cookie": target.cookie, "Accept-Encoding": "identity"} if target.cookie else {}
    started = time.perf_counter()
    connection.request("GET", target.path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    taken = time.perf_counter() - started
    if answer.status != 200:
        raise WrongAnswer(f"{target.name}: {answer.status} for {target.path}")
    target.size = len(body)
    return taken
