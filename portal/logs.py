"""Log lines as JSON that name places and rows, never people: no addresses, no values, no tokens.

What frameworks say is retold: their lines carry paths (which hold tokens of invitations), the
arguments of tasks, and errors whose words quote rows (PostgreSQL's DETAIL).
"""

import copy
import logging
import re
import traceback
from collections.abc import Iterator
from http import HTTPStatus
from types import TracebackType
from typing import Any, TypeAlias

from pythonjsonlogger.json import JsonFormatter

TASKS = "celery.app.trace"
MAIL_ADDRESS = re.compile(r"[^\s\"'<>(),:;=\[\]]+@[^\s\"'<>(),:;=\[\]]+")
PHRASES = {status.value: status.phrase for status in HTTPStatus}
Raised: TypeAlias = (
    tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
)


class Formatter(JsonFormatter):
    """Writes a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Retell the record; what still looks like an e-mail address is struck out."""
        return MAIL_ADDRESS.sub("…", super().format(_retold(record)))

    def formatException(self, ei: Raised) -> str:  # noqa: N802
        """Give types and places of errors: their words quote what people wrote."""
        return "\n".join(_places(ei[1]))


def _retold(record: logging.LogRecord) -> logging.LogRecord:
    told = copy.copy(record)
    told.exc_text = None
    request = vars(told).pop("request", None)
    if request is not None:
        # Its words hold the path; the name of the logger says the rest (django.security.…).
        told.msg, told.args = PHRASES.get(vars(told).get("status_code", 0), "request"), ()
        vars(told).update(_place_of(request))
    elif record.name == TASKS and isinstance(record.args, dict):
        told.msg, told.args = "task %s", (record.args.get("description", ""),)
        vars(told).pop("data", None)
        vars(told).update(task=record.args.get("name"), task_id=record.args.get("id"))
    return told


def _place_of(request: Any) -> dict[str, Any]:
    match = getattr(request, "resolver_match", None)
    return {
        "method": getattr(request, "method", ""),
        "route": match.route if match else "",
        "request_id": getattr(request, "META", {}).get("REQUEST_ID", ""),
    }


def _places(error: BaseException | None) -> Iterator[str]:
    while error is not None:
        kind = type(error)
        yield f"{kind.__module__}.{kind.__qualname__}"
        for frame in traceback.extract_tb(error.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} in {frame.name}"
        hidden = None if error.__suppress_context__ else error.__context__
        error = error.__cause__ or hidden
