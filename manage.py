#!/usr/bin/env python
"""Django's command line, with the embedded PostgreSQL around it when DATABASE_URL is unset."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

from portal import embedded

VAR = Path(__file__).resolve().parent / "var"


def main() -> None:
    """Run the command that the arguments name."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    # A production that lacks its database is told so; a server of its own it never gets.
    if os.environ.get("DATABASE_URL") or os.environ.get("PORTAL_MODE") == "production":
        execute_from_command_line(sys.argv)
        return
    VAR.mkdir(exist_ok=True)
    with embedded.server(VAR):
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
