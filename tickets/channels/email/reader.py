"""Asks the process that takes letters apart, and kills it when it takes too long."""

import atexit
import contextlib
import json
import os
import select
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from django.conf import settings

LONGEST = 30.0  # seconds for one letter
MOST_LETTERS = 500  # after which the process is made anew: what leaks, ends


class Killed(Exception):
    """The letter took too long or took the process down."""


class Reader:
    """One such process; each thread that reads letters holds one."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    def ask(self, asked: dict[str, Any], *, seconds: float = LONGEST) -> dict[str, Any]:
        """Give what the process tells of a letter. Raises Killed."""
        process = self._running()
        assert process.stdin  # noqa: S101 (a pipe, see _running)
        try:
            process.stdin.write(json.dumps(asked).encode() + b"\n")
            process.stdin.flush()
            line = self._line(process, seconds)
            told: dict[str, Any] = json.loads(line)
        except (OSError, ValueError) as error:
            self.close()
            raise Killed(type(error).__name__) from error
        return told

    def _line(self, process: subprocess.Popen[bytes], seconds: float) -> bytes:
        assert process.stdout  # noqa: S101
        ready, _w, _x = select.select([process.stdout], [], [], seconds)
        if not ready:
            raise TimeoutError
        return process.stdout.readline()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._read >= MOST_LETTERS:
            self.close()
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tickets.channels.email.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=Path(settings.BASE_DIR),
                env={**os.environ, "MAIL_DNS": settings.MAIL_DNS},
            )
            self._read = 0
        self._read += 1
        return self._process

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait(5)
        for pipe in (process.stdin, process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()


_readers = threading.local()


def reader() -> Reader:
    """Give the reader of this thread."""
    if not hasattr(_readers, "mine"):
        _readers.mine = Reader()
        atexit.register(_readers.mine.close)
    mine: Reader = _readers.mine
    return mine
