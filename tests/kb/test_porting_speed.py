"""An import asks the database the same number of times for a batch, however many articles are in it."""

from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kb.porting import importing

pytestmark = pytest.mark.django_db
WORDS = "Слова о скидках и ценах [рядом](few-0.md).\n\n" * 5


def asked(folder: Path, at: datetime, count: int) -> int:
    folder.mkdir()
    for number in range(count):
        (folder / f"{folder.name}-{number}.md").write_text(
            f"# {folder.name}, статья {number}\n\n{WORDS}"
        )
    with CaptureQueriesContext(connection) as queries:
        report = importing.import_from(folder, at=at)
    assert report.created == count
    return len(queries)


def test_a_batch_takes_a_constant_number_of_queries(tmp_path: Path, at: datetime) -> None:
    few, many = asked(tmp_path / "few", at, 5), asked(tmp_path / "many", at, 90)
    # A longer batch writes in several pieces here and there, never one an article.
    assert many - few < 10
    assert few < 60
