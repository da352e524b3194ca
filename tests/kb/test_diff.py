"""Differences: what is compared word by word, and what would take too long."""

import random
import time

from kb import diff


def test_a_changed_word_is_marked_within_its_line() -> None:
    (row,) = diff.compare("Скидка пять процентов", "Скидка семь процентов")
    assert isinstance(row, diff.Row)
    assert [piece.text for piece in row.before if piece.is_changed] == ["пять"]
    assert [piece.text for piece in row.after if piece.is_changed] == ["семь"]


def test_one_endless_line_and_a_rewritten_article_are_compared_soon() -> None:
    chance = random.Random(4)
    words = [f"слово{number}" for number in range(500)]
    one, other = (
        "\n".join(" ".join(chance.choices(words, k=20)) for _line in range(2000)) for _side in "ab"
    )
    started = time.process_time()
    rows = diff.compare("а " * 100_000, "а " * 100_000 + "б")
    assert [row.kind for row in rows] == ["removed", "added"]
    diff.compare(one, other)
    assert time.process_time() - started < 15
