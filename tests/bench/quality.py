"""`python -m tests.bench.quality FOLDER`: import real articles and tell how good search is on them."""

import os
import sys
import time
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
django.setup()

from django.core.management import call_command

from tests.bench.search_quality import measure


def main(folder: Path) -> None:
    """Fill the database that DATABASE_URL names with the articles and ask the questions."""
    call_command("migrate", verbosity=0, interactive=False)
    call_command("createcachetable", verbosity=0)
    started = time.perf_counter()
    with Path(os.devnull).open("w") as nowhere:
        call_command(
            "import_articles",
            str(folder / "vkcloud_ru_articles.jsonl.gz"),
            "--publish",
            stdout=nowhere,
            stderr=nowhere,
        )
    print(f"\nSearch quality; the articles were imported in {time.perf_counter() - started:.0f} s")
    measure()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
