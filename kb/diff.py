"""Pure: what differs between two revisions, side by side, as people read it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache

WORD = re.compile(r"\s+|\w+|[^\w\s]")
MOST_LINES = 4000
ALIKE = 0.35  # lines that share less are two lines, not one that was changed
AHEAD = 12  # so many lines further on a line is looked for that was changed
MOST_WORDS = 1500  # words and spaces of a line, beyond which it is not compared word by word


@dataclass(frozen=True)
class Piece:
    """Some words of a line, and whether the other side has them."""

    text: str
    is_changed: bool


@dataclass(frozen=True)
class Row:
    """A line of the older words beside the newer; an empty side has no such line."""

    kind: str  # same, changed, added, removed
    before: tuple[Piece, ...] = ()
    after: tuple[Piece, ...] = ()


@dataclass(frozen=True)
class Skipped:
    """So many lines that are the same, left out."""

    count: int
    kind: str = "skipped"


def compare(before: str, after: str, *, context: int = 2) -> list[Row | Skipped]:
    """Compare two texts line by line, words marked inside of changed lines."""
    return list(_shortened(list(_rows(_lines(before), _lines(after))), context))


def _lines(text: str) -> list[str]:
    return text.split("\n")[:MOST_LINES]


def _rows(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            yield from (_same(line) for line in old[i1:i2])
        else:
            yield from _changed(old[i1:i2], new[j1:j2])


def _same(line: str) -> Row:
    return Row("same", (Piece(line, is_changed=False),), (Piece(line, is_changed=False),))


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[Row]:
    """Pair lines that became each other; the rest went or came."""
    place = 0
    for line in old:
        found = next(
            (
                at
                for at in range(place, min(place + AHEAD, len(new)))
                if _likeness(line, new[at]) >= ALIKE
            ),
            None,
        )
        if found is None:
            yield Row("removed", (Piece(line, is_changed=True),))
            continue
        yield from (_added(one) for one in new[place:found])
        yield Row("changed", *_words(line, new[found]))
        place = found + 1
    yield from (_added(one) for one in new[place:])


def _added(line: str) -> Row:
    return Row("added", (), (Piece(line, is_changed=True),))


def _likeness(one: str, other: str) -> float:
    was, is_now = _parts(one), _parts(other)
    if max(len(was), len(is_now)) > MOST_WORDS:
        return 0.0
    matcher = SequenceMatcher(None, was, is_now, autojunk=False)
    fits = matcher.real_quick_ratio() >= ALIKE and matcher.quick_ratio() >= ALIKE
    return matcher.ratio() if fits else 0.0


@lru_cache(maxsize=AHEAD * 2)
def _parts(line: str) -> tuple[str, ...]:
    return tuple(WORD.findall(line))


def _words(old: str, new: str) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    was, is_now = _parts(old), _parts(new)
    before, after = [], []
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, was, is_now, autojunk=False).get_opcodes():
        if i1 < i2:
            before.append(Piece("".join(was[i1:i2]), tag != "equal"))
        if j1 < j2:
            after.append(Piece("".join(is_now[j1:j2]), tag != "equal"))
    return tuple(before), tuple(after)


def _shortened(rows: Sequence[Row], context: int) -> Iterator[Row | Skipped]:
    near = {
        at + offset
        for at, row in enumerate(rows)
        if row.kind != "same"
        for offset in range(-context, context + 1)
    }
    skipped = 0
    for at, row in enumerate(rows):
        if at not in near:
            skipped += 1
            continue
        if skipped:
            yield Skipped(skipped)
            skipped = 0
        yield row
    if skipped:
        yield Skipped(skipped)
