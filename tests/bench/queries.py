"""`python -m tests.bench.queries`: counts the queries of each request, apart from what is timed.

Reads requests as JSON from its input, answers for each how many queries it took; a request whose
address nobody serves yet is answered with nothing.
"""

import json
import os
import sys
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import Resolver404, resolve


def count(request: dict[str, Any]) -> int | None:
    """Ask twice, the first time to warm up, and count what the second takes."""
    counted = 0
    for asked in request["asked"]:
        client = Client(headers=request["headers"])
        counted = 0
        for path in asked["paths"]:
            try:
                resolve(path.partition("?")[0])
            except Resolver404:
                return None
            with CaptureQueriesContext(connection) as captured:
                answer = (
                    client.get(path) if asked["form"] is None else client.post(path, asked["form"])
                )
            if answer.status_code not in {200, 302}:
                raise SystemExit(f"{request['name']}: {answer.status_code} for {path}")
            counted += len(captured)
    return counted


if __name__ == "__main__":
    print(json.dumps([count(request) for request in json.load(sys.stdin)]))
