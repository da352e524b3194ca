"""`manage.py import_articles`: takes articles in from a folder, an archive or a file."""

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kb.porting import importing
from kb.porting.readers import FORMATS
from kb.porting.shape import Report
from portal.refusals import Refused


class Command(BaseCommand):
    """Shows progress on one line, then what was made and what was not, and why."""

    help = (
        "Take articles in: a folder, zip or file of Markdown with front matter, JSON lines (.gz"
        " too), HTML, or an export of Zendesk Guide or Freshdesk. Running it again is safe."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be asked."""
        parser.add_argument("source", type=Path)
        parser.add_argument("--format", choices=[code for code, _title in FORMATS], default="auto")
        parser.add_argument("--dry-run", action="store_true", help="report, but write nothing")
        state = parser.add_mutually_exclusive_group()
        state.add_argument("--publish", action="store_true", default=True, dest="publish")
        state.add_argument("--draft", action="store_false", dest="publish")
        parser.add_argument("--language", choices=["ru", "en"], default="ru")
        parser.add_argument("--limit", type=int)

    def handle(self, *, source: Path, publish: bool, dry_run: bool, **options: Any) -> None:
        """Import and report."""
        if not source.exists():
            raise CommandError(f"There is no {source}")
        started = time.monotonic()
        try:
            report = importing.import_from(
                source,
                at=timezone.now(),
                format=options["format"],
                is_published=publish,
                is_dry=dry_run,
                language=options["language"],
                limit=options["limit"],
                tell=self._progress,
            )
        except Refused as refusal:
            raise CommandError(str(refusal.message)) from refusal
        self._tell(report, time.monotonic() - started)

    def _tell(self, report: Report, seconds: float) -> None:
        for key, why in report.skipped:
            self.stdout.write(f"skipped {key}: {why}")
        for key, why in report.moved:
            self.stdout.write(f"section {key}: {why}")
        for key, what in report.lost_pictures:
            self.stdout.write(f"picture of {key}: {what}")
        for key, address in report.lost_links:
            self.stdout.write(f"link of {key} leads nowhere: {address}")
        self.stdout.write(
            f"{report.sections} sections, {report.pictures} pictures taken, {report.missing} not,"
            f" {report.links} links led anew, {report.broken} broken,"
            f" {report.helpful} yes and {report.unhelpful} no"
        )
        told = "would be " if report.is_dry else ""
        self.stdout.write(
            f"{told}{report.created} created, {report.updated} updated,"
            f" {report.unchanged} unchanged, {report.refused} skipped in {seconds:.1f} s"
        )

    def _progress(self, count: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{count} articles", ending="")
        elif count % 500 == 0:
            self.stderr.write(f"{count} articles")
