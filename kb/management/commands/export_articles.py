"""`manage.py export_articles`: writes all articles as Markdown with pictures into a zip."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kb.porting.exporting import export_to
from kb.porting.shape import Report


class Command(BaseCommand):
    """The archive can be read back by import_articles, here or elsewhere."""

    help = "Write all articles as Markdown with pictures into a zip."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say what may be asked."""
        parser.add_argument("target", type=Path, help="the zip to write")

    def handle(self, *, target: Path, **_options: Any) -> None:
        """Export and report."""
        if target.exists():
            raise CommandError(f"{target} exists already")
        if not target.parent.is_dir():
            raise CommandError(f"There is no {target.parent}")
        report = Report()
        for report in export_to(target, at=timezone.now()):
            if self.stderr.isatty():
                self.stderr.write(f"\r{report.created} of {report.total}", ending="")
        for name, number in report.lost_pictures:
            self.stdout.write(f"picture {name} ({number}) has no file")
        self.stdout.write(
            f"{report.created} articles, {report.sections} sections, {report.pictures} pictures"
        )
