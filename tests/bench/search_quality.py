"""How good search is: recall over real questions, measured on articles imported before."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib.auth.models import AnonymousUser

from kb.search import search
from tests.bench import misspell

FILES = ("queries_vkcloud_anchor.json", "queries_typo.json")
DEPTH = 10
LEFT = 0.95  # of the clean recall, where one word of a question is misspelt
SEED = 1


@dataclass(frozen=True)
class Quality:
    """What a set of questions found."""

    name: str
    questions: int
    first: float
    five: float
    ten: float
    empty: float

    def __str__(self) -> str:
        return (
            f"{self.name:<34}{self.questions:>6}{self.first:>8.2f}{self.five:>8.2f}"
            f"{self.ten:>8.2f}{self.empty:>8.1%}"
        )


def measure() -> list[Quality]:
    """Ask every question of the shared sets and print how often the right article came up.

    Imports nothing: the articles must be there (`manage.py import_articles`). Without the sets
    it says so and answers an empty list.
    """
    sets = {path.name: json.loads(path.read_text()) for path in _sets()}
    found = [_measured(name, questions) for name, questions in sets.items()]
    if not found:
        print("search quality: no questions found; SHARED_DATA names their folder")
        return []
    print(f"{'search quality':<34}{'asked':>6}{'@1':>8}{'@5':>8}{'@10':>8}{'empty':>8}")
    for one in found:
        print(one)
    if FILES[0] in sets:
        _misspelt(sets[FILES[0]], found[0].ten)
    return found


def _misspelt(questions: list[dict[str, Any]], clean: float) -> None:
    """Ask the clean questions with one slip in each, and print what is left of the recall."""
    print(f"misspelt copies; goal: at least {LEFT} of the clean figure @10, empty at most 1 %")
    kinds = [
        _measured(
            f"  {kind}",
            [{**one, "query": misspell.misspelt(one["query"], kind, SEED)} for one in questions],
        )
        for kind in misspell.KINDS
    ]
    for one in kinds:
        print(f"{one}   {one.ten / max(clean, 0.01):.2f} of clean")
    together = sum(one.ten for one in kinds) / len(kinds) / max(clean, 0.01)
    print(f"  together {together:.2f} of clean: {'ok' if together >= LEFT else 'UNDER'}")


def _sets() -> Iterator[Path]:
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("SHARED_DATA") or root.parent / "shared" / "data") / "kb"
    return (folder / name for name in FILES if (folder / name).exists())


def _measured(name: str, questions: list[dict[str, Any]]) -> Quality:
    places = [_place(question) for question in questions]
    count = max(len(questions), 1)

    def within(depth: int) -> float:
        return sum(0 < place <= depth for place in places) / count

    empty = sum(place < 0 for place in places) / count
    return Quality(name, len(questions), within(1), within(5), within(DEPTH), empty)


def _place(question: dict[str, Any]) -> int:
    """Give the place of the right article from 1, 0 when it is not there, -1 for an empty page."""
    right = {*question["right"], *question.get("also_ok", [])}
    results = search(query=question["query"], user=AnonymousUser(), language="ru", limit=DEPTH)
    if not results.hits:
        return -1
    places = [place for place, hit in enumerate(results.hits, 1) if hit.article.source_key in right]
    return places[0] if places else 0
