"""`manage.py import_articles`: takes articles in from a folder of Markdown or JSON lines."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kb import importing


class Command(BaseCommand):
    """Shows progress on one line, then what was made and what was skipped and why."""

    help = "Take articles in: a folder of Markdown with front matter, or JSON lines (.gz too)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be asked."""
        parser.add_argument("source", type=Path)
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--publish", action="store_true", default=True, dest="publish")
        state.add_argument("--draft", action="store_false", dest="publish")
        parser.add_argument("--language", choices=["ru", "en"], default="ru")
        parser.add_argument("--limit", type=int)

    def handle(self, *, source: Path, publish: bool, **options: Any) -> None:
        """Import and report."""
        if not source.exists():
            raise CommandError(f"There is no {source}")
        started = time.monotonic()
        report = importing.import_from(
            source,
            at=timezone.now(),
            is_published=publish,
            language=options["language"],
            limit=options["limit"],
            tell=self._progress,
        )
        for key, why in report.skipped:
            self.stdout.write(f"skipped {key}: {why}")
        self.stdout.write(
            f"{report.created} created, {report.updated} updated, {report.unchanged} unchanged,"
            f" {len(report.skipped)} skipped in {time.monotonic() - started:.1f} s"
        )

    def _progress(self, count: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{count} articles", ending="")
        elif count % 500 == 0:
            self.stderr.write(f"{count} articles")
